//! A result as text for a terminal.

use std::fmt::Write;

use recurring_facade::{Payment, Portion};
use recurring_journal::AttemptRecord;

/// What an operator must not overlook.
pub(crate) const TEST: &str = "this is a test at the gateway: no money moves";

/// A payment as the gateway shows it.
pub(crate) fn payment(payment: &Payment) -> String {
    let mut text = format!("{}: {}", payment.provider, payment.outcome);
    if let Some(amount) = payment.amount {
        let _ = write!(text, ", {amount}");
    }
    let _ = write!(text, " (the gateway's status is `{}`)", payment.status);
    if let Some(reference) = &payment.payment {
        let _ = write!(text, "\npayment   {reference}");
    }
    let portions: [(&str, Option<Portion>); 3] =
        [("captured", payment.captured), ("refunded", payment.refunded), ("disputed", payment.disputed)];
    for (name, portion) in portions {
        if let Some(portion) = portion {
            let _ = write!(text, "\n{name:10}{portion}");
        }
    }
    if let Some(decline) = &payment.decline {
        let _ = write!(text, "\nreason    {}", decline.reason);
        for part in [&decline.code, &decline.message].into_iter().flatten() {
            let _ = write!(text, "\n          {part}");
        }
        let _ = write!(text, "\nadvice    {}", decline.reason.advice());
    }
    if let Some(page) = &payment.redirect {
        let _ = write!(text, "\nsend the customer to\n{page}");
    }
    if payment.test == Some(true) {
        let _ = write!(text, "\n{TEST}");
    }
    text
}

/// An attempt as the journal has it.
pub(crate) fn record(record: &AttemptRecord) -> String {
    let mut text = format!("{}: {} {}", record.provider, record.operation, record.state);
    if let Some(amount) = record.amount {
        let _ = write!(text, ", {amount}");
    }
    let lines = [
        ("payment", record.payment.as_ref().map(ToString::to_string)),
        ("status", record.ending.status.clone()),
        ("reason", record.ending.reason.map(|reason| reason.to_string())),
        ("message", record.ending.message.clone()),
        ("note", record.note.clone()),
        ("decided by", record.decided_by.clone()),
        ("page", record.ending.redirect.clone()),
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
