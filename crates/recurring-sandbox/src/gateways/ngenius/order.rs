//! One order: its schedule, its payments, and how they are answered.

use super::GATEWAY;
use crate::cards::{Card, Decline};
use crate::ledger::LedgerKind;
use crate::world::{Common, Names};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Frequency {
    pub(super) fn read(text: &str) -> Option<Frequency> {
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
pub(super) struct Payment {
    pub(super) reference: String,
    pub(super) at: Timestamp,
    pub(super) result: Result<(), Decline>,
    pub(super) authorization: String,
    pub(super) retrieval: String,
    pub(super) refunded: i64,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) reference: String,
    pub(super) merchant_reference: Option<String>,
    pub(super) action: String,
    pub(super) email: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) frequency: Frequency,
    pub(super) frequency_text: String,
    pub(super) card: Card,
    pub(super) start: Timestamp,
    pub(super) payments: Vec<Payment>,
    /// When the next payment falls due; `None` when the first one failed.
    pub(super) next: Option<Timestamp>,
}

/// `2019-05-26T04:59:11Z`
pub(super) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Order {
    /// Attempts one payment at `at` and sets the time of the next one.
    pub(super) fn pay(&mut self, common: &mut Common, at: Timestamp) {
        let first = self.payments.is_empty();
        let result = if first { self.card.first(at) } else { self.card.later(at) };
        let payment = Payment {
            reference: common.ids.uuid(),
            at,
            result,
            authorization: common.ids.digits(6),
            retrieval: common.ids.digits(12),
            refunded: 0,
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

    pub(super) fn render(&self, origin: &str, outlet: &str) -> Value {
        let path = format!("{origin}/ngenius/transactions/outlets/{outlet}/orders/{}", self.reference);
        let payments: Vec<Value> =
            self.payments.iter().map(|payment| self.render_payment(payment, origin, outlet)).collect();
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

    pub(super) fn render_payment(&self, payment: &Payment, origin: &str, outlet: &str) -> Value {
        let amount = json!({"currencyCode": self.currency, "value": self.amount});
        let path =
            format!("transactions/outlets/{outlet}/orders/{}/payments/{}", self.reference, payment.reference);
        // Links of the real gateway point at hosts inside it too: a client must not follow them blindly.
        let (inside, here) =
            (format!("http://transaction-service/{path}"), format!("{origin}/ngenius/{path}"));
        let captured = payment.result.is_ok() && self.action == "SALE";
        let state = match payment.result {
            Err(_) => "FAILED",
            Ok(()) if payment.refunded == self.amount => "REFUNDED",
            Ok(()) if payment.refunded > 0 => "PARTIALLY_REFUNDED",
            Ok(()) if captured => "CAPTURED",
            Ok(()) => "PURCHASED",
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
            "_links": {"self": {"href": inside}},
            "reference": payment.reference, "state": state, "amount": amount,
            "updateDateTime": milliseconds(payment.at), "outletId": outlet, "orderReference": self.reference,
            "paymentMethod": {
                "expiry": format!("{:04}-{:02}", self.card.year, self.card.month),
                "cardholderName": self.card.holder, "name": self.card.brand_upper(),
                "pan": self.card.masked("******"),
            },
            "authResponse": response,
        });
        let mut add = |name: &str, value: Value| {
            if let Some(rendered) = rendered.as_object_mut() {
                rendered.insert(name.to_owned(), value);
            }
        };
        let left = payment.result.is_ok() && payment.refunded < self.amount;
        let refund = |href: String| if left { json!({"cnp:refund": {"href": href}}) } else { json!({}) };
        if captured {
            let capture = json!({
                "_links": refund(format!("{here}/captures/{}/refund", payment.reference)),
                "amount": amount, "createdTime": milliseconds(payment.at), "state": "SUCCESS",
            });
            add("_embedded", json!({"cnp:capture": [capture]}));
        } else if left {
            add("_links", refund(format!("{here}/refund")));
        }
        rendered
    }
}
