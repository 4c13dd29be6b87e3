//! What the inspector's forms do.

use crate::faults::{Fault, FaultKind, FaultPreset, Moment};
use crate::loopback::refusal;
use crate::request::{Request, form};
use crate::state::State;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde_json::{Map, Value, json};
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

/// What was entered into a form.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn of(request: &Request) -> Form {
        Form(form(std::str::from_utf8(&request.body).unwrap_or_default()))
    }

    /// A form that only looks, and is sent as a query.
    pub(super) fn of_query(request: &Request) -> Form {
        let given = |name: &str| Some((name.to_owned(), request.query(name)?.to_owned()));
        Form(["by", "amount", "unit"].into_iter().filter_map(given).collect())
    }

    /// What a field has; empty where it was not sent.
    pub(super) fn field(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The page that follows: that of the section the form is on.
    pub(super) fn back(&self) -> &'static str {
        match self.field("back") {
            "faults" => "/_sandbox/inspector/faults",
            "clock" => "/_sandbox/inspector/clock",
            "webhooks" => "/_sandbox/inspector/webhooks",
            "settings" => "/_sandbox/inspector/settings",
            _ => "/",
        }
    }
}

/// Does what the form says. `None` for an unknown form; an error is a sentence for the page.
pub(super) fn act(state: &mut State, form: &Form, what: &[&str]) -> Option<Result<(), String>> {
    let field = |name: &str| form.field(name);
    Some(match what {
        ["clock"] => distance(state, form).map(|by| state.advance(by)),
        ["faults"] => add_fault(state, field),
        ["faults", "preset"] => add_preset(state, field("preset"), field("gateway")),
        ["faults", "remove"] => remove_fault(state, field("place"), field("fault")),
        ["faults", "clear"] => {
            state.clear_faults();
            Ok(())
        }
        ["webhooks"] => set_addresses(state, form),
        ["webhooks", number, "resend"] => resend(state, number),
        _ => return None,
    })
}

/// How far the form moves the clock.
pub(super) fn distance(state: &State, form: &Form) -> Result<Duration, String> {
    let span: Span = match form.field("by") {
        "day" => 1.day(),
        "month" => 1.month(),
        "year" => 1.year(),
        "custom" => {
            let amount: i64 = form
                .field("amount")
                .parse()
                .ok()
                .filter(|amount| (1..=10_000).contains(amount))
                .ok_or("How far: a whole number from 1 to 10,000.")?;
            match form.field("unit") {
                "minutes" => amount.minutes(),
                "hours" => amount.hours(),
                "days" => amount.days(),
                _ => return Err("Choose minutes, hours or days.".to_owned()),
            }
        }
        _ => return Err("The clock moves by a day, a month, a year or what is entered.".to_owned()),
    };
    let now = state.common.now();
    let then = now.to_zoned(TimeZone::UTC).checked_add(span).map(|then| then.timestamp());
    let by = then.ok().and_then(|then| Duration::try_from(then.duration_since(now)).ok());
    by.ok_or_else(|| "The clock cannot move that far.".to_owned())
}

fn add_preset(state: &mut State, name: &str, gateway: &str) -> Result<(), String> {
    let preset =
        FaultPreset::all().into_iter().find(|preset| preset.name() == name).ok_or("Choose a preset.")?;
    let gateway = Some(gateway).filter(|gateway| !gateway.is_empty());
    let faults = preset.faults(gateway).map_err(|error| format!("Invalid fault: {error}"))?;
    faults
        .into_iter()
        .try_for_each(|fault| state.inject(fault))
        .map_err(|error| format!("Invalid fault: {error}"))
}

/// Removes the fault that the page showed at this place. That it has gone meanwhile is not a mistake.
fn remove_fault(state: &mut State, place: &str, shown: &str) -> Result<(), String> {
    let place = place.parse().map_err(|_| "Choose a fault of the list.".to_owned())?;
    let shown: Value = serde_json::from_str(shown).unwrap_or_default();
    state.common.faults.remove(place, |fault| json!(fault) == shown);
    Ok(())
}

fn set_addresses(state: &mut State, form: &Form) -> Result<(), String> {
    let known = state.common.outbox.account_wide_settings();
    if !known.keys().any(|name| form.has(name)) {
        return Err("Enter an address for one of the gateways.".to_owned());
    }
    let addresses: Map<String, Value> = known
        .iter()
        .filter(|(name, value)| !value.is_boolean() && form.has(name))
        .map(|(gateway, _)| {
            let url = form.field(gateway);
            (gateway.clone(), if url.is_empty() { Value::Null } else { url.into() })
        })
        .collect();
    if let Some(why) = addresses.values().filter_map(Value::as_str).find_map(refusal) {
        return Err(format!("Webhooks are sent to this machine only: the address is {why}."));
    }
    state.set_account_wide(&addresses)
}

fn resend(state: &mut State, number: &str) -> Result<(), String> {
    let now = state.common.now();
    let sent = number.parse().is_ok_and(|number| state.common.outbox.resend(number, now));
    if sent { Ok(()) } else { Err("This webhook is not kept any more.".to_owned()) }
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
