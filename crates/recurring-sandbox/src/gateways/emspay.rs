//! emspay: orders, of which the first one of a series is paid on a page and gives a vault token.
//!
//! From the source document: paths, members, `new`/`processing`/`completed`, `vault_token`, the one-year life of a
//! series. From public documentation: 201 with status `error` for a declined payment, changing and cancelling, the
//! form of errors, refunds, captures, currencies, the notification. From other brands of the same platform: listing
//! orders by period; the member `orders` in the answer is a guess. Guesses: `capture_mode` `manual`, which makes a
//! payment that waits for a capture, with the order `processing` and the transaction `accepted` until then; that a
//! refund is told under the id of the order that was paid. The error types and reasons are this sandbox's own words.

mod money;
mod order;

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::{Card, Decline, REFUSED_BY_ISSUER};
use crate::ids::Ids;
use crate::json::{self, absent, text};
use crate::page::{Customer, Done, Sheet};
use crate::shelf::Shelf;
use crate::world::{Common, Hosted};
use axum::http::Method;
use jiff::Timestamp;
use order::{DEFAULT_PERIOD, Order, Recurring, after, kept, manual_capture, recurring};
use serde_json::{Map, Value, json};

pub(crate) const API_KEY: &str = "sandbox_emspay_key";
const GATEWAY: &str = "emspay";

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
    orders: Shelf<Order>,
    /// Refunds are orders too: their ids, and how they are answered.
    refunds: Shelf<Value>,
    vaults: Shelf<Vault>,
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

impl Emspay {
    pub(crate) fn new(ids: &mut Ids) -> Emspay {
        Emspay {
            merchant_id: ids.uuid(),
            project_id: ids.uuid(),
            orders: Shelf::default(),
            refunds: Shelf::default(),
            vaults: Shelf::default(),
        }
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        if call.basic() != Some((API_KEY.to_owned(), String::new())) {
            return refuse(401, "AuthenticationError", "The API key is missing or wrong.", None);
        }
        let segments = call.segments_after(2);
        // Public documentation prints this one address without a last slash.
        if call.method == Method::GET && segments == ["merchants", "self", "projects", "self", "currencies"] {
            return money::currencies();
        }
        if !call.slash {
            return not_found();
        }
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["orders"]) => self.create(common, call),
            (&Method::GET, ["orders"]) => self.list(common, call),
            (&Method::GET, ["orders", id]) => match self.refunds.get(id) {
                Some(refund) => Ok(Answer::json(200, refund)),
                None => self.with(common, id, |_, _| Ok(200)),
            },
            (&Method::PUT, ["orders", id]) => self.change(common, id, call),
            (&Method::DELETE, ["orders", id]) => self.with(common, id, cancel),
            (&Method::POST, ["orders", id, "refunds"]) => self.refund(common, id, call),
            (&Method::POST, ["orders", id, "transactions", transaction, "captures"]) => {
                self.capture(common, id, transaction)
            }
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
        let manual_capture = manual_capture(transaction)?;
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
            manual_capture,
            status: "new",
            card: None,
            vault_token,
            first_transaction: None,
            decline: None,
        };
        if let Some(vault) = vault {
            order.first_transaction = Some(vault.first_transaction);
            common.wait = common.emspay_wait;
            let too_late = Decline {
                code: "series_ended",
                message: "The first authorisation is over a year old.",
                response: "05",
            };
            let result = if now >= vault.ends { Err(too_late) } else { vault.card.later(now) };
            order.card = Some(vault.card);
            match result {
                Ok(()) => order.take(common, "processing"),
                Err(decline) => order.refuse(decline),
            }
            order.notify(common, &self.project_id);
        }
        let answer = order.render(self, &common.origin);
        let id = order.id.clone();
        self.orders.push(&id, order);
        Ok(Answer::json(201, &answer))
    }

    /// Finds the order, brings it up to date, lets `change` work on it, tells of a new status, and answers it.
    fn with(
        &mut self,
        common: &mut Common,
        id: &str,
        change: impl FnOnce(&mut Order, &mut Common) -> Result<u16, Answer>,
    ) -> Result<Answer, Answer> {
        let order = self.orders.get_mut(id).ok_or_else(not_found)?;
        order.refresh(common.now());
        let before = order.status;
        let status = change(order, common)?;
        if order.status != before {
            order.notify(common, &self.project_id);
        }
        let at = self.orders.get(id).ok_or_else(not_found)?;
        Ok(Answer::json(status, &at.render(self, &common.origin)))
    }

    fn change(&mut self, common: &mut Common, id: &str, call: &Call) -> Result<Answer, Answer> {
        let body = read(call)?;
        let changed = kept(&body)?;
        self.with(common, id, |order, common| {
            let same_amount = absent(&body, "amount") || body.get("amount") == Some(&order.amount.into());
            let same_currency = absent(&body, "currency") || text(&body, "currency") == Some(&order.currency);
            if !same_amount || !same_currency {
                return Err(invalid("amount", "amount and currency of an order cannot be changed"));
            }
            order.kept.extend(changed);
            order.modified = common.now();
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
        for order in self.orders.iter_mut() {
            order.refresh(now);
        }
        let wanted = self.orders.iter().filter(|order| {
            since.is_none_or(|since| order.created >= since)
                && until.is_none_or(|until| order.created <= until)
        });
        let orders: Vec<Value> = wanted.map(|order| order.render(self, &common.origin)).collect();
        Ok(Answer::json(200, &json!({"orders": orders})))
    }
}

/// A payment that waits for its capture is given up with the order: no money moved, so none comes back.
fn cancel(order: &mut Order, common: &mut Common) -> Result<u16, Answer> {
    if !matches!(order.status, "new" | "accepted") {
        return Err(invalid("status", "only an order that is still open can be cancelled"));
    }
    order.status = "cancelled";
    order.modified = common.now();
    Ok(200)
}

fn read(call: &Call) -> Result<Map<String, Value>, Answer> {
    if !call.sends("application/json") {
        return Err(refuse(400, "BadRequest", "Content-Type must be application/json", None));
    }
    json::object(&call.body).map_err(|reason| refuse(400, "BadRequest", &reason, None))
}

impl Hosted for Emspay {
    fn sheet(&mut self, common: &mut Common, id: &str) -> Option<Sheet> {
        let order = self.orders.get_mut(id).filter(|order| order.recurring != Recurring::Later)?;
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
        let order = self.orders.get_mut(id)?;
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
                        self.vaults.push(&token, Vault { card: card.clone(), first_transaction, ends });
                        order.vault_token = Some(token);
                    }
                    order.card = Some(card);
                    order.take(common, "completed");
                    "The payment is complete."
                }
            },
        };
        order.notify(common, &self.project_id);
        let (success, failure) = (text(&order.kept, "return_url"), text(&order.kept, "failure_url"));
        let to = if matches!(order.status, "completed" | "accepted") { success } else { failure.or(success) };
        Some(Done { message, to: to.map(str::to_owned) })
    }
}
