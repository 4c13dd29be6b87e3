//! What a gateway sends of its own accord: received, verified, then read.
//!
//! The bytes stay as they arrived from the moment of [`RawNotification::new`] to the check of the signature:
//! nothing here can write them anew, and nothing reads them before. What is genuine and cannot be read is therefore not
//! refused: [`NotificationError::VerifiedUnreadable`]. A notification is a hint. Whatever it says, read the payment's state from
//! the gateway before acting on it.

use std::fmt;

/// The largest body that is read: 1 MiB.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// Why a notification is not accepted. It never quotes the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// It is not from the gateway, or was changed on the way, or cannot be checked. Do not act on it.
    #[error("the notification is refused: {0}")]
    Refused(String),
    /// It cannot be read, and its origin is not proven.
    #[error("the notification cannot be read: {0}")]
    Unreadable(String),
    /// It is from the gateway, and cannot be read: something happened, perhaps to money. Read the payments that may be
    /// meant.
    #[error("the notification is genuine, but cannot be read: {0}")]
    VerifiedUnreadable(String),
}

impl NotificationError {
    /// Not from the gateway, or changed on the way.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Not readable.
    pub fn unreadable(why: impl Into<String>) -> Self {
        Self::Unreadable(why.into())
    }

    /// Not readable, although its origin is proven.
    pub fn verified_unreadable(why: impl Into<String>) -> Self {
        Self::VerifiedUnreadable(why.into())
    }

    /// Whether the origin of the notification is proven.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::VerifiedUnreadable(_))
    }
}

/// A notification as it arrived: its headers and the exact bytes of its body, of which nothing has been believed.
///
/// The body is at most 1 MiB. It is read only once its origin is proven (or accepted without proof), and must then be
/// UTF-8, a single JSON object nested at most 32 deep, and name no member twice: two readers could otherwise see two
/// different notifications. `Debug` shows the size only.
#[derive(Clone)]
pub struct RawNotification {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl RawNotification {
    /// Takes a notification as it arrived. `headers` are names and values in any letter case and order.
    ///
    /// # Errors
    /// When the body is empty or larger than 1 MiB.
    pub fn new<N: Into<String>, V: Into<String>>(
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Vec<u8>>,
    ) -> Result<Self, NotificationError> {
        let body = body.into();
        if body.len() > LARGEST_BODY {
            return Err(NotificationError::unreadable("the body is larger than 1 MiB"));
        }
        if body.is_empty() {
            return Err(NotificationError::unreadable("the body is empty"));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Ok(Self { headers, body })
    }

    /// The only header of this name, in any letter case. `None` also when it was sent twice: which one is
    /// meant is not known then.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The exact bytes of the body. They may hold secrets: do not log them.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same notification with another body, for a gateway that encrypts it.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Result<Self, NotificationError> {
        Self::new(self.headers, body)
    }
}

impl fmt::Debug for RawNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawNotification").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A notification of a gateway that signs nothing: any sender is possible.
///
/// It is a type of its own, so that it is not mistaken for a proven one. Use it to learn *which* payment to read
/// from the gateway, and believe nothing else of it.
#[derive(Debug, Clone)]
pub struct Unsigned(RawNotification);

impl Unsigned {
    /// For a gateway's crate.
    pub fn without_proof(raw: RawNotification) -> Self {
        Self(raw)
    }

    /// The notification as it arrived.
    pub fn raw(&self) -> &RawNotification {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_comes_twice_is_none() {
        let raw = RawNotification::new([("X-Signature", "a"), ("x-other", "b"), ("X-OTHER", "c")], "{}")
            .expect("read");
        assert_eq!(raw.header("x-signature"), Some("a"));
        assert_eq!(raw.header("X-Other"), None);
        assert_eq!(raw.header("x-none"), None);
    }
}
