//! What the sandbox remembers about money and calls, for whoever judges a client by it.

use serde::Serialize;

/// Which way the money went. Open: more kinds may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LedgerKind {
    /// Money was taken from the card.
    Charge,
    /// Money was given back to the card.
    Refund,
}

/// One movement of money that really happened in the sandbox. What was declined, refused, not paid or only
/// authorised leaves no entry, so two charges with one reference are a customer charged twice.
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
    /// The amount in minor units of the currency (cents); always positive, `kind` tells the direction.
    pub amount_minor: i64,
    /// The currency, ISO 4217, upper case.
    pub currency: String,
    /// Which way the money went.
    pub kind: LedgerKind,
}

/// One call that the sandbox answered, without its query, headers and body.
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
    /// The status code of the answer; 0 where a fault left the call without one before the gateway acted.
    pub status: u16,
}

/// One attempt to tell the merchant about something, or the note that nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// The gateway, named as in [`LedgerEntry::gateway`].
    pub gateway: String,
    /// Where the notification went, as the gateway was told.
    pub url: String,
    /// What happened, in the gateway's words: `status_changed` at emspay, `purchase.paid` and others at revio,
    /// `CAPTURED` and others at ngenius; the payment's status at omno and tokenpay-signed, which name no events.
    pub event: String,
    /// The first attempt is number 1; a repetition sends the same bytes again.
    pub attempt: u32,
    /// When, by the sandbox's clock: RFC 3339, UTC.
    pub at: String,
    /// The receiver's HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// Whether the gateway takes the answer for "received"; otherwise it tries again, if it ever does.
    pub accepted: bool,
    /// Why there was no answer, or why nothing was sent (`not sent: not on this machine`).
    pub problem: Option<String>,
    /// The body, byte for byte as it was sent or would have been.
    pub body: String,
}
