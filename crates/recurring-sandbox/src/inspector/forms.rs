//! What the inspector's forms do.

use crate::faults::{Fault, FaultKind, Moment};
use crate::request::{Request, form};
use crate::state::State;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use std::time::Duration;

/// A fault as the form offers it: its value, its label, and what it is.
type Choice = (&'static str, &'static str, fn() -> FaultKind);

/// The faults of the form, each with usual numbers. All others, and other numbers, are armed over `/_sandbox/faults`.
pub(super) const CHOICES: [Choice; 21] = [
    ("reset", "Reset the connection", || FaultKind::Reset),
    ("close", "Close the connection without an answer", || FaultKind::Close),
    ("silent", "Accept and never answer", || FaultKind::Silent),
    ("refuse_connection", "Refuse the next connection", || FaultKind::RefuseConnection),
    ("cut", "Cut the answer after 100 bytes", || FaultKind::Cut { at: 100 }),
    ("delay", "Answer 5 seconds late", || FaultKind::Delay { millis: 5_000 }),
    ("408", "Answer 408", || status(408, None)),
    ("429", "Answer 429, try again in 30 seconds", || status(429, Some(30))),
    ("500", "Answer 500", || status(500, None)),
    ("502", "Answer 502 with a proxy's HTML", || status(502, None)),
    ("503", "Answer 503", || status(503, None)),
    ("garbage", "Answer garbage", || FaultKind::Garbage),
    ("huge_body", "Answer with 16 MiB", || FaultKind::HugeBody { bytes: 16 * 1024 * 1024 }),
    ("wrong_content_type", "Wrong content type", || FaultKind::WrongContentType),
    ("unknown_status", "Unknown status", || FaultKind::UnknownStatus),
    ("other_amount", "Another amount in the answer", || FaultKind::OtherAmount),
    ("token_expired", "Access token expired early", || FaultKind::TokenExpired),
    ("notification_duplicated", "Notification sent twice", || FaultKind::NotificationDuplicated),
    ("notification_reordered", "Notification out of order", || FaultKind::NotificationReordered),
    ("notification_dropped", "Notification lost", || FaultKind::NotificationDropped),
    ("notification_forged", "Forged notification", || FaultKind::NotificationForged),
];

/// When it happens, as the form offers it; an empty value leaves the kind's own.
pub(super) const MOMENTS: [(&str, &str, Option<Moment>); 4] = [
    ("", "Default", None),
    ("before_reading", "before the request is read", Some(Moment::BeforeReading)),
    ("before_acting", "before the gateway acts: no money moves", Some(Moment::BeforeActing)),
    ("after_acting", "after the gateway acted: the money has moved", Some(Moment::AfterActing)),
];

fn status(status: u16, retry_after: Option<u32>) -> FaultKind {
    FaultKind::Status { status, retry_after }
}

/// Does what the form says. `None` for an unknown form; an error is a sentence for the page.
pub(super) fn act(state: &mut State, request: &Request, what: &[&str]) -> Option<Result<(), String>> {
    let fields = form(std::str::from_utf8(&request.body).unwrap_or_default());
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    };
    Some(match what {
        ["clock"] => move_clock(state, field("by")),
        ["faults"] => add_fault(state, field),
        ["faults", "clear"] => {
            state.clear_faults();
            Ok(())
        }
        _ => return None,
    })
}

fn move_clock(state: &mut State, by: &str) -> Result<(), String> {
    let span: Span = match by {
        "day" => 1.day(),
        "month" => 1.month(),
        "year" => 1.year(),
        _ => return Err("The clock moves by a day, a month or a year.".to_owned()),
    };
    let now = state.common.now();
    let then = now.to_zoned(TimeZone::UTC).checked_add(span).map(|then| then.timestamp());
    let by = then.ok().and_then(|then| Duration::try_from(then.duration_since(now)).ok());
    state.advance(by.ok_or("The clock cannot move that far.")?);
    Ok(())
}

fn add_fault<'a>(state: &mut State, field: impl Fn(&str) -> &'a str) -> Result<(), String> {
    let choice = CHOICES.iter().find(|(value, ..)| *value == field("kind"));
    let (.., kind) = choice.ok_or("Choose a fault.")?;
    let moment = MOMENTS.iter().find(|(value, ..)| *value == field("when"));
    let (.., moment) = moment.ok_or("Choose when it happens.")?;
    let mut fault = Fault::new(kind());
    if let Some(moment) = moment {
        fault = fault.with_moment(*moment);
    }
    if !field("gateway").is_empty() {
        fault = fault.with_gateway(field("gateway"));
    }
    if !field("operation").is_empty() {
        fault = fault.with_operation(field("operation"));
    }
    fault = match field("times") {
        "" => fault.until_cleared(),
        times => fault
            .with_times(times.parse().map_err(|_| "How often: a whole number, or empty for every request.")?),
    };
    state.inject(fault).map_err(|error| format!("Invalid fault: {error}"))
}
