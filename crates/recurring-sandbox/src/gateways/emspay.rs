//! emspay: orders, of which the first one of a series is paid on a page and gives a vault token.
//!
//! From the source document: paths, members, `new`/`processing`/`completed`, `vault_token`, the one-year life of a
//! series. From public documentation: 201 with status `error` for a declined payment, changing and cancelling, the
//! form of errors, refunds. From other brands of the same platform: listing orders by period; the member `orders` in
//! the answer is a guess. The error types and reasons are this sandbox's own words.

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::{Card, Decline, REFUSED_BY_ISSUER};
use crate::ids::Ids;
use crate::json::{self, absent, child, text};
use crate::ledger::LedgerKind;
use crate::page::{Customer, Done, Sheet};
use crate::world::{Common, Hosted, Names};
use axum::http::Method;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(crate) const API_KEY: &str = "sandbox_emspay_key";
const GATEWAY: &str = "emspay";
const DEFAULT_PERIOD: &str = "PT30M";
/// Members that are kept and answered as they came.
const KEPT_TEXT: [&str; 6] =
    ["merchant_order_id", "description", "return_url", "failure_url", "webhook_url", "expiration_period"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recurring {
    No,
    First,
    Later,
}

#[derive(Debug)]
struct Order {
    id: String,
    transaction_id: String,
    kept: Map<String, Value>,
    amount: i64,
    currency: String,
    refunded: i64,
    user_agent: String,
    created: Timestamp,
    modified: Timestamp,
    expires: Timestamp,
    recurring: Recurring,
    status: &'static str,
    card: Option<Card>,
    vault_token: Option<String>,
    first_transaction: Option<String>,
    decline: Option<Decline>,
}

#[derive(Debug, Clone)]
struct Vault {
    card: Card,
    first_transaction: String,
    /// A series spans at most one year.
    ends: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Emspay {
    merchant_id: String,
    project_id: String,
    /// In the order of creation.
    orders: Vec<Order>,
    vaults: HashMap<String, Vault>,
}

fn refuse(status: u16, kind: &str, value: &str, property: Option<&str>) -> Answer {
    let mut error = json!({"status": status, "type": kind, "value": value});
    if let (Some(error), Some(property)) = (error.as_object_mut(), property) {
        error.insert("property_path".to_owned(), property.into());
    }
    Answer::json(status, &json!({"error": error}))
}

fn invalid(property: &str, value: &str) -> Answer {
    refuse(400, "ValidationError", value, Some(property))
}

fn not_found() -> Answer {
    refuse(404, "NotFoundError", "There is nothing at this path.", None)
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

impl Emspay {
    pub(crate) fn new(ids: &mut Ids) -> Emspay {
        Emspay { merchant_id: ids.uuid(), project_id: ids.uuid(), orders: Vec::new(), vaults: HashMap::new() }
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        if call.basic() != Some((API_KEY.to_owned(), String::new())) {
            return refuse(401, "AuthenticationError", "The API key is missing or wrong.", None);
        }
        let segments = call.segments_after(2);
        if !call.slash {
            return not_found();
        }
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["orders"]) => self.create(common, call),
            (&Method::GET, ["orders"]) => self.list(common, call),
            (&Method::GET, ["orders", id]) => self.with(common, id, |_, _| Ok(200)),
            (&Method::PUT, ["orders", id]) => self.change(common, id, call),
            (&Method::DELETE, ["orders", id]) => self.with(common, id, cancel),
            (&Method::POST, ["orders", id, "refunds"]) => self.refund(common, id, call),
            (_, ["orders", ..]) => {
                Err(refuse(405, "MethodNotAllowed", "The method is not allowed here.", None))
            }
            _ => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn create(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        let body = read(call)?;
        let amount = json::minor(body.get("amount"))
            .ok_or_else(|| invalid("amount", "amount must be an integer of at least 1, in minor units"))?;
        let currency = text(&body, "currency").filter(|code| json::decimals(code).is_some());
        let currency =
            currency.ok_or_else(|| invalid("currency", "currency must be an ISO 4217 code"))?.to_owned();
        let kept = kept(&body)?;
        let now = common.now();
        let period = text(&kept, "expiration_period").unwrap_or(DEFAULT_PERIOD);
        let expires =
            after(now, period).ok_or_else(|| invalid("expiration_period", "not an ISO 8601 duration"))?;
        let transaction = match body.get("transactions").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::Object(transaction)]) => transaction,
            _ => return Err(invalid("transactions", "transactions must be an array of one object")),
        };
        if text(transaction, "payment_method") != Some("credit-card") {
            return Err(invalid("transactions[0].payment_method", "only credit-card is enabled"));
        }
        let (recurring, vault_token) = recurring(transaction)?;
        let vault = match &vault_token {
            Some(token) => Some(self.vaults.get(token).cloned().ok_or_else(|| {
                invalid("transactions[0].payment_method_details.vault_token", "the vault token is not known")
            })?),
            None => None,
        };
        let mut order = Order {
            id: common.ids.uuid(),
            transaction_id: common.ids.uuid(),
            kept,
            amount,
            currency,
            refunded: 0,
            user_agent: call.header("user-agent").unwrap_or("unknown").to_owned(),
            created: now,
            modified: now,
            expires,
            recurring,
            status: "new",
            card: None,
            vault_token,
            first_transaction: None,
            decline: None,
        };
        if let Some(vault) = vault {
            order.first_transaction = Some(vault.first_transaction);
            let too_late =
                Decline { code: "series_ended", message: "The first authorisation is over a year old." };
            let result = if now >= vault.ends { Err(too_late) } else { vault.card.later(now) };
            order.card = Some(vault.card);
            match result {
                Ok(()) => take(&mut order, common, "processing"),
                Err(decline) => order.refuse(decline),
            }
        }
        let answer = self.render(common, &order);
        self.orders.push(order);
        Ok(Answer::json(201, &answer))
    }

    /// Finds the order, brings it up to date, lets `change` work on it, and answers it.
    fn with(
        &mut self,
        common: &mut Common,
        id: &str,
        change: impl FnOnce(&mut Order, Timestamp) -> Result<u16, Answer>,
    ) -> Result<Answer, Answer> {
        let order = self.orders.iter_mut().find(|order| order.id == id).ok_or_else(not_found)?;
        order.refresh(common.now());
        let status = change(order, common.now())?;
        let at = self.orders.iter().find(|order| order.id == id).ok_or_else(not_found)?;
        Ok(Answer::json(status, &self.render(common, at)))
    }

    fn change(&mut self, common: &mut Common, id: &str, call: &Call) -> Result<Answer, Answer> {
        let body = read(call)?;
        let changed = kept(&body)?;
        self.with(common, id, |order, now| {
            let same_amount = absent(&body, "amount") || body.get("amount") == Some(&order.amount.into());
            let same_currency = absent(&body, "currency") || text(&body, "currency") == Some(&order.currency);
            if !same_amount || !same_currency {
                return Err(invalid("amount", "amount and currency of an order cannot be changed"));
            }
            order.kept.extend(changed);
            order.modified = now;
            Ok(200)
        })
    }

    fn list(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        let bound = |name: &str| match call.query(name) {
            None => Ok(None),
            Some(text) => {
                text.parse::<Timestamp>().map(Some).map_err(|_| invalid(name, "not an RFC 3339 time stamp"))
            }
        };
        let (since, until) = (bound("created_since")?, bound("created_until")?);
        let now = common.now();
        for order in &mut self.orders {
            order.refresh(now);
        }
        let wanted = self.orders.iter().filter(|order| {
            since.is_none_or(|since| order.created >= since)
                && until.is_none_or(|until| order.created <= until)
        });
        let orders: Vec<Value> = wanted.map(|order| self.render(common, order)).collect();
        Ok(Answer::json(200, &json!({"orders": orders})))
    }

    fn refund(&mut self, common: &mut Common, id: &str, call: &Call) -> Result<Answer, Answer> {
        let body = read(call)?;
        let order = self.orders.iter_mut().find(|order| order.id == id).ok_or_else(not_found)?;
        order.refresh(common.now());
        let amount =
            json::minor(body.get("amount")).ok_or_else(|| invalid("amount", "amount must be at least 1"))?;
        if order.status != "completed" {
            return Err(invalid("order", "only a completed order can be refunded"));
        }
        if amount > order.amount - order.refunded {
            return Err(invalid("amount", "the amount is larger than what is left"));
        }
        order.refunded += amount;
        order.modified = common.now();
        common.move_money(LedgerKind::Refund, GATEWAY, order.names(), (amount, &order.currency));
        let answer = json!({
            "id": common.ids.uuid(), "amount": amount, "currency": order.currency, "status": "completed",
            "created": stamp(common.now()), "refund_of_order_id": order.id, "flags": ["is-refund"],
        });
        Ok(Answer::json(201, &answer))
    }

    fn render(&self, common: &Common, order: &Order) -> Value {
        let mut details = Map::new();
        let mut transaction = json!({
            "amount": order.amount, "balance": "internal", "created": stamp(order.created),
            "credit_debit": "credit", "currency": order.currency,
            "expiration_period": text(&order.kept, "expiration_period").unwrap_or(DEFAULT_PERIOD),
            "id": order.transaction_id, "merchant_id": self.merchant_id, "modified": stamp(order.modified),
            "order_id": order.id, "payment_method": "credit-card", "project_id": self.project_id,
            "status": order.status,
        });
        let mut whole = json!({
            "amount": order.amount, "client": {"user_agent": order.user_agent}, "created": stamp(order.created),
            "currency": order.currency, "id": order.id, "last_transaction_added": stamp(order.created),
            "merchant_id": self.merchant_id, "modified": stamp(order.modified), "project_id": self.project_id,
            "status": order.status,
        });
        let mut add = |name: &str, value: Value| {
            if let Some(transaction) = transaction.as_object_mut() {
                transaction.insert(name.to_owned(), value);
            }
        };
        if let Some(description) = order.kept.get("description") {
            add("description", description.clone());
        }
        match order.recurring {
            Recurring::No => {}
            Recurring::First => drop(details.insert("recurring_type".to_owned(), "first".into())),
            Recurring::Later => drop(details.insert("recurring_type".to_owned(), "recurring".into())),
        }
        if let Some(card) = &order.card {
            add("payment_method_brand", card.brand().into());
            add("product_type", "corpnl".into());
            details.insert("card_expiry".to_owned(), format!("{:02}{}", card.month, card.year).into());
            details.insert("cardholder_name".to_owned(), card.holder.as_str().into());
            details.insert("liability_shift".to_owned(), (order.recurring != Recurring::Later).into());
            details.insert("truncated_pan".to_owned(), card.last_four().into());
        }
        if let Some(token) = &order.vault_token {
            details.insert("vault_token".to_owned(), token.as_str().into());
        }
        if let Some(first) = &order.first_transaction {
            details.insert("first_authorised_transaction_id".to_owned(), first.as_str().into());
        }
        if let Some(decline) = order.decline {
            add("reason", decline.code.into());
            add("customer_message", decline.message.into());
        }
        if order.status == "new" {
            // The source document prints this address without a scheme.
            let host = common.origin.trim_start_matches("http://");
            add("payment_url", format!("{host}/pay/emspay/{}/?payment_method=credit-card", order.id).into());
        }
        add("payment_method_details", details.into());
        if let Some(whole) = whole.as_object_mut() {
            whole.extend(order.kept.clone());
            whole.remove("expiration_period");
            if order.status == "completed" && order.recurring != Recurring::Later {
                let mut customer = json!({"country": "NL", "ip_address": "127.0.0.1"});
                if let (Some(customer), Some(given)) =
                    (customer.as_object_mut(), child(&order.kept, "customer"))
                {
                    customer.extend(given.clone());
                }
                whole.insert("customer".to_owned(), customer);
            }
            if order.refunded > 0 {
                whole.insert("flags".to_owned(), json!(["has-refunds"]));
            }
            whole.insert("transactions".to_owned(), json!([transaction]));
        }
        whole
    }
}

impl Order {
    fn names(&self) -> Names<'_> {
        Names { reference: text(&self.kept, "merchant_order_id").unwrap_or_default(), payment: &self.id }
    }

    fn refuse(&mut self, decline: Decline) {
        self.status = "error";
        self.decline = Some(decline);
    }

    /// Time passes: an unpaid order expires, and a charge that was answered as `processing` is completed when it is
    /// looked at again.
    fn refresh(&mut self, now: Timestamp) {
        match self.status {
            "new" if now >= self.expires => self.status = "expired",
            "processing" => self.status = "completed",
            _ => return,
        }
        self.modified = now;
    }
}

fn take(order: &mut Order, common: &mut Common, status: &'static str) {
    order.status = status;
    common.move_money(LedgerKind::Charge, GATEWAY, order.names(), (order.amount, &order.currency));
}

fn cancel(order: &mut Order, now: Timestamp) -> Result<u16, Answer> {
    if order.status != "new" {
        return Err(invalid("status", "only an order that is still open can be cancelled"));
    }
    order.status = "cancelled";
    order.modified = now;
    Ok(200)
}

fn read(call: &Call) -> Result<Map<String, Value>, Answer> {
    if !call.sends("application/json") {
        return Err(refuse(400, "BadRequest", "Content-Type must be application/json", None));
    }
    json::object(&call.body).map_err(|reason| refuse(400, "BadRequest", &reason, None))
}

/// The members that are stored with the order, checked.
fn kept(body: &Map<String, Value>) -> Result<Map<String, Value>, Answer> {
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

/// What kind of payment is asked for, and the vault token of a later one.
fn recurring(transaction: &Map<String, Value>) -> Result<(Recurring, Option<String>), Answer> {
    let at = "transactions[0].payment_method_details";
    let details = match transaction.get("payment_method_details") {
        None => return Ok((Recurring::No, None)),
        // An empty array stands for "no members" in some languages; the gateway refuses it.
        Some(details) => details.as_object().ok_or_else(|| invalid(at, "must be an object"))?,
    };
    let token = text(details, "vault_token");
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

/// The instant after an ISO 8601 duration, by the calendar.
fn after(now: Timestamp, period: &str) -> Option<Timestamp> {
    let span: Span = period.strip_prefix('P').and(period.parse().ok())?;
    Some(now.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
}

impl Hosted for Emspay {
    fn sheet(&mut self, common: &mut Common, id: &str) -> Option<Sheet> {
        let order =
            self.orders.iter_mut().find(|order| order.id == id && order.recurring != Recurring::Later)?;
        order.refresh(common.now());
        Some(match order.status {
            "new" => Sheet::Open {
                title: text(&order.kept, "description").unwrap_or("Payment").to_owned(),
                amount: Some(json::for_people(order.amount, &order.currency)),
            },
            status => Sheet::Closed(format!("This order is {status}. Nothing is left to pay here.")),
        })
    }

    fn customer(&mut self, common: &mut Common, id: &str, act: Customer) -> Option<Done> {
        let now = common.now();
        let order = self.orders.iter_mut().find(|order| order.id == id)?;
        order.modified = now;
        let message = match act {
            Customer::Cancels => {
                order.status = "cancelled";
                "The payment was cancelled."
            }
            Customer::Declines => {
                order.refuse(REFUSED_BY_ISSUER);
                REFUSED_BY_ISSUER.message
            }
            Customer::Pays(card) => match card.first(now) {
                Err(decline) => {
                    order.refuse(decline);
                    decline.message
                }
                Ok(()) => {
                    if order.recurring == Recurring::First {
                        let token = common.ids.uuid();
                        let ends = after(order.created, "P1Y")?;
                        let first_transaction = order.transaction_id.clone();
                        self.vaults
                            .insert(token.clone(), Vault { card: card.clone(), first_transaction, ends });
                        order.vault_token = Some(token);
                    }
                    order.card = Some(card);
                    take(order, common, "completed");
                    "The payment is complete."
                }
            },
        };
        let (success, failure) = (text(&order.kept, "return_url"), text(&order.kept, "failure_url"));
        let to = if order.status == "completed" { success } else { failure.or(success) };
        Some(Done { message, to: to.map(str::to_owned) })
    }
}
