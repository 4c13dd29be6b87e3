//! Making an attempt: armed durably, then sent, then its end written down.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use recurring_core::{AttemptId, Effect, NotAfter, Outcome, Proof};
use recurring_facade::{
    Agreement, CaptureRequest, ChargeRequest, Decline, Enrolment, Error, Facade, Payment, PaymentRef,
    PendingEnrolment, Provider, ProviderId, Record, RefundRequest, ScheduleRef, ScheduleRequest, Scheduled,
};

use crate::attempt::{AttemptRecord, Ending, Fence, Intent, Operation, State};
use crate::error::{JournalError, StoreError};
use crate::journal::Journal;
use crate::store::{Change, Claim, Late};

/// How often the end of an attempt is written before it is given up, and the first wait between; it doubles.
const WRITES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How an attempt stands, after it was made or asked about again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The attempt as it is stored.
    pub record: AttemptRecord,
    /// The attempt had been made, or was being made, before: nothing was sent now.
    pub again: bool,
    /// The gateway's answer, when it was asked now.
    pub payment: Option<Payment>,
    /// What went wrong, when the gateway was asked now and something did.
    pub error: Option<Error>,
    /// What later payments are made with, when this attempt gave rise to it. Asked again, only a journal with an
    /// [`EncryptionKey`](crate::EncryptionKey) still has it.
    pub agreement: Option<Agreement>,
    /// The answer is known but could not be written down: the attempt becomes unknown in the journal, and is looked
    /// up.
    pub unrecorded: Option<StoreError>,
}

impl Answer {
    pub(crate) fn stands(record: AttemptRecord) -> Self {
        Self { record, again: true, payment: None, error: None, agreement: None, unrecorded: None }
    }

    /// Whether the money was taken, as far as it is proven.
    pub fn is_paid(&self) -> bool {
        self.record.state == State::Paid
    }
}

/// What the call to the gateway gave.
struct Made {
    result: Result<Payment, Error>,
    agreement: Option<Agreement>,
}

impl Journal {
    /// **Takes money**, at most once for the attempt's name: stores the attempt as armed, then charges, then stores
    /// how it ended. Whoever asks again with the same name gets the stored end, and nothing is sent.
    ///
    /// An attempt that was proven not to have been applied is made again. Dropping this future does not stop it.
    ///
    /// # Errors
    /// When nothing was sent: the store failed, the name belongs to another payment, the gateway cannot charge. How the
    /// gateway failed stands in [`Answer::error`].
    pub async fn charge(&self, facade: &Facade, request: ChargeRequest) -> Result<Answer, JournalError> {
        let provider = request.credential.provider();
        let charger = able(facade.charger(&provider), &provider)?;
        let intent = self.intent_of(&request)?;
        self.perform(facade, intent, |record, limit| async move {
            Made { result: charger.recording(record).not_after(limit).charge(request).await, agreement: None }
        })
        .await
    }

    /// **Takes the first payment of a schedule**, at most once for the attempt's name: see [`charge`](Self::charge).
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge).
    pub async fn schedule(
        &self,
        facade: &Facade,
        provider: &ProviderId,
        request: ScheduleRequest,
    ) -> Result<Answer, JournalError> {
        let scheduler = able(facade.scheduler(provider), provider)?;
        let intent = Intent::schedule(&request, provider.clone());
        self.perform(facade, intent, |record, limit| async move {
            match scheduler.recording(record).not_after(limit).schedule(request).await {
                Ok(Scheduled { payment, agreement, .. }) => Made { result: Ok(payment), agreement },
                Err(error) => Made { result: Err(error), agreement: None },
            }
        })
        .await
    }

    /// After the customer came back from the page. Where that takes the first payment (`tokenpay-signed`), it is taken
    /// **at most once** for the attempt's name: see [`charge`](Self::charge). Elsewhere it only reads: see
    /// [`Resumed::Read`].
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge).
    pub async fn resume(&self, facade: &Facade, pending: PendingEnrolment) -> Result<Resumed, JournalError> {
        let provider = pending.provider();
        let enroller = able(facade.enroller(&provider), &provider)?;
        let Some(intent) = Intent::first_payment(&pending) else {
            return Ok(Resumed::Read(Box::new(enroller.resume(pending).await)));
        };
        let answer = self
            .perform(facade, intent, |_, limit| async move {
                match enroller.not_after(limit).resume(pending).await {
                    Ok(Enrolment { payment, agreement, .. }) => Made { result: Ok(payment), agreement },
                    Err(error) => Made { result: Err(error), agreement: None },
                }
            })
            .await?;
        Ok(Resumed::Made(Box::new(answer)))
    }

    /// **Gives money back**, at most once for the attempt's name: see [`charge`](Self::charge).
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge).
    pub async fn refund(
        &self,
        facade: &Facade,
        provider: &ProviderId,
        request: RefundRequest,
    ) -> Result<Answer, JournalError> {
        let refunder = able(facade.refunder(provider), provider)?;
        let intent = Intent::refund(&request, provider.clone());
        self.perform(facade, intent, |record, limit| async move {
            Made {
                result: refunder.recording(record).not_after(limit).refund(request).await,
                agreement: None,
            }
        })
        .await
    }

    /// **Takes held money**, at most once for the attempt's name: see [`charge`](Self::charge).
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge).
    pub async fn capture(
        &self,
        facade: &Facade,
        provider: &ProviderId,
        request: CaptureRequest,
    ) -> Result<Answer, JournalError> {
        let capturer = able(facade.capturer(provider), provider)?;
        let intent = Intent::capture(&request, provider.clone());
        self.perform(facade, intent, |record, limit| async move {
            Made {
                result: capturer.recording(record).not_after(limit).capture(request).await,
                agreement: None,
            }
        })
        .await
    }

    /// Runs the whole of it in a task of its own: a caller that goes away leaves no attempt half made.
    async fn perform<Call, Calling>(
        &self,
        facade: &Facade,
        intent: Intent,
        call: Call,
    ) -> Result<Answer, JournalError>
    where
        Call: FnOnce(ArmedRecord, NotAfter) -> Calling + Send + 'static,
        Calling: Future<Output = Made> + Send + 'static,
    {
        let provider = facade.provider(&intent.provider);
        if let Some(provider) = provider {
            self.check_timeouts(provider)?;
        }
        let is_token = matches!(intent.operation, Operation::Refund | Operation::Capture)
            && provider.is_some_and(|provider| provider.facts().payment_is_token);
        let (journal, attempt, held) = (self.clone(), intent.attempt.clone(), Arc::new(OnceLock::new()));
        let running = tokio::spawn({
            let held = Arc::clone(&held);
            async move { journal.armed(intent, is_token, &held, call).await }
        });
        match running.await {
            Ok(result) => result,
            Err(_) => {
                // The task panicked, in this process that lives on: its lock would keep the attempt armed.
                if let Some(fence) = held.get() {
                    let mut change = Change::to(State::Unknown);
                    let now = self.now_or_here().await;
                    change.next_look = Some(now);
                    change.note = Some("the task that made the attempt was cut off".to_owned());
                    let _ = self.store().change(&attempt, *fence, &change, now).await;
                }
                Err(JournalError::CutOff)
            }
        }
    }

    /// Refuses a gateway whose client may take longer over one operation than the lease allows: the attempt would be
    /// taken for abandoned while it is under way.
    fn check_timeouts(&self, provider: &dyn Provider) -> Result<(), JournalError> {
        let (window, lease) = (self.policy().send_window(), self.policy().lease);
        match provider.longest_operation() {
            Some(longest) if longest > window => Err(JournalError::Settings(format!(
                "cannot use {}: by its time-outs one operation may take {longest:.0?}, and the journal's lease of \
                 {lease:.0?} leaves it {window:.0?}; shorten the time-out (--timeout) or lengthen the lease",
                provider.id()
            ))),
            _ => Ok(()),
        }
    }

    async fn armed<Call, Calling>(
        &self,
        intent: Intent,
        is_token: bool,
        held: &OnceLock<Fence>,
        call: Call,
    ) -> Result<Answer, JournalError>
    where
        Call: FnOnce(ArmedRecord, NotAfter) -> Calling,
        Calling: Future<Output = Made>,
    {
        // The limit begins before the store is asked for anything: however long that takes, nothing is sent after the
        // lease. It is checked again before each connection and each write.
        let limit = self.not_after();
        let fence = match self.arm(&intent).await? {
            Claim::Yours(fence) => fence,
            Claim::Stands(record) => {
                self.same(&intent, &record)?;
                let mut answer = Answer::stands(*record);
                answer.agreement = self.kept_agreement(&answer.record);
                return Ok(answer);
            }
        };
        let _ = held.set(fence);
        let record = ArmedRecord { journal: self.clone(), fence };
        let made = if limit.has_passed() {
            let inner = recurring_core::Error::new(
                recurring_core::ErrorKind::Unavailable,
                Effect::NotApplied(Proof::NeverSent),
                "storing the attempt took so long that it was not sent",
            );
            Made { result: Err(Error::new(intent.provider.clone(), inner)), agreement: None }
        } else {
            call(record, limit).await
        };
        self.ended(&intent, fence, made, is_token).await
    }

    /// Until when something may be sent for an attempt that is armed after now.
    fn not_after(&self) -> NotAfter {
        let clock = Arc::clone(self.clock());
        NotAfter::within_by(self.policy().send_window(), Arc::new(move || SystemTime::from(clock.now())))
    }

    /// The time of the store, or of this machine when the store is out of reach.
    async fn now_or_here(&self) -> jiff::Timestamp {
        match self.now().await {
            Ok(now) => now,
            Err(_) => self.clock().now(),
        }
    }

    /// Arms the attempt. When it is held by an owner that is gone, it is made unknown, and answered as that.
    async fn arm(&self, intent: &Intent) -> Result<Claim, StoreError> {
        let lease = self.lease().await?;
        let claim = self.store().arm(intent, &lease).await?;
        if let Claim::Stands(record) = &claim
            && matches!(record.state, State::Armed | State::Planned)
            && let Some(owner) = &record.owner
        {
            let over = record.lease_until.is_some_and(|until| until < lease.now);
            if over || self.store().is_gone(owner).await? {
                self.recover().await?;
                return self.store().arm(intent, &self.lease().await?).await;
            }
        }
        Ok(claim)
    }

    async fn ended(
        &self,
        intent: &Intent,
        fence: Fence,
        made: Made,
        is_token: bool,
    ) -> Result<Answer, JournalError> {
        let now = self.now_or_here().await;
        let mut change = ending_of(&made.result);
        if intent.operation == Operation::FirstPayment
            && let Ok(Payment { outcome: Outcome::ActionRequired, payment: None, .. }) = &made.result
        {
            // The customer has not stored a card: no payment was asked for, and it can be asked for later.
            change.state = State::NotApplied;
            change.note =
                Some("nothing was sent: there is no new card, or more than one; ask again later".to_owned());
        }
        if matches!(change.state, State::Unknown | State::Pending) {
            change.next_look = now.checked_add(self.policy().first_look).ok();
        }
        let credential = match &made.agreement {
            Some(Agreement::ChargeOnDemand(credential)) => Some(credential),
            _ => None,
        };
        if is_token {
            // The identifier of what is refunded may be the token of later payments. The caller has it anyway.
            change.payment = None;
        }
        if let (Some(key), Some(credential)) = (self.key(), credential) {
            // The caller has the credential in its hand; that it could not be sealed must not hide the payment.
            change.sealed = key.seal(&intent.attempt, &credential.into()).ok();
        }
        let (stands, unrecorded) = match self.write_end(&intent.attempt, fence, &change).await {
            Ok(record) => (Some(record), None),
            Err(StoreError::Fenced) => {
                let late = Late {
                    payment: change.payment.clone(),
                    taken: matches!(change.state, State::Paid | State::Authorized | State::Pending),
                    note: format!("a worker that had lost the attempt reports: {}", describe(&made.result)),
                };
                match self.store().testify(&intent.attempt, &late, now).await {
                    Ok(()) => {
                        (self.store().get(&intent.attempt).await.ok().flatten(), Some(StoreError::Fenced))
                    }
                    Err(failed) => (None, Some(failed)),
                }
            }
            Err(failed) => (None, Some(failed)),
        };
        // When the store is out of reach, what is known is told all the same.
        let record = stands.unwrap_or_else(|| remembered(intent, fence, &change, now));
        let (payment, error) = match made.result {
            Ok(payment) => (Some(payment), None),
            Err(error) => (None, Some(error)),
        };
        Ok(Answer { record, again: false, payment, error, agreement: made.agreement, unrecorded })
    }

    /// Writes how it ended, and tries for a while: the alternative is that a person has to look.
    async fn write_end(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
    ) -> Result<AttemptRecord, StoreError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let written = self.store().change(attempt, fence, change, self.now_or_here().await).await;
            match written {
                Ok(_) | Err(StoreError::Fenced | StoreError::NoSuchAttempt) => return written,
                // A write whose answer was lost may have been stored, and then frees the attempt: written again it
                // changes nothing, since the fence is still the same.
                Err(_) if tries < WRITES => {
                    tokio::time::sleep(wait).await;
                    wait = wait.saturating_mul(2);
                    tries += 1;
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    fn kept_agreement(&self, record: &AttemptRecord) -> Option<Agreement> {
        match (record.operation, record.state) {
            (Operation::FirstPayment, State::Paid | State::Authorized) => {
                let sealed = self.key()?.open(&record.attempt, record.sealed.as_deref()?).ok()?;
                Some(Agreement::ChargeOnDemand(sealed.credential))
            }
            (Operation::Schedule, State::Paid | State::Authorized | State::Pending) => {
                Some(Agreement::GatewayRunsIt(ScheduleRef {
                    provider: record.provider.clone(),
                    order_reference: record.payment.as_ref()?.as_str().to_owned(),
                }))
            }
            _ => None,
        }
    }
}

fn able<Handle>(handle: Option<Handle>, provider: &ProviderId) -> Result<Handle, JournalError> {
    handle.ok_or_else(|| JournalError::NoCapability { provider: provider.clone() })
}

/// How coming back from the page ended.
#[derive(Debug, Clone)]
pub enum Resumed {
    /// It moved no money: this is how the reading ended.
    Read(Box<Result<Enrolment, Error>>),
    /// It took the first payment.
    Made(Box<Answer>),
}

/// Writes the gateway's reference down before money moves, where the gateway has one. It is the fenced step between
/// creating and charging at Revio: a worker that has lost the attempt gets no further.
#[derive(Debug)]
struct ArmedRecord {
    journal: Journal,
    fence: Fence,
}

#[async_trait]
impl Record for ArmedRecord {
    async fn anchored(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), String> {
        let mut change = Change::to(State::Armed);
        change.payment = Some(payment.clone());
        change.keep_lease = true;
        let store = self.journal.store();
        let written = match self.journal.now().await {
            Ok(now) => store.change(attempt, self.fence, &change, now).await,
            Err(error) => Err(error),
        };
        written.map(drop).map_err(|error| error.to_string())
    }
}

/// What a gateway's answer makes of an attempt.
fn ending_of(result: &Result<Payment, Error>) -> Change {
    match result {
        Ok(payment) => {
            let mut change = Change::to(payment.outcome.into());
            change.payment.clone_from(&payment.payment);
            change.ending = Some(ending_of_payment(payment));
            change
        }
        Err(error) => {
            let mut change = Change::to(match error.effect() {
                Effect::NotApplied(_) => State::NotApplied,
                Effect::Unknown => State::Unknown,
            });
            change.payment = error.payment().cloned();
            change.ending = Some(Ending {
                kind: Some(error.kind().as_str().to_owned()),
                message: Some(error.message().to_owned()),
                code: error.gateway_error().and_then(|gateway| gateway.code.clone()),
                reason: error.decline_reason().map(|reason| reason.as_str().to_owned()),
                ..Ending::default()
            });
            change
        }
    }
}

/// A payment as far as it is worth keeping.
pub(crate) fn ending_of_payment(payment: &Payment) -> Ending {
    let decline = |part: fn(&Decline) -> Option<String>| payment.decline.as_ref().and_then(part);
    Ending {
        outcome: Some(payment.outcome),
        status: Some(payment.status.clone()),
        reason: decline(|decline| Some(decline.reason.as_str().to_owned())),
        code: decline(|decline| decline.code.clone()),
        message: decline(|decline| decline.message.clone()),
        redirect: payment.redirect.clone(),
        test: payment.test == Some(true),
        ..Ending::default()
    }
}

fn describe(result: &Result<Payment, Error>) -> String {
    match result {
        Ok(payment) => format!("{}, the gateway says `{}`", payment.outcome, payment.status),
        Err(error) => error.to_string(),
    }
}

/// The attempt as it would stand, had it been written down.
fn remembered(intent: &Intent, fence: Fence, change: &Change, now: jiff::Timestamp) -> AttemptRecord {
    AttemptRecord {
        attempt: intent.attempt.clone(),
        provider: intent.provider.clone(),
        operation: intent.operation,
        amount: intent.amount,
        state: change.state,
        payment: change.payment.clone(),
        ending: change.ending.clone().unwrap_or_default(),
        created: now,
        updated: now,
        armed: None,
        lease_until: None,
        looks: 0,
        nothing_found: 0,
        next_look: change.next_look,
        decided_by: None,
        note: None,
        lapsed: false,
        owner: None,
        fence,
        fingerprint: intent.fingerprint.clone(),
        sealed: None,
    }
}
