//! Readers for what gateways really send: numbers as text, text as numbers, null, missing members.
//!
//! Each is meant for `#[serde(default, deserialize_with = "...")]` on one member of a reply. None of them fails
//! because a member has an odd type: the member becomes `None`, and the reply about the money still reaches the
//! caller. They read the literal JSON text, so an amount never passes through a floating-point number.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use recurring_core::{GatewayTime, Secret};

use crate::bytes::{are_clean, are_unescaped};

/// Returns whether a JSON text is an object.
///
/// Check it before a part of a reply is read into a struct: serde would take a list for an object without names, its
/// entries for the members in their order.
pub fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

/// Reads a JSON text that must be an object, under the rule of [`is_object`].
///
/// # Errors
/// When it is something else, or an object that cannot be read.
pub fn parse_object<T: DeserializeOwned>(json: &RawValue) -> Result<T, serde_json::Error> {
    if is_object(json.get().as_bytes()) {
        serde_json::from_str(json.get())
    } else {
        Err(serde::de::Error::custom("must be a JSON object"))
    }
}

/// The literal text of a member, not copied: the input must be whole in memory, as a reply is.
fn literal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de RawValue, D::Error> {
    <&RawValue>::deserialize(deserializer)
}

/// The text of a JSON string, or the literal text of a number or a truth value. Of `null`, nothing.
fn scalar(json: &RawValue) -> Option<Cow<'_, str>> {
    let literal = json.get();
    match literal.as_bytes() {
        // Without an escape, the text is what is between the quotes.
        [b'"', text @ .., b'"'] if are_unescaped(text) => {
            literal.get(1..literal.len().saturating_sub(1)).map(Cow::Borrowed)
        }
        [b'"', ..] => serde_json::from_str(literal).ok().map(Cow::Owned),
        [b'{' | b'[', ..] | b"null" | [] => None,
        _ => Some(Cow::Borrowed(literal)),
    }
}

/// Reads like [`text`], without a copy of what the reply holds as it is.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn borrowed_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(scalar(literal(deserializer)?))
}

/// Reads a text; a number or truth value is taken by its literal text. Anything else is `None`.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(borrowed_text(deserializer)?.map(Cow::into_owned))
}

/// Reads a text that must be there, such as the identifier without which an answer is of no use.
///
/// # Errors
/// When the member is null, empty, or neither a text nor a number.
pub fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| serde::de::Error::custom("a member that must be there is empty"))
}

/// What a text has in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The longest identifier that is taken from a reply, in bytes.
const LONGEST_ID: usize = 255;

/// What [`id`] says of a member that cannot be an identifier.
pub(crate) const NOT_AN_ID: &str = "a member that must be an identifier is none";

/// Returns whether a text can be an identifier, a reference or an address that a gateway gave out: 1 to 255 bytes, no
/// control character, and nothing in it that was a secret of the request.
pub fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && is_clean(text)
}

/// Whether a text has no control character, and nothing in it that was a secret of the request.
fn is_clean(text: &str) -> bool {
    are_clean(text.as_bytes())
        || !text.bytes().any(|byte| byte.is_ascii_control()) && !text.contains(REDACTED)
}

/// Reads an identifier or reference of the gateway like [`text`]. An empty one is as good as none.
///
/// # Errors
/// When the text cannot be an identifier under the rule of [`is_id`]: the answer is then not believed.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match text(deserializer)? {
        Some(text) if !text.is_empty() && !is_id(&text) => Err(serde::de::Error::custom(NOT_AN_ID)),
        text => Ok(text),
    }
}

/// Reads an identifier that must be there, under the rule of [`is_id`].
///
/// # Errors
/// When the member is null, neither a text nor a number, or cannot be an identifier.
pub fn required_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer)?.filter(|text| is_id(text)).ok_or_else(|| serde::de::Error::custom(NOT_AN_ID))
}

/// Reads the address of a page, as the gateway wrote it. What has a control character, or a secret of the request, or
/// more than 4,096 bytes, is `None`.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = borrowed_text(deserializer)?.filter(|text| text.len() <= 4_096 && is_clean(text));
    Ok(text.map(Cow::into_owned))
}

/// Reads like [`text`], for a value that must not be shown.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(text(deserializer)?.filter(|text| !text.is_empty()).map(Secret::new))
}

/// Reads a time stamp, as text or as a number.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GatewayTime>, D::Error> {
    Ok(text(deserializer)?.filter(|text| !text.is_empty()).map(GatewayTime::new))
}

/// Reads a whole number, as a number or as text; `30.00` is 30, `30.5` is `None`.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(borrowed_text(deserializer)?.and_then(|text| {
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => return None,
            None => &*text,
        };
        whole.parse().ok()
    }))
}

/// Reads a truth value, also as the text `true` or `false`.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(borrowed_text(deserializer)?.and_then(|text| match &*text {
        "true" => Some(true),
        "false" => Some(false),
        other => other.to_ascii_lowercase().parse().ok(),
    }))
}

/// Reads an object; `None` when it is null or not an object at all.
///
/// # Errors
/// When it is an object that cannot be read, for instance since it names a member twice.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(AnObject(PhantomData))
}

struct AnObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AnObject<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some)
    }
}

/// Reads a list; empty when it is null or not a list at all.
///
/// # Errors
/// When an entry cannot be read: dropping one silently could drop a payment.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(AList(PhantomData))
}

struct AList<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AList<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }
}

/// Reads a list of texts; entries that are neither a text, a number nor a truth value are passed over.
///
/// # Errors
/// Only when the input is not JSON at all.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let json = literal(deserializer)?;
    if !json.get().starts_with('[') {
        return Ok(Vec::new());
    }
    let entries: Vec<&RawValue> = serde_json::from_str(json.get()).map_err(serde::de::Error::custom)?;
    Ok(entries.into_iter().filter_map(scalar).map(Cow::into_owned).collect())
}

#[cfg(test)]
mod tests;
