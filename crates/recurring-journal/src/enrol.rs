//! Beginning a first payment, under a name that nothing else can have, and recording how it ended.

use std::time::Duration;

use recurring_core::AttemptId;
use recurring_facade::{EnrolRequest, EnrolStarted, Error, Facade, Operation, Payment, ProviderId};

use crate::attempt::{AttemptRecord, Operation as Recorded, State};
use crate::ending::{ending_of, ending_of_payment};
use crate::error::{JournalError, StoreError, require};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::observe;
use crate::store::{Change, Claim, Due};

/// How often the end of an enrolment is written while others write it too, and the wait between.
const WRITES: u32 = 40;
const WAIT: Duration = Duration::from_millis(25);

impl Journal {
    /// Begins a first payment: see [`Facade::enrol`](recurring_facade::Facade::enrol). Takes no money. Its name is
    /// reserved before anything is sent: no charge and no other operation can be made under it, since a gateway could
    /// take the one for the other.
    ///
    /// The same enrolment may be begun again until the journal knows that it was paid. Where the first payment is made
    /// when the customer comes back (`tokenpay-signed`), the name is reserved for it, and [`resume`](Self::resume) makes it.
    ///
    /// The inner result is the gateway's answer.
    ///
    /// # Errors
    /// When nothing was sent: the store failed, the name belongs to something else, the enrolment was paid, the gateway
    /// has no first payments.
    pub async fn enrol(
        &self,
        facade: &Facade,
        provider: &ProviderId,
        request: EnrolRequest,
    ) -> Result<Result<EnrolStarted, Error>, JournalError> {
        require(facade, provider, Operation::Enrol)?;
        let intent = Intent::enrolment(&request, provider.clone());
        let claim = self.store().reserve(&intent, self.now().await?).await?;
        if let Claim::Existing(record) = &claim {
            // What an operator has found at the gateway matches every intent: only its name is known.
            let is = |difference| JournalError::OtherPayment { attempt: intent.attempt.clone(), difference };
            if record.provider != intent.provider {
                return Err(is("provider"));
            }
            if record.operation != intent.operation {
                return Err(is("operation"));
            }
            if let Some(refused) = intent.refused_by(record) {
                return Err(refused);
            }
            if record.operation == Recorded::Enrolment && is_settled(record.state) {
                return Err(JournalError::Enrolled { attempt: intent.attempt });
            }
        }
        let started = facade.enrol(provider, request).await;
        if let (Claim::Existing(record), Ok(started)) = (&claim, &started)
            && record.operation == Recorded::Enrolment
        {
            // It was declined, and has a new page now. If that cannot be written, coming back from the page settles it.
            let _ = self.record_end(facade, &intent.attempt, &started.payment).await;
        }
        if let (Claim::Acquired(fence), Err(error)) = (claim, &started) {
            let change = ending_of(&Err(error.clone()));
            if change.unsent {
                // Nothing left this process: the name is free for the enrolment as it should have been. If that cannot
                // be written, the name stays reserved.
                let change = Change { state: State::NotApplied, ..change };
                if let Ok(now) = self.now().await {
                    let _ = self.store().change(&intent.attempt, fence, &change, now).await;
                }
            }
        }
        Ok(started)
    }

    /// Records how an enrolment ended, by its payment as the gateway shows it now: paid, authorized, declined, canceled, or
    /// still pending. [`resume`](Self::resume) does it; call it with what [`Facade::status`] answers. Moves no money.
    ///
    /// The payment counts only when the gateway names the enrolment as the merchant's reference, and the amount is that
    /// of the enrolment. Paid and authorized are final. Declined and canceled are not: the same enrolment may be begun again,
    /// and its other page may be paid.
    ///
    /// Returns the record of the enrolment; `None` when the payment is not that of an enrolment in this journal.
    ///
    /// # Errors
    /// When the store fails: record it again after the next reading.
    pub async fn record_enrolment(
        &self,
        facade: &Facade,
        payment: &Payment,
    ) -> Result<Option<AttemptRecord>, StoreError> {
        let named = payment.merchant_reference.as_deref().and_then(|name| AttemptId::new(name).ok());
        match named {
            Some(attempt) => self.record_end(facade, &attempt, payment).await,
            None => Ok(None),
        }
    }

    async fn record_end(
        &self,
        facade: &Facade,
        attempt: &AttemptId,
        payment: &Payment,
    ) -> Result<Option<AttemptRecord>, StoreError> {
        for _ in 0..WRITES {
            let known = self.store().get(attempt).await?;
            let Some(known) = known.filter(|known| is_payment_of(known, payment)) else { return Ok(None) };
            if is_settled(known.state) || known.state == payment.outcome.into() {
                return Ok(Some(known));
            }
            // Two that have read different things must not write at once: paid would become declined again.
            let lease = self.lease().await?;
            let taken = self.store().take(&Due::Enrolment(attempt.clone()), 1, &lease).await?;
            let Some(record) = taken.into_iter().next() else {
                // Another one is writing.
                tokio::time::sleep(WAIT).await;
                continue;
            };
            let change = if is_payment_of(&record, payment) {
                ending_of_enrolment(facade, payment)
            } else {
                // The name was given to another enrolment in the meantime.
                Change { note: record.note, ..Change::to(record.state) }
            };
            match self.store().change(attempt, record.fence, &change, lease.now).await {
                Err(StoreError::Fenced) => {}
                written => {
                    let written = written?;
                    if written.state != record.state {
                        observe::changed(&written);
                    }
                    return Ok(Some(written));
                }
            }
        }
        // It stays as the others have left it, until it is read again.
        Ok(self.store().get(attempt).await?.filter(|known| is_payment_of(known, payment)))
    }
}

/// Whether nothing that is read later changes it.
fn is_settled(state: State) -> bool {
    matches!(state, State::Paid | State::Authorized)
}

/// Whether a payment that names an attempt is the one of this enrolment. A definite outcome must come with the amount.
fn is_payment_of(record: &AttemptRecord, payment: &Payment) -> bool {
    let amount_fits = match payment.amount {
        Some(amount) => record.amount == Some(amount),
        None => !payment.outcome.is_definite(),
    };
    record.operation == Recorded::Enrolment && record.provider == payment.provider && amount_fits
}

/// How the enrolment ended. Nothing is kept in which the token of later payments can be.
fn ending_of_enrolment(facade: &Facade, payment: &Payment) -> Change {
    let facts = facade.provider(&payment.provider).ok().map(|provider| provider.facts());
    let mut ending = ending_of_payment(payment);
    // Its page is of no use any more, or was given out by what began it.
    ending.redirect = None;
    let mut change = Change::to(payment.outcome.into());
    if facts.is_some_and(|facts| !facts.payment_is_token) {
        change.payment.clone_from(&payment.payment);
    } else {
        let holds_token =
            |text: &String| payment.payment.as_ref().is_some_and(|token| text.contains(token.as_str()));
        ending.message = ending.message.filter(|message| !holds_token(message));
    }
    change.note = Some(format!("looked up: the gateway says `{}`", payment.status));
    change.ending = Some(ending);
    change
}
