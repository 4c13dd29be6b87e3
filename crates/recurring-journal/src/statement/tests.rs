//! The decision about every kind of line and of its absence.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops by panicking")]

use std::time::Duration;

use recurring_core::{Money, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};

use super::judge::{Verdict, judge};
use super::lines::{Control, LineKind, Period, Statement, StatementLine};
use super::report::FindingKind;
use super::survey::Survey;
use crate::attempt::{AttemptRecord, Operation, State};
use crate::policy::Policy;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// So many hours after the beginning of the period.
fn hour(hours: u32) -> Timestamp {
    let first: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    first.checked_add(HOUR * hours).unwrap()
}

fn record(name: &str, state: State) -> AttemptRecord {
    AttemptRecord::sent_at(name, state, hour(24))
}

fn line(number: u64, reference: &str) -> StatementLine {
    StatementLine {
        number,
        reference: Some(reference.to_owned()),
        payment: Some(PaymentRef::new(format!("p-{number}"))),
        kind: LineKind::Charge,
        amount: Some("40.00 EUR".parse().unwrap()),
        at: Some(hour(24)),
    }
}

fn announced(lines: u64) -> Control {
    Control { lines: Some(lines), totals: Vec::new() }
}

fn statement_with(lines: Vec<StatementLine>, control: Control, until: u32, margin: Duration) -> Statement {
    let period = Period::new(hour(0), hour(until), margin).unwrap();
    Statement::new(ProviderId::EMSPAY, period, lines, Vec::new(), control, "file")
}

/// A complete statement of three days.
fn statement(lines: Vec<StatementLine>) -> Statement {
    let count = lines.len().try_into().unwrap();
    statement_with(lines, announced(count), 72, HOUR)
}

/// What the statement means for the first of these attempts, which are all that the journal has.
fn verdict_of(statement: &Statement, records: &[AttemptRecord], now: Timestamp) -> Verdict {
    let policy = Policy::default();
    let mut survey = Survey::new(statement);
    for record in records {
        survey.compare(record, &policy);
    }
    survey.finish();
    let doubt = survey.doubt();
    judge(&survey, doubt.as_deref(), records.first().unwrap(), &policy, now)
}

fn verdict(statement: &Statement, records: &[AttemptRecord]) -> Verdict {
    verdict_of(statement, records, hour(100))
}

#[track_caller]
fn assert_left(verdict: &Verdict, part: &str) {
    match verdict {
        Verdict::Left { why } => assert!(why.contains(part), "{why}"),
        other => panic!("{other:?}"),
    }
}

fn open() -> AttemptRecord {
    record("a", State::Review)
}

/// An attempt that is paid and listed: the column of the reference is the right one.
fn known() -> (AttemptRecord, StatementLine) {
    (record("known", State::Paid), line(9, "known"))
}

#[test]
fn listed_once_is_paid() {
    let verdict = verdict(&statement(vec![line(2, "a")]), &[open()]);
    let Verdict::Paid { payment, why } = verdict else { panic!("{verdict:?}") };
    assert_eq!((payment, why.as_str()), (Some(PaymentRef::new("p-2")), "line 2 lists it with 40.00 EUR"));
}

#[test]
fn listed_in_incomplete_statement_is_paid() {
    let half = statement_with(vec![line(2, "a")], Control::default(), 72, HOUR);
    assert!(matches!(verdict(&half, &[open()]), Verdict::Paid { .. }));
}

#[test]
fn listed_and_given_back_is_paid() {
    let mut back = line(3, "a");
    back.kind = LineKind::Refund;
    assert!(matches!(verdict(&statement(vec![line(2, "a"), back.clone()]), &[open()]), Verdict::Paid { .. }));
    assert_left(&verdict(&statement(vec![back]), &[open()]), "does not say that it was taken");
}

#[test]
fn listed_twice_is_never_settled() {
    let mut twice = vec![line(2, "a"), line(3, "a")];
    assert!(matches!(verdict(&statement(twice.clone()), &[open()]), Verdict::TakenTwice { .. }));
    let schedule = AttemptRecord { operation: Operation::Schedule, ..open() };
    assert_left(&verdict(&statement(twice.clone()), &[schedule]), "several payments of this schedule");
    // The same line again is a mistake of the file, and not a second payment.
    twice.pop();
    twice.push(StatementLine { number: 3, ..line(2, "a") });
    let repeated = statement(twice);
    assert!(matches!(verdict(&repeated, &[open()]), Verdict::Paid { .. }));
    assert!(repeated.incomplete().unwrap().contains("line 3"));
}

#[test]
fn listed_with_another_amount_differs() {
    for amount in ["41.00 EUR", "40.00 USD"] {
        let other = StatementLine { amount: Some(amount.parse().unwrap()), ..line(2, "a") };
        assert!(matches!(verdict(&statement(vec![other]), &[open()]), Verdict::Differs { .. }), "{amount}");
    }
    let without = AttemptRecord { amount: None, ..open() };
    assert_left(&verdict(&statement(vec![line(2, "a")]), &[without]), "amount is not known");
}

#[test]
fn listed_with_another_payment_is_left() {
    let known = AttemptRecord { payment: Some(PaymentRef::new("p-7")), ..open() };
    assert_left(&verdict(&statement(vec![line(2, "a")]), std::slice::from_ref(&known)), "another attempt's");
    // Its payment, under another reference.
    let other = StatementLine { payment: Some(PaymentRef::new("p-7")), ..line(2, "b") };
    assert_left(&verdict(&statement(vec![other.clone()]), std::slice::from_ref(&known)), "another attempt's");
    // Its payment, without a reference.
    let unnamed = StatementLine { reference: None, ..other };
    let verdict = verdict(&statement(vec![unnamed]), &[known]);
    assert!(matches!(verdict, Verdict::Paid { payment: None, .. }), "{verdict:?}");
}

#[test]
fn listed_with_payment_of_a_settled_attempt_is_left() {
    let paid = AttemptRecord { payment: Some(PaymentRef::new("p-2")), ..record("known", State::Paid) };
    for records in [[open(), paid.clone()], [open(), AttemptRecord { state: State::Review, ..paid }]] {
        assert_left(&verdict(&statement(vec![line(2, "a")]), &records), "another attempt's");
    }
}

#[test]
fn listed_before_it_was_stored_is_left() {
    let early = StatementLine { at: Some(hour(22)), ..line(2, "a") };
    assert_left(&verdict(&statement(vec![early]), &[open()]), "before the attempt was stored");
}

#[test]
fn refund_is_paid_by_its_own_line_only() {
    let refund =
        AttemptRecord { operation: Operation::Refund, payment: Some(PaymentRef::new("p-9")), ..open() };
    let back = StatementLine { kind: LineKind::Refund, ..line(2, "a") };
    let paid = verdict(&statement(vec![back.clone()]), std::slice::from_ref(&refund));
    assert!(matches!(paid, Verdict::Paid { payment: None, .. }), "{paid:?}");
    // The line of the payment that it belongs to settles nothing.
    assert_left(&verdict(&statement(vec![line(9, "charge")]), &[refund]), "which part of a payment");
    let capture = AttemptRecord { operation: Operation::Capture, ..open() };
    assert_left(&verdict(&statement(vec![line(2, "a")]), &[capture]), "a capture was");
}

#[test]
fn absent_from_complete_statement_is_not_applied() {
    let (paid, listed) = known();
    let verdict = verdict(&statement(vec![listed]), &[open(), paid]);
    let Verdict::NotApplied { why } = verdict else { panic!("{verdict:?}") };
    assert!(why.contains("with 1 lines"), "{why}");
    // Nothing was taken at all, by the gateway's word.
    assert!(matches!(super::tests::verdict(&statement(vec![]), &[open()]), Verdict::NotApplied { .. }));
}

#[test]
fn absent_without_proof_of_completeness_is_left() {
    let (paid, listed) = known();
    let records = [open(), paid];
    let total = |text: &str| Control { lines: None, totals: vec![text.parse::<Money>().unwrap()] };
    for (control, part) in [
        (Control::default(), "neither the number"),
        (announced(2), "2 were announced"),
        (total("80.00 EUR"), "add up to 40.00 EUR"),
        (total("40.00 USD"), "add up to 40.00 EUR"),
        (Control { lines: Some(1), ..total("41.00 EUR") }, "add up to 40.00 EUR"),
    ] {
        assert_left(&verdict(&statement_with(vec![listed.clone()], control, 72, HOUR), &records), part);
    }
    for control in [announced(1), total("40.00 EUR")] {
        let verdict = verdict(&statement_with(vec![listed.clone()], control, 72, HOUR), &records);
        assert!(matches!(verdict, Verdict::NotApplied { .. }), "{verdict:?}");
    }
}

#[test]
fn absent_with_any_bad_line_is_left() {
    let (paid, listed) = known();
    let records = [open(), paid];
    let again = StatementLine { number: 10, ..listed.clone() };
    assert_left(&verdict(&statement(vec![listed.clone(), again]), &records), "1 of its lines");
    let outside = StatementLine { at: Some(hour(80)), ..line(10, "known") };
    assert_left(&verdict(&statement(vec![outside]), &records), "1 of its lines");
    let period = Period::new(hour(0), hour(72), HOUR).unwrap();
    let bad = super::lines::LineProblem::new(3, None, "cannot be read");
    let with_bad = Statement::new(ProviderId::EMSPAY, period, vec![listed], vec![bad], announced(2), "file");
    assert_left(&verdict(&with_bad, &records), "such as line 3");
}

#[test]
fn absent_outside_the_period_is_left() {
    let (paid, listed) = known();
    let records = [open(), paid];
    // Armed at 24, settled at 25, and an hour of margin.
    for (until, margin, covered) in
        [(26, HOUR, true), (25, HOUR, false), (25, Duration::ZERO, true), (72, HOUR * 25, false)]
    {
        let statement = statement_with(vec![listed.clone()], announced(1), until, margin);
        match verdict(&statement, &records) {
            Verdict::NotApplied { .. } => assert!(covered, "{until} {margin:?}"),
            left => {
                assert!(!covered, "{until} {margin:?}");
                assert_left(&left, "does not cover its whole time");
            }
        }
    }
    // Stored before the period began, and armed in it.
    let mut early = open();
    early.created = hour(0);
    let statement = statement(vec![known().1]);
    assert_left(&verdict(&statement, &[early, known().0]), "does not cover its whole time");
}

#[test]
fn absent_that_may_be_under_way_is_left() {
    let (paid, listed) = known();
    let statement = statement_with(vec![listed], announced(1), 72, HOUR);
    assert_left(&verdict_of(&statement, &[open(), paid], hour(24)), "may be under way");
}

#[test]
fn absent_and_lapsed_is_left() {
    let (paid, listed) = known();
    let lapsed = AttemptRecord { lapsed: true, ..open() };
    assert_left(&verdict(&statement(vec![listed.clone()]), &[lapsed, paid.clone()]), "failover");
    let never = AttemptRecord { armed: None, ..open() };
    assert_left(&verdict(&statement(vec![listed]), &[never, paid]), "has not armed it");
}

#[test]
fn absent_but_named_elsewhere_is_left() {
    let (paid, listed) = known();
    let fee = StatementLine { kind: LineKind::Other, amount: None, at: None, ..line(3, "a") };
    assert_left(&verdict(&statement(vec![listed, fee]), &[open(), paid]), "the statement names it");
}

#[test]
fn absent_beside_unknown_line_of_its_amount_is_left() {
    let (paid, listed) = known();
    let records = [open(), paid];
    // The reference may have been cut off or written in another form.
    for reference in [Some("A".to_owned()), None] {
        let alike = StatementLine { reference, ..line(3, "") };
        assert_left(&verdict(&statement(vec![listed.clone(), alike]), &records), "may be this one");
    }
    let elsewhen = StatementLine { at: Some(hour(60)), ..line(3, "x") };
    let dearer = StatementLine { amount: Some("41.00 EUR".parse().unwrap()), ..line(4, "y") };
    let verdict = verdict(&statement(vec![listed, elsewhen, dearer]), &records);
    assert!(matches!(verdict, Verdict::NotApplied { .. }), "{verdict:?}");
}

#[test]
fn absent_beside_open_attempt_of_another_amount_is_left() {
    let (paid, listed) = known();
    let dearer = StatementLine { amount: Some("41.00 EUR".parse().unwrap()), ..line(2, "b") };
    let records = [open(), paid, record("b", State::Review)];
    assert_left(&verdict(&statement(vec![listed, dearer]), &records), "differ from the recorded ones");
}

#[test]
fn fees_that_look_alike_are_not_repeated_lines() {
    let (paid, listed) = known();
    let fee = |number| StatementLine {
        kind: LineKind::Other,
        reference: None,
        payment: None,
        amount: None,
        at: None,
        ..line(number, "")
    };
    let statement = statement(vec![listed, fee(10), fee(11)]);
    assert_eq!(statement.problems(), []);
    assert!(matches!(verdict(&statement, &[open(), paid]), Verdict::NotApplied { .. }));
}

#[test]
fn absent_from_statement_of_others_is_left() {
    let dearer = StatementLine { amount: Some("41.00 EUR".parse().unwrap()), ..line(4, "y") };
    assert_left(&verdict(&statement(vec![dearer]), &[open()]), "no line of the statement names an attempt");
    // What is recorded as paid is missing too.
    let (paid, listed) = known();
    let missing = record("missing", State::Paid);
    assert_left(&verdict(&statement(vec![listed]), &[open(), paid.clone(), missing]), "lacks 1 attempts");
    let net = StatementLine { amount: Some("39.00 EUR".parse().unwrap()), ..line(9, "known") };
    assert_left(&verdict(&statement(vec![net]), &[open(), paid]), "differ from the recorded ones");
}

#[test]
fn settled_attempt_under_another_reference_differs() {
    let paid = AttemptRecord { payment: Some(PaymentRef::new("p-2")), ..record("a", State::Paid) };
    let find = |other: &str, operation: Operation| {
        let statement = statement(vec![line(2, other)]);
        let mut survey = Survey::new(&statement);
        let part = AttemptRecord { operation, ..record("part", State::Paid) };
        for record in [&paid, &part] {
            survey.compare(record, &Policy::default());
        }
        survey.finish();
        survey.findings.iter().map(|finding| finding.finding).collect::<Vec<_>>()
    };
    assert_eq!(find("cut", Operation::Capture), [FindingKind::Differs]);
    // What was held is listed under the name of its capture.
    assert_eq!(find("part", Operation::Capture), []);
}

#[test]
fn settled_attempt_is_compared() {
    let find = |state: State, lines: Vec<StatementLine>| {
        let statement = statement(lines);
        let mut survey = Survey::new(&statement);
        survey.compare(&record("a", state), &Policy::default());
        survey.finish();
        let kinds: Vec<FindingKind> = survey.findings.iter().map(|finding| finding.finding).collect();
        assert_eq!(survey.unmatched().len(), 0);
        kinds
    };
    let dearer = StatementLine { amount: Some("41.00 EUR".parse().unwrap()), ..line(2, "a") };
    assert_eq!(find(State::Paid, vec![line(2, "a")]), []);
    assert_eq!(find(State::Paid, vec![]), [FindingKind::NotTaken]);
    assert_eq!(find(State::Paid, vec![dearer]), [FindingKind::Differs]);
    assert_eq!(find(State::Paid, vec![line(2, "a"), line(3, "a")]), [FindingKind::TakenTwice]);
    assert_eq!(find(State::Authorized, vec![line(2, "a")]), []);
    for state in
        [State::Planned, State::Armed, State::Pending, State::Declined, State::Canceled, State::NotApplied]
    {
        assert_eq!(find(state, vec![line(2, "a")]), [FindingKind::NotRecorded], "{state}");
        assert_eq!(find(state, vec![]), [], "{state}");
    }
}
