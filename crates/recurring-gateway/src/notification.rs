//! Reading what a gateway sends of its own accord, once its origin is proven or accepted without proof.

use std::collections::BTreeSet;
use std::fmt;

use recurring_core::Secret;
use recurring_core::notification::{NotificationError, RawNotification};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use serde_json::value::RawValue;

use crate::guard;
use crate::lenient::is_object;
use crate::parts::Parts;

/// How deep a body may nest.
const DEEPEST: usize = 32;

/// Reads a notification whose origin is not proven.
///
/// # Errors
/// `Unreadable` when it has not the shape that the gateway sends.
pub fn read<T: DeserializeOwned>(raw: &RawNotification) -> Result<T, NotificationError> {
    check_body(raw.body(), false)?;
    // The parser's own message could quote the body.
    serde_json::from_slice(raw.body()).map_err(|error| {
        NotificationError::unreadable(format!(
            "line {}, column {} is not as the gateway writes it",
            error.line(),
            error.column()
        ))
    })
}

/// Reads a notification whose origin is proven.
///
/// # Errors
/// `VerifiedUnreadable` when it has not the shape that the gateway sends.
pub fn read_verified<T: DeserializeOwned>(raw: &RawNotification) -> Result<T, NotificationError> {
    read(raw).map_err(|error| match error {
        NotificationError::Unreadable(why) => NotificationError::VerifiedUnreadable(why),
        other => other,
    })
}

/// Returns a notification without these secrets: each value of its body that holds one, in every form of at least 8
/// bytes, has `[redacted]` in its place. For the credentials of a client, which a gateway may quote. Names of members
/// stay.
///
/// # Errors
/// `Unreadable` when the body is larger than 1 MiB then.
pub fn without_secrets(
    raw: &RawNotification,
    secrets: &[Secret],
) -> Result<RawNotification, NotificationError> {
    let body = guard::clear(raw.body().to_vec(), secrets.iter().map(|secret| (secret, &[][..])));
    raw.clone().with_body(body)
}

/// Checks every rule for a body, every text included. For a gateway that signs the members and not the bytes, whose
/// body has to be read before its origin is proven.
///
/// # Errors
/// When the body breaks one of the rules.
pub fn check(raw: &RawNotification) -> Result<(), NotificationError> {
    check_body(raw.body(), true)
}

/// Checks the rules for a body. A text that cannot be decoded, such as a name that was cut inside an emoji, is passed
/// over unless `texts` are checked too: what reads the member decides about it.
fn check_body(body: &[u8], texts: bool) -> Result<(), NotificationError> {
    let refuse = |why: &str| Err(NotificationError::unreadable(why));
    if std::str::from_utf8(body).is_err() {
        return refuse("the body is not UTF-8");
    }
    if !is_object(body) {
        return refuse("the body is not a JSON object");
    }
    // What is signed by its members is flat; an order comes with every payment of its schedule.
    let most = if texts { Parts::ONE_ANSWER } else { Parts::of_a_list(body.len()) };
    if Parts::of(body).exceed(most) {
        return refuse("the body has too many members");
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let strict = Strict { depth: 0, texts };
    let walked = strict.deserialize(&mut reader).and_then(|()| reader.end());
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

    use recurring_core::notification::LARGEST_BODY;

    use super::*;

    const NO_HEADERS: [(&str, &str); 0] = [];

    fn checked(body: &[u8]) -> Result<RawNotification, NotificationError> {
        let raw = RawNotification::new(NO_HEADERS, body)?;
        super::check(&raw)?;
        read::<serde::de::IgnoredAny>(&raw)?;
        Ok(raw)
    }

    #[test]
    fn what_two_readers_could_see_differently_is_refused() {
        let deep =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
        assert!(checked(br#"{"a":1,"b":{"a":[1.5,-2,"x",null,true]}}"#).is_ok());
        assert!(checked(&deep(DEEPEST - 1)).is_ok());
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
            let error = checked(bad).expect_err("refused");
            assert!(matches!(error, NotificationError::Unreadable(_)), "{error}");
        }
    }

    #[test]
    fn body_of_many_small_parts_is_refused() {
        let body =
            |parts: usize, part: &str| format!("{{\"a\":[{}]}}", vec![part; parts].join(",")).into_bytes();
        assert!(checked(&body(998, "{}")).is_ok());
        assert!(checked(&body(10_000, "1")).is_ok());
        for many in [body(999, "{}"), body(300_000, "{}"), body(10_002, "1")] {
            let error = checked(&many).expect_err("refused").to_string();
            assert!(error.contains("too many members"), "{error}");
        }
        // An order with every payment of its schedule, from a gateway that does not sign the members.
        let read = |body: Vec<u8>| {
            let raw = RawNotification::new(NO_HEADERS, body).expect("small enough");
            super::read::<serde::de::IgnoredAny>(&raw)
        };
        let payment = format!("{{\"state\":\"{}\"}}", "x".repeat(120));
        assert!(read(body(7_000, &payment)).is_ok());
        for many in [body(300_000, "{}"), body(500_000, "7")] {
            let error = read(many).expect_err("refused").to_string();
            assert!(error.contains("too many members"), "{error}");
        }
    }

    #[test]
    fn genuine_body_that_is_unreadable_says_both() {
        for bad in [&b"not JSON"[..], b"{\"a\":1,\"a\":2}", b"[]", b"{\"a\":\"\xff\"}", b"{\"\\ud83d\":1}"] {
            let raw = RawNotification::new(NO_HEADERS, bad).expect("not read yet");
            let error = read_verified::<serde::de::IgnoredAny>(&raw).expect_err("unreadable");
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
        assert!(super::check(&raw).is_err(), "a text cannot be decoded");
        #[derive(serde::Deserialize)]
        struct Head {
            id: String,
        }
        let head: Head = read_verified(&raw).expect("read");
        assert_eq!(head.id, "p1");
        let twice = br#"{"id":"p1","y":[{"z":"\udc00","z":1}]}"#;
        let raw = RawNotification::new(NO_HEADERS, twice.as_slice()).expect("small enough");
        assert!(read_verified::<Head>(&raw).is_err(), "a member is named twice");
    }

    #[test]
    fn no_message_quotes_the_body() {
        for body in ["{\"hunter2\":1,\"hunter2\":2}", "{\"a\":hunter2}", "hunter2"] {
            let error = checked(body.as_bytes()).expect_err("refused");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let raw = checked(b"{\"a\":\"hunter2\"}").expect("read");
        assert!(!format!("{raw:?}").contains("hunter2"));
        let error = read::<Vec<String>>(&raw).expect_err("no list");
        assert!(!format!("{error}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = checked(&body);
        }

        #[test]
        fn no_text_panics(body in "\\{[\\[\\]{}\",:a-c0-9 .e-]*") {
            let _ = checked(body.as_bytes());
        }
    }
}
