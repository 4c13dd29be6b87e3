//! An operator's decision about an attempt that looking could not settle.

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{Facade, PaymentRef};

use crate::attempt::{AttemptRecord, Operation, State};
use crate::decide::Seen;
use crate::error::{JournalError, StoreError};
use crate::journal::Journal;
use crate::observe;
use crate::store::{Change, Due, NOTE_RULE, missing_note};

/// An operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub what: Decided,
    /// The payment, where the operator found it.
    pub payment: Option<PaymentRef>,
    /// Who decided. Kept for good.
    pub by: String,
    /// Why. Kept for good.
    pub why: String,
    /// Decides [`Decided::NotApplied`] although a call may still be under way, or the gateway shows a payment or cannot be
    /// asked. **If that is wrong, the attempt can be charged twice.**
    pub force: bool,
}

/// What an operator found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The money was taken.
    Paid,
    /// The money is held and was not taken.
    Authorized,
    /// The gateway declined it.
    Declined,
    /// It was canceled at the gateway, or has expired there: no money is kept.
    Canceled,
    /// Nothing happened, and nothing can be under way: the attempt may be made again.
    NotApplied,
}

impl Decided {
    /// The state that the decision leads to.
    pub fn state(self) -> State {
        match self {
            Self::Paid => State::Paid,
            Self::Authorized => State::Authorized,
            Self::Declined => State::Declined,
            Self::Canceled => State::Canceled,
            Self::NotApplied => State::NotApplied,
        }
    }
}

impl Journal {
    /// Records an operator's decision about an attempt that is pending, unknown or in review. It looks at the gateway
    /// first ([`look`](Self::look)): what the gateway settles needs no decision. Nothing is sent.
    ///
    /// [`Decided::NotApplied`] allows the attempt to be made again. So it is refused while a call may still be under way
    /// ([`Policy::settle_time`](crate::Policy::settle_time) after it was armed) and when the gateway shows a payment or cannot be read, unless
    /// [`Decision::force`] is set; and always while a process works on the attempt.
    ///
    /// # Errors
    /// When the attempt is in another state, or what is known contradicts the decision ([`JournalError::Contradicted`]);
    /// when `by` or `why` is empty, or the store fails.
    pub async fn resolve(
        &self,
        facade: &Facade,
        attempt: &AttemptId,
        decision: &Decision,
    ) -> Result<AttemptRecord, JournalError> {
        if let Some(field) = missing_note(&decision.by, &decision.why) {
            return Err(JournalError::Invalid { field, rule: NOTE_RULE.to_owned() });
        }
        self.recover().await?;
        let (seen, looked) = match self.look_for(facade, attempt).await? {
            Some((seen, looked)) => (Some(seen), looked.map(|looked| looked.record)),
            None => (None, None),
        };
        let lease = self.lease().await?;
        let known = match looked {
            Some(record) => record,
            None => self.attempt(attempt).await?,
        };
        self.check_decision(&known, seen.as_ref(), decision, lease.now)?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        let Some(record) = taken.into_iter().next() else {
            let state = self.attempt(attempt).await?.state.as_str();
            return Err(JournalError::NotToDecide { attempt: attempt.clone(), state });
        };
        let mut change = Change::to(decision.what.state());
        change.payment.clone_from(&decision.payment);
        change.decided_by = Some(decision.by.clone());
        change.note = Some(decision.why.clone());
        match self.store().change(attempt, record.fence, &change, lease.now).await {
            Err(taken @ StoreError::PaymentTaken { .. }) => {
                // Lets go of the attempt, which stays as it is.
                let mut change = Change::to(record.state);
                change.next_look = record.next_look;
                change.decided_by = record.decided_by;
                change.note = record.note;
                self.store().change(attempt, record.fence, &change, lease.now).await?;
                Err(JournalError::Contradicted {
                    attempt: attempt.clone(),
                    decision: decision.what.state().as_str(),
                    why: format!("{taken}; name the payment of this one, or none"),
                })
            }
            written => {
                let written = written?;
                observe::changed(&written);
                Ok(written)
            }
        }
    }

    /// Whether a decision fits what is known.
    fn check_decision(
        &self,
        known: &AttemptRecord,
        seen: Option<&Seen>,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        if known.operation == Operation::Enrolment {
            let state = "an enrolment, which moves no money";
            return Err(JournalError::NotToDecide { attempt: known.attempt.clone(), state });
        }
        if known.state.is_final() && known.state != decision.what.state() {
            return Err(JournalError::NotToDecide {
                attempt: known.attempt.clone(),
                state: known.state.as_str(),
            });
        }
        if decision.what != Decided::NotApplied || decision.force {
            return Ok(());
        }
        let refuse = |why: String| {
            Err(JournalError::Contradicted {
                attempt: known.attempt.clone(),
                decision: decision.what.state().as_str(),
                why,
            })
        };
        let settled = known.armed.unwrap_or(known.created).checked_add(self.policy().settle_time);
        let settled = settled.unwrap_or(Timestamp::MAX);
        match seen {
            _ if now < settled && known.armed.is_some() => {
                refuse(format!("a call may be under way until {settled:.0}; decide after that, or force it"))
            }
            Some(Seen::Payment(payment) | Seen::Unclear { payment, .. }) => refuse(format!(
                "the gateway shows a payment, which is `{}`; look at it there, and force it if it is not this one",
                payment.status
            )),
            Some(Seen::Several(number)) => refuse(format!(
                "the gateway shows {number} payments with this name; look at them there, or force it"
            )),
            Some(Seen::Unreadable(why)) => {
                refuse(format!("the gateway could not be asked ({why}); try again, or force it"))
            }
            Some(Seen::Foreign) => refuse(
                "the recorded payment has another merchant's reference; look at it there, or force it"
                    .to_owned(),
            ),
            Some(Seen::Nothing { .. } | Seen::Canceled | Seen::NoMeans(_)) | None => Ok(()),
        }
    }
}
