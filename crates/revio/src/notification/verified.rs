use recurring_core::notification::{NotificationError, RawNotification};
use recurring_gateway::signature::PublicKey;

/// The header with the signature: base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the bytes of the body.
const SIGNATURE: &str = "X-Signature";

/// A notification whose origin was proven. Only [`verify`] makes one and [`WebhookKeys::verify`](crate::notification::WebhookKeys::verify).
#[derive(Debug, Clone)]
pub struct Authenticated(pub(super) RawNotification);

/// Checks that a notification is the gateway's, over the exact bytes that arrived. `key` has 2048 to 4096 bits, see
/// [`PublicKey::parse`].
///
/// # Errors
/// [`NotificationError::Refused`] when the header `X-Signature` is missing or came twice, or does not match this
/// body and key. There is no time stamp to check: an old notification that is sent again verifies, too.
pub fn verify(raw: RawNotification, key: &PublicKey) -> Result<Authenticated, NotificationError> {
    if key.verifies(raw.body(), signature(&raw)?) { Ok(Authenticated(raw)) } else { Err(not_genuine()) }
}

pub(super) fn signature(raw: &RawNotification) -> Result<&str, NotificationError> {
    let missing = || NotificationError::refused("it has no header X-Signature, or more than one");
    raw.header(SIGNATURE).ok_or_else(missing)
}

pub(super) fn not_genuine() -> NotificationError {
    NotificationError::refused("X-Signature does not match this body and the public key")
}
