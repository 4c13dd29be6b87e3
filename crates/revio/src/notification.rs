//! What the gateway sends of its own accord: webhooks, and the `success_callback` of a purchase.
//!
//! [`verify`] first, or [`WebhookKeys::verify`]; then [`parse`]. Both forms are signed alike, under different keys: a
//! **webhook** under the key that is shown where the webhook is set up ([`WebhookKeys::configured`]), a
//! **`success_callback`** under the one of [`Client::public_key`](crate::Client::public_key)
//! ([`WebhookKeys::fetched`]).
//!
//! A notification is a hint. It is delivered at least once, in no guaranteed order, with up to 8 attempts over about 36
//! hours; and its event can differ from the status, as `purchase.settled` arrives with `paid`. Answer 200 as soon as
//! it is stored, and an error status when it is refused, so that it comes again. Assumption(notification-answer): the
//! status decides whether it comes again; see SOURCES.md. Take what has the same [`Notification::dedupe_key`] only
//! once, and act on what [`Client::get_purchase`](crate::Client::get_purchase) says, never on the notification
//! itself.
//!
//! ```no_run
//! use revio::notification::{self, PublicKey, RawNotification, WebhookKeys};
//!
//! # async fn run(headers: Vec<(String, String)>, body: Vec<u8>, client: revio::Client)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! // Once, when the program starts. For a `success_callback`: `WebhookKeys::fetched(client.clone())`.
//! let keys = WebhookKeys::configured(PublicKey::parse(&std::fs::read_to_string("webhook_key.pem")?)?);
//! // For each delivery.
//! let proven = keys.verify(RawNotification::new(headers, body)?).await?;
//! let notification = notification::parse(&proven)?;
//! if let Some(id) = notification.purchase_id() {
//!     println!("{}: {}", notification.event, client.get_purchase(id).await?.status);
//! }
//! # Ok(()) }
//! ```

mod event;
mod keys;
mod verified;

pub use event::EventType;
pub use keys::WebhookKeys;
pub use recurring_core::notification::{NotificationError, RawNotification};
pub use recurring_gateway::signature::PublicKey;
pub use verified::{Authenticated, verify};

use recurring_core::{GatewayTime, Secret};
use recurring_gateway::notification::{read_verified, without_secrets};
use recurring_gateway::{check, lenient};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::ops::payment::Payment;
use crate::ops::purchase::Purchase;
use crate::wire;

/// Reads a notification whose origin is proven.
///
/// # Errors
/// [`NotificationError::VerifiedUnreadable`] when it names no object by an `id` that can be one. Nothing else is needed: an odd member is
/// left out, and an object that cannot be read is [`NotifiedObject::Other`].
pub fn parse(notification: &Authenticated) -> Result<Notification, NotificationError> {
    let head: Head = read_verified(&notification.0)?;
    check::id("id", head.id.expose())
        .map_err(|rule| NotificationError::verified_unreadable(rule.to_string()))?;
    if !lenient::is_id(head.id.expose()) {
        return Err(NotificationError::verified_unreadable("its `id` is not an identifier"));
    }
    let event = EventType::from(head.event_type.unwrap_or_default());
    // The object says what it is. Where it does not, the event's name does.
    let kind = head.object_type.unwrap_or_else(|| {
        event.as_str().split_once('.').map(|(kind, _)| kind).unwrap_or_default().to_owned()
    });
    let object = match kind.as_str() {
        "purchase" => read_verified(&notification.0)
            .ok()
            .map(|purchase: Purchase| NotifiedObject::Purchase(Box::new(purchase.cleared_by(str::to_owned)))),
        "payment" => {
            read_verified(&notification.0).ok().map(|payment| NotifiedObject::Payment(Box::new(payment)))
        }
        _ => None,
    };
    Ok(Notification {
        event,
        object_id: head.id,
        updated_on: head.updated_on,
        object: object.unwrap_or(NotifiedObject::Other),
    })
}

/// Reads a notification as [`parse`] does, cleared of the API key in every form: a gateway may quote it, and what a
/// notification says is stored and shown.
///
/// # Errors
/// Those of [`parse`], also when the identifier of the object holds the key.
pub fn parse_cleared(
    client: &Client,
    notification: &Authenticated,
) -> Result<Notification, NotificationError> {
    let cleared = without_secrets(&notification.0, &client.secrets());
    let cleared = cleared.map_err(|error| NotificationError::verified_unreadable(error.to_string()))?;
    parse(&Authenticated(cleared))
}

/// The members that every notification has.
#[derive(Deserialize)]
struct Head {
    #[serde(deserialize_with = "wire::required_secret")]
    id: Secret,
    #[serde(default, deserialize_with = "wire::text")]
    event_type: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    object_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    updated_on: Option<GatewayTime>,
}

/// Something that happened at the gateway. A hint: read the purchase before acting on it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Notification {
    /// What happened (`event_type` on the wire). It does not prove the status.
    pub event: EventType,
    /// The identifier of the object. Hidden, since that of a purchase which saves the card is the token.
    #[serde(skip_serializing)]
    pub object_id: Secret,
    /// When the object last changed, in seconds since 1970.
    pub updated_on: Option<GatewayTime>,
    /// The object as it was when the notification was made.
    pub object: NotifiedObject,
}

/// What a notification is about.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotifiedObject {
    /// A purchase, as of `purchase.*`.
    Purchase(Box<Purchase>),
    /// A movement of money that belongs to a purchase, as of `payment.*`.
    Payment(Box<Payment>),
    /// Something else, or something that cannot be read.
    Other,
}

impl Notification {
    /// Returns the identifier of the purchase to read: [`Client::get_purchase`](crate::Client::get_purchase). **A
    /// secret** if that purchase saves the card. `None` when the notification is about something else.
    pub fn purchase_id(&self) -> Option<&str> {
        match &self.object {
            NotifiedObject::Purchase(purchase) => Some(&purchase.id),
            NotifiedObject::Payment(payment) => payment.purchase_id(),
            NotifiedObject::Other => None,
        }
    }

    /// Returns a key that is the same for every delivery of an event, and another one for another event: 64
    /// hexadecimal digits, made of the object's identifier, the event and `updated_on`, since the gateway names no
    /// event of its own. A digest, because the identifier can be a token.
    pub fn dedupe_key(&self) -> String {
        let updated_on = self.updated_on.as_ref().map(GatewayTime::as_str).unwrap_or_default();
        let mut digest = Sha256::new();
        for part in [self.object_id.expose(), self.event.as_str(), updated_on] {
            // With its length, so that no two triples read alike.
            digest.update(format!("{}:{part}", part.len()));
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
