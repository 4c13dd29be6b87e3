use std::fmt;

use serde::{Serialize, Serializer};

use crate::ids::{PaymentRef, ProviderId};

/// A notification that was received and, where the gateway proves its origin, verified.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ReceivedNotification {
    /// Which gateway.
    pub provider: ProviderId,
    /// Whether its origin is proven.
    pub authenticity: Authenticity,
    /// The gateway's name of what happened.
    pub event: Option<String>,
    /// The payment to read before acting.
    pub payment: Option<PaymentRef>,
    /// Your reference of that payment, as the gateway repeats it in this notification; `None` where it does not.
    pub merchant_reference: Option<String>,
    /// The same for every delivery of one event.
    ///
    /// For a *verified* notification: store it, and ignore what comes with one that is stored already. For an
    /// *unsigned* one it must not stop you from reading the payment: any sender could use a key up in advance, and EMS
    /// Online reports every change of one order in the same words.
    pub dedupe_key: String,
}

impl ReceivedNotification {
    /// What a [`Provider`](crate::Provider) of your own answers.
    pub fn new(provider: ProviderId, authenticity: Authenticity, dedupe_key: impl Into<String>) -> Self {
        Self {
            provider,
            authenticity,
            event: None,
            payment: None,
            merchant_reference: None,
            dedupe_key: dedupe_key.into(),
        }
    }
}

/// Whether a notification's origin is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticity {
    /// By a signature or a shared secret.
    Verified,
    /// The gateway signs nothing: any sender is possible.
    Unsigned,
}

impl Authenticity {
    /// The word used in machine-readable output: `verified` or `unsigned`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unsigned => "unsigned",
        }
    }
}

impl fmt::Display for Authenticity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Authenticity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The HTTP response that a gateway expects after a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotificationAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'static str,
}
