//! What the gateway sends of its own accord.
//!
//! The address, and one header with a fixed value, are set in the gateway's portal. Nothing is signed: a sender who
//! knows the value can send anything, so choose a long random one. Answer 200 or 201 within 15 seconds, with any
//! body.
//!
//! **Each notification is sent once, and never again**: one that is lost is lost. Read the orders that may have
//! changed on a schedule too, with [`Client::get_order`](crate::Client::get_order). A notification is a hint: read
//! its order before acting on it. A `SALE` sends `AUTHORISED` and `CAPTURED` in quick succession, in no certain
//! order. The charges of a schedule send the same events.
//!
//! A merchant may have the body encrypted: it comes as `text/plain` then, and [`verify`] decrypts it with the
//! header's value.

mod encrypted;

use std::slice;

use recurring_core::Secret;
pub use recurring_core::notification::{NotificationError, RawNotification};
use recurring_gateway::notification::{read_verified, without_secrets};
use recurring_gateway::{lenient, open_enum};
use serde::{Deserialize, Deserializer, Serialize};
use subtle::ConstantTimeEq as _;

use crate::client::Client;
use crate::ops::order::{self, Order};
use crate::ops::payment::Payment;

open_enum! {
    /// What happened (open: the gateway has more names than these).
    pub enum EventName {
        /// The money is held.
        Authorised = "AUTHORISED",
        /// The bank refused to hold the money.
        Declined = "DECLINED",
        /// Holding the money failed.
        AuthorisationFailed = "AUTHORISATION_FAILED",
        /// The whole authorization hold was released.
        FullAuthReversed = "FULL_AUTH_REVERSED",
        /// The money was taken in one step.
        Purchased = "PURCHASED",
        /// The bank refused a purchase.
        PurchaseDeclined = "PURCHASE_DECLINED",
        /// A purchase failed.
        PurchaseFailed = "PURCHASE_FAILED",
        /// A purchase was taken back.
        PurchaseReversed = "PURCHASE_REVERSED",
        /// The money was taken.
        Captured = "CAPTURED",
        /// Taking the held money failed.
        CaptureFailed = "CAPTURE_FAILED",
        /// A capture was taken back.
        CaptureVoided = "CAPTURE_VOIDED",
        /// The order or its payment was canceled.
        Cancelled = "CANCELLED",
        /// The order was closed.
        OrderClosed = "ORDER_CLOSED",
        /// A part of the held money was taken.
        PartiallyCaptured = "PARTIALLY_CAPTURED",
        /// The money was given back.
        Refunded = "REFUNDED",
        /// Giving the money back failed.
        RefundFailed = "REFUND_FAILED",
        /// A part of the money was given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// A refund was asked for.
        RefundRequested = "REFUND_REQUESTED",
        /// A refund was taken back.
        RefundVoided = "REFUND_VOIDED",
        /// A check for fraud refused the payment after it was authorized.
        PostAuthFraudCheckRejected = "POST_AUTH_FRAUD_CHECK_REJECTED",
    }
}

/// A notification whose origin was proven. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct Authenticated(RawNotification);

impl Authenticated {
    /// The notification cleared of these secrets.
    pub(crate) fn without(&self, secrets: &[Secret]) -> Result<Self, NotificationError> {
        let cleared = without_secrets(&self.0, secrets);
        cleared.map(Self).map_err(|error| NotificationError::verified_unreadable(error.to_string()))
    }
}

/// Checks that a notification carries the header that was set in the portal: `header_name` in any letter case,
/// `secret` its exact value. Decrypts the body if it is encrypted.
///
/// # Errors
/// `VerifiedUnreadable` when the header is right and the body cannot be decrypted: read the orders that may be meant.
///
/// `Refused` when the header is missing, comes twice, or has another value, or when `header_name` or `secret` is empty:
/// with an empty one, every notification would pass. Answer 401, and do not act on it.
pub fn verify(
    raw: RawNotification,
    header_name: &str,
    secret: &Secret,
) -> Result<Authenticated, NotificationError> {
    if header_name.is_empty() || secret.expose().is_empty() {
        return Err(NotificationError::refused("no header name, or no secret, to check it with"));
    }
    let Some(value) = raw.header(header_name) else {
        return Err(NotificationError::refused("the secret header is missing or comes twice"));
    };
    // In constant time: how long it takes reveals at most whether the length is right.
    if bool::from(value.as_bytes().ct_eq(secret.expose().as_bytes())) {
        let opened = encrypted::open(raw, secret)?;
        // The gateway may quote the header.
        Authenticated(opened).without(slice::from_ref(secret))
    } else {
        Err(NotificationError::refused("the secret header has another value"))
    }
}

/// Reads a verified notification.
///
/// # Errors
/// `VerifiedUnreadable` when it names neither an event nor an order, or holds a payment that cannot be read: leaving that out
/// could hide a charge.
pub fn parse(notification: &Authenticated) -> Result<Notification, NotificationError> {
    let members: Members = read_verified(&notification.0)?;
    let notification = Notification::from(members);
    if notification.event.as_str().is_empty() && notification.order.is_none() {
        return Err(NotificationError::verified_unreadable("it names neither an event nor an order"));
    }
    Ok(notification)
}

/// Reads a verified notification as [`parse`] does, cleared of the API key and the access token in every form: a gateway may
/// quote them, and what a notification says is stored and shown. Of the header's value [`verify`] has cleared it.
///
/// # Errors
/// Those of [`parse`], also when the reference of an order or payment holds one of them.
pub fn parse_cleared(
    client: &Client,
    notification: &Authenticated,
) -> Result<Notification, NotificationError> {
    parse(&notification.without(&client.secrets())?)
}

/// An event that the gateway reports: a hint. Read the order with
/// [`Client::get_order`](crate::Client::get_order) and act on what that says.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Notification {
    /// What happened.
    pub event: EventName,
    /// The gateway's name for this event; see [`Notification::dedupe_key`].
    pub event_id: Option<String>,
    /// The outlet it belongs to.
    pub outlet_id: Option<String>,
    /// The order with its payments. Payments that the gateway puts beside the order instead of into it are here too.
    pub order: Option<Order>,
}

impl Notification {
    /// Names the event: the same for the same event, another one for another. It is the gateway's `eventId`.
    ///
    /// Where that is missing, it is put together from the event, the order's reference, and the reference and last
    /// change of each payment. Two events that agree in all of these have the same name: one more reason to read the
    /// order on a schedule too.
    pub fn dedupe_key(&self) -> String {
        if let Some(id) = self.event_id.as_ref().filter(|id| !id.is_empty()) {
            return id.clone();
        }
        let order = self.order.as_ref();
        let mut parts = vec![Some(self.event.as_str()), order.and_then(|order| order.reference.as_deref())];
        for payment in order.map_or(&[][..], |order| &order.payments) {
            parts.push(payment.reference.as_deref());
            parts.push(payment.update_date_time.as_ref().map(|time| time.as_str()));
        }
        parts.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("|")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(default)]
    event_name: EventName,
    #[serde(default, deserialize_with = "event_id")]
    event_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    outlet_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    order: Option<Order>,
    #[serde(rename = "_embedded", default, deserialize_with = "order::payments")]
    payments: Vec<Payment>,
}

/// The name of an event. One that is not an identifier is left out, so that two events with it are told apart.
fn event_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer)?.filter(|text| lenient::is_id(text)))
}

impl From<Members> for Notification {
    fn from(members: Members) -> Self {
        let order = match (members.order, members.payments.is_empty()) {
            (None, true) => None,
            (order, _) => Some(with_payments(order.unwrap_or_default().named(), members.payments)),
        };
        Self { event: members.event_name, event_id: members.event_id, outlet_id: members.outlet_id, order }
    }
}

/// Adds the payments beside the order, unless they are in it too, and names the order after them where it
/// has no name itself.
fn with_payments(mut order: Order, beside: Vec<Payment>) -> Order {
    for payment in beside {
        let known = payment.reference.is_some()
            && order.payments.iter().any(|inside| inside.reference == payment.reference);
        if !known {
            order.payments.push(payment);
        }
    }
    if order.reference.is_none() {
        order.reference = order.payments.iter().find_map(|payment| payment.order_reference.clone());
    }
    order
}
