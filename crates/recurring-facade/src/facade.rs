use std::any::Any;
use std::fmt;
use std::sync::Arc;

use recurring_core::{ErrorKind, NotAfter, Outcome, notification::RawNotification};
use recurring_gateway::ErrorExt as _;

use crate::capabilities::{Capabilities, Operation};
use crate::credential::PendingEnrolment;
use crate::detached::{Door, Observing, run_detached};
use crate::error::{Error, ReceiveError};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge, Rebuilt};
use crate::notification::{NotificationAnswer, ReceivedNotification};
use crate::observe;
use crate::payment::{EnrolStarted, Enrolment, Payment, PaymentStatus, Scheduled, StoredCard};
use crate::provider::Provider;
use crate::record::{NoRecord, Record};
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest, ScheduleRequest};

/// Several gateways behind one interface, with one method for each operation.
///
/// ```no_run
/// # async fn run(facade: recurring_facade::Facade, request: recurring_facade::ChargeRequest)
/// # -> Result<(), recurring_facade::Error> {
/// let payment = facade.charge(request).await?; // the credential names its gateway
/// # Ok(()) }
/// ```
///
/// An operation that the gateway does not have fails with [`ErrorKind::Unsupported`], one of a gateway that is not set up
/// with [`ErrorKind::Config`], both before anything is sent; [`Error::refusal`] distinguishes them from everything else.
/// [`capabilities`](Self::capabilities) says beforehand what can be asked.
///
/// What moves money runs in a task of its own. When the caller's future is dropped (a time-out, a client that
/// hangs up), the task goes on and the [`Record`] still learns how it ended.
///
/// A clone is cheap. [`with_record`](Self::with_record) and [`with_not_after`](Self::with_not_after) give one with other
/// options, for one call or for several.
#[derive(Clone)]
pub struct Facade {
    gateways: Arc<Gateways>,
    record: Arc<dyn Record>,
    not_after: Option<NotAfter>,
}

/// The gateways that are set up, and what is missing for others.
#[derive(Clone, Default)]
struct Gateways {
    providers: Vec<Arc<dyn Provider>>,
    missing: Vec<(ProviderId, String)>,
}

impl Facade {
    /// Creates a facade without a gateway and without a record.
    pub fn new() -> Self {
        Self { gateways: Arc::default(), record: Arc::new(NoRecord), not_after: None }
    }

    /// Adds a gateway; one with the same name is replaced.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Provider + 'static) -> Self {
        self.add(Arc::new(provider));
        self
    }

    pub(crate) fn add(&mut self, provider: Arc<dyn Provider>) {
        let gateways = Arc::make_mut(&mut self.gateways);
        gateways.providers.retain(|known| known.id() != provider.id());
        gateways.providers.push(provider);
    }

    /// Keeps what is missing for a gateway that is not set up.
    pub(crate) fn add_missing(&mut self, provider: ProviderId, missing: String) {
        Arc::make_mut(&mut self.gateways).missing.push((provider, missing));
    }

    /// Returns the same facade, which reports to `record` what happens to every attempt, and to no other record.
    #[must_use]
    pub fn with_record(&self, record: impl Record + 'static) -> Self {
        Self { record: Arc::new(record), ..self.clone() }
    }

    /// Returns the same facade, whose [`charge`](Self::charge), [`schedule`](Self::schedule), [`resume`](Self::resume),
    /// [`refund`](Self::refund) and [`capture`](Self::capture) send nothing after `limit`, neither a write nor a read.
    /// A call that fails because of it has moved no money (`NotApplied`), unless its own write had been sent before: then
    /// its effect is `Unknown`. Operations that take no money are not limited.
    #[must_use]
    pub fn with_not_after(&self, limit: NotAfter) -> Self {
        Self { not_after: Some(limit), ..self.clone() }
    }

    /// The gateways, in the order in which they were added.
    pub fn providers(&self) -> impl Iterator<Item = &dyn Provider> {
        self.gateways.providers.iter().map(AsRef::as_ref)
    }

    /// One gateway.
    ///
    /// # Errors
    /// When it is not set up: [`Refusal::NotConfigured`](crate::Refusal::NotConfigured).
    pub fn provider(&self, id: &ProviderId) -> Result<&dyn Provider, Error> {
        self.find(id).map(AsRef::as_ref)
    }

    /// The operations that a gateway has.
    ///
    /// # Errors
    /// Those of [`provider`](Self::provider).
    pub fn capabilities(&self, id: &ProviderId) -> Result<Capabilities, Error> {
        Ok(self.find(id)?.capabilities())
    }

    /// Whether a gateway has an operation.
    ///
    /// # Errors
    /// Those with which the operation itself is refused before anything is sent: the gateway is not set up, or does not
    /// have it. See [`Error::refusal`].
    pub fn require(&self, id: &ProviderId, operation: Operation) -> Result<(), Error> {
        self.supporting(id, operation).map(drop)
    }

    /// A gateway's own client, for everything that this facade has no word for: `facade.native::<revio::Client>()`.
    pub fn native<T: Any>(&self) -> Option<&T> {
        self.gateways.providers.iter().find_map(|provider| provider.native().downcast_ref())
    }

    /// Begins a first payment: see [`Provider::enrol`]. Takes no money. Dropping this future does not stop it.
    ///
    /// # Errors
    /// Those of [`Provider::enrol`]; `Protocol` and `Unknown` when the gateway names no usable page.
    pub async fn enrol(&self, id: &ProviderId, request: EnrolRequest) -> Result<EnrolStarted, Error> {
        let observed = Observing::new(Some(&request.attempt), |started: &EnrolStarted| &started.payment);
        run_detached(self.door(id, Operation::Enrol)?, observed, move |door| async move {
            let started = door.provider.enrol(&request).await?;
            if started.payment.redirect.is_none() && !started.payment.outcome.is_definite() {
                return Err(without_page(started.payment));
            }
            Ok(started)
        })
        .await
    }

    /// After the customer came back: see [`Provider::resume`]. **For `tokenpay-signed` this takes the first payment.**
    /// Dropping this future does not stop it. The record is not told: what was kept for the enrolment names the attempt
    /// at that gateway alone.
    ///
    /// # Errors
    /// Those of [`Provider::resume`].
    pub async fn resume(&self, pending: PendingEnrolment) -> Result<Enrolment, Error> {
        let observed = Observing::new(None, |enrolment: &Enrolment| &enrolment.payment);
        run_detached(self.door(&pending.provider(), Operation::Resume)?, observed, move |door| async move {
            door.provider.resume(&pending, &door.call()).await
        })
        .await
    }

    /// Rebuilds the stored credential of a first payment whose answer was lost, and moves no money: see
    /// [`Provider::credential_of`].
    ///
    /// # Errors
    /// Those of [`Provider::credential_of`].
    pub async fn credential_of(
        &self,
        pending: &PendingEnrolment,
        payment: Option<&PaymentRef>,
    ) -> Result<Rebuilt, Error> {
        let provider = self.supporting(&pending.provider(), Operation::Resume)?;
        let reading = provider.credential_of(pending, payment);
        let found = |rebuilt: &Rebuilt| match rebuilt {
            Rebuilt::NotPossible(_) => "nothing",
            _ => "read",
        };
        observe::read(provider.id(), Operation::Resume, None, reading, found).await
    }

    /// **Takes money** with a stored credential: see [`Provider::charge`]. The credential names its gateway. Dropping this
    /// future does not stop the charge; the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Provider::charge`].
    pub async fn charge(&self, request: ChargeRequest) -> Result<Payment, Error> {
        let (observed, id) = (Observing::payment(&request.attempt), request.credential.provider());
        run_detached(self.door(&id, Operation::Charge)?, observed, move |door| async move {
            let result = door.provider.charge(&request, &door.call()).await;
            door.record.finished(&request.attempt, &result).await;
            result
        })
        .await
    }

    /// **Takes the first payment of a schedule at once**: see [`Provider::schedule`]. Dropping this future does not stop
    /// it; the record still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Provider::schedule`].
    pub async fn schedule(&self, id: &ProviderId, request: ScheduleRequest) -> Result<Scheduled, Error> {
        let observed = Observing::new(Some(&request.attempt), |scheduled: &Scheduled| &scheduled.payment);
        run_detached(self.door(id, Operation::Schedule)?, observed, move |door| async move {
            let result = door.provider.schedule(&request, &door.call()).await;
            let payment = result.as_ref().map(|scheduled| scheduled.payment.clone()).map_err(Clone::clone);
            door.record.finished(&request.attempt, &payment).await;
            result
        })
        .await
    }

    /// **Gives money back**: see [`Provider::refund`]. Dropping this future does not stop it; the record still learns how
    /// it ended.
    ///
    /// # Errors
    /// Those of [`Provider::refund`].
    pub async fn refund(&self, id: &ProviderId, request: RefundRequest) -> Result<Payment, Error> {
        let observed = Observing::payment(&request.attempt);
        run_detached(self.door(id, Operation::Refund)?, observed, move |door| async move {
            let result = door.provider.refund(&request, &door.call()).await;
            door.record.finished(&request.attempt, &result).await;
            result
        })
        .await
    }

    /// **Takes money** that is only held: see [`Provider::capture`]. A payment that is still `Authorized` after it is
    /// `Pending` here: it was not taken yet. Dropping this future does not stop it; the record
    /// still learns how it ended.
    ///
    /// # Errors
    /// Those of [`Provider::capture`].
    pub async fn capture(&self, id: &ProviderId, request: CaptureRequest) -> Result<Payment, Error> {
        let observed = Observing::payment(&request.attempt);
        run_detached(self.door(id, Operation::Capture)?, observed, move |door| async move {
            let result = door.provider.capture(&request, &door.call()).await.map(not_taken_yet);
            door.record.finished(&request.attempt, &result).await;
            result
        })
        .await
    }

    /// Reads where a payment stands: see [`Provider::status`]. Moves no money.
    ///
    /// # Errors
    /// Those of [`Provider::status`].
    pub async fn status(&self, id: &ProviderId, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        let provider = self.supporting(id, Operation::Status)?;
        observe::read(id.clone(), Operation::Status, None, provider.status(payment), |_| "read").await
    }

    /// Lists the cards that the gateway keeps for a customer: see [`Provider::stored_cards`]. Moves no money.
    ///
    /// # Errors
    /// Those of [`Provider::stored_cards`].
    pub async fn stored_cards(&self, id: &ProviderId, customer: &str) -> Result<Vec<StoredCard>, Error> {
        let provider = self.supporting(id, Operation::StoredCards)?;
        observe::read(id.clone(), Operation::StoredCards, None, provider.stored_cards(customer), |_| "read")
            .await
    }

    /// Looks for a charge whose answer was lost: see [`Provider::look_up`]. Moves no money.
    ///
    /// # Errors
    /// Those of [`Provider::look_up`]. **Their effect is that of the look-up, not that of the charge.**
    pub async fn look_up(&self, id: &ProviderId, lost: &LostCharge) -> Result<Found, Error> {
        let reading = self.supporting(id, Operation::LookUp)?.look_up(lost);
        observe::read(id.clone(), Operation::LookUp, Some(&lost.attempt), reading, observe::found).await
    }

    /// Closes a payment that was not paid: see [`Provider::cancel_unpaid`]. Moves no money.
    ///
    /// # Errors
    /// Those of [`Provider::cancel_unpaid`]. **Their effect is that of the cancellation, not that of the charge.**
    pub async fn cancel_unpaid(&self, id: &ProviderId, lost: &LostCharge) -> Result<Found, Error> {
        let reading = self.supporting(id, Operation::CancelUnpaid)?.cancel_unpaid(lost);
        observe::read(id.clone(), Operation::CancelUnpaid, Some(&lost.attempt), reading, observe::found).await
    }

    /// Verifies and reads a notification (webhook): see [`Provider::receive`]. It is a hint: read the payment's
    /// [`status`](Self::status) before acting on it. Once it has been stored, answer what
    /// [`notification_answer`](Self::notification_answer) says.
    ///
    /// # Errors
    /// Those of [`Provider::receive`].
    pub async fn receive(
        &self,
        id: &ProviderId,
        raw: RawNotification,
    ) -> Result<ReceivedNotification, ReceiveError> {
        // Before anything is counted: the name of the gateway may be that of a path that anybody can ask for.
        let provider = self.supporting(id, Operation::Receive)?;
        observe::receive(id.clone(), provider.receive(raw)).await
    }

    /// The HTTP response that a gateway expects once its notification has been stored.
    ///
    /// # Errors
    /// When the gateway is not set up, or sends no notifications.
    pub fn notification_answer(&self, id: &ProviderId) -> Result<NotificationAnswer, Error> {
        Ok(self.supporting(id, Operation::Receive)?.notification_answer())
    }

    fn find(&self, id: &ProviderId) -> Result<&Arc<dyn Provider>, Error> {
        self.gateways.providers.iter().find(|provider| provider.id() == *id).ok_or_else(|| {
            let missing = self.gateways.missing.iter().find(|(known, _)| known == id);
            Error::not_configured(id.clone(), missing.map(|(_, missing)| missing.clone()))
        })
    }

    /// A gateway that has the operation.
    fn supporting(&self, id: &ProviderId, operation: Operation) -> Result<&Arc<dyn Provider>, Error> {
        let provider = self.find(id)?;
        if !provider.capabilities().has(operation) {
            return Err(Error::unsupported(id.clone(), operation));
        }
        Ok(provider)
    }

    fn door(&self, id: &ProviderId, operation: Operation) -> Result<Door, Error> {
        Ok(Door {
            provider: Arc::clone(self.supporting(id, operation)?),
            operation,
            record: Arc::clone(&self.record),
            not_after: self.not_after.clone(),
        })
    }
}

impl Default for Facade {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Facade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facade")
            .field("providers", &self.gateways.providers)
            .field("record", &self.record)
            .field("not_after", &self.not_after)
            .finish()
    }
}

/// Money that is still held was not captured, and may be yet, whatever the adapter makes of it.
fn not_taken_yet(mut payment: Payment) -> Payment {
    if payment.outcome == Outcome::Authorized {
        payment.outcome = Outcome::Pending;
    }
    payment
}

/// A first payment was begun and can never be paid.
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
