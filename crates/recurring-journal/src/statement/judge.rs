//! The one decision what a statement means for an open attempt. Pure: nothing here reads or waits.

use recurring_core::Timestamp;
use recurring_facade::PaymentRef;

use super::lines::{LineKind, StatementLine};
use super::survey::{Survey, settled_at, taken_twice, takes_money};
use crate::attempt::{AttemptRecord, Operation};
use crate::policy::Policy;

/// What a statement means for an attempt that is unknown or in review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The money was taken (given back, for a refund). With the payment, where the journal does not know it.
    Paid { payment: Option<PaymentRef>, why: String },
    /// Nothing was taken, and nothing can be under way.
    NotApplied { why: String },
    /// It was taken more than once.
    TakenTwice { why: String },
    /// The amount or the currency differs.
    Differs { why: String },
    /// The statement settles nothing.
    Left { why: String },
}

fn left(why: impl Into<String>) -> Verdict {
    Verdict::Left { why: why.into() }
}

/// Decides. `doubt` is why the absence of a line proves nothing in this statement.
pub(crate) fn judge(
    survey: &Survey<'_>,
    doubt: Option<&str>,
    record: &AttemptRecord,
    policy: &Policy,
    now: Timestamp,
) -> Verdict {
    let lines = survey.lines_of(record);
    if lines.is_empty() {
        return absent(survey, doubt, record, policy, now);
    }
    listed(survey, record, &lines)
}

/// Lines name the attempt.
fn listed(survey: &Survey<'_>, record: &AttemptRecord, lines: &[&StatementLine]) -> Verdict {
    if let Some(line) =
        lines.iter().find(|line| is_foreign(record, line) || survey.is_of_another(record, line))
    {
        return left(format!(
            "line {} names it together with another attempt's reference or payment; compare them at the gateway",
            line.number
        ));
    }
    let kind = match record.operation {
        Operation::Refund => LineKind::Refund,
        Operation::Capture => return left("a statement does not show which part of a payment a capture was"),
        _ => LineKind::Charge,
    };
    let moved: Vec<&StatementLine> = lines.iter().copied().filter(|line| line.kind == kind).collect();
    let line = match moved.as_slice() {
        [] => return left("the statement names it, and does not say that it was taken"),
        [line] => line,
        _ if record.operation == Operation::Schedule => {
            return left(
                "the statement lists several payments of this schedule; the first one is not told apart",
            );
        }
        several => return Verdict::TakenTwice { why: taken_twice(several) },
    };
    let (Some(recorded), Some(stated)) = (record.amount, line.amount) else {
        return left("the recorded amount is not known, so that it cannot be compared");
    };
    if recorded != stated {
        let why =
            format!("line {} has {stated}, the journal {recorded}; find out why at the gateway", line.number);
        return Verdict::Differs { why };
    }
    let earliest = record.created.checked_sub(survey.statement.period.margin).unwrap_or(Timestamp::MIN);
    if line.at.is_none_or(|at| at < earliest) {
        return left(format!(
            "line {} is from before the attempt was stored: it may be another one",
            line.number
        ));
    }
    let payment = line.payment.clone().filter(|_| record.payment.is_none() && takes_money(record.operation));
    Verdict::Paid { payment, why: format!("line {} lists it with {stated}", line.number) }
}

/// Whether a line that names the attempt by one of its names has another one in the place of the other.
fn is_foreign(record: &AttemptRecord, line: &StatementLine) -> bool {
    let reference = line.reference.as_deref();
    let other_name = reference.is_some_and(|reference| reference != record.attempt.as_str());
    let (ours, theirs) = (record.payment.as_ref(), line.payment.as_ref());
    let other_payment = takes_money(record.operation)
        && line.kind == LineKind::Charge
        && ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs);
    other_name || other_payment
}

/// No line names the attempt.
fn absent(
    survey: &Survey<'_>,
    doubt: Option<&str>,
    record: &AttemptRecord,
    policy: &Policy,
    now: Timestamp,
) -> Verdict {
    let (statement, period) = (survey.statement, &survey.statement.period);
    if !takes_money(record.operation) {
        return left("a statement does not show which part of a payment a refund or a capture was");
    }
    if record.lapsed {
        return left("the journal has forgotten what came last (a failover): another try may have been paid");
    }
    if record.armed.is_none() {
        return left("this journal has not armed it, so that the time of its calls is not known");
    }
    let settled = settled_at(record, policy);
    if now < settled {
        return left(format!("a call may be under way until {settled:.0}"));
    }
    if !period.covers(record.created, settled) {
        return left(format!(
            "no line names it, and the statement does not cover its whole time, {:.0} to {settled:.0} and the margin of \
             the booking",
            record.created
        ));
    }
    if let Some(doubt) = doubt {
        return left(format!("no line names it, which proves nothing: {doubt}"));
    }
    let begins = record.created.checked_sub(period.margin).unwrap_or(Timestamp::MIN);
    let ends = settled.checked_add(period.margin).unwrap_or(Timestamp::MAX);
    let alike = survey.unmatched().into_iter().find(|line| {
        let same = record.amount.is_none() || line.amount == record.amount;
        same && line.at.is_none_or(|at| begins <= at && at <= ends)
    });
    if let Some(line) = alike {
        return left(format!(
            "line {} has the same amount and names no attempt of this journal: it may be this one",
            line.number
        ));
    }
    Verdict::NotApplied {
        why: format!(
            "it covers {:.0} to {:.0} with {} lines, is complete by its control, and names this attempt nowhere",
            period.from, period.until, statement.rows
        ),
    }
}
