use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use recurring_core::{AttemptId, ErrorKind, NotAfter};
use recurring_gateway::ErrorExt as _;

use crate::call::Call;
use crate::credential::PendingEnrolment;
use crate::error::Error;
use crate::payment::{EnrolStarted, Enrolment, Payment, PaymentRef, Scheduled};
use crate::provider::{
    Enrol, LookUp, NoRecord, Notifications, Provider, ProviderId, Rebuilt, Record, Status, StoredCards,
};
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest, ScheduleRequest};

/// Several gateways behind one interface.
///
/// Ask for a capability; where the gateway has it, you get a handle whose methods exist:
///
/// ```no_run
/// # async fn run(facade: recurring_facade::Facade, request: recurring_facade::ChargeRequest) {
/// if let Some(charger) = facade.charger(&request.credential.provider()) {
///     let result = charger.charge(request).await;
/// }
/// # }
/// ```
///
/// What moves money runs in a task of its own. When the caller's future is dropped (a time-out, a client that
/// hangs up), the task goes on and the [`Record`] still learns how it ended.
#[derive(Clone)]
pub struct Facade {
    providers: Vec<Arc<dyn Provider>>,
    record: Arc<dyn Record>,
}

impl Facade {
    /// A facade without a gateway and without a record.
    pub fn new() -> Self {
        Self { providers: Vec::new(), record: Arc::new(NoRecord) }
    }

    /// Adds a gateway; one with the same name is replaced.
    #[must_use]
    pub fn with(mut self, provider: impl Provider + 'static) -> Self {
        self.add(Arc::new(provider));
        self
    }

    pub(crate) fn add(&mut self, provider: Arc<dyn Provider>) {
        self.providers.retain(|known| known.id() != provider.id());
        self.providers.push(provider);
    }

    /// Tells `record` what happens to every attempt.
    #[must_use]
    pub fn recording(mut self, record: impl Record + 'static) -> Self {
        self.record = Arc::new(record);
        self
    }

    /// The gateways, in the order in which they were added.
    pub fn providers(&self) -> impl Iterator<Item = &dyn Provider> {
        self.providers.iter().map(AsRef::as_ref)
    }

    /// One gateway.
    pub fn provider(&self, id: &ProviderId) -> Option<&dyn Provider> {
        self.find(id).map(AsRef::as_ref)
    }

    fn find(&self, id: &ProviderId) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.id() == *id)
    }

    /// A gateway's own client, for everything that this facade has no word for: `facade.native::<revio::Client>()`.
    pub fn native<T: Any>(&self) -> Option<&T> {
        self.providers.iter().find_map(|provider| provider.native().downcast_ref())
    }

    fn handle(&self, provider: &Arc<dyn Provider>) -> Handle {
        Handle { provider: Arc::clone(provider), record: Arc::clone(&self.record), not_after: None }
    }

    /// First payments, if the gateway has them.
    pub fn enroller(&self, id: &ProviderId) -> Option<Enroller> {
        let provider = self.find(id).filter(|provider| provider.as_enrol().is_some())?;
        Some(Enroller(self.handle(provider)))
    }

    /// Charges of stored credentials, if the gateway has them.
    pub fn charger(&self, id: &ProviderId) -> Option<Charger> {
        let provider = self.find(id).filter(|provider| provider.as_charge().is_some())?;
        Some(Charger(self.handle(provider)))
    }

    /// Schedules that the gateway runs, if it has them.
    pub fn scheduler(&self, id: &ProviderId) -> Option<Scheduler> {
        let provider = self.find(id).filter(|provider| provider.as_schedule().is_some())?;
        Some(Scheduler(self.handle(provider)))
    }

    /// Refunds, if the gateway has them.
    pub fn refunder(&self, id: &ProviderId) -> Option<Refunder> {
        let provider = self.find(id).filter(|provider| provider.as_refund().is_some())?;
        Some(Refunder(self.handle(provider)))
    }

    /// Captures of held money, if the gateway has them.
    pub fn capturer(&self, id: &ProviderId) -> Option<Capturer> {
        let provider = self.find(id).filter(|provider| provider.as_capture().is_some())?;
        Some(Capturer(self.handle(provider)))
    }

    /// What the gateway sends of its own accord, if it sends anything.
    pub fn notifications(&self, id: &ProviderId) -> Option<&dyn Notifications> {
        self.provider(id)?.as_notifications()
    }

    /// Stored cards, if the gateway lists them.
    pub fn stored_cards(&self, id: &ProviderId) -> Option<&dyn StoredCards> {
        self.provider(id)?.as_stored_cards()
    }

    /// Where payments stand, if the gateway tells.
    pub fn status(&self, id: &ProviderId) -> Option<&dyn Status> {
        self.provider(id)?.as_status()
    }

    /// Charges whose answers were lost, if the gateway has a way to look for them.
    pub fn look_up(&self, id: &ProviderId) -> Option<&dyn LookUp> {
        self.provider(id)?.as_look_up()
    }
}

impl Default for Facade {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Facade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facade").field("providers", &self.providers).field("record", &self.record).finish()
    }
}

/// What every handle carries into the task that makes its calls.
#[derive(Debug, Clone)]
struct Handle {
    provider: Arc<dyn Provider>,
    record: Arc<dyn Record>,
    not_after: Option<NotAfter>,
}

impl Handle {
    fn call(&self) -> Call<'_> {
        Call { record: &*self.record, not_after: self.not_after.clone() }
    }
}

/// Makes first payments through one gateway. See [`Enrol`].
#[derive(Debug, Clone)]
pub struct Enroller(Handle);

impl Enroller {
    /// [`resume`](Self::resume) sends nothing after `limit`, neither a write nor a read. A call that fails because of
    /// it has moved no money (`NotApplied`), unless its own write had been sent before: then its effect is `Unknown`.
    /// [`enrol`](Self::enrol), which takes no money, is not limited.
    #[must_use]
    pub fn not_after(mut self, limit: NotAfter) -> Self {
        self.0.not_after = Some(limit);
        self
    }

    /// Begins a first payment: see [`Enrol::enrol`].
    ///
    /// # Errors
    /// Those of [`Enrol::enrol`]; `Protocol` and `Unknown` when the gateway names no usable page.
    pub async fn enrol(&self, request: EnrolRequest) -> Result<EnrolStarted, Error> {
        to_the_end(&self.0, move |handle| async move {
            let started = enrols(&*handle.provider)?.enrol(&request).await?;
            if started.payment.redirect.is_none() && !started.payment.outcome.is_definite() {
                return Err(without_page(started.payment));
            }
            Ok(started)
        })
        .await
    }

    /// After the customer came back: see [`Enrol::resume`].
    ///
    /// # Errors
    /// Those of [`Enrol::resume`].
    pub async fn resume(&self, pending: PendingEnrolment) -> Result<Enrolment, Error> {
        to_the_end(&self.0, move |handle| async move {
            enrols(&*handle.provider)?.resume(&pending, &handle.call()).await
        })
        .await
    }

    /// Rebuilds the stored credential of a first payment whose answer was lost, and moves no money: see
    /// [`Enrol::credential_of`].
    ///
    /// # Errors
    /// Those of [`Enrol::credential_of`].
    pub async fn credential_of(
        &self,
        pending: &PendingEnrolment,
        payment: Option<&PaymentRef>,
    ) -> Result<Rebuilt, Error> {
        enrols(&*self.0.provider)?.credential_of(pending, payment).await
    }
}

/// Charges stored credentials through one gateway. See [`Charge`](crate::Charge).
#[derive(Debug, Clone)]
pub struct Charger(Handle);

impl Charger {
    /// Tells `record`, and no longer that of the facade, what happens to the attempts of this handle.
    #[must_use]
    pub fn recording(mut self, record: impl Record + 'static) -> Self {
        self.0.record = Arc::new(record);
        self
    }

    /// Sends nothing after `limit`, neither a write nor a read. A call that fails because of it has moved no money
    /// (`NotApplied`), unless its own write had been sent before: then its effect is `Unknown`.
    #[must_use]
    pub fn not_after(mut self, limit: NotAfter) -> Self {
        self.0.not_after = Some(limit);
        self
    }

    /// **Takes money**: see [`Charge::charge`](crate::Charge::charge). Dropping this future does not stop the charge;
    /// the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Charge::charge`](crate::Charge::charge).
    pub async fn charge(&self, request: ChargeRequest) -> Result<Payment, Error> {
        recorded(&self.0, request.attempt.clone(), move |handle| async move {
            match handle.provider.as_charge() {
                Some(charge) => charge.charge(&request, &handle.call()).await,
                None => Err(withdrawn(&*handle.provider)),
            }
        })
        .await
    }
}

/// Starts schedules at one gateway. See [`Schedule`](crate::Schedule).
#[derive(Debug, Clone)]
pub struct Scheduler(Handle);

impl Scheduler {
    /// Tells `record`, and no longer that of the facade, what happens to the attempts of this handle.
    #[must_use]
    pub fn recording(mut self, record: impl Record + 'static) -> Self {
        self.0.record = Arc::new(record);
        self
    }

    /// Sends nothing after `limit`, neither a write nor a read. A call that fails because of it has moved no money
    /// (`NotApplied`), unless its own write had been sent before: then its effect is `Unknown`.
    #[must_use]
    pub fn not_after(mut self, limit: NotAfter) -> Self {
        self.0.not_after = Some(limit);
        self
    }

    /// **Takes the first payment at once**: see [`Schedule::schedule`](crate::Schedule::schedule). Dropping this future
    /// does not stop it; the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Schedule::schedule`](crate::Schedule::schedule).
    pub async fn schedule(&self, request: ScheduleRequest) -> Result<Scheduled, Error> {
        to_the_end(&self.0, move |handle| async move {
            let result = match handle.provider.as_schedule() {
                Some(schedule) => schedule.schedule(&request, &handle.call()).await,
                None => Err(withdrawn(&*handle.provider)),
            };
            let payment = result.as_ref().map(|scheduled| scheduled.payment.clone()).map_err(Clone::clone);
            handle.record.finished(&request.attempt, &payment).await;
            result
        })
        .await
    }
}

/// Gives money back through one gateway. See [`Refund`](crate::Refund).
#[derive(Debug, Clone)]
pub struct Refunder(Handle);

impl Refunder {
    /// Tells `record`, and no longer that of the facade, what happens to the attempts of this handle.
    #[must_use]
    pub fn recording(mut self, record: impl Record + 'static) -> Self {
        self.0.record = Arc::new(record);
        self
    }

    /// Sends nothing after `limit`, neither a write nor a read. A call that fails because of it has moved no money
    /// (`NotApplied`), unless its own write had been sent before: then its effect is `Unknown`.
    #[must_use]
    pub fn not_after(mut self, limit: NotAfter) -> Self {
        self.0.not_after = Some(limit);
        self
    }

    /// **Gives money back**: see [`Refund::refund`](crate::Refund::refund). Dropping this future does not stop it;
    /// the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Refund::refund`](crate::Refund::refund).
    pub async fn refund(&self, request: RefundRequest) -> Result<Payment, Error> {
        recorded(&self.0, request.attempt.clone(), move |handle| async move {
            match handle.provider.as_refund() {
                Some(refund) => refund.refund(&request, &handle.call()).await,
                None => Err(withdrawn(&*handle.provider)),
            }
        })
        .await
    }
}

/// Takes held money through one gateway. See [`Capture`](crate::Capture).
#[derive(Debug, Clone)]
pub struct Capturer(Handle);

impl Capturer {
    /// Tells `record`, and no longer that of the facade, what happens to the attempts of this handle.
    #[must_use]
    pub fn recording(mut self, record: impl Record + 'static) -> Self {
        self.0.record = Arc::new(record);
        self
    }

    /// Sends nothing after `limit`, neither a write nor a read. A call that fails because of it has moved no money
    /// (`NotApplied`), unless its own write had been sent before: then its effect is `Unknown`.
    #[must_use]
    pub fn not_after(mut self, limit: NotAfter) -> Self {
        self.0.not_after = Some(limit);
        self
    }

    /// **Takes money**: see [`Capture::capture`](crate::Capture::capture). Dropping this future does not stop it;
    /// the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Capture::capture`](crate::Capture::capture).
    pub async fn capture(&self, request: CaptureRequest) -> Result<Payment, Error> {
        recorded(&self.0, request.attempt.clone(), move |handle| async move {
            match handle.provider.as_capture() {
                Some(capture) => capture.capture(&request, &handle.call()).await,
                None => Err(withdrawn(&*handle.provider)),
            }
        })
        .await
    }
}

/// Runs a call that moves money to its end, and tells the record how it ended.
async fn recorded<Running>(
    handle: &Handle,
    attempt: AttemptId,
    call: impl FnOnce(Handle) -> Running + Send + 'static,
) -> Result<Payment, Error>
where
    Running: Future<Output = Result<Payment, Error>> + Send + 'static,
{
    to_the_end(handle, move |handle| async move {
        let record = Arc::clone(&handle.record);
        let result = call(handle).await;
        record.finished(&attempt, &result).await;
        result
    })
    .await
}

/// Runs `call` in a task of its own, so that it goes on when the caller is dropped.
async fn to_the_end<T, Running>(handle: &Handle, call: impl FnOnce(Handle) -> Running) -> Result<T, Error>
where
    T: Send + 'static,
    Running: Future<Output = Result<T, Error>> + Send + 'static,
{
    match tokio::spawn(call(handle.clone())).await {
        Ok(result) => result,
        // The task was cut off by the end of the runtime, or by a bug: nothing is proven.
        Err(_) => Err(Error::new(
            handle.provider.id(),
            recurring_core::Error::unknown(ErrorKind::Transport, "the task that made the call was cut off"),
        )),
    }
}

fn enrols(provider: &dyn Provider) -> Result<&dyn Enrol, Error> {
    provider.as_enrol().ok_or_else(|| withdrawn(provider))
}

/// A first payment was begun and can never be paid: it is no payment to wait for.
fn without_page(begun: Payment) -> Error {
    let message = format!(
        "the gateway began a payment (`{}`) without a usable page: the customer cannot pay it",
        begun.status
    );
    let error = Error::new(begun.provider, recurring_core::Error::unknown(ErrorKind::Protocol, message));
    match begun.payment {
        Some(payment) => error.with_payment(payment),
        None => error,
    }
}

/// A provider that offered a capability and then no longer has it: only one outside this crate could do that.
fn withdrawn(provider: &dyn Provider) -> Error {
    let message = "the provider no longer offers this capability";
    Error::new(provider.id(), recurring_core::Error::unsupported(message))
}
