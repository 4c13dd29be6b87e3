use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use recurring_core::{
    DeclineReason, Effect, ErrorKind, InvalidInput, Proof, Reply, notification::NotificationError,
};
use recurring_gateway::ErrorExt as _;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::capabilities::Operation;
use crate::ids::{PaymentRef, ProviderId};

/// The gateway's own error, as text that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayError {
    /// The gateway's code, where it has one.
    pub code: Option<String>,
    /// The gateway's words.
    pub message: String,
}

impl GatewayError {
    /// A code and a message.
    pub fn new(code: Option<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why an operation was refused before a gateway was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The gateway does not have the operation.
    Unsupported {
        /// Which operation.
        operation: Operation,
    },
    /// The gateway is not set up.
    NotConfigured {
        /// What is missing, such as `EMSPAY_API_KEY is not set`, where the settings know it.
        missing: Option<String>,
    },
}

impl Refusal {
    /// What went wrong: `Unsupported` or `Config`.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::NotConfigured { .. } => ErrorKind::Config,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { operation } => write!(f, "does not have the operation `{operation}`"),
            Self::NotConfigured { missing: Some(missing) } => write!(f, "not configured: {missing}"),
            Self::NotConfigured { missing: None } => f.write_str("not configured"),
        }
    }
}

/// A failed call through the facade: which gateway, what went wrong, what happened to the money, and the payment
/// to look at when there is one.
#[derive(Debug, Clone)]
pub struct Error {
    provider: ProviderId,
    payment: Option<PaymentRef>,
    decline_reason: Option<DeclineReason>,
    refusal: Option<Refusal>,
    inner: recurring_core::Error<GatewayError>,
}

impl Error {
    /// An error of a gateway.
    pub fn new(provider: ProviderId, inner: recurring_core::Error<GatewayError>) -> Self {
        Self { provider, payment: None, decline_reason: None, refusal: None, inner }
    }

    /// Bad input: nothing was sent.
    pub fn invalid(provider: ProviderId, input: InvalidInput) -> Self {
        Self::new(provider, input.into())
    }

    /// The gateway does not have an operation: nothing was sent.
    pub fn unsupported(provider: ProviderId, operation: Operation) -> Self {
        let refusal = Refusal::Unsupported { operation };
        let message = format!("{provider} {refusal}");
        Self::refused(provider, refusal, message)
    }

    /// The gateway is not set up: nothing was sent. `missing` names what is missing, where it is known.
    pub fn not_configured(provider: ProviderId, missing: Option<String>) -> Self {
        let refusal = Refusal::NotConfigured { missing };
        let message = refusal.to_string();
        Self::refused(provider, refusal, message)
    }

    fn refused(provider: ProviderId, refusal: Refusal, message: String) -> Self {
        let local = Effect::NotApplied(Proof::Local);
        let inner = recurring_core::Error::new(refusal.kind(), local, message);
        Self { refusal: Some(refusal), ..Self::new(provider, inner) }
    }

    /// Names the payment to look at.
    pub fn with_payment(mut self, payment: PaymentRef) -> Self {
        self.payment = Some(payment);
        self
    }

    /// Sets why the gateway refused, where its refusal means that the credential cannot be used.
    pub fn with_decline_reason(mut self, reason: DeclineReason) -> Self {
        self.decline_reason = Some(reason);
        self
    }

    /// The same error, for a read that failed before the write that it was made for: see
    /// [`recurring_core::Error::before_write`].
    #[must_use]
    pub fn before_write(self) -> Self {
        Self { inner: self.inner.before_write(), ..self }
    }

    /// Why the gateway refused, when its refusal says more than that the request was wrong:
    /// [`InvalidCredential`](DeclineReason::InvalidCredential) for a stored credential that is dead or unknown.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        self.decline_reason
    }

    /// Whether and why the operation was refused before the gateway was asked: it does not have the operation, or is not
    /// set up. Input that breaks a rule is not meant.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Which gateway.
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind()
    }

    /// What happened to the money.
    pub fn effect(&self) -> Effect {
        self.inner.effect()
    }

    /// The payment to look at, when the gateway had given it a reference before the failure.
    pub fn payment(&self) -> Option<&PaymentRef> {
        self.payment.as_ref()
    }

    /// The gateway's own error, when its reply had that shape.
    pub fn gateway_error(&self) -> Option<&GatewayError> {
        self.inner.api()
    }

    /// What went wrong, in a sentence.
    pub fn message(&self) -> &str {
        self.inner.message()
    }

    /// The gateway's reply, when there was one. Its body may hold secrets: do not log it.
    pub fn reply(&self) -> Option<&Reply> {
        self.inner.reply()
    }

    /// How long the gateway asks to wait before the next call, when its reply says so in a readable `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.reply()?.retry_after()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.provider, self.inner)?;
        match &self.payment {
            Some(payment) => write!(f, "; the payment is {payment}"),
            None => Ok(()),
        }
    }
}

/// What may be shown of it: neither the reply nor the source.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Error", 7)?;
        object.serialize_field("provider", &self.provider)?;
        object.serialize_field("kind", &self.kind())?;
        object.serialize_field("effect", &self.effect())?;
        object.serialize_field("message", self.message())?;
        object.serialize_field("payment", &self.payment)?;
        object.serialize_field("decline_reason", &self.decline_reason)?;
        object.serialize_field("code", &self.gateway_error().and_then(|error| error.code.as_deref()))?;
        object.end()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source()
    }
}

/// Why a notification was not received.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It came and is not accepted.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// The gateway is not set up, or sends no notifications: see [`Error::refusal`].
    #[error(transparent)]
    Unavailable(#[from] Error),
}

impl ReceiveError {
    /// Whether the origin of the notification is proven.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Notification(error) if error.is_verified())
    }
}
