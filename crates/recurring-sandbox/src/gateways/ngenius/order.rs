//! One order: its schedule, its payments, and how they are answered.

use super::encryption::{WEBHOOK_HEADER, WEBHOOK_SECRET, encrypt};
use super::payment::{Capture, Payment, Terms, Tried, milliseconds};
use crate::cards::Card;
use crate::common::Common;
use crate::due::{DueKind, DueList, DuePayment};
use crate::issuer::StoredCharge;
use crate::ledger::{LedgerKind, PaymentNames};
use crate::outbox::Notification;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

pub(super) const GATEWAY: &str = "ngenius";

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

/// The payment that the gateway repeats.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) frequency: Frequency,
    pub(super) frequency_text: String,
    pub(super) card: Card,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) terms: Terms,
    pub(super) merchant_reference: Option<String>,
    pub(super) email: String,
    /// `None` for an order that is paid once.
    pub(super) plan: Option<Plan>,
    /// `merchantAttributes.redirectUrl` and `.cancelUrl` of an order that is paid on the page.
    pub(super) redirect: Option<String>,
    pub(super) cancel: Option<String>,
    pub(super) start: Timestamp,
    pub(super) payments: Vec<Payment>,
    /// When the next payment falls due; `None` when the first one failed.
    pub(super) next: Option<Timestamp>,
}

/// `2019-05-26T04:59:11Z`
pub(super) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Order {
    /// Attempts one payment of the plan at `at` and sets the time of the next one.
    pub(super) fn pay(&mut self, common: &mut Common, outlet: &str, at: Timestamp) {
        let Some(card) = self.plan.as_ref().map(|plan| plan.card.clone()) else { return };
        let first = self.payments.is_empty();
        let result = if first { card.first(at) } else { common.issuer.ask(&card, self.stored_charge(at)) };
        let payment = Payment::waiting(common, at);
        let tried = Tried::new(common, Some(card), result);
        self.payments.push(payment);
        self.settle(common, outlet, self.payments.len() - 1, tried);
        let started = !first || result.is_ok();
        self.next = if started { self.due(self.payments.len()) } else { None };
    }

    /// A charge of a stored card for this order.
    pub(super) fn stored_charge(&self, at: Timestamp) -> StoredCharge<'_> {
        StoredCharge {
            gateway: GATEWAY,
            reference: self.merchant_reference.as_deref().unwrap_or_default(),
            amount: self.terms.amount,
            currency: &self.terms.currency,
            at,
        }
    }

    /// Settles the payment at `place` with this result: moves the money and notifies the merchant.
    pub(super) fn settle(&mut self, common: &mut Common, outlet: &str, place: usize, tried: Tried) {
        let approved = tried.result.is_ok();
        let Some(payment) = self.payments.get_mut(place) else { return };
        payment.tried = Some(tried);
        let takes = approved && self.terms.action != "AUTH";
        if takes && self.terms.action == "SALE" {
            let capture = Capture {
                reference: common.ids.uuid(),
                amount: self.terms.amount,
                refunded: 0,
                at: payment.at,
            };
            payment.captures.push(capture);
        }
        if takes {
            self.move_money(common, LedgerKind::Charge, place, self.terms.amount);
        }
        let events: &[&str] = match (self.terms.action.as_str(), approved) {
            ("PURCHASE", true) => &["PURCHASED"],
            ("PURCHASE", false) => &["PURCHASE_DECLINED"],
            ("SALE", true) => &["AUTHORISED", "CAPTURED"],
            (_, true) => &["AUTHORISED"],
            (_, false) => &["DECLINED"],
        };
        for event in events {
            self.notify(common, outlet, place, event);
        }
    }

    pub(super) fn move_money(&self, common: &mut Common, kind: LedgerKind, place: usize, amount: i64) {
        let Some(payment) = self.payments.get(place) else { return };
        let reference = self.merchant_reference.as_deref().unwrap_or_default();
        let names = PaymentNames { reference, payment: &payment.reference };
        common.move_money(kind, GATEWAY, names, (amount, &self.terms.currency));
    }

    pub(super) fn notify(&self, common: &mut Common, outlet: &str, place: usize, event: &str) {
        let url = common.outbox.account_wide(GATEWAY);
        if common.outbox.has_receiver(url.iter()) {
            let notification = self.notification(common, outlet, place, event);
            common.notify(&notification, url);
        }
    }

    /// Public documentation: the event with the order in it, and one fixed header as the proof of origin. That the
    /// order holds only the payment that the event is about is a guess.
    pub(super) fn notification(
        &self,
        common: &mut Common,
        outlet: &str,
        place: usize,
        event: &str,
    ) -> Notification {
        let payment = self.payments.get(place).into_iter();
        let body = json!({
            "outletId": outlet, "eventId": common.ids.uuid(), "eventName": event,
            "order": self.render_with(payment, &common.origin, outlet),
        });
        let header = Some((WEBHOOK_HEADER, WEBHOOK_SECRET.to_owned()));
        let notification = Notification::new(GATEWAY, event, &self.terms.reference, body.to_string());
        let notification = Notification { header, ..notification };
        if !common.outbox.encrypts_ngenius {
            return notification;
        }
        let body = encrypt(common.ids.bytes(), &notification.body).unwrap_or_default();
        Notification { body, content_type: "text/plain", ..notification }
    }

    /// When payment number `count` falls due: the time of day of the first one.
    fn due(&self, count: usize) -> Option<Timestamp> {
        let start = TimeZone::UTC.to_datetime(self.start);
        let day = self.plan.as_ref()?.frequency.day(start.date(), i64::try_from(count).ok()?)?;
        Some(day.to_datetime(start.time()).to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Lists the payments of the schedule that fall due.
    pub(super) fn list_due(&self, list: &mut DueList) {
        let Some(plan) = self.plan.as_ref().filter(|_| self.next.is_some()) else { return };
        let payment = DuePayment {
            reference: self.merchant_reference.as_deref().unwrap_or_default(),
            payment: &self.terms.reference,
            amount: Some((self.terms.amount, &self.terms.currency)),
        };
        let times = (self.payments.len()..).map_while(|count| self.due(count));
        for at in times.take_while(|at| list.reaches(*at)).collect::<Vec<_>>() {
            let (kind, detail) = match list.answers.later(&plan.card, at) {
                Err(decline) => (DueKind::ScheduledDecline, decline.message),
                Ok(()) if self.terms.action == "AUTH" => {
                    (DueKind::ScheduledAuthorization, plan.frequency_text.as_str())
                }
                Ok(()) => (DueKind::ScheduledCharge, plan.frequency_text.as_str()),
            };
            list.add(at, GATEWAY, kind, payment, detail);
        }
    }

    /// Whether a customer can pay it on the page.
    pub(super) fn waits(&self) -> bool {
        self.plan.is_none() && self.payments.iter().any(|payment| payment.tried.is_none())
    }

    /// The merchant's page that follows on the payment page, if it gave one.
    pub(super) fn leads_to(&self) -> Option<String> {
        let url = self.redirect.as_ref()?;
        // Source: public documentation. The order's reference comes back with the customer.
        let mark = if url.contains('?') { '&' } else { '?' };
        Some(format!("{url}{mark}ref={}", self.terms.reference))
    }

    pub(super) fn render(&self, origin: &str, outlet: &str) -> Value {
        self.render_with(self.payments.iter(), origin, outlet)
    }

    fn render_with<'a>(
        &self,
        payments: impl Iterator<Item = &'a Payment>,
        origin: &str,
        outlet: &str,
    ) -> Value {
        let path = format!("transactions/outlets/{outlet}/orders/{}", self.terms.reference);
        let payments: Vec<Value> =
            payments.map(|payment| payment.render(&self.terms, origin, outlet)).collect();
        let mut order = json!({
            "_id": format!("urn:order:{}", self.terms.reference),
            "_links": {
                "self": {"href": format!("{origin}/ngenius/{path}")},
                // Real orders have this link; what it does to a schedule is not documented, and it is not served here.
                "cancel": {"href": format!("http://transaction-service/{path}/cancel")},
            },
            "type": if self.plan.is_some() { "RECURRING" } else { "SINGLE" }, "action": self.terms.action,
            "amount": {"currencyCode": self.terms.currency, "value": self.terms.amount},
            "reference": self.terms.reference, "outletId": outlet, "createDateTime": milliseconds(self.start),
            "emailAddress": self.email,
            "_embedded": {"payment": payments},
        });
        if let (Some(links), true) =
            (order.pointer_mut("/_links").and_then(Value::as_object_mut), self.waits())
        {
            let page = format!("{origin}/pay/ngenius/{0}?code={0}", self.terms.reference);
            links.insert("payment".to_owned(), json!({"href": page}));
        }
        if let (Some(order), Some(reference)) = (order.as_object_mut(), &self.merchant_reference) {
            order.insert("merchantOrderReference".to_owned(), reference.as_str().into());
        }
        order
    }
}
