//! One order: its members, how it changes with time, and how it is answered.

use super::refusal::{invalid, not_found};
use crate::answer::Answer;
use crate::cards::{Card, Decline};
use crate::clock::Clock;
use crate::common::Common;
use crate::json::{self, absent, child, text};
use crate::ledger::{LedgerKind, PaymentNames};
use crate::outbox::Notification;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

pub(super) const GATEWAY: &str = "emspay";
/// The one event.
pub(super) const EVENT: &str = "status_changed";
pub(super) const DEFAULT_PERIOD: &str = "PT30M";
/// Members that are stored and answered as they arrived.
const KEPT_TEXT: [&str; 6] =
    ["merchant_order_id", "description", "return_url", "failure_url", "webhook_url", "expiration_period"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recurring {
    No,
    First,
    Later,
}

/// The ids of the merchant's account, which every order carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccountIds<'a> {
    pub(super) merchant: &'a str,
    pub(super) project: &'a str,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) transaction_id: String,
    pub(super) kept: Map<String, Value>,
    pub(super) amount: i64,
    pub(super) currency: String,
    /// The amount that was taken: all, or the captured part.
    pub(super) taken: i64,
    pub(super) refunded: i64,
    /// The part of an authorization that was released.
    pub(super) voided: i64,
    pub(super) user_agent: String,
    /// By the sandbox's clock, for what ends with time.
    pub(super) created: Timestamp,
    /// By the caller's clock, which is compared with the answers and with the period of a list.
    pub(super) filed: Timestamp,
    /// By the caller's clock.
    pub(super) modified: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) recurring: Recurring,
    /// Whether a payment method is chosen; otherwise the order has no transaction yet.
    pub(super) chosen: bool,
    /// The payment is only authorized, and waits for a capture.
    pub(super) manual_capture: bool,
    /// The order's status, but `accepted` while the payment is only authorized.
    pub(super) status: &'static str,
    pub(super) card: Option<Card>,
    pub(super) vault_token: Option<String>,
    pub(super) first_transaction: Option<String>,
    pub(super) decline: Option<Decline>,
}

impl Order {
    pub(super) fn names(&self) -> PaymentNames<'_> {
        PaymentNames {
            reference: text(&self.kept, "merchant_order_id").unwrap_or_default(),
            payment: &self.id,
        }
    }

    pub(super) fn refuse(&mut self, decline: Decline) {
        self.status = "error";
        self.decline = Some(decline);
    }

    /// Lets time pass: an unpaid order expires, and a charge that was answered as `processing` is completed when it is read
    /// again.
    pub(super) fn refresh(&mut self, clock: &Clock) {
        match self.status {
            "new" if clock.now() >= self.expires => self.status = "expired",
            "processing" => self.status = "completed",
            _ => return,
        }
        self.modified = clock.unmoved();
    }

    /// Takes the money, or only authorizes it where it waits for a capture.
    pub(super) fn pay(&mut self, common: &mut Common, status: &'static str) {
        if self.manual_capture {
            self.status = "accepted";
        } else {
            self.take(common, status, self.amount);
        }
    }

    /// Takes this amount.
    pub(super) fn take(&mut self, common: &mut Common, status: &'static str, amount: i64) {
        self.status = status;
        self.taken = amount;
        common.move_money(LedgerKind::Charge, GATEWAY, self.names(), (amount, &self.currency));
    }

    /// The merchant's page that follows on the payment page, if it gave one.
    pub(super) fn leads_to(&self) -> Option<String> {
        let (success, failure) = (text(&self.kept, "return_url"), text(&self.kept, "failure_url"));
        let paid = matches!(self.status, "completed" | "processing" | "accepted");
        let url = if paid { success } else { failure.or(success) }?;
        // Source: the vendor's own plugin, which gives one address for both and takes a request with this as the customer.
        let mark = if url.contains('?') { '&' } else { '?' };
        Some(format!("{url}{mark}order_id={}", self.id))
    }

    /// The order, if this is the id of its transaction.
    pub(super) fn of_transaction(&mut self, id: &str) -> Result<&mut Order, Answer> {
        if self.chosen && self.transaction_id == id { Ok(self) } else { Err(not_found()) }
    }

    /// The part of an authorization that can still be taken.
    pub(super) fn capturable(&self) -> i64 {
        if self.status == "accepted" { self.amount - self.voided } else { 0 }
    }

    pub(super) fn notify(&self, common: &mut Common, project: &str) {
        common.notify(&self.notification(project), self.webhook_url());
    }

    /// Public documentation: the notification names the order and nothing else, and is not signed.
    pub(super) fn notification(&self, project: &str) -> Notification {
        let body = json!({"event": EVENT, "order_id": self.id, "project_id": project}).to_string();
        Notification::new(GATEWAY, EVENT, &self.id, body)
    }

    pub(super) fn webhook_url(&self) -> Option<String> {
        text(&self.kept, "webhook_url").map(str::to_owned)
    }

    pub(super) fn render(&self, account: AccountIds<'_>, origin: &str) -> Value {
        let status = if self.status == "accepted" { "processing" } else { self.status };
        let captured = self.manual_capture && self.status == "completed";
        let mut details = Map::new();
        let mut transaction = json!({
            "amount": self.amount, "balance": "internal", "created": stamp(self.filed),
            "credit_debit": "credit", "currency": self.currency,
            "expiration_period": text(&self.kept, "expiration_period").unwrap_or(DEFAULT_PERIOD),
            "id": self.transaction_id, "merchant_id": account.merchant, "modified": stamp(self.modified),
            "order_id": self.id, "payment_method": "credit-card", "project_id": account.project,
            "status": if captured { "captured" } else { self.status },
        });
        let mut whole = json!({
            "amount": self.amount, "client": {"user_agent": self.user_agent}, "created": stamp(self.filed),
            "currency": self.currency, "id": self.id, "last_transaction_added": stamp(self.filed),
            "merchant_id": account.merchant, "modified": stamp(self.modified), "project_id": account.project,
            "status": status,
        });
        let mut add = |name: &str, value: Value| {
            if let Some(transaction) = transaction.as_object_mut() {
                transaction.insert(name.to_owned(), value);
            }
        };
        if let Some(description) = self.kept.get("description") {
            add("description", description.clone());
        }
        match self.recurring {
            Recurring::No => {}
            Recurring::First => drop(details.insert("recurring_type".to_owned(), "first".into())),
            Recurring::Later => drop(details.insert("recurring_type".to_owned(), "recurring".into())),
        }
        if let Some(card) = &self.card {
            add("payment_method_brand", card.brand().into());
            add("product_type", "corpnl".into());
            details.insert("card_expiry".to_owned(), format!("{:02}{}", card.month, card.year).into());
            details.insert("cardholder_name".to_owned(), card.holder.as_str().into());
            details.insert("liability_shift".to_owned(), (self.recurring != Recurring::Later).into());
            details.insert("truncated_pan".to_owned(), card.last_four().into());
        }
        if let Some(token) = &self.vault_token {
            details.insert("vault_token".to_owned(), token.as_str().into());
        }
        if let Some(first) = &self.first_transaction {
            details.insert("first_authorised_transaction_id".to_owned(), first.as_str().into());
        }
        if let Some(decline) = self.decline {
            add("reason", decline.code.into());
            add("customer_message", decline.message.into());
        }
        if self.manual_capture {
            add("is_capturable", (self.status == "accepted").into());
        }
        if self.status == "new" {
            // The source document prints this address without a scheme.
            let host = origin.trim_start_matches("http://");
            add("payment_url", format!("{host}/pay/emspay/{}/?payment_method=credit-card", self.id).into());
        }
        add("payment_method_details", details.into());
        if let Some(whole) = whole.as_object_mut() {
            whole.extend(self.kept.clone());
            whole.remove("expiration_period");
            if self.status == "completed" && self.recurring != Recurring::Later {
                let mut customer = json!({"country": "NL", "ip_address": "127.0.0.1"});
                if let (Some(customer), Some(given)) =
                    (customer.as_object_mut(), child(&self.kept, "customer"))
                {
                    customer.extend(given.clone());
                }
                whole.insert("customer".to_owned(), customer);
            }
            let flags =
                [(self.taken > 0 && self.manual_capture, "has-captures"), (self.voided > 0, "has-voids")];
            let flags = flags.into_iter().chain([(self.refunded > 0, "has-refunds")]);
            let flags: Vec<&str> = flags.filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
            if !flags.is_empty() {
                whole.insert("flags".to_owned(), flags.into());
            }
            // Assumption: the source document prints orders without `return_url`, and none of them has this address.
            if self.status == "new" && (!self.chosen || self.kept.contains_key("return_url")) {
                whole.insert("order_url".to_owned(), format!("{origin}/pay/emspay/{}/", self.id).into());
            }
            if self.chosen {
                whole.insert("transactions".to_owned(), json!([transaction]));
            }
        }
        whole
    }
}

pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// The members that are stored with the order, checked.
pub(super) fn kept(body: &Map<String, Value>) -> Result<Map<String, Value>, Answer> {
    let mut kept = Map::new();
    for name in KEPT_TEXT.into_iter().filter(|name| !absent(body, name)) {
        let value = text(body, name).ok_or_else(|| invalid(name, "must be text"))?;
        if name.ends_with("_url") && !json::is_url(value) {
            return Err(invalid(name, "must be an http or https URL"));
        }
        kept.insert(name.to_owned(), value.into());
    }
    for name in ["extra", "customer"].into_iter().filter(|name| !absent(body, name)) {
        let value = child(body, name).ok_or_else(|| invalid(name, "must be an object"))?;
        kept.insert(name.to_owned(), value.clone().into());
    }
    if let Some(lines) = body.get("order_lines").filter(|lines| !lines.is_null()) {
        let lines = lines.as_array().filter(|lines| lines.iter().all(Value::is_object));
        let lines = lines.ok_or_else(|| invalid("order_lines", "must be an array of objects"))?;
        kept.insert("order_lines".to_owned(), lines.clone().into());
    }
    Ok(kept)
}

/// The kind of payment, and the vault token of a later one.
pub(super) fn recurring(transaction: &Map<String, Value>) -> Result<(Recurring, Option<String>), Answer> {
    let at = "transactions[0].payment_method_details";
    let details = match transaction.get("payment_method_details") {
        None => return Ok((Recurring::No, None)),
        // An empty array stands for "no members" in some languages; the gateway refuses it.
        Some(details) => details.as_object().ok_or_else(|| invalid(at, "must be an object"))?,
    };
    let token = text(details, "vault_token");
    if token.is_none() && !absent(details, "vault_token") {
        return Err(invalid(&format!("{at}.vault_token"), "must be text"));
    }
    match (details.get("recurring_type").map(Value::as_str), token) {
        (None, None) => Ok((Recurring::No, None)),
        (Some(Some("first")), None) => Ok((Recurring::First, None)),
        (Some(Some("recurring")), Some(token)) => Ok((Recurring::Later, Some(token.to_owned()))),
        (Some(Some("recurring")), None) => Err(invalid(&format!("{at}.vault_token"), "is required")),
        (Some(Some("first")) | None, Some(_)) => {
            Err(invalid(&format!("{at}.vault_token"), "belongs to recurring_type recurring only"))
        }
        _ => Err(invalid(&format!("{at}.recurring_type"), "must be first or recurring")),
    }
}

/// Whether the payment is to wait for a capture. Source: sister brand, which has the member in the order; that a transaction
/// may have it too is an assumption.
pub(super) fn manual_capture(members: &Map<String, Value>, at: &str) -> Result<bool, Answer> {
    match members.get("capture_mode").filter(|mode| !mode.is_null()) {
        None => Ok(false),
        Some(mode) if mode == "manual" => Ok(true),
        Some(_) => Err(invalid(&format!("{at}capture_mode"), "must be manual")),
    }
}

/// The instant after an ISO 8601 duration, by the calendar.
pub(super) fn after(now: Timestamp, period: &str) -> Option<Timestamp> {
    let span: Span = period.strip_prefix('P').and(period.parse().ok())?;
    Some(now.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
}
