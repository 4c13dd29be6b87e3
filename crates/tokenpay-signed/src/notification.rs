//! What the gateway sends to the `notify` address of a [`CallbackUrl`](crate::CallbackUrl): the result of an order,
//! signed with the gateway's own key.
//!
//! A notification is a hint. It may be late, may come again, and may never come: read the order with
//! [`Client::query_order`](crate::Client::query_order) before acting on it.
//!
//! Answer with a 2xx status and the text [`ANSWER`], also to a notification that came before; anything else counts
//! as not delivered. The gateway then repeats it up to 15 times over more than nine hours. How long it waits for an
//! answer is not public: store the notification, answer, and act afterwards.
//!
//! ```
//! use tokenpay_signed::PublicKey;
//! use tokenpay_signed::notification::{self, NotificationError, RawNotification};
//!
//! # fn received(headers: Vec<(String, String)>, body: Vec<u8>, key: &PublicKey) -> Result<(), NotificationError> {
//! let notification = notification::parse(&notification::verify(RawNotification::new(headers, body)?, key)?)?;
//! println!("look at {:?}", notification.order_key());
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;

use recurring_core::GatewayTime;
pub use recurring_core::notification::{NotificationError, RawNotification};
use recurring_gateway::{
    lenient,
    notification::{check, read_verified},
    signature::PublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ops::could_be_cut;
use crate::ops::order_key::OrderKey;
use crate::status::OrderStatus;

/// The body of the answer that the gateway takes for "received": plain text, with a 2xx status.
pub const ANSWER: &str = "OK";

/// The member that holds the signature, and the only one that is not signed.
const SIGNATURE: &str = "signature";

/// A notification whose origin was proven. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct Authenticated(RawNotification);

/// Checks that a notification comes from the gateway. `key` is the **gateway's** public key, from your configuration.
///
/// Signed is the text of all members but `signature`, each as `key=value`, sorted by key and joined with `&`; the
/// signature is RSASSA-PKCS1-v1_5 with SHA-256. The value of a text is its content, that of a number or truth value
/// its literal text. Sorted is by the bytes of the key in UTF-8.
///
/// # Errors
/// `Refused` when the signature is missing or does not belong to this content and key. `Refused` too when the
/// content has no single text: it is not documented how `null`, lists and objects are signed; and with a `&name=` inside of
/// a value, or a `&` or `=` in a key, one signature would belong to several contents.
// Assumption(notification-sort): the documents say that the members are sorted, not how.
pub fn verify(raw: RawNotification, key: &PublicKey) -> Result<Authenticated, NotificationError> {
    // The members are signed, not the bytes: they have to be read first.
    check(&raw)?;
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(raw.body())
        .map_err(|_| NotificationError::unreadable("the body is not a JSON object"))?;
    let signature = members
        .remove(SIGNATURE)
        .filter(|literal| literal.get().starts_with('"'))
        .and_then(|literal| value(&literal))
        .ok_or_else(|| NotificationError::refused("it carries no signature"))?;
    if key.verifies(signed_text(&members)?.as_bytes(), &signature) {
        Ok(Authenticated(raw))
    } else {
        Err(NotificationError::refused("the signature does not belong to this content and this public key"))
    }
}

/// The text that is signed. The order of the map is that of the bytes of its keys.
fn signed_text(members: &BTreeMap<String, Box<RawValue>>) -> Result<String, NotificationError> {
    let mut pairs = Vec::new();
    for (name, literal) in members {
        let value = value(literal).ok_or_else(|| {
            NotificationError::refused(
                "a member is null, a list or an object: how it is signed is not documented",
            )
        })?;
        // Otherwise the holder of one genuine notification could cut its text into other members.
        if name.contains(['&', '=']) || could_be_cut(&value) {
            return Err(NotificationError::refused("its signed text could be read in more than one way"));
        }
        pairs.push(format!("{name}={value}"));
    }
    Ok(pairs.join("&"))
}

/// The content of a text, the literal text of a number or truth value.
fn value(literal: &RawValue) -> Option<String> {
    match literal.get().as_bytes().first()? {
        b'"' => serde_json::from_str(literal.get()).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(literal.get().to_owned()),
    }
}

/// Reads a notification whose origin was proven.
///
/// # Errors
/// When it names no order. So it may be for the notification of [`AddToken`](crate::AddToken), whose members are
/// not known here: look with [`Client::query_token`](crate::Client::query_token) then.
pub fn parse(notification: &Authenticated) -> Result<Notification, NotificationError> {
    read_verified(&notification.0)
}

/// The result of an order, as the gateway reports it. Only `order_id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Notification {
    /// The gateway's identifier of the order.
    #[serde(deserialize_with = "lenient::required_text")]
    pub order_id: String,
    /// Your own name for the charge.
    #[serde(default, deserialize_with = "lenient::text")]
    pub merchant_reference: Option<String>,
    /// The status of the order at that time.
    #[serde(default)]
    pub status: OrderStatus,
    /// Major units, the literal text: `15.00`. The currency is not sent.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// The brand of the card, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_type: Option<String>,
    /// The masked card number. Opaque: its form is not defined.
    #[serde(default, deserialize_with = "lenient::text")]
    pub masked_pan: Option<String>,
    /// When the order last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub update_time: Option<GatewayTime>,
}

impl Notification {
    /// Returns a key that is the same for every delivery of one event, another one for another event: the order's
    /// identifier and its status, `5803:SUCCESS`.
    ///
    /// The gateway advises the identifier. It alone would hide that a paid order was given back later, so the status
    /// is added. The time of the change is left out: it is not said that a repetition carries the same one. An order
    /// can be refunded only once, so no two events share a status.
    pub fn dedupe_key(&self) -> String {
        format!("{}:{}", self.order_id, self.status)
    }

    /// Returns what to look up with [`QueryOrder`](crate::QueryOrder). `None` when the gateway's identifier is not a
    /// number and your own name is missing.
    pub fn order_key(&self) -> Option<OrderKey> {
        match self.order_id.parse() {
            Ok(id) if id > 0 => Some(OrderKey::OrderId(id)),
            _ => self.merchant_reference.clone().map(OrderKey::MerchantReference),
        }
    }
}

#[cfg(test)]
mod tests;
