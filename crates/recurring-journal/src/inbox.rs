use serde::{Serialize, Serializer};

use recurring_core::Timestamp;
use recurring_facade::{Authenticity, PaymentRef, ProviderId, ReceivedNotification};

/// A notification as the inbox keeps it: where it comes from and what it is about, not its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InboxEntry {
    /// Which gateway.
    pub provider: ProviderId,
    /// The same for every delivery of one event.
    pub dedupe_key: String,
    /// Whether its origin is proven.
    #[serde(serialize_with = "as_word")]
    pub authenticity: Authenticity,
    /// The gateway's name of what happened.
    pub event: Option<String>,
    /// The payment to read.
    pub payment: Option<PaymentRef>,
    /// Your reference, where the notification names it.
    pub merchant_reference: Option<String>,
}

impl From<&ReceivedNotification> for InboxEntry {
    fn from(received: &ReceivedNotification) -> Self {
        Self {
            provider: received.provider.clone(),
            dedupe_key: received.dedupe_key.clone(),
            authenticity: received.authenticity,
            event: received.event.clone(),
            payment: received.payment.clone(),
            merchant_reference: received.merchant_reference.clone(),
        }
    }
}

fn as_word<S: Serializer>(authenticity: &Authenticity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(authenticity.as_str())
}

/// A notification of the inbox that has not been dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnhandledEntry {
    /// The notification.
    pub entry: InboxEntry,
    /// How often it has come.
    pub times: u64,
    /// When it came for the first time.
    pub first_received: Timestamp,
}

/// Whether a notification has come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// How often it has come, this time included.
    pub times: u64,
    /// Whether it has been dealt with before. The payment of an unsigned notification is read again all the same: one key may stand for several events, and anybody can send it.
    pub handled: bool,
}
