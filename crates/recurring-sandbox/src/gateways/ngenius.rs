//! ngenius: an access token, then one call with the card that takes the first payment and starts a schedule, which
//! this gateway runs by itself whenever the sandbox's clock moves.
//!
//! From the source document: the request and answer of the recurring payment, the intervals and the rule for the
//! 29th to the 31st. `DAILY` stands only in its table of answers and is taken too. From public documentation: the
//! access token, the order with its payments, the refund. Guesses: the error codes, 200 for a created payment, no
//! `nextPaymentOn` when the first payment failed, and that a schedule goes on after a declined payment.

mod order;

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::{self, Card};
use crate::ids::Ids;
use crate::json::{self, absent, child, text};
use crate::ledger::LedgerKind;
use crate::world::{Common, Names};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use order::{Frequency, Order, seconds};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(crate) const REALM: &str = "ni";
const GATEWAY: &str = "ngenius";
const IDENTITY: &str = "application/vnd.ni-identity.v1+json";
const PAYMENT: &str = "application/vnd.ni-payment.v2+json";
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(300);

/// The key as the portal shows it: already base64.
pub(crate) fn api_key() -> String {
    STANDARD.encode("sandbox_ngenius_user:sandbox_ngenius_key")
}

#[derive(Debug)]
pub(crate) struct Ngenius {
    outlet: String,
    tokens: HashMap<String, Timestamp>,
    orders: Vec<Order>,
}

fn refuse(status: u16, code: &str, message: &str) -> Answer {
    let errors = json!([{
        "message": message, "localizedMessage": message, "errorCode": code, "domain": "sandbox",
    }]);
    let body = json!({"message": message, "code": status, "errors": errors});
    Answer::typed(status, PAYMENT, &body)
}

fn invalid(field: &str, message: &str) -> Answer {
    refuse(400, "validationError", &format!("{field}: {message}"))
}

impl Ngenius {
    pub(crate) fn new(ids: &mut Ids) -> Ngenius {
        Ngenius { outlet: ids.uuid(), tokens: HashMap::new(), orders: Vec::new() }
    }

    pub(crate) fn outlet(&self) -> &str {
        &self.outlet
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        let segments = call.segments_after(1);
        if call.slash {
            return refuse(404, "notFound", "There is nothing at this path.");
        }
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["identity", "auth", "access-token"]) => self.token(common, call),
            (&Method::POST, ["recurring-payment", "outlets", outlet, "orders"]) => {
                self.authorised(common, call, outlet).and_then(|()| self.create(common, call))
            }
            (&Method::GET, ["transactions", "outlets", outlet, "orders", order]) => {
                self.authorised(common, call, outlet).and_then(|()| self.status(common, order))
            }
            (
                &Method::POST,
                [
                    "transactions",
                    "outlets",
                    outlet,
                    "orders",
                    order,
                    "payments",
                    payment,
                    "captures",
                    _,
                    "refund",
                ]
                | ["transactions", "outlets", outlet, "orders", order, "payments", payment, "refund"],
            ) => {
                self.authorised(common, call, outlet).and_then(|()| self.refund(common, call, order, payment))
            }
            (_, ["identity", "auth", "access-token"] | ["recurring-payment", "outlets", _, "orders"]) => {
                Err(refuse(405, "methodNotAllowed", "The method is not allowed here."))
            }
            _ => Err(refuse(404, "notFound", "There is nothing at this path.")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn token(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        if !call.sends(IDENTITY) {
            return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the identity media type"));
        }
        if !call.accepts(IDENTITY) {
            return Err(refuse(406, "notAcceptable", "Accept must take the identity media type"));
        }
        if call.authorization("Basic") != Some(&api_key()) {
            return Err(refuse(400, "badTokenRequest", "The API key is missing or wrong."));
        }
        if !call.body.is_empty() {
            let body = json::object(&call.body).map_err(|reason| refuse(400, "badTokenRequest", &reason))?;
            if !absent(&body, "realmName") && text(&body, "realmName") != Some(REALM) {
                return Err(refuse(404, "realmNameNotAvailable", "There is no such realm."));
            }
        }
        let now = common.now();
        self.tokens.retain(|_, ends| *ends > now);
        let token = format!("sandbox_ngenius_token_{}", common.ids.hex());
        let ends = now.checked_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
        self.tokens.insert(token.clone(), ends);
        let body = json!({"access_token": token, "expires_in": TOKEN_LIFE.as_secs(), "token_type": "bearer"});
        Ok(Answer::typed(200, IDENTITY, &body))
    }

    fn authorised(&self, common: &Common, call: &Call, outlet: &str) -> Result<(), Answer> {
        let ends = call.authorization("Bearer").and_then(|token| self.tokens.get(token));
        if ends.is_none_or(|ends| *ends <= common.now()) {
            return Err(refuse(401, "unauthorized", "The access token is missing, wrong or expired."));
        }
        if !call.accepts(PAYMENT) {
            return Err(refuse(406, "notAcceptable", "Accept must take the payment media type"));
        }
        if outlet != self.outlet {
            return Err(refuse(404, "outletNotFound", "There is no such outlet."));
        }
        Ok(())
    }

    fn create(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        if !call.sends(PAYMENT) {
            return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the payment media type"));
        }
        let body = json::object(&call.body).map_err(|reason| refuse(400, "badRequest", &reason))?;
        let mut order = read(&body, common)?;
        order.pay(common, order.start);
        let state = if order.next.is_some() { "ACTIVE" } else { "FAILED" };
        let mut answer = json!({
            "state": state, "reference": order.reference, "frequency": order.frequency_text,
            "orderReference": order.reference, "outletId": self.outlet, "startTime": seconds(order.start),
        });
        if let (Some(answer), Some(next)) = (answer.as_object_mut(), order.next) {
            answer.insert("nextPaymentOn".to_owned(), seconds(next).into());
        }
        self.orders.push(order);
        Ok(Answer::typed(200, PAYMENT, &answer))
    }

    fn status(&self, common: &Common, reference: &str) -> Result<Answer, Answer> {
        let order = self.orders.iter().find(|order| order.reference == reference);
        let order = order.ok_or_else(|| refuse(404, "orderNotFound", "There is no such order."))?;
        Ok(Answer::typed(200, PAYMENT, &order.render(&common.origin, &self.outlet)))
    }

    fn refund(
        &mut self,
        common: &mut Common,
        call: &Call,
        order: &str,
        payment: &str,
    ) -> Result<Answer, Answer> {
        if !call.sends(PAYMENT) {
            return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the payment media type"));
        }
        let body = json::object(&call.body).map_err(|reason| refuse(400, "badRequest", &reason))?;
        let amount = child(&body, "amount").ok_or_else(|| invalid("amount", "is required"))?;
        let value =
            json::minor(amount.get("value")).ok_or_else(|| invalid("amount.value", "must be at least 1"))?;
        let order = self.orders.iter_mut().find(|known| known.reference == order);
        let order = order.ok_or_else(|| refuse(404, "orderNotFound", "There is no such order."))?;
        let place = order.payments.iter().position(|known| known.reference == payment);
        let paid = place.and_then(|place| order.payments.get_mut(place));
        let paid = paid.ok_or_else(|| refuse(404, "paymentNotFound", "There is no such payment."))?;
        if text(amount, "currencyCode") != Some(&order.currency) {
            return Err(invalid("amount.currencyCode", "must be the currency of the order"));
        }
        if paid.result.is_err() || value > order.amount - paid.refunded {
            return Err(refuse(409, "refundNotAllowed", "The amount is more than can be refunded."));
        }
        paid.refunded += value;
        let reference = order.merchant_reference.as_deref().unwrap_or_default();
        common.move_money(
            LedgerKind::Refund,
            GATEWAY,
            Names { reference, payment },
            (value, &order.currency),
        );
        let paid = place.and_then(|place| order.payments.get(place));
        let answer =
            paid.map(|paid| order.render_payment(paid, &common.origin, &self.outlet)).unwrap_or_default();
        Ok(Answer::typed(200, PAYMENT, &answer))
    }

    /// Takes every payment that fell due, the earliest first.
    pub(crate) fn take_due(&mut self, common: &mut Common) {
        let now = common.now();
        loop {
            let due = self.orders.iter_mut().filter(|order| order.next.is_some_and(|next| next <= now));
            let Some(order) = due.min_by_key(|order| order.next) else { return };
            let at = order.next.unwrap_or(now);
            order.pay(common, at);
        }
    }
}

/// Checks the request and makes an order that has no payment yet.
fn read(body: &Map<String, Value>, common: &mut Common) -> Result<Order, Answer> {
    let order = child(body, "order").ok_or_else(|| invalid("order", "is required"))?;
    let payment = child(body, "payment").ok_or_else(|| invalid("payment", "is required"))?;
    let needed = |name: &str| text(order, name).filter(|text| !text.is_empty());
    let one_of = |name: &str, allowed: &[&str]| match needed(name).filter(|given| allowed.contains(given)) {
        Some(given) => Ok(given.to_owned()),
        None => Err(invalid(&format!("order.{name}"), &format!("must be one of {}", allowed.join(", ")))),
    };
    let action = one_of("action", &["SALE", "PURCHASE"])?;
    one_of("channel", &["MoTo"])?;
    one_of("type", &["RECURRING"])?;
    let frequency_text = one_of("frequency", &["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])?;
    let frequency =
        Frequency::read(&frequency_text).ok_or_else(|| invalid("order.frequency", "is not known"))?;
    let email =
        needed("emailAddress").ok_or_else(|| invalid("order.emailAddress", "is required"))?.to_owned();
    let amount = child(order, "amount").ok_or_else(|| invalid("order.amount", "is required"))?;
    let currency = text(amount, "currencyCode").filter(|code| json::decimals(code).is_some());
    let currency =
        currency.ok_or_else(|| invalid("order.amount.currencyCode", "must be an ISO 4217 code"))?;
    let value = json::minor(amount.get("value"))
        .ok_or_else(|| invalid("order.amount.value", "must be an integer of at least 1, in minor units"))?;
    let merchant_reference = text(order, "merchantOrderReference").map(str::to_owned);
    let plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !absent(order, "merchantOrderReference") && !merchant_reference.as_ref().is_some_and(plain) {
        return Err(invalid("order.merchantOrderReference", "may hold letters, digits and hyphens"));
    }
    let start = common.now();
    Ok(Order {
        reference: common.ids.uuid(),
        merchant_reference,
        action,
        email,
        amount: value,
        currency: currency.to_owned(),
        frequency,
        frequency_text,
        card: card(payment, start)?,
        start,
        payments: Vec::new(),
        next: None,
    })
}

fn card(payment: &Map<String, Value>, now: Timestamp) -> Result<Card, Answer> {
    let digits = |name: &str, least: usize, most: usize| {
        let given = text(payment, name).filter(|text| (least..=most).contains(&text.len()));
        given.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let pan = digits("pan", 12, 19).filter(|pan| cards::luhn(pan));
    let pan = pan.ok_or_else(|| invalid("payment.pan", "is no card number"))?;
    let expiry = text(payment, "expiry").and_then(|expiry| {
        let (year, month) =
            expiry.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        Some((year.parse::<i16>().ok()?, month.parse::<i8>().ok().filter(|month| (1..=12).contains(month))?))
    });
    let (year, month) = expiry.ok_or_else(|| invalid("payment.expiry", "must be YYYY-MM"))?;
    digits("cvv", 3, 4).ok_or_else(|| invalid("payment.cvv", "must be three or four digits"))?;
    let holder = text(payment, "cardholderName").filter(|name| !name.trim().is_empty());
    let holder = holder.ok_or_else(|| invalid("payment.cardholderName", "is required"))?;
    let card = Card::new(pan, year, month, holder).ok_or_else(|| {
        invalid("payment.pan", &format!("the sandbox takes its own test cards only: {}", cards::numbers()))
    })?;
    if card.expired(now) { Err(invalid("payment.expiry", "the card has expired")) } else { Ok(card) }
}
