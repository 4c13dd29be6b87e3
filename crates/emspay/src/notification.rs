//! What the gateway sends of its own accord to `webhook_url`.
//!
//! It signs nothing: every sender who knows the address can send one, and it does not name the status of the payment.
//! It only names an order: **read the order with [`Client::get_order`](crate::Client::get_order) each time one
//! arrives**, and act on that answer alone.
//!
//! Answer with a status from 200 to 299; a body is not looked for. After a 4xx or 5xx the gateway sends the same
//! notification again, up to ten times, two minutes apart. How long it waits for the answer is documented nowhere:
//! answer first, read the order afterwards.
//!
//! ```
//! use emspay::notification::{self, RawNotification};
//!
//! # fn run(headers: Vec<(String, String)>, body: Vec<u8>) -> Result<(), notification::NotificationError> {
//! let notification = notification::parse(&notification::accept(RawNotification::new(headers, body)?))?;
//! println!("read the order {}", notification.order_id);
//! # Ok(()) }
//! ```

use recurring_gateway::notification::{read, without_secrets};
use recurring_gateway::{check, lenient, open_enum};
use serde::{Deserialize, Serialize};

use crate::client::Client;

pub use recurring_core::notification::{NotificationError, RawNotification, Unsigned};

open_enum! {
    /// What happened (open).
    pub enum NotificationEvent {
        /// The status of an order has changed.
        StatusChanged = "status_changed",
        /// The status of one of an order's transactions has changed.
        TransactionStatusChanged = "transaction_status_changed",
    }
}

/// A notification. Only `order_id` is certain to be there; nothing in it is proven.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Notification {
    /// What happened.
    #[serde(default)]
    pub event: NotificationEvent,
    /// The order to read.
    #[serde(deserialize_with = "lenient::required_id")]
    pub order_id: String,
    /// The gateway's identifier of the merchant's project.
    #[serde(default, deserialize_with = "lenient::text")]
    pub project_id: Option<String>,
}

impl Notification {
    /// Returns the event and the order, the same for every delivery of one notification.
    ///
    /// **It is also the same for the next change of the same order**, since the gateway sends nothing that keeps the
    /// two apart. A key that was seen before does not justify leaving the order unread.
    pub fn dedupe_key(&self) -> String {
        // Encoded, so that no two pairs run together into one text.
        format!("{}:{}", check::query_value(self.event.as_str()), check::query_value(&self.order_id))
    }
}

/// Takes a notification for what it is: unsigned.
pub fn accept(raw: RawNotification) -> Unsigned {
    Unsigned::without_proof(raw)
}

/// Reads a notification. It is a hint: read the order with [`Client::get_order`](crate::Client::get_order) before
/// acting.
///
/// # Errors
/// When it names no order, or something that cannot be an identifier. The message does not quote it.
pub fn parse(notification: &Unsigned) -> Result<Notification, NotificationError> {
    let notification: Notification = read(notification.raw())?;
    check::id("order_id", &notification.order_id)
        .map_err(|error| NotificationError::unreadable(error.to_string()))?;
    Ok(notification)
}

/// Reads a notification as [`parse`] does, cleared of the API key in every form: a gateway may quote
/// it, and what a notification says is stored and shown.
///
/// # Errors
/// Those of [`parse`], also when the identifier of the order holds it.
pub fn parse_cleared(client: &Client, unsigned: &Unsigned) -> Result<Notification, NotificationError> {
    parse(&Unsigned::without_proof(without_secrets(unsigned.raw(), &client.secrets())?))
}
