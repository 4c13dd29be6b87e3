//! The lines of the inspector's lists.

use super::filter::encode;
use crate::cards::Card;
use crate::gateway::{PaymentRow, PaymentState, Schedule, StoredCard};
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
    /// The page of the payment.
    pub(super) link: String,
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

pub(super) struct PaymentLine {
    pub(super) link: String,
    pub(super) at: String,
    pub(super) gateway: &'static str,
    pub(super) reference: String,
    pub(super) id: String,
    /// The state in the gateway's own word, and its style.
    pub(super) word: String,
    pub(super) class: &'static str,
    pub(super) amount: String,
    /// Empty where no money was taken, or returned.
    pub(super) taken: String,
    pub(super) refunded: String,
}

pub(super) struct CardLine {
    pub(super) link: String,
    pub(super) at: String,
    pub(super) gateway: &'static str,
    pub(super) card: String,
    pub(super) expiry: String,
    /// Its beginning.
    pub(super) token: String,
    pub(super) owner: String,
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
        link: payment_link(&entry.gateway, &entry.payment),
        gateway: entry.gateway.clone(),
        kind,
        reference: mask::reference(&entry.reference),
        payment: mask::reference(&entry.payment),
        amount: display_amount(entry.amount_minor, &entry.currency),
    }
}

pub(super) fn payment((gateway, row): &(&'static str, PaymentRow<'_>)) -> PaymentLine {
    let shown = |amount: i64| display_amount(amount, row.currency);
    let some = |amount: i64| if amount == 0 { String::new() } else { shown(amount) };
    PaymentLine {
        link: payment_link(gateway, &row.id),
        at: time(row.created),
        gateway,
        reference: mask::reference(row.reference),
        id: mask::reference(&row.id),
        word: row.word.to_owned(),
        class: match row.state {
            PaymentState::Paid => "fine",
            PaymentState::Open | PaymentState::Authorized => "refused",
            PaymentState::Declined => "failed",
            PaymentState::Refunded | PaymentState::Ended => "quiet",
        },
        amount: shown(row.amount),
        taken: some(row.taken),
        refunded: some(row.refunded),
    }
}

pub(super) fn card((gateway, stored): &(&'static str, StoredCard<'_>)) -> CardLine {
    CardLine {
        link: card_link(gateway, &stored.key),
        at: time(stored.created),
        gateway,
        card: card_words(stored.card),
        expiry: format!("{:02}/{}", stored.card.month, stored.card.year),
        token: mask::secret(&stored.token),
        owner: mask::reference(stored.owner),
    }
}

/// `visa •••• 1111`
pub(super) fn card_words(card: &Card) -> String {
    format!("{} •••• {}", card.brand(), card.last_four().trim_start_matches('*'))
}

pub(super) fn payment_link(gateway: &str, id: &str) -> String {
    format!("/_sandbox/inspector/payments/{gateway}/{}", encode(id))
}

pub(super) fn card_link(gateway: &str, key: &str) -> String {
    format!("/_sandbox/inspector/cards/{gateway}/{}", encode(key))
}

pub(super) fn schedule(schedule: Schedule) -> ScheduleLine {
    ScheduleLine {
        reference: mask::reference(&schedule.reference),
        order: mask::reference(&schedule.order),
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

pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
