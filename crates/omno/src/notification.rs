//! What the gateway sends of its own accord to `hook_url`: several for one payment, one for each change of its
//! status.
//!
//! No document names a signature: every sender who knows the address can send a notification. Use it to learn *which*
//! payment to read, **read the payment with [`Client::get_payment`](crate::Client::get_payment) each time one
//! arrives**, and act on that answer alone.
//!
//! Answer with 200; a body is not looked for. How long the gateway waits for the answer, and whether it sends a
//! notification again, is documented nowhere: answer first, read the payment afterwards, and do not rely on a
//! notification to arrive.
//!
//! ```
//! use omno::notification::{self, RawNotification};
//!
//! # fn run(headers: Vec<(String, String)>, body: Vec<u8>) -> Result<(), notification::NotificationError> {
//! let notification = notification::parse(&notification::accept(RawNotification::new(headers, body)?))?;
//! println!("read the payment {}", notification.id);
//! # Ok(()) }
//! ```

use recurring_core::{GatewayTime, Secret};
use recurring_gateway::notification::{read, without_secrets};
use recurring_gateway::{check, lenient};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::status::PaymentStatus;

pub use recurring_core::notification::{NotificationError, RawNotification, Unsigned};

/// A notification: the members of a [`Payment`](crate::Payment), none of them proven, so it is a type of its own
/// without an outcome. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Notification {
    /// The gateway's identifier of the payment to read.
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// The status that the notification claims.
    #[serde(default)]
    pub status: PaymentStatus,
    /// Your own name for the payment.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_id: Option<String>,
    /// The gateway's identifier of the customer, by which saved cards are listed.
    #[serde(default, deserialize_with = "lenient::text")]
    pub customer_id: Option<String>,
    /// Decimal major units, the literal text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// When the payment was created, usually without a time zone.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<GatewayTime>,
    /// How it went, in the gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_result: Option<String>,
    /// The service that takes the payment.
    #[serde(default, deserialize_with = "lenient::text")]
    pub psp: Option<String>,
    /// The service above that one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub master_psp: Option<String>,
    /// The masked card number, such as `400000********0044`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_mask: Option<String>,
    /// The name on the card.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cardholder: Option<String>,
    /// The expiry date of the card, `12/24` or `01/2025`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiration_date: Option<String>,
    /// The brand of the card, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_brand: Option<String>,
    /// A country, free text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country: Option<String>,
    /// The amount before a conversion, decimal major units, the literal text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub initial_amount: Option<String>,
    /// The currency before a conversion, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub initial_currency: Option<String>,
    /// Whether it is paid by something else than a card.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_apm: Option<bool>,
    /// The page on which the customer confirms the payment, as it was written. Do not send the customer there: any
    /// sender may have written it. [`Payment::payment_address`](crate::Payment::payment_address) has the gateway's
    /// own.
    #[serde(rename = "3dsRedirectUrl", default, deserialize_with = "lenient::text")]
    pub three_ds_redirect_url: Option<String>,
    #[serde(skip)]
    raw: Option<Secret>,
}

impl Notification {
    /// Returns the payment and its status, the same for every delivery of one notification, in whatever letter case
    /// the status is written. A key that was seen before does not justify leaving the payment unread: nothing in a
    /// notification is proven.
    pub fn dedupe_key(&self) -> String {
        // Encoded, so that no two pairs run together into one text.
        format!("{}:{}", check::query_value(&self.id), check::query_value(self.status.as_str()))
    }

    /// Returns the notification as it arrived, JSON: with `paymentLog`, `billingData`, `paymentTransactionRequests`,
    /// `paymentSystemLog` and whatever else this version does not read. It may hold a hash of the card and personal
    /// data, so `Debug` does not show it; do not log it.
    pub fn raw(&self) -> &str {
        self.raw.as_ref().map_or("", Secret::expose)
    }
}

/// Takes a notification for what it is: unsigned.
pub fn accept(raw: RawNotification) -> Unsigned {
    Unsigned::without_proof(raw)
}

/// Reads a notification. It is a hint: read the payment with [`Client::get_payment`](crate::Client::get_payment) before
/// acting.
///
/// # Errors
/// When it names no payment, or something that cannot be an identifier. The message does not quote it.
pub fn parse(unsigned: &Unsigned) -> Result<Notification, NotificationError> {
    let mut notification: Notification = read(unsigned.raw())?;
    check::id("id", &notification.id).map_err(|error| NotificationError::unreadable(error.to_string()))?;
    let whole: Box<RawValue> = read(unsigned.raw())?;
    notification.raw = Some(Secret::new(whole.get()));
    Ok(notification)
}

/// Reads a notification as [`parse`] does, cleared of the client's secret and its access token in every form: a gateway may quote
/// them, and what a notification says is stored and shown.
///
/// # Errors
/// Those of [`parse`], also when the identifier of the payment holds one of them.
pub fn parse_cleared(client: &Client, unsigned: &Unsigned) -> Result<Notification, NotificationError> {
    parse(&Unsigned::without_proof(without_secrets(unsigned.raw(), &client.secrets())?))
}
