//! What a gateway sends of its own accord: received, verified, then read.
//!
//! The bytes stay as they arrived from the moment of [`RawNotification::new`] to the check of the signature:
//! nothing here can serialise them anew, and nothing reads them before. What is genuine and cannot be read is therefore not
//! refused: [`NotificationError::VerifiedUnreadable`]. A notification is a hint. Whatever it says, read the payment's state from
//! the gateway before acting on it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use serde_json::value::RawValue;

/// The largest body that is read: 1 MiB.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// How deep a body may nest.
const DEEPEST: usize = 32;

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

    /// The same error for a notification whose origin is proven.
    fn after_check(self) -> Self {
        match self {
            Self::Unreadable(why) => Self::VerifiedUnreadable(why),
            other => other,
        }
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

    /// The only header of this name, in any letter case. `None` also when it was sent twice: nobody knows then
    /// which one is meant.
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

    /// Checks every rule for a body, every text included. For a gateway that signs the members and not the bytes, whose
    /// body has to be read before its origin is proven.
    ///
    /// # Errors
    /// When the body breaks one of the rules.
    pub fn check(&self) -> Result<(), NotificationError> {
        check_body(&self.body, true)
    }
}

impl fmt::Debug for RawNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawNotification").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A notification whose origin was proven, by a signature or a shared secret.
#[derive(Debug, Clone)]
pub struct Authenticated(RawNotification);

impl Authenticated {
    /// For a gateway's crate, after it has checked the proof.
    pub fn after_check(raw: RawNotification) -> Self {
        Self(raw)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// `VerifiedUnreadable` when it has not the shape that the gateway sends.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, NotificationError> {
        read(self.0.body()).map_err(NotificationError::after_check)
    }
}

/// A notification of a gateway that signs nothing: anybody may have sent it.
///
/// It is a type of its own, so that nobody mistakes it for a proven one. Use it to learn *which* payment to read
/// from the gateway, and believe nothing else of it.
#[derive(Debug, Clone)]
pub struct Unsigned(RawNotification);

impl Unsigned {
    /// For a gateway's crate.
    pub fn without_proof(raw: RawNotification) -> Self {
        Self(raw)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// When it has not the shape that the gateway sends.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, NotificationError> {
        read(self.0.body())
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, NotificationError> {
    check_body(body, false)?;
    // The parser's own message could quote the body.
    serde_json::from_slice(body).map_err(|error| {
        NotificationError::unreadable(format!(
            "line {}, column {} is not as the gateway writes it",
            error.line(),
            error.column()
        ))
    })
}

/// Checks the rules for a body. A text that cannot be decoded, such as a name that was cut inside an emoji, is passed
/// over unless `texts` are checked too: what reads the member decides about it.
fn check_body(body: &[u8], texts: bool) -> Result<(), NotificationError> {
    let refuse = |why: &str| Err(NotificationError::unreadable(why));
    if std::str::from_utf8(body).is_err() {
        return refuse("the body is not UTF-8");
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return refuse("the body is not a JSON object");
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let walked = Strict { depth: 0, texts }.deserialize(&mut reader).and_then(|()| reader.end());
    walked.map_err(|error| {
        let why = if error.is_data() {
            "the body names a member twice or nests too deep"
        } else {
            "the body is not JSON"
        };
        NotificationError::unreadable(format!("{why} (line {}, column {})", error.line(), error.column()))
    })
}

/// Walks a JSON text, keeps nothing, and refuses a member named twice and a nesting that is too deep.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
    /// Whether every text must be one that can be decoded.
    texts: bool,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth.saturating_add(1), ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.texts || self.depth == 0 {
            return deserializer.deserialize_any(self);
        }
        let json = <&RawValue>::deserialize(deserializer)?;
        if !json.get().starts_with(['{', '[']) {
            return Ok(());
        }
        serde_json::Deserializer::from_str(json.get()).deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while entries.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member is named twice"));
            }
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO_HEADERS: [(&str, &str); 0] = [];

    fn check(body: &[u8]) -> Result<RawNotification, NotificationError> {
        let raw = RawNotification::new(NO_HEADERS, body)?;
        raw.check()?;
        Unsigned::without_proof(raw.clone()).read::<serde::de::IgnoredAny>()?;
        Ok(raw)
    }

    #[test]
    fn what_two_readers_could_see_differently_is_refused() {
        let deep =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
        assert!(check(br#"{"a":1,"b":{"a":[1.5,-2,"x",null,true]}}"#).is_ok());
        assert!(check(&deep(DEEPEST - 1)).is_ok());
        let large = [b"{\"a\":\"".as_slice(), &vec![b'x'; LARGEST_BODY], b"\"}"].concat();
        for bad in [
            &b""[..],
            b"[]",
            b"7",
            b"null",
            b"<html>",
            b"{",
            b"{}{}",
            b"{} x",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{\"b\":[{\"a\":1,\"a\":1}]}",
            b"{\"a\":\"\xff\"}",
            &deep(DEEPEST),
            &deep(100_000),
            &large,
        ] {
            let error = check(bad).expect_err("refused");
            assert!(matches!(error, NotificationError::Unreadable(_)), "{error}");
        }
    }

    #[test]
    fn genuine_body_that_is_unreadable_says_both() {
        for bad in [&b"not JSON"[..], b"{\"a\":1,\"a\":2}", b"[]", b"{\"a\":\"\xff\"}", b"{\"\\ud83d\":1}"] {
            let raw = RawNotification::new(NO_HEADERS, bad).expect("not read yet");
            let error =
                Authenticated::after_check(raw).read::<serde::de::IgnoredAny>().expect_err("unreadable");
            assert!(
                error.is_verified() && matches!(error, NotificationError::VerifiedUnreadable(_)),
                "{error}"
            );
        }
    }

    #[test]
    fn text_cut_inside_an_emoji_is_passed_over() {
        let body = br#"{"event_type":"purchase.paid","id":"p1","x":"a\ud83d","y":[{"z":"\udc00"}]}"#;
        let raw = RawNotification::new(NO_HEADERS, body.as_slice()).expect("small enough");
        assert!(raw.check().is_err(), "a text cannot be decoded");
        #[derive(serde::Deserialize)]
        struct Head {
            id: String,
        }
        let head: Head = Authenticated::after_check(raw).read().expect("read");
        assert_eq!(head.id, "p1");
        let twice = br#"{"id":"p1","y":[{"z":"\udc00","z":1}]}"#;
        let raw = RawNotification::new(NO_HEADERS, twice.as_slice()).expect("small enough");
        assert!(Authenticated::after_check(raw).read::<Head>().is_err(), "a member is named twice");
    }

    #[test]
    fn a_header_that_comes_twice_is_none() {
        let raw = RawNotification::new([("X-Signature", "a"), ("x-other", "b"), ("X-OTHER", "c")], "{}")
            .expect("read");
        assert_eq!(raw.header("x-signature"), Some("a"));
        assert_eq!(raw.header("X-Other"), None);
        assert_eq!(raw.header("x-none"), None);
    }

    #[test]
    fn no_message_quotes_the_body() {
        for body in ["{\"hunter2\":1,\"hunter2\":2}", "{\"a\":hunter2}", "hunter2"] {
            let error = check(body.as_bytes()).expect_err("refused");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let raw = check(b"{\"a\":\"hunter2\"}").expect("read");
        assert!(!format!("{raw:?}").contains("hunter2"));
        let error = Unsigned::without_proof(raw).read::<Vec<String>>().expect_err("no list");
        assert!(!format!("{error}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&body);
        }

        #[test]
        fn no_text_panics(body in "\\{[\\[\\]{}\",:a-c0-9 .e-]*") {
            let _ = check(body.as_bytes());
        }
    }
}
