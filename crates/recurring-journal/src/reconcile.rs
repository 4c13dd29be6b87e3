//! Finding out what became of attempts whose answer was lost or is still to come.

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::Operation as FacadeOperation;
use recurring_facade::{Error, Facade, Found, LostCharge, Payment, StoredCredential};
use serde::Serialize;

use crate::attempt::{AttemptRecord, Ending, Operation, State};
use crate::decide::{Proves, Seen, Verdict, decide, look_again};
use crate::error::{JournalError, StoreError};
use crate::journal::Journal;
use crate::observe;
use crate::seal::Sealed;
use crate::store::{Change, Due};

/// Attempts that are taken at a time.
const TOGETHER: u32 = 32;

/// An attempt that was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reconciled {
    /// How it stood before.
    pub before: State,
    /// How it stands now.
    pub record: AttemptRecord,
}

impl Journal {
    /// Looks up every attempt that is unknown or pending and due, and deals with notifications that were stored and not
    /// dealt with. Nothing is ever charged: it reads at the gateways, and before an attempt counts as not applied it cancels
    /// the unpaid payment there, where the gateway can do that. What looking cannot prove goes to manual review
    /// ([`State::Review`]).
    ///
    /// Call it from time to time, on as many machines as you like: no attempt is looked up twice at once.
    ///
    /// # Errors
    /// When the store fails. A gateway that cannot be read is not one: it is asked again later.
    pub async fn reconcile(&self, facade: &Facade) -> Result<Vec<Reconciled>, JournalError> {
        self.recover().await?;
        self.process_inbox(facade).await?;
        let mut all = Vec::new();
        loop {
            let lease = self.lease().await?;
            let due = self.store().take(&Due::Look, TOGETHER, &lease).await?;
            if due.is_empty() {
                return Ok(all);
            }
            for record in due {
                all.extend(self.look_at(facade, record).await?.1);
            }
        }
    }

    /// Looks up one attempt now, whether it is due or not. `None` when it is not open, or another process is looking.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(
        &self,
        facade: &Facade,
        attempt: &AttemptId,
    ) -> Result<Option<Reconciled>, JournalError> {
        // A notification may have named the payment whose identifier was lost.
        self.process_inbox(facade).await?;
        Ok(self.look_for(facade, attempt).await?.and_then(|(_, looked)| looked))
    }

    /// The same, with what was seen.
    pub(crate) async fn look_for(
        &self,
        facade: &Facade,
        attempt: &AttemptId,
    ) -> Result<Option<(Seen, Option<Reconciled>)>, JournalError> {
        let lease = self.lease().await?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        match taken.into_iter().next() {
            Some(record) => self.look_at(facade, record).await.map(Some),
            None => Ok(None),
        }
    }

    /// Looks, decides, and writes it down. Without a result, another process has taken the attempt in the meantime.
    async fn look_at(
        &self,
        facade: &Facade,
        record: AttemptRecord,
    ) -> Result<(Seen, Option<Reconciled>), JournalError> {
        observe::observed(observe::looking(&record), self.look_and_decide(facade, record)).await
    }

    async fn look_and_decide(
        &self,
        facade: &Facade,
        record: AttemptRecord,
    ) -> Result<(Seen, Option<Reconciled>), JournalError> {
        let mut seen = self.see(facade, &record).await;
        let now = self.now().await?;
        let change = match decide(&record, &seen, self.policy(), now) {
            Verdict::Write(change) => change,
            Verdict::CancelFirst => {
                seen = match self.cancel(facade, &record, now).await? {
                    Some(seen) => seen,
                    None => return Ok((seen, None)),
                };
                match decide(&record, &seen, self.policy(), now) {
                    Verdict::Write(change) => change,
                    // The gateway has not canceled it; it is asked again later.
                    Verdict::CancelFirst => Box::new(look_again(
                        &record,
                        self.policy(),
                        now,
                        "it could not be canceled".to_owned(),
                    )),
                }
            }
        };
        match self.change_or_review(&record.attempt, record.fence, &change, now).await {
            Ok(written) => {
                observe::looked(record.state, &written.record);
                Ok((seen, Some(Reconciled { before: record.state, record: written.record })))
            }
            Err(StoreError::Fenced) => {
                observe::fenced(self.store().kind());
                Ok((seen, None))
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// Cancels the unpaid payment at the gateway. That it is asked for is recorded before, under the fence: if the answer
    /// is lost, a payment that is found canceled later was canceled by this. `None` when another process has taken the
    /// attempt in the meantime.
    async fn cancel(
        &self,
        facade: &Facade,
        record: &AttemptRecord,
        now: Timestamp,
    ) -> Result<Option<Seen>, JournalError> {
        let can_cancel = facade.require(&record.provider, FacadeOperation::CancelUnpaid).is_ok();
        let Some(lost) = self.lost_charge(record).filter(|_| can_cancel) else {
            return Ok(Some(Seen::NoMeans("the gateway has no call to cancel an unpaid payment")));
        };
        let mut change = Change::to(record.state);
        change.keep_lease = true;
        change.next_look = record.next_look;
        change.ending = Some(Ending { canceling: true, ..record.ending.clone() });
        change.note = Some("asks the gateway to cancel the unpaid payment".to_owned());
        match self.store().change(&record.attempt, record.fence, &change, now).await {
            Ok(_) => {}
            Err(StoreError::Fenced) => return Ok(None),
            Err(failed) => return Err(failed.into()),
        }
        Ok(Some(match facade.cancel_unpaid(&record.provider, &lost).await {
            Ok(Found::Canceled(_)) => Seen::Canceled,
            Ok(Found::Payment(payment)) => Seen::Payment(Box::new(payment)),
            Ok(Found::Unclear(payment)) => Seen::Unclear { payment: Box::new(payment), can_cancel: false },
            Ok(_) => Seen::Unreadable("the gateway did not cancel the unpaid payment".to_owned()),
            Err(error) => {
                Seen::Unreadable(format!("the unpaid payment could not be canceled: {}", error.message()))
            }
        }))
    }

    fn lost_charge(&self, record: &AttemptRecord) -> Option<LostCharge> {
        let from = record.armed.unwrap_or(record.created);
        let until = from.checked_add(self.policy().lease).unwrap_or(Timestamp::MAX);
        let mut lost = LostCharge::new(record.attempt.clone(), record.amount?, from, until);
        lost.payment.clone_from(&record.payment);
        lost.credential = self.kept_credential(record);
        Some(lost)
    }

    /// What was charged, if it is kept sealed and this journal has its key.
    fn kept_credential(&self, record: &AttemptRecord) -> Option<StoredCredential> {
        if record.operation != Operation::Charge {
            // What is sealed with a first payment came of it.
            return None;
        }
        let sealed: Sealed = self.key()?.open(&record.attempt, record.sealed.as_deref()?).ok()?;
        Some(sealed.credential)
    }

    async fn see(&self, facade: &Facade, record: &AttemptRecord) -> Seen {
        if matches!(record.operation, Operation::Refund | Operation::Capture) {
            return Seen::NoMeans("a payment does not show which of its refunds and captures was this one");
        }
        let Ok(provider) = facade.provider(&record.provider) else {
            return Seen::Unreadable("the gateway is not set up here".to_owned());
        };
        let can = provider.capabilities();
        if record.armed.is_none() && record.payment.is_none() {
            return Seen::NoMeans(
                "this journal has not armed it, so there is no time in which to look for it",
            );
        }
        let can_cancel = can.has(FacadeOperation::CancelUnpaid);
        let proves = match (&record.payment, provider.facts().nothing_found_is_proof) {
            // What the store has forgotten may be the payment's identifier, or a later try.
            _ if record.lapsed => Proves::Nothing,
            (None, true) => Proves::NothingWasSent,
            (Some(_), true) if can_cancel => Proves::NothingOnceCanceled,
            _ => Proves::Nothing,
        };
        let read = |result: Result<Found, Error>| match result {
            Ok(Found::Payment(payment)) => Seen::Payment(Box::new(payment)),
            Ok(Found::Unclear(payment)) => {
                let can_cancel = can_cancel && !record.lapsed;
                Seen::Unclear { payment: Box::new(payment), can_cancel }
            }
            Ok(Found::Canceled(_)) if record.ending.canceling && !record.lapsed => Seen::Canceled,
            Ok(Found::Canceled(payment)) => Seen::Payment(Box::new(payment)),
            Ok(Found::Nothing) => Seen::Nothing(proves),
            Ok(Found::Several(payments)) => Seen::Several(payments.len()),
            Ok(_) => {
                Seen::Unreadable("the answer of the look-up is of a kind that is not known here".to_owned())
            }
            Err(error) => Seen::Unreadable(error.message().to_owned()),
        };
        if let Some(lost) = self.lost_charge(record)
            && can.has(FacadeOperation::LookUp)
            && (lost.payment.is_some() || !provider.look_up_needs_payment())
        {
            return read(facade.look_up(&record.provider, &lost).await);
        }
        match &record.payment {
            Some(payment) if can.has(FacadeOperation::Status) => {
                match facade.status(&record.provider, payment).await {
                    Ok(status) => seen_by_id(record, status.payment),
                    Err(error) => Seen::Unreadable(error.message().to_owned()),
                }
            }
            _ => Seen::NoMeans("the gateway gives no means to look without the reference that was lost"),
        }
    }
}

/// What a payment means that was read by its identifier alone: unlike a look-up, that compares nothing. A definite
/// outcome settles the attempt only when the payment says that it is the attempt's; what is not said does not agree.
fn seen_by_id(record: &AttemptRecord, payment: Payment) -> Seen {
    let named = payment.merchant_reference.as_deref();
    let lacks = match (named, record.amount, payment.amount) {
        (Some(named), ..) if named != record.attempt.as_str() => return Seen::Foreign,
        _ if !payment.outcome.is_definite() => None,
        (None, ..) => Some("the merchant's reference"),
        (_, Some(_), None) => Some("a readable amount and currency"),
        _ => None,
    };
    match lacks {
        Some(what) => Seen::Unreadable(format!("the gateway says `{}`, but not {what}", payment.status)),
        None => Seen::Payment(Box::new(payment)),
    }
}
