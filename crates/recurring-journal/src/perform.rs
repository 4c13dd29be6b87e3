//! Making an attempt: armed durably, then sent, then its end written down.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use recurring_core::{AttemptId, Effect, NotAfter, Outcome, Proof, Timestamp};
use recurring_facade::Operation as FacadeOperation;
use recurring_facade::{
    Agreement, CaptureRequest, Error, Facade, Payment, Provider, ProviderId, RefundRequest, ScheduleRequest,
    Scheduled,
};
use serde::Serialize;

use crate::armed_record::ArmedRecord;
use crate::attempt::{AttemptRecord, Fence, Operation, State};
use crate::ending::{Written, describe, ending_of, remembered};
use crate::error::{JournalError, StoreError, refuse_archived, refused, require};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::observe;
use crate::seal::Sealed;
use crate::series::ChargeIntent;
use crate::store::{Change, Claim, Late};

/// How often the end of an attempt is written before it is given up, and the first wait between; it doubles.
const WRITES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// An attempt after it was made or asked about again.
///
/// As JSON it is an object of its fields: `record`, `again`, `payment`, `error`, `agreement`, `no_agreement` and
/// `unrecorded`, which is a sentence; what there is not is `null`. No secret is in it: of a stored credential only its kind
/// and its gateway are written.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Answer {
    /// The attempt as it is stored.
    pub record: AttemptRecord,
    /// The attempt had been made, or was being made, before: nothing was sent now.
    pub again: bool,
    /// The gateway's answer, when it was asked now.
    pub payment: Option<Payment>,
    /// What went wrong, when the gateway was asked now and something did: also that its answer names a payment of
    /// another attempt.
    pub error: Option<Error>,
    /// What later payments are made with, when this attempt gave rise to it. Asked again, a journal with an
    /// [`EncryptionKey`](crate::EncryptionKey) still has it; else it is rebuilt from what the gateway knows, where that is
    /// possible.
    pub agreement: Option<Agreement>,
    /// Why a first payment that was taken has no [`agreement`](Self::agreement), and what to do.
    pub no_agreement: Option<String>,
    /// The answer is known but could not be written down: the attempt becomes unknown in the journal, and is looked
    /// up.
    pub unrecorded: Option<StoreError>,
}

impl Answer {
    pub(crate) fn existing(record: AttemptRecord) -> Self {
        Self {
            record,
            again: true,
            payment: None,
            error: None,
            agreement: None,
            no_agreement: None,
            unrecorded: None,
        }
    }

    /// Whether the money was taken, as far as it is proven.
    pub fn is_paid(&self) -> bool {
        self.record.state == State::Paid
    }
}

/// What the call to the gateway gave.
pub(crate) struct Made {
    pub(crate) result: Result<Payment, Error>,
    pub(crate) agreement: Option<Agreement>,
}

impl Journal {
    /// **Takes money**, at most once for the attempt's name: stores the attempt as armed, then charges, then stores
    /// how it ended. A caller that asks again with the same name gets the stored end, and nothing is sent.
    ///
    /// An attempt that was proven not to have been applied is made again. Dropping this future does not stop it.
    ///
    /// # Errors
    /// When nothing was sent: the store failed, the name belongs to another payment, another try of the same period is open
    /// or paid, the gateway cannot charge. How the gateway failed is in [`Answer::error`].
    pub async fn charge(
        &self,
        facade: &Facade,
        charge: impl Into<ChargeIntent>,
    ) -> Result<Answer, JournalError> {
        let charge = charge.into();
        let provider = charge.request.credential.provider();
        require(facade, &provider, FacadeOperation::Charge)?;
        let intent = self.intent_of(&charge)?;
        let request = charge.request;
        self.perform(facade, intent, |facade| async move {
            Made { result: facade.charge(request).await, agreement: None }
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
        require(facade, provider, FacadeOperation::Schedule)?;
        let (intent, id) = (Intent::schedule(&request, provider.clone()), provider.clone());
        self.perform(facade, intent, |facade| async move {
            match facade.schedule(&id, request).await {
                Ok(Scheduled { payment, agreement, .. }) => Made { result: Ok(payment), agreement },
                Err(error) => Made { result: Err(error), agreement: None },
            }
        })
        .await
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
        require(facade, provider, FacadeOperation::Refund)?;
        let (intent, id) = (Intent::refund(&request, provider.clone()), provider.clone());
        self.perform(facade, intent, |facade| async move {
            Made { result: facade.refund(&id, request).await, agreement: None }
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
        require(facade, provider, FacadeOperation::Capture)?;
        let (intent, id) = (Intent::capture(&request, provider.clone()), provider.clone());
        self.perform(facade, intent, |facade| async move {
            Made { result: facade.capture(&id, request).await, agreement: None }
        })
        .await
    }

    /// Runs the whole of it in a task of its own: a caller that goes away leaves no attempt half made. The facade's own task
    /// is for the call alone; this one also arms before it and writes the end after it, which must not be left out either.
    /// `call` is given the facade with the record and the limit of the attempt.
    pub(crate) async fn perform<Call, Calling>(
        &self,
        facade: &Facade,
        intent: Intent,
        call: Call,
    ) -> Result<Answer, JournalError>
    where
        Call: FnOnce(Facade) -> Calling + Send + 'static,
        Calling: Future<Output = Made> + Send + 'static,
    {
        let provider = facade.provider(&intent.provider).map_err(|error| refused(&error))?;
        self.check_timeouts(provider)?;
        let is_token = matches!(intent.operation, Operation::Refund | Operation::Capture)
            && provider.facts().payment_is_token;
        let (journal, attempt, held) = (self.clone(), intent.attempt.clone(), Arc::new(OnceLock::new()));
        let facade = facade.clone();
        let running = tokio::spawn({
            let held = Arc::clone(&held);
            let span = observe::making(&intent);
            observe::observed(
                span,
                async move { journal.armed(&facade, intent, is_token, &held, call).await },
            )
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
                    observe::cut_off(provider.id().as_str(), attempt.as_str());
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
        facade: &Facade,
        intent: Intent,
        is_token: bool,
        held: &OnceLock<Fence>,
        call: Call,
    ) -> Result<Answer, JournalError>
    where
        Call: FnOnce(Facade) -> Calling,
        Calling: Future<Output = Made>,
    {
        // The limit begins before the store is asked for anything: however long that takes, nothing is sent after the
        // lease. It is checked again before each connection and each write.
        let limit = self.not_after();
        let (kind, started) = (self.store().kind(), Instant::now());
        let claim = self.arm(&intent).await.inspect_err(|error| observe::store_failed(kind, error))?;
        observe::arming(kind, started.elapsed());
        let fence = match claim {
            Claim::Acquired(fence) => fence,
            Claim::Existing(record) => {
                self.same(&intent, &record)?;
                observe::asked_again(&record);
                refuse_archived(&record)?;
                let mut answer = Answer::existing(*record);
                answer.agreement = self.kept_agreement(&answer.record);
                return Ok(answer);
            }
            Claim::Blocked(other) => {
                observe::blocked(&intent);
                return Err(JournalError::OtherTry(other));
            }
        };
        let _ = held.set(fence);
        observe::armed(&intent);
        let record = ArmedRecord { journal: self.clone(), fence };
        let made = if limit.has_passed() {
            let inner = recurring_core::Error::new(
                recurring_core::ErrorKind::Unavailable,
                Effect::NotApplied(Proof::NeverSent),
                "storing the attempt took so long that it was not sent",
            );
            Made { result: Err(Error::new(intent.provider.clone(), inner)), agreement: None }
        } else {
            call(facade.with_record(record).with_not_after(limit)).await
        };
        self.ended(&intent, fence, made, is_token).await
    }

    /// Until when something may be sent for an attempt that is armed after now.
    fn not_after(&self) -> NotAfter {
        let clock = Arc::clone(self.clock());
        NotAfter::within_by(self.policy().send_window(), Arc::new(move || clock.now()))
    }

    /// The time of the store, or of this machine when the store is out of reach.
    pub(crate) async fn now_or_here(&self) -> Timestamp {
        match self.now().await {
            Ok(now) => now,
            Err(_) => self.clock().now(),
        }
    }

    /// Arms the attempt. When it is held by an owner that is gone, it is made unknown, and answered as that.
    async fn arm(&self, intent: &Intent) -> Result<Claim, StoreError> {
        let lease = self.lease().await?;
        let claim = self.store().arm(intent, &lease).await?;
        if let Claim::Existing(record) = &claim
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
        mut made: Made,
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
            change.next_look = now.checked_add(self.policy().first_look);
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
            change.sealed = key.seal(&intent.attempt, &Sealed::from(credential)).ok();
        }
        let (stored, conflict, unrecorded) = match self.write_end(&intent.attempt, fence, &change).await {
            Ok(Written { record, conflict }) => {
                observe::changed(&record);
                (Some(record), conflict, None)
            }
            Err(StoreError::Fenced) => {
                observe::late(intent, self.store().kind());
                let late = Late {
                    payment: change.payment.clone(),
                    taken: matches!(change.state, State::Paid | State::Authorized | State::Pending),
                    review: false,
                    note: format!("a worker that had lost the attempt reports: {}", describe(&made.result)),
                };
                match self.report_late(&intent.attempt, late, now).await {
                    Ok(conflict) => {
                        let stored = self.store().get(&intent.attempt).await.ok().flatten();
                        (stored, conflict, Some(StoreError::Fenced))
                    }
                    Err(failed) => (None, None, Some(failed)),
                }
            }
            Err(failed) => (None, None, Some(failed)),
        };
        observe::unrecorded(intent, self.store().kind(), unrecorded.as_ref());
        // When the store is out of reach, what is known is returned all the same.
        let record = stored.unwrap_or_else(|| remembered(intent, fence, &change, now));
        if let Some(conflict) = conflict {
            // What the gateway answered is the answer to another attempt: nothing of it is this one's.
            let inner =
                recurring_core::Error::new(recurring_core::ErrorKind::Protocol, Effect::Unknown, conflict);
            made = Made { result: Err(Error::new(intent.provider.clone(), inner)), agreement: None };
        }
        let (payment, error) = match made.result {
            Ok(payment) => (Some(payment), None),
            Err(error) => (None, Some(error)),
        };
        let agreement = made.agreement;
        Ok(Answer { record, again: false, payment, error, agreement, no_agreement: None, unrecorded })
    }

    /// Writes how it ended, and tries for a while: the alternative is that an operator has to look.
    async fn write_end(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
    ) -> Result<Written, StoreError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let written = self.change_or_review(attempt, fence, change, self.now_or_here().await).await;
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
}
