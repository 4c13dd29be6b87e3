//! What the gateway sends: unsigned in this template. Where the gateway signs, `verify` takes the place of `accept`, and
//! gives a type of this crate that nothing else can make.
//!
//! A notification is a hint: read the payment before acting on it.

use recurring_gateway::{check, lenient, notification::read};
use serde::Deserialize;

pub use recurring_core::notification::{NotificationError, RawNotification, Unsigned};

/// A notification. Nothing in it is proven.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Notification {
    /// The payment to read.
    #[serde(deserialize_with = "lenient::required_text")]
    pub payment_id: String,
}

/// Accepts a notification as unsigned.
pub fn accept(raw: RawNotification) -> Unsigned {
    Unsigned::without_proof(raw)
}

/// Reads a notification.
///
/// # Errors
/// When it names no payment, or something that cannot be an identifier. The message does not quote it.
pub fn parse(notification: &Unsigned) -> Result<Notification, NotificationError> {
    let notification: Notification = read(notification.raw())?;
    check::id("payment_id", &notification.payment_id)
        .map_err(|error| NotificationError::unreadable(error.to_string()))?;
    Ok(notification)
}
