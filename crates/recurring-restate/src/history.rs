//! The attempts of the journal in the words of `recurring-schedule`.

use recurring_journal::{AttemptRecord, Operation, State};
use recurring_schedule::{Attempt, AttemptState, Decline, Initiator, from_core_time};

/// What stands for the card of a history, and for one that it replaced. Nothing else is known of either.
pub(crate) const CARD: &str = "card";
pub(crate) const OTHER_CARD: &str = "another card";

/// The attempt as [`recurring_schedule::History`] takes it. `None` for what takes no money (a refund, a capture, an enrolment), and
/// for an amount of zero.
pub(crate) fn attempt(record: &AttemptRecord, card: &str) -> Option<Attempt> {
    let initiator = match record.operation {
        Operation::Charge => Initiator::Merchant,
        Operation::FirstPayment | Operation::Schedule => Initiator::Customer,
        _ => return None,
    };
    Some(Attempt {
        name: record.attempt.to_string(),
        credential: card.to_owned(),
        at: from_core_time(record.asked_by()),
        amount: record.amount?.try_into().ok()?,
        initiator,
        state: state(record.state),
        decline: (record.state == State::Declined).then(|| decline(record)),
    })
}

fn state(state: State) -> AttemptState {
    match state {
        State::Planned => AttemptState::Planned,
        State::Armed => AttemptState::Armed,
        State::Paid => AttemptState::Paid,
        State::Authorized => AttemptState::Authorized,
        State::Declined => AttemptState::Declined,
        State::Canceled => AttemptState::Canceled,
        State::Pending => AttemptState::Pending,
        State::NotApplied => AttemptState::NotApplied,
        State::Unknown => AttemptState::Unknown,
        State::Review => AttemptState::Review,
    }
}

/// Why it was declined. The card's scheme is not known to the journal; without one, the strictest rules hold.
pub(crate) fn decline(record: &AttemptRecord) -> Decline {
    Decline::from_answer(record.ending.code.as_deref(), record.ending.reason)
}
