//! One order: a sale or a recurring charge.

use crate::cards::{Card, Decline};
use crate::common::Common;
use crate::json;
use crate::outbox::Notification;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::{Map, Value, json};
use sha2::Sha256;

pub(super) const GATEWAY: &str = "tokenpay-signed";
pub(super) const MERCHANT_ID: i64 = 3;
/// The account's currency; a request names none.
pub(super) const CURRENCY: &str = "USD";
pub(super) const DECIMALS: u32 = 2;

#[derive(Debug)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) transaction: i64,
    pub(super) reference: String,
    pub(super) amount: i64,
    pub(super) user: String,
    /// The id of its page, where it is paid in the hosted checkout.
    pub(super) page: Option<String>,
    /// The number of the token that it charged.
    pub(super) charged: Option<u64>,
    /// `None` while an order of the hosted checkout waits for the customer.
    pub(super) card: Option<Card>,
    /// A sale that allows recurring charges, or a recurring charge.
    pub(super) recurring: bool,
    /// `callbackUrl.notify`
    pub(super) notify: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// The amount that was returned, and whether by a void.
    pub(super) returned: Option<(i64, bool)>,
    /// `None` while it waits for the customer.
    pub(super) result: Option<Result<(), Decline>>,
    /// The customer left the hosted checkout.
    pub(super) canceled: bool,
}

impl Order {
    /// Whether the customer can still pay it on the page.
    pub(super) fn open(&self) -> bool {
        self.result.is_none() && !self.canceled
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.result, self.returned) {
            (None, _) if self.canceled => "CANCELLED",
            (None, _) => "OPEN",
            (Some(Err(_)), _) => "FAILURE",
            (Some(Ok(())), None) => "SUCCESS",
            (Some(Ok(())), Some((_, true))) => "VOIDED",
            (Some(Ok(())), Some((amount, false))) if amount < self.amount => "PARTIALLY_REFUNDED",
            (Some(Ok(())), Some(_)) => "REFUNDED",
        }
    }

    pub(super) fn render(&self) -> Value {
        let amount = json::decimal_number(self.amount, DECIMALS);
        let net = self.amount - self.returned.map_or(0, |(amount, _)| amount);
        let net = json::decimal_number(net, DECIMALS);
        json!({
            "id": self.id, "merchantId": MERCHANT_ID, "merchantReference": self.reference, "currency": CURRENCY,
            "amount": amount, "netAmount": net, "cardType": self.card.as_ref().map_or("", card_type),
            "createTime": stamp(self.created), "updateTime": stamp(self.updated), "status": self.status(),
            "recurring": self.recurring,
        })
    }

    /// Sends the order as it is now.
    pub(super) fn notify(&self, common: &mut Common, key: &SigningKey<Sha256>) {
        if common.outbox.has_receiver(&self.notify)
            && let Some(notification) = self.notification(key)
        {
            common.notify(&notification, self.notify.clone());
        }
    }

    /// The notification of the order as it is now.
    pub(super) fn notification(&self, key: &SigningKey<Sha256>) -> Option<Notification> {
        Some(Notification::new(GATEWAY, self.status(), &self.id.to_string(), self.signed_body(key)?))
    }

    /// The body of the notification: every member but the signature is signed as `key=value`, sorted and joined by `&`.
    pub(super) fn signed_body(&self, key: &SigningKey<Sha256>) -> Option<String> {
        let pairs = [
            ("amount", json::decimal_text(self.amount, DECIMALS)),
            ("cardType", self.card.as_ref().map_or("", card_type).to_owned()),
            ("maskedPan", self.card.as_ref().map(|card| card.masked("XXXXXX")).unwrap_or_default()),
            ("merchantReference", self.reference.clone()),
            ("orderId", self.id.to_string()),
            ("status", self.status().to_owned()),
            ("updateTime", stamp(self.updated)),
        ];
        let signed: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let signature = key.try_sign(signed.join("&").as_bytes()).ok()?;
        let mut body: Map<String, Value> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        body.insert("signature".to_owned(), STANDARD.encode(signature.to_bytes()).into());
        Some(Value::Object(body).to_string())
    }
}

/// As the gateway's public documentation prints it: `VISA`, `MASTER`.
pub(super) fn card_type(card: &Card) -> &'static str {
    if card.brand() == "mastercard" { "MASTER" } else { "VISA" }
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string()
}
