//! A result as text for a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use recurring_facade::{Outcome, Payment, Portion};
use recurring_journal::{AttemptRecord, Operation, SeriesTry, State};

/// What an operator must not overlook.
pub(crate) const TEST: &str = "this is a test at the gateway: no money moves";

/// A payment as the gateway shows it.
pub(crate) fn payment(payment: &Payment) -> String {
    described(payment, &colored(payment.outcome.as_str(), of_outcome(payment.outcome)))
}

/// A refund, which the gateway shows as a payment of its own: `paid` would be read as money that was taken.
pub(crate) fn refund(payment: &Payment) -> String {
    let words = match payment.outcome {
        Outcome::Paid => "refunded".to_owned(),
        outcome => format!("refund {outcome}"),
    };
    described(payment, &colored(&words, of_outcome(payment.outcome)))
}

fn described(payment: &Payment, what: &str) -> String {
    let mut text = format!("{}: {what}", payment.provider);
    if let Some(amount) = payment.amount {
        let _ = write!(text, " {amount}");
    }
    let _ = write!(text, " (the gateway's status is `{}`)", payment.status);
    if let Some(reference) = &payment.payment {
        let _ = write!(text, "\npayment   {reference}");
    }
    let portions: [(&str, Option<Portion>); 3] =
        [("captured", payment.captured), ("refunded", payment.refunded), ("disputed", payment.disputed)];
    for (name, portion) in portions {
        match portion.map(Portion::amount) {
            Some(Some(amount)) => {
                let _ = write!(text, "\n{name:10}{amount}");
            }
            Some(None) => {
                let _ = write!(text, "\n{name:10}a part or all of it; the gateway does not say how much");
            }
            None => {}
        }
    }
    if let Some(decline) = &payment.decline {
        let _ = write!(text, "\nreason    {}", decline.reason);
        for part in [&decline.code, &decline.message].into_iter().flatten() {
            let _ = write!(text, "\n          {part}");
        }
        let _ = write!(text, "\nadvice    {}", decline.reason.advice());
    }
    if let Some(page) = page(payment) {
        let _ = write!(text, "\nsend the customer to\n{page}");
    }
    if payment.test == Some(true) {
        let _ = write!(text, "\n{TEST}");
    }
    text
}

/// The page to which the customer must be sent. What is only pending may have one too, and is not paid there.
pub(crate) fn page(payment: &Payment) -> Option<&String> {
    payment.redirect.as_ref().filter(|_| payment.outcome == Outcome::ActionRequired)
}

/// An attempt as the journal has it.
pub(crate) fn record(record: &AttemptRecord) -> String {
    let mut text = format!("{}: {}", record.provider, state_of(record, true));
    if let Some(amount) = record.amount {
        let _ = write!(text, " {amount}");
    }
    let page = record.ending.redirect.clone();
    let lines = [
        ("payment", record.payment.as_ref().map(ToString::to_string)),
        ("series", record.series.as_ref().map(try_of)),
        ("status", record.ending.status.clone()),
        ("reason", record.ending.reason.map(|reason| reason.to_string())),
        ("message", record.ending.message.clone()),
        ("note", record.note.clone()),
        ("decided by", record.decided_by.clone()),
        ("page", page.filter(|_| record.ending.outcome == Some(Outcome::ActionRequired))),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = write!(text, "\n{name:10} {value}");
        }
    }
    if record.ending.test {
        let _ = write!(text, "\n{TEST}");
    }
    text
}

fn try_of(series: &SeriesTry) -> String {
    format!("{}, period {}, try {}", series.series(), series.period(), series.number())
}

/// The state of an attempt; with the operation before it, where that is not a charge.
pub(crate) fn state(record: &AttemptRecord) -> String {
    state_of(record, false)
}

fn state_of(record: &AttemptRecord, color: bool) -> String {
    let state = record.state;
    let words = match (record.operation, state) {
        (Operation::Charge, state) => state.to_string(),
        (Operation::Refund, State::Paid) => "refunded".to_owned(),
        (Operation::Capture, State::Paid) => "captured".to_owned(),
        (operation, state) => format!("{operation} {state}"),
    };
    let style = match state {
        State::Paid => GOOD,
        State::Declined | State::Canceled | State::Unknown | State::Review => BAD,
        _ => OPEN,
    };
    if color { colored(&words, style) } else { words }
}

/// A time stamp without the part of a second.
pub(crate) fn to_the_second(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

const GOOD: Style = AnsiColor::Green.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

fn of_outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Paid => GOOD,
        Outcome::Authorized | Outcome::Pending | Outcome::ActionRequired => OPEN,
        Outcome::Declined | Outcome::Canceled => BAD,
    }
}

/// The outcome with its color, which is taken off where the output is not a terminal that shows colors.
#[cfg(feature = "demo")]
pub(crate) fn outcome(outcome: Outcome) -> String {
    colored(outcome.as_str(), of_outcome(outcome))
}

fn colored(words: &str, style: Style) -> String {
    format!("{style}{words}{style:#}")
}
