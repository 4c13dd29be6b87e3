//! Movements of money, requests and deliveries of webhooks, as a test reads them.

use serde::Serialize;
use std::collections::VecDeque;

/// How many entries are kept; beyond them the oldest is forgotten.
const CAPACITY: usize = 50_000;

/// The direction of a movement of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LedgerKind {
    /// Money was taken from the card.
    Charge,
    /// Money was returned to the card.
    Refund,
}

/// One movement of money that happened in the sandbox. A payment that was declined, refused, not paid or only authorized
/// leaves no entry, so two charges with one reference are a customer charged twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The gateway: `emspay`, `revio`, `ngenius`, `omno` or `tokenpay-signed`.
    pub gateway: String,
    /// The merchant's own reference, as the client sent it; empty when it sent none.
    /// emspay `merchant_order_id`, revio `reference`, ngenius `merchantOrderReference`, omno `orderId`,
    /// tokenpay-signed `merchantReference`.
    pub reference: String,
    /// The gateway's id of the payment: the order's id at emspay and tokenpay-signed, the purchase's at revio, the
    /// payment's at omno, and at ngenius the reference of the single payment (an order holds one for each charge).
    pub payment: String,
    /// The amount in minor units of the currency (cents); always positive, the direction is in `kind`.
    pub amount_minor: i64,
    /// The currency, ISO 4217, upper case.
    pub currency: String,
    /// The direction.
    pub kind: LedgerKind,
}

/// The two names of a payment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaymentNames<'a> {
    /// The merchant's own reference.
    pub(crate) reference: &'a str,
    /// The gateway's id.
    pub(crate) payment: &'a str,
}

/// The last movements of money.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: VecDeque<LedgerEntry>,
    /// How many entries there were before those that are kept.
    forgotten: u64,
}

impl Ledger {
    pub(crate) fn record(
        &mut self,
        kind: LedgerKind,
        gateway: &str,
        names: PaymentNames<'_>,
        (amount, currency): (i64, &str),
    ) {
        if self.entries.len() >= CAPACITY {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(LedgerEntry {
            gateway: gateway.to_owned(),
            reference: names.reference.to_owned(),
            payment: names.payment.to_owned(),
            amount_minor: amount,
            currency: currency.to_owned(),
            kind,
        });
    }

    /// The oldest first.
    pub(crate) fn entries(&self) -> &VecDeque<LedgerEntry> {
        &self.entries
    }

    /// How many entries there were in all.
    pub(crate) fn total(&self) -> u64 {
        self.forgotten.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// One request that the sandbox answered, without its query, headers and body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exchange {
    /// The gateway that was called (named as in [`LedgerEntry::gateway`]), `page` for the customer's payment page,
    /// or empty when the path belongs to none.
    pub gateway: String,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The status code of the answer; 0 where a fault left the request without one before the gateway acted.
    pub status: u16,
}

impl Exchange {
    pub(crate) fn new(gateway: &str, method: &str, path: &str, status: u16) -> Exchange {
        let (gateway, method, path) = (gateway.to_owned(), method.to_owned(), path.to_owned());
        Exchange { gateway, method, path, status }
    }
}

/// One attempt to deliver a webhook, or the note that it was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number, from 1 in the order of the attempts.
    pub number: u64,
    /// The gateway, named as in [`LedgerEntry::gateway`].
    pub gateway: String,
    /// The address, as the merchant or a listener set it; empty where none is set.
    pub url: String,
    /// The event, as the gateway names it: `status_changed` at emspay, `purchase.paid` and others at revio,
    /// `CAPTURED` and others at ngenius; the payment's status at omno and tokenpay-signed, which name no events.
    pub event: String,
    /// The gateway's identifier of the payment, order or refund that the event is about.
    pub payment: String,
    /// The first attempt is number 1; a repetition sends the same bytes again.
    pub attempt: u32,
    /// The time of the attempt, by the sandbox's clock: RFC 3339, UTC.
    pub at: String,
    /// The receiver's HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// Whether the gateway takes the answer for "received"; otherwise it tries again, where it does that at all.
    pub accepted: bool,
    /// Why there was no answer, or why the webhook was not sent (`not sent: not on this machine`).
    pub problem: Option<String>,
    /// The body, byte for byte as it was sent or would have been.
    pub body: String,
}
