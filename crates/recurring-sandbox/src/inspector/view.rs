//! What the inspector looks like. The templates escape everything that is put in.

use super::forms::{CHOICES, MOMENTS};
use crate::answer::render;
use crate::gateway::{PAGE, Schedule};
use crate::json::display_amount;
use crate::ledger::{Delivery, LedgerEntry, LedgerKind};
use crate::log::Record;
use crate::loopback::refusal;
use crate::mask;
use crate::state::State;
use askama::Template;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many lines of each list are shown.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "inspector/page.html")]
struct Page<'a> {
    url: &'a str,
    problem: Option<&'a str>,
    choices: Vec<(&'static str, &'static str)>,
    moments: Vec<(&'static str, &'static str)>,
    gateways: Vec<&'static str>,
    live: &'a str,
}

/// Around the part that changes: how it is asked for again.
#[derive(Template)]
#[template(path = "inspector/live.html")]
struct Live<'a> {
    seen: &'a str,
    lists: &'a str,
}

/// The part that changes.
#[derive(Template)]
#[template(path = "inspector/lists.html")]
struct Lists {
    now: String,
    calls: Vec<RequestLine>,
    faults: Vec<String>,
    money: Vec<LedgerLine>,
    schedules: Vec<ScheduleLine>,
    notifications: Vec<DeliveryLine>,
}

struct RequestLine {
    number: u64,
    at: String,
    gateway: String,
    method: String,
    path: String,
    status: u16,
}

impl RequestLine {
    fn result(&self) -> String {
        if self.status == 0 { "no answer".to_owned() } else { self.status.to_string() }
    }

    /// The style of the status: fine, refused, or failed.
    fn class(&self) -> &'static str {
        match self.status {
            100..400 => "fine",
            400..500 => "refused",
            _ => "failed",
        }
    }
}

struct LedgerLine {
    gateway: String,
    kind: &'static str,
    reference: String,
    payment: String,
    amount: String,
}

struct ScheduleLine {
    reference: String,
    order: String,
    frequency: String,
    amount: String,
    payments: usize,
    next: String,
}

struct DeliveryLine {
    at: String,
    gateway: String,
    event: String,
    attempt: u32,
    url: String,
    result: String,
    /// The style of the result: fine, failed, or of no concern.
    class: &'static str,
}

#[derive(Template)]
#[template(path = "inspector/exchange.html")]
struct Exchange<'a> {
    line: RequestLine,
    texts: Option<&'a (String, String)>,
}

#[derive(Template)]
#[template(path = "inspector/gone.html")]
struct Gone;

/// The whole page.
pub(super) fn page(state: &State, problem: Option<&str>) -> String {
    let (_, live) = rendered(state);
    render(&Page {
        url: &state.common.origin,
        problem,
        choices: CHOICES.iter().map(|(value, words, _)| (*value, *words)).collect(),
        moments: MOMENTS.iter().map(|(value, words, _)| (*value, *words)).collect(),
        gateways: state.gateways.iter().map(|gateway| gateway.name()).chain([PAGE]).collect(),
        live: &live,
    })
}

/// The part that changes; `None` when it is as it was when it was last `seen`, so that nothing moves under a reader.
pub(super) fn live(state: &State, seen: Option<&str>) -> Option<String> {
    let (mark, live) = rendered(state);
    (seen != Some(mark.as_str())).then_some(live)
}

/// One call with what may be shown of it.
pub(super) fn exchange(record: &Record) -> String {
    render(&Exchange { line: line(record), texts: record.texts.as_ref() })
}

/// A call that is not kept.
pub(super) fn gone() -> String {
    render(&Gone)
}

fn rendered(state: &State) -> (String, String) {
    let lists = render(&lists(state));
    let mut hasher = DefaultHasher::new();
    lists.hash(&mut hasher);
    let seen = format!("{:016x}", hasher.finish());
    let live = render(&Live { seen: &seen, lists: &lists });
    (seen, live)
}

fn lists(state: &State) -> Lists {
    let common = &state.common;
    let schedules = state.gateways.iter().flat_map(|gateway| gateway.schedules());
    Lists {
        now: common.now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
        calls: state.log.newest().take(SHOWN).map(line).collect(),
        faults: common.faults.list().iter().map(|fault| words(&json!(fault))).collect(),
        money: common.ledger.entries().iter().rev().take(SHOWN).map(money).collect(),
        schedules: schedules.take(SHOWN).map(schedule).collect(),
        notifications: common.outbox.newest().take(SHOWN).map(|sent| delivery(state, sent)).collect(),
    }
}

fn line(record: &Record) -> RequestLine {
    let exchange = &record.exchange;
    RequestLine {
        number: record.number,
        at: time(record.at),
        gateway: exchange.gateway.clone(),
        method: exchange.method.clone(),
        path: mask::path(&exchange.path),
        status: exchange.status,
    }
}

fn money(entry: &LedgerEntry) -> LedgerLine {
    let kind = match entry.kind {
        LedgerKind::Charge => "charge",
        LedgerKind::Refund => "refund",
    };
    LedgerLine {
        gateway: entry.gateway.clone(),
        kind,
        reference: mask::reference(&entry.reference),
        payment: mask::segment(&entry.payment),
        amount: display_amount(entry.amount_minor, &entry.currency),
    }
}

fn schedule(schedule: Schedule) -> ScheduleLine {
    ScheduleLine {
        reference: mask::reference(&schedule.reference),
        order: mask::segment(&schedule.order),
        amount: display_amount(schedule.amount, &schedule.currency),
        frequency: schedule.frequency,
        payments: schedule.payments,
        next: schedule.next.map_or_else(|| "never: the first payment failed".to_owned(), time),
    }
}

fn delivery(state: &State, delivery: &Delivery) -> DeliveryLine {
    let (result, class) = match (delivery.status, &delivery.problem) {
        (_, Some(problem)) if unused(state, delivery, problem) => {
            ("nothing listens here".to_owned(), "quiet")
        }
        (_, Some(problem)) => (problem.clone(), "failed"),
        (Some(status), None) => (status.to_string(), if delivery.accepted { "fine" } else { "failed" }),
        (None, None) => (String::new(), "quiet"),
    };
    DeliveryLine {
        at: delivery.at.parse().map(time).unwrap_or_default(),
        gateway: delivery.gateway.clone(),
        event: delivery.event.clone(),
        attempt: delivery.attempt,
        url: mask::url(&delivery.url),
        result,
        class,
    }
}

/// Whether it goes to the placeholder of the settings, which is not on this machine: no failure, since none is set up.
fn unused(state: &State, delivery: &Delivery, problem: &str) -> bool {
    let Some(refused) = refusal(&delivery.url) else { return false };
    let mut settings = state.gateways.iter().flat_map(|gateway| gateway.settings(&state.common.origin));
    problem.strip_prefix("not sent: ") == Some(refused)
        && settings.any(|(name, value)| name.ends_with("_HOOK_URL") && value == delivery.url)
}

/// `kind=reset times=1`, the kind first.
fn words(fault: &Value) -> String {
    let Some(members) = fault.as_object() else { return String::new() };
    let rest = members.iter().filter(|(name, _)| *name != "kind");
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let kind = members.get("kind").map(word).unwrap_or_default();
    let rest = rest.map(|(name, value)| format!("{name}={}", word(value)));
    std::iter::once(kind).chain(rest).collect::<Vec<_>>().join(", ")
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
