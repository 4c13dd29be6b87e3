//! What a look at a gateway means. Pure: nothing here reads or waits.

use std::time::Duration;

use recurring_core::{Money, Outcome, Timestamp};
use recurring_facade::Payment;

use crate::attempt::{AttemptRecord, State};
use crate::ending::ending_of_payment;
use crate::policy::Policy;
use crate::store::Change;

/// What a look at the gateway gave.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The payment, as it stands.
    Payment(Box<Payment>),
    /// A try to pay it reached the gateway, which does not say what became of it. Whether it can be canceled.
    Unclear { payment: Box<Payment>, can_cancel: bool },
    /// A payment of another attempt: it has another merchant's reference.
    Foreign,
    /// No payment.
    Nothing(Proves),
    /// The gateway has canceled the payment because this journal asked for it: it was not paid, and cannot be any more.
    Canceled,
    /// More than one payment with the name of one attempt.
    Several(usize),
    /// The gateway could not be read.
    Unreadable(String),
    /// There is nothing to look with.
    NoMeans(&'static str),
}

/// What "no payment" proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proves {
    /// Nothing: the gateway may know more than it shows, or the store has forgotten something.
    Nothing,
    /// Nothing was sent: what is sent first at this gateway was never recorded, and cannot be any more.
    NothingWasSent,
    /// Nothing was taken, once the gateway has canceled the payment: a call that is still under way is refused then.
    NothingOnceCanceled,
}

/// What to do after a look.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Write this down.
    Write(Box<Change>),
    /// Ask the gateway to cancel the unpaid payment, and decide by its answer.
    CancelFirst,
}

/// Nothing is settled; it is looked up once more.
pub(crate) fn look_again(record: &AttemptRecord, policy: &Policy, now: Timestamp, note: String) -> Change {
    // What is in review stays there, unless the gateway settles it.
    let mut change = Change::to(record.state);
    change.looks = Some(record.looks.saturating_add(1));
    change.next_look = now.checked_add(policy.wait(record.looks));
    change.note = Some(note);
    change
}

fn review(note: impl Into<String>) -> Change {
    let mut change = Change::to(State::Review);
    change.note = Some(note.into());
    change
}

/// The one decision what a look means. Pure: nothing here reads or waits.
///
/// Only what the gateway itself says settles an attempt. Age never does: it can only ask for manual review.
pub(crate) fn decide(record: &AttemptRecord, seen: &Seen, policy: &Policy, now: Timestamp) -> Verdict {
    let age = now.duration_since(record.armed.unwrap_or(record.created));
    let again = |note: String| look_again(record, policy, now, note);
    Verdict::Write(Box::new(match seen {
        Seen::Payment(payment) if another_amount(record.amount, payment.amount) => {
            review("the gateway has a payment of another amount under this name")
        }
        Seen::Foreign => review("the payment has another merchant's reference at the gateway"),
        Seen::Payment(payment) => settle_by(record, payment, policy, now, age),
        Seen::Unclear { payment, .. } if age < policy.settle_time => {
            again(format!("the gateway says `{}`, which settles nothing yet", payment.status))
        }
        Seen::Unclear { can_cancel: true, .. } => return Verdict::CancelFirst,
        Seen::Unclear { payment, .. } if age > policy.unknown_timeout => {
            review(format!("the gateway still says `{}`, which settles nothing", payment.status))
        }
        Seen::Unclear { payment, .. } => {
            again(format!("the gateway says `{}`, which settles nothing", payment.status))
        }
        Seen::Canceled => {
            let mut change = Change::to(State::NotApplied);
            change.note =
                Some("the gateway canceled it unpaid: a call that is still under way is refused".to_owned());
            change
        }
        // Found before, and not found now: that settles nothing.
        Seen::Nothing(_) if record.state == State::Pending => {
            again("the gateway did not find the payment".to_owned())
        }
        Seen::Nothing(_) if age < policy.settle_time => {
            let mut change = again("nothing found so far; a call may still be under way".to_owned());
            let settled = record.armed.unwrap_or(record.created).checked_add(policy.settle_time);
            change.next_look = change.next_look.max(settled);
            change
        }
        Seen::Nothing(_) if record.nothing_found == 0 => {
            let mut change = again("nothing found; looked up once more before that counts".to_owned());
            change.nothing_found = Some(1);
            change.next_look = now.checked_add(policy.first_look);
            change
        }
        Seen::Nothing(Proves::NothingOnceCanceled) => return Verdict::CancelFirst,
        Seen::Nothing(Proves::NothingWasSent) => {
            let mut change = Change::to(State::NotApplied);
            change.nothing_found = Some(record.nothing_found.saturating_add(1));
            change.note = Some(
                "no payment was recorded before the charge, so none was sent; nothing can be sent any more"
                    .to_owned(),
            );
            change
        }
        Seen::Nothing(Proves::Nothing) if record.lapsed => {
            review("nothing found, which proves nothing: the journal has forgotten what came last")
        }
        Seen::Nothing(Proves::Nothing) => review("nothing found twice, which proves nothing at this gateway"),
        Seen::Several(number) => review(format!("the gateway has {number} payments under this name")),
        Seen::NoMeans(why) => review(*why),
        Seen::Unreadable(why) if age > policy.unknown_timeout => {
            review(format!("it could not be looked up for too long: {why}"))
        }
        Seen::Unreadable(why) => again(format!("could not be looked up: {why}")),
    }))
}

/// The gateway has the payment.
fn settle_by(
    record: &AttemptRecord,
    payment: &Payment,
    policy: &Policy,
    now: Timestamp,
    age: Duration,
) -> Change {
    let says = format!("the gateway says `{}`", payment.status);
    let mut change = match payment.outcome {
        // What the store has forgotten may be a second try that was paid.
        Outcome::Declined | Outcome::Canceled if record.lapsed => review(format!(
            "{says}, but the journal has forgotten what came last: another try may have been paid"
        )),
        outcome if outcome.is_definite() => Change::to(outcome.into()),
        _ if record.state == State::Review || age > policy.pending_timeout => {
            review(format!("the gateway still says `{}`", payment.status))
        }
        _ => {
            let mut change = look_again(record, policy, now, says.clone());
            change.state = State::Pending;
            change
        }
    };
    if change.state.is_final() {
        change.note = Some(format!("looked up: {says}"));
    }
    change.payment.clone_from(&payment.payment);
    change.ending = Some(ending_of_payment(payment));
    change
}

fn another_amount(ours: Option<Money>, theirs: Option<Money>) -> bool {
    ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs)
}

#[cfg(test)]
mod tests;
