//! ngenius: an access token, then one call with the card that takes the first payment and starts a schedule, which
//! this gateway runs by itself whenever the sandbox's clock moves.
//!
//! From the source document: the request and answer of the recurring payment, the intervals and the rule for the
//! 29th to the 31st. `DAILY` stands only in its table of answers and is taken too. From public documentation: the
//! access token, the order with its payments. Guesses: the error codes, 200 for a created payment, no
//! `nextPaymentOn` when the first payment failed, and that a schedule goes on after a declined payment.

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::{self, Card, Decline};
use crate::ids::Ids;
use crate::json::{self, absent, child, text};
use crate::ledger::LedgerKind;
use crate::world::{Common, Names};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Frequency {
    fn read(text: &str) -> Option<Frequency> {
        Some(match text {
            "DAILY" => Frequency::Daily,
            "WEEKLY" => Frequency::Weekly,
            "MONTHLY" => Frequency::Monthly,
            "YEARLY" => Frequency::Yearly,
            _ => return None,
        })
    }

    /// The day of payment number `count`, where the first payment on `start` is number 0.
    fn day(self, start: Date, count: i64) -> Option<Date> {
        match self {
            Frequency::Daily => start.checked_add(count.days()).ok(),
            Frequency::Weekly => start.checked_add(count.weeks()).ok(),
            // First paid on the 29th to the 31st: every later payment falls on the 28th.
            Frequency::Monthly if count > 0 && start.day() >= 29 => {
                start.with().day(28).build().ok()?.checked_add(count.months()).ok()
            }
            Frequency::Monthly => start.checked_add(count.months()).ok(),
            Frequency::Yearly => start.checked_add(count.years()).ok(),
        }
    }
}

#[derive(Debug)]
struct Payment {
    reference: String,
    at: Timestamp,
    result: Result<(), Decline>,
    authorization: String,
    retrieval: String,
}

#[derive(Debug)]
struct Order {
    reference: String,
    merchant_reference: Option<String>,
    action: String,
    email: String,
    amount: i64,
    currency: String,
    frequency: Frequency,
    frequency_text: String,
    card: Card,
    start: Timestamp,
    payments: Vec<Payment>,
    /// When the next payment falls due; `None` when the first one failed.
    next: Option<Timestamp>,
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

/// `2019-05-26T04:59:11Z`
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Order {
    /// Attempts one payment at `at` and sets the time of the next one.
    fn pay(&mut self, common: &mut Common, at: Timestamp) {
        let first = self.payments.is_empty();
        let result = if first { self.card.first(at) } else { self.card.later(at) };
        let payment = Payment {
            reference: common.ids.uuid(),
            at,
            result,
            authorization: common.ids.digits(6),
            retrieval: common.ids.digits(12),
        };
        if result.is_ok() {
            let reference = self.merchant_reference.as_deref().unwrap_or_default();
            let names = Names { reference, payment: &payment.reference };
            common.move_money(LedgerKind::Charge, GATEWAY, names, (self.amount, &self.currency));
        }
        self.payments.push(payment);
        let started = !first || result.is_ok();
        self.next = if started { self.due(self.payments.len()) } else { None };
    }

    /// When payment number `count` falls due: the time of day of the first one.
    fn due(&self, count: usize) -> Option<Timestamp> {
        let start = TimeZone::UTC.to_datetime(self.start);
        let day = self.frequency.day(start.date(), i64::try_from(count).ok()?)?;
        Some(day.to_datetime(start.time()).to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    fn render(&self, origin: &str, outlet: &str) -> Value {
        let path = format!("{origin}/ngenius/transactions/outlets/{outlet}/orders/{}", self.reference);
        let payments: Vec<Value> =
            self.payments.iter().map(|payment| self.render_payment(payment, outlet)).collect();
        let mut order = json!({
            "_id": format!("urn:order:{}", self.reference),
            "_links": {"self": {"href": path}},
            "type": "RECURRING", "action": self.action,
            "amount": {"currencyCode": self.currency, "value": self.amount},
            "reference": self.reference, "outletId": outlet, "createDateTime": milliseconds(self.start),
            "emailAddress": self.email,
            "_embedded": {"payment": payments},
        });
        if let (Some(order), Some(reference)) = (order.as_object_mut(), &self.merchant_reference) {
            order.insert("merchantOrderReference".to_owned(), reference.as_str().into());
        }
        order
    }

    fn render_payment(&self, payment: &Payment, outlet: &str) -> Value {
        let amount = json!({"currencyCode": self.currency, "value": self.amount});
        // Links of the real gateway point at hosts inside it: a client must not follow them blindly.
        let path = format!(
            "http://transaction-service/transactions/outlets/{outlet}/orders/{}/payments/{}",
            self.reference, payment.reference
        );
        let state = match (payment.result, self.action.as_str()) {
            (Err(_), _) => "FAILED",
            (Ok(()), "SALE") => "CAPTURED",
            (Ok(()), _) => "PURCHASED",
        };
        let response = match payment.result {
            Ok(()) => json!({
                "authorizationCode": payment.authorization, "success": true, "resultCode": "00",
                "resultMessage": "Successful approval/completion", "rrn": payment.retrieval, "mid": "sandbox",
            }),
            Err(decline) => json!({
                "success": false, "resultCode": if decline.code == "expired_card" { "54" } else { "51" },
                "resultMessage": decline.message, "rrn": payment.retrieval, "mid": "sandbox",
            }),
        };
        let mut rendered = json!({
            "_id": format!("urn:payment:{}", payment.reference),
            "_links": {"self": {"href": path}},
            "reference": payment.reference, "state": state, "amount": amount,
            "updateDateTime": milliseconds(payment.at), "outletId": outlet, "orderReference": self.reference,
            "paymentMethod": {
                "expiry": format!("{:04}-{:02}", self.card.year, self.card.month),
                "cardholderName": self.card.holder, "name": self.card.brand_upper(),
                "pan": self.card.masked("******"),
            },
            "authResponse": response,
        });
        if let (Some(rendered), "CAPTURED") = (rendered.as_object_mut(), state) {
            let capture = json!({
                "_links": {"self": {"href": format!("{path}/captures/{}", payment.reference)}},
                "amount": amount, "createdTime": milliseconds(payment.at), "state": "SUCCESS",
            });
            rendered.insert("_embedded".to_owned(), json!({"cnp:capture": [capture]}));
        }
        rendered
    }
}
