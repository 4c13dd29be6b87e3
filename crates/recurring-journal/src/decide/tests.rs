//! The decision at each bound of time, and about each kind of answer.
#![allow(clippy::unwrap_used, reason = "a test stops by panicking")]

use recurring_facade::ProviderId;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const ARMED: Timestamp = Timestamp::UNIX_EPOCH;

fn record(state: State) -> AttemptRecord {
    AttemptRecord { nothing_found: 1, ..AttemptRecord::sent_at("a", state, ARMED) }
}

fn payment(outcome: Outcome) -> Box<Payment> {
    let mut payment = Payment::new(ProviderId::EMSPAY, outcome, outcome.to_string());
    payment.amount = Some("40.00 EUR".parse().unwrap());
    Box::new(payment)
}

fn unclear(can_cancel: bool) -> Seen {
    Seen::Unclear { payment: payment(Outcome::Pending), can_cancel }
}

fn unreadable() -> Seen {
    Seen::Unreadable("no answer".to_owned())
}

/// What is written about an attempt of that age; `None` where the payment has to be canceled first.
fn written(record: &AttemptRecord, seen: &Seen, age: Duration) -> Option<Change> {
    match decide(record, seen, &Policy::default(), ARMED + age) {
        Verdict::Write(change) => Some(*change),
        Verdict::CancelFirst => None,
    }
}

fn state(record: &AttemptRecord, seen: &Seen, age: Duration) -> Option<State> {
    written(record, seen, age).map(|change| change.state)
}

#[test]
fn nothing_counts_from_the_settle_time_on() {
    let (record, settled) = (record(State::Unknown), Policy::default().settle_time);
    for (proves, then) in [
        (Proves::Nothing, Some(State::Review)),
        (Proves::NothingWasSent, Some(State::NotApplied)),
        (Proves::NothingOnceCanceled, None),
    ] {
        let seen = Seen::Nothing(proves);
        assert_eq!(state(&record, &seen, settled - SECOND), Some(State::Unknown), "{proves:?}");
        assert_eq!(state(&record, &seen, settled), then, "{proves:?}");
    }
    assert_eq!(state(&record, &unclear(true), settled - SECOND), Some(State::Unknown));
    assert_eq!(state(&record, &unclear(true), settled), None);
    assert_eq!(state(&record, &unclear(false), settled), Some(State::Unknown));
}

#[test]
fn nothing_counts_only_when_found_twice() {
    let settled = Policy::default().settle_time;
    let nothing = Seen::Nothing(Proves::NothingWasSent);
    let first = AttemptRecord { nothing_found: 0, ..record(State::Unknown) };
    let change = written(&first, &nothing, settled).unwrap();
    assert_eq!((change.state, change.nothing_found), (State::Unknown, Some(1)));
    let change = written(&record(State::Unknown), &nothing, settled).unwrap();
    assert_eq!((change.state, change.nothing_found), (State::NotApplied, Some(2)));
}

#[test]
fn nothing_settles_no_pending_attempt() {
    for proves in [Proves::Nothing, Proves::NothingWasSent, Proves::NothingOnceCanceled] {
        let change =
            written(&record(State::Pending), &Seen::Nothing(proves), Duration::from_secs(90 * 86_400))
                .unwrap();
        assert_eq!((change.state, change.looks), (State::Pending, Some(1)), "{proves:?}");
    }
}

#[test]
fn nothing_that_a_lapse_explains_says_so() {
    let settled = Policy::default().settle_time;
    for lapsed in [false, true] {
        let record = AttemptRecord { lapsed, ..record(State::Unknown) };
        let change = written(&record, &Seen::Nothing(Proves::Nothing), settled).unwrap();
        assert_eq!(change.state, State::Review);
        assert_eq!(change.note.unwrap().contains("forgotten"), lapsed);
    }
}

#[test]
fn age_asks_for_review_only_after_the_timeout() {
    let (policy, unknown) = (Policy::default(), record(State::Unknown));
    for (seen, timeout, before) in [
        (unclear(false), policy.unknown_timeout, State::Unknown),
        (unreadable(), policy.unknown_timeout, State::Unknown),
        (Seen::Payment(payment(Outcome::Pending)), policy.pending_timeout, State::Pending),
        (Seen::Payment(payment(Outcome::ActionRequired)), policy.pending_timeout, State::Pending),
    ] {
        assert_eq!(state(&unknown, &seen, SECOND), Some(before), "{seen:?}");
        assert_eq!(state(&unknown, &seen, timeout), Some(before), "{seen:?}");
        assert_eq!(state(&unknown, &seen, timeout + SECOND), Some(State::Review), "{seen:?}");
    }
}

#[test]
fn attempt_in_review_leaves_it_only_by_an_outcome() {
    let review = record(State::Review);
    for (outcome, then) in [
        (Outcome::Pending, State::Review),
        (Outcome::ActionRequired, State::Review),
        (Outcome::Paid, State::Paid),
        (Outcome::Authorized, State::Authorized),
        (Outcome::Declined, State::Declined),
        (Outcome::Canceled, State::Canceled),
    ] {
        assert_eq!(state(&review, &Seen::Payment(payment(outcome)), SECOND), Some(then), "{outcome:?}");
    }
    assert_eq!(state(&review, &unreadable(), SECOND), Some(State::Review));
}

#[test]
fn refusal_of_a_lapsed_attempt_needs_review() {
    let lapsed = AttemptRecord { lapsed: true, ..record(State::Unknown) };
    for (outcome, then) in
        [(Outcome::Declined, State::Review), (Outcome::Canceled, State::Review), (Outcome::Paid, State::Paid)]
    {
        assert_eq!(state(&lapsed, &Seen::Payment(payment(outcome)), SECOND), Some(then), "{outcome:?}");
    }
}

#[test]
fn payment_of_another_amount_needs_review() {
    for (ours, theirs, then) in [
        (Some("40.00 EUR"), Some("40.00 EUR"), State::Paid),
        (Some("40.00 EUR"), Some("40.01 EUR"), State::Review),
        (Some("40.00 EUR"), Some("40.00 USD"), State::Review),
        (Some("40.00 EUR"), None, State::Paid),
        (None, Some("40.00 EUR"), State::Paid),
    ] {
        let money = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let record = AttemptRecord { amount: money(ours), ..record(State::Unknown) };
        let mut payment = payment(Outcome::Paid);
        payment.amount = money(theirs);
        assert_eq!(state(&record, &Seen::Payment(payment), SECOND), Some(then), "{ours:?} {theirs:?}");
    }
}
