//! The lines of the inspector's lists.

use crate::gateway::Schedule;
use crate::json::display_amount;
use crate::ledger::{Delivery, LedgerEntry, LedgerKind};
use crate::log::Record;
use crate::loopback::refusal;
use crate::mask;
use crate::state::State;
use jiff::Timestamp;
use serde_json::Value;

pub(super) struct RequestLine {
    pub(super) number: u64,
    pub(super) at: String,
    pub(super) gateway: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
}

impl RequestLine {
    pub(super) fn result(&self) -> String {
        if self.status == 0 { "no answer".to_owned() } else { self.status.to_string() }
    }

    /// The style of the status: fine, refused, or failed.
    pub(super) fn class(&self) -> &'static str {
        match self.status {
            100..400 => "fine",
            400..500 => "refused",
            _ => "failed",
        }
    }
}

pub(super) struct LedgerLine {
    pub(super) gateway: String,
    pub(super) kind: &'static str,
    pub(super) reference: String,
    pub(super) payment: String,
    pub(super) amount: String,
}

pub(super) struct ScheduleLine {
    pub(super) reference: String,
    pub(super) order: String,
    pub(super) frequency: String,
    pub(super) amount: String,
    pub(super) payments: usize,
    pub(super) next: String,
}

pub(super) struct DeliveryLine {
    pub(super) number: u64,
    pub(super) at: String,
    pub(super) gateway: String,
    pub(super) event: String,
    pub(super) attempt: u32,
    pub(super) url: String,
    pub(super) result: String,
    /// The style of the result: fine, failed, or of no concern.
    pub(super) class: &'static str,
}

pub(super) fn line(record: &Record) -> RequestLine {
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

pub(super) fn money(entry: &LedgerEntry) -> LedgerLine {
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

pub(super) fn schedule(schedule: Schedule) -> ScheduleLine {
    ScheduleLine {
        reference: mask::reference(&schedule.reference),
        order: mask::segment(&schedule.order),
        amount: display_amount(schedule.amount, &schedule.currency),
        frequency: schedule.frequency,
        payments: schedule.payments,
        next: schedule.next.map_or_else(|| "never: the first payment failed".to_owned(), time),
    }
}

pub(super) fn delivery(state: &State, delivery: &Delivery) -> DeliveryLine {
    let (result, class) = match (delivery.status, &delivery.problem) {
        (_, Some(problem)) if unused(state, delivery, problem) => {
            ("nothing listens here".to_owned(), "quiet")
        }
        (_, Some(problem)) => (problem.clone(), "failed"),
        (Some(status), None) => (status.to_string(), if delivery.accepted { "fine" } else { "failed" }),
        (None, None) => (String::new(), "quiet"),
    };
    DeliveryLine {
        number: delivery.number,
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
pub(super) fn words(fault: &Value) -> String {
    let Some(members) = fault.as_object() else { return String::new() };
    let rest = members.iter().filter(|(name, _)| *name != "kind");
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let kind = members.get("kind").map(word).unwrap_or_default();
    let rest = rest.map(|(name, value)| format!("{name}={}", word(value)));
    std::iter::once(kind).chain(rest).collect::<Vec<_>>().join(", ")
}

/// A time of the sandbox's clock, as its own API writes it, for the page.
pub(super) fn event_time(at: &str) -> String {
    at.parse().map(time).unwrap_or_default()
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
