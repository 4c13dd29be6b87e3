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

/// One movement of money that really happened in the sandbox. Declined, unpaid and refused calls leave no entry,
/// so two charges with one reference are a customer charged twice.
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
    /// The status code of the answer.
    pub status: u16,
}
