//! The sections with forms: faults, the clock, and the settings.

use super::forms::{CHOICES, Form, MOMENTS, distance};
use super::lines::{event_time, words};
use crate::answer::render;
use crate::cards;
use crate::due::{ClockPreview, DueEvent, DueKind};
use crate::faults::FaultPreset;
use crate::gateway::PAGE;
use crate::json::display_amount;
use crate::state::State;
use askama::Template;
use serde_json::{Value, json};

/// An entry of a list to choose from, and whether it was chosen.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) words: &'static str,
    pub(super) chosen: bool,
}

/// A gateway, and the address for all of its webhooks.
pub(super) type Address = (String, String);

#[derive(Template)]
#[template(path = "inspector/faults.html")]
struct Faults<'a> {
    here: &'static str,
    problem: Option<&'a str>,
    /// The words of each armed fault, and its JSON.
    armed: Vec<(String, String)>,
    presets: Vec<Choice>,
    kinds: Vec<Choice>,
    moments: Vec<Choice>,
    gateways: Vec<Choice>,
    times: &'a str,
    operation: &'a str,
}

/// The armed faults, and the forms that arm others, as they were filled in.
pub(super) fn faults(state: &State, form: &Form, problem: Option<&str>) -> String {
    let choose = |value: &'static str, words: &'static str, field: &str| Choice {
        value,
        words,
        chosen: form.field(field) == value,
    };
    let armed = state.common.faults.list().iter().map(|fault| {
        let json = json!(fault);
        (words(&json), json.to_string())
    });
    let gateways = state.gateways.iter().map(|gateway| gateway.name()).chain([PAGE]);
    render(&Faults {
        here: "faults",
        problem,
        armed: armed.collect(),
        presets: FaultPreset::all().iter().map(|one| choose(one.name(), one.summary(), "preset")).collect(),
        kinds: CHOICES.iter().map(|(value, words, _)| choose(value, words, "kind")).collect(),
        moments: MOMENTS.iter().map(|(value, words, _)| choose(value, words, "when")).collect(),
        gateways: gateways.map(|name| choose(name, name, "gateway")).collect(),
        times: if problem.is_some() { form.field("times") } else { "1" },
        operation: form.field("operation"),
    })
}

#[derive(Template)]
#[template(path = "inspector/clock.html")]
struct Clock<'a> {
    here: &'static str,
    problem: Option<String>,
    now: String,
    amount: &'a str,
    units: Vec<Choice>,
    preview: Option<Preview<'a>>,
}

struct Preview<'a> {
    to: String,
    by: &'a str,
    amount: &'a str,
    unit: &'a str,
    due: Vec<DueLine>,
    more: u64,
}

struct DueLine {
    at: String,
    gateway: String,
    what: &'static str,
    reference: String,
    payment: String,
    amount: String,
    detail: String,
}

/// The clock: how far it moves, and what falls due before it does.
pub(super) fn clock(state: &mut State, form: &Form, problem: Option<&str>) -> String {
    let mut problem = problem.map(str::to_owned);
    let mut preview = None;
    if problem.is_none() && !form.field("by").is_empty() {
        match distance(state, form) {
            Ok(by) => preview = Some(shown(state.preview(by), form)),
            Err(why) => problem = Some(why),
        }
    }
    let unit = |value| Choice { value, words: value, chosen: form.field("unit") == value };
    let amount = form.field("amount");
    render(&Clock {
        here: "clock",
        problem,
        now: event_time(&state.common.now().to_string()),
        amount: if amount.is_empty() { "31" } else { amount },
        units: ["days", "hours", "minutes"].map(unit).into(),
        preview,
    })
}

fn shown(preview: ClockPreview, form: &Form) -> Preview<'_> {
    Preview {
        to: event_time(&preview.to),
        by: form.field("by"),
        amount: form.field("amount"),
        unit: form.field("unit"),
        due: preview.due.into_iter().map(due).collect(),
        more: preview.more,
    }
}

fn due(event: DueEvent) -> DueLine {
    let what = match event.kind {
        DueKind::ScheduledCharge => "takes a scheduled payment",
        DueKind::ScheduledDecline => "a scheduled payment is declined",
        DueKind::ScheduledAuthorization => "authorizes a scheduled payment",
        DueKind::PendingCharge => "a pending charge takes its money",
        DueKind::Expiry => "an unpaid order expires",
        DueKind::Overdue => "an unpaid order is overdue",
        DueKind::SeriesEnd => "a series ends",
        DueKind::WebhookRetry => "a webhook is sent again",
    };
    let amount = event.amount_minor.zip(event.currency.as_deref());
    DueLine {
        at: event_time(&event.at),
        gateway: event.gateway,
        what,
        amount: amount.map(|(amount, currency)| display_amount(amount, currency)).unwrap_or_default(),
        reference: event.reference,
        payment: event.payment,
        detail: event.detail,
    }
}

#[derive(Template)]
#[template(path = "inspector/settings.html")]
struct Settings<'a> {
    here: &'static str,
    problem: Option<&'a str>,
    url: &'a str,
    /// As lines that a shell takes.
    exports: String,
    /// The gateways with one address for all webhooks, and the address.
    addresses: Vec<Address>,
    cards: Vec<(String, String)>,
}

/// The settings of clients, where webhooks go, and the test cards.
pub(super) fn settings(state: &State, form: &Form, problem: Option<&str>) -> String {
    let exports = state.settings.iter().map(|(name, value)| format!("export {name}='{value}'"));
    render(&Settings {
        here: "settings",
        problem,
        url: &state.common.origin,
        exports: exports.collect::<Vec<_>>().join("\n"),
        addresses: addresses(state, form, problem.is_some()),
        cards: cards::described().map(|(number, what)| (number.to_owned(), what.to_owned())).collect(),
    })
}

/// The gateways with one address for all webhooks, as they are, or as they were entered.
pub(super) fn addresses(state: &State, form: &Form, entered: bool) -> Vec<Address> {
    let known = state.common.outbox.account_wide_settings();
    let addresses = known.iter().filter(|(_, value)| !value.is_boolean());
    let one = |(name, value): (&String, &Value)| {
        let kept =
            if entered && form.has(name) { form.field(name) } else { value.as_str().unwrap_or_default() };
        (name.clone(), kept.to_owned())
    };
    addresses.map(one).collect()
}
