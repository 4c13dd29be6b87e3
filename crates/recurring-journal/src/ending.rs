//! What a gateway's answer makes of an attempt, and what is kept of it.

use recurring_core::{AttemptId, Effect, Proof, Timestamp};
use recurring_facade::{Decline, Error, Payment};

use crate::attempt::{AttemptRecord, Ending, Fence, State};
use crate::error::StoreError;
use crate::intent::Intent;
use crate::journal::Journal;
use crate::store::{Change, Late};

/// A change as it was written.
pub(crate) struct Written {
    /// The attempt as it is now.
    pub(crate) record: AttemptRecord,
    /// Why the attempt went to manual review instead: the payment belongs to another attempt.
    pub(crate) conflict: Option<String>,
}

impl Journal {
    /// Writes `change`. When it names a payment that belongs to another attempt, the attempt goes to manual review, and
    /// the payment is not recorded.
    pub(crate) async fn change_or_review(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        let conflict = match self.store().change(attempt, fence, change, now).await {
            Ok(record) => return Ok(Written { record, conflict: None }),
            Err(taken @ StoreError::PaymentTaken { .. }) => conflict_note(&taken),
            Err(failed) => return Err(failed),
        };
        let mut review = Change::to(State::Review);
        review.ending.clone_from(&change.ending);
        review.looks = change.looks;
        review.nothing_found = change.nothing_found;
        review.note = Some(conflict.clone());
        let record = self.store().change(attempt, fence, &review, now).await?;
        Ok(Written { record, conflict: Some(conflict) })
    }

    /// Reports what a worker found out after it had lost the attempt, as [`change_or_review`](Self::change_or_review)
    /// does. Returns the conflict.
    pub(crate) async fn report_late(
        &self,
        attempt: &AttemptId,
        late: Late,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        match self.store().record_late_result(attempt, &late, now).await {
            Ok(()) => Ok(None),
            Err(taken @ StoreError::PaymentTaken { .. }) => {
                let conflict = conflict_note(&taken);
                let note = format!("{}; {conflict}", late.note);
                let late = Late { payment: None, taken: late.taken, review: true, note };
                self.store().record_late_result(attempt, &late, now).await?;
                Ok(Some(conflict))
            }
            Err(failed) => Err(failed),
        }
    }
}

fn conflict_note(taken: &StoreError) -> String {
    format!("{taken}, and the gateway names it for this one too: compare both with the gateway")
}

/// What a gateway's answer makes of an attempt.
pub(crate) fn ending_of(result: &Result<Payment, Error>) -> Change {
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
            // A reply is proof that something was sent, even if it was only a read.
            change.unsent = matches!(error.effect(), Effect::NotApplied(Proof::Local | Proof::NeverSent))
                && error.payment().is_none()
                && error.reply().is_none();
            change.ending = Some(Ending {
                kind: Some(error.kind()),
                message: Some(error.message().to_owned()),
                code: error.gateway_error().and_then(|gateway| gateway.code.clone()),
                reason: error.decline_reason(),
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
        reason: payment.decline.as_ref().map(|decline| decline.reason),
        code: decline(|decline| decline.code.clone()),
        message: decline(|decline| decline.message.clone()),
        redirect: payment.redirect.clone(),
        test: payment.test == Some(true),
        ..Ending::default()
    }
}

pub(crate) fn describe(result: &Result<Payment, Error>) -> String {
    match result {
        Ok(payment) => format!("{}, the gateway says `{}`", payment.outcome, payment.status),
        Err(error) => error.to_string(),
    }
}

/// The attempt as it would be, had it been written down.
pub(crate) fn remembered(intent: &Intent, fence: Fence, change: &Change, now: Timestamp) -> AttemptRecord {
    AttemptRecord {
        attempt: intent.attempt.clone(),
        provider: intent.provider.clone(),
        operation: intent.operation,
        amount: intent.amount,
        series: intent.series.clone(),
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
        archived: None,
        sent: true,
        owner: None,
        fence,
        fingerprint: intent.fingerprint.clone(),
        sealed: None,
    }
}
