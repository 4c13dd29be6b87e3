//! Reading bodies strictly, and decimal amounts by their literal text.

use iso_currency::Currency;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt;

/// The largest amount taken, in minor units: enough for every test, and exact in any reader.
const LARGEST: i64 = 999_999_999_999;

/// Reads a JSON object and refuses one that names a member twice: which of the two amounts counts would be a guess.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice::<Strict>(body) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        Ok(_) => Err("a JSON object was expected".to_owned()),
        // The reason is printed without the text around it: that text could hold a card number.
        Err(error) if error.to_string().starts_with(TWICE) => Err(TWICE.to_owned()),
        Err(error) => Err(format!("not JSON, line {} column {}", error.line(), error.column())),
    }
}

const TWICE: &str = "duplicate member";

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = map.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(members.into())
    }
}

/// The literal text of a member of the outermost object, as it was sent.
pub(crate) fn literal(body: &str, name: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(body).ok()?;
    members.get(name).map(|raw| raw.get().to_owned())
}

/// Text at `name`; `None` when it is missing or anything else.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

/// An object at `name`.
pub(crate) fn child<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    members.get(name)?.as_object()
}

/// Whether the member is absent or null.
pub(crate) fn absent(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_none_or(Value::is_null)
}

/// A positive integer amount in minor units.
pub(crate) fn minor(value: Option<&Value>) -> Option<i64> {
    integer(value?).filter(|amount| (1..=LARGEST).contains(amount))
}

/// A whole number, which may be written as `100.0`: JSON has one kind of numbers. Numbers of more than fifteen digits
/// in that form are refused, since they may have been rounded.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
        format!("{number:.0}").parse().ok()
    })
}

/// A positive decimal amount in major units, by its literal text, as minor units: `49.99` with two decimals is 4999.
/// More decimals than the currency has, a sign or an exponent are refused.
pub(crate) fn minor_from_decimal(literal: &str, decimals: u32) -> Option<i64> {
    let (whole, fraction) = literal.split_once('.').unwrap_or((literal, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let width = usize::try_from(decimals).ok()?;
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > width {
        return None;
    }
    let amount: i64 = format!("{whole}{fraction:0<width$}").parse().ok()?;
    (1..=LARGEST).contains(&amount).then_some(amount)
}

/// Minor units as decimal text with all decimals: 4999 is `49.99`.
pub(crate) fn decimal_text(minor: i64, decimals: u32) -> String {
    let scale = 10_i64.saturating_pow(decimals).max(1);
    let (whole, rest) = (minor / scale, minor % scale);
    match usize::try_from(decimals) {
        Ok(width) if width > 0 => format!("{whole}.{rest:0width$}"),
        _ => whole.to_string(),
    }
}

/// Minor units as a JSON number without needless zeros: 3000 is `30`, 4999 is `49.99`. The number is made from its
/// text, and at this size every reader gets exactly that text back.
pub(crate) fn decimal_number(minor: i64, decimals: u32) -> Value {
    let text = decimal_text(minor, decimals);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// How many decimals an ISO 4217 currency has; `None` for a code that is none.
pub(crate) fn decimals(currency: &str) -> Option<u32> {
    Some(Currency::from_code(currency)?.exponent().unwrap_or(0).into())
}

/// An amount as the pages show it: `40.00 EUR`.
pub(crate) fn display_amount(minor: i64, currency: &str) -> String {
    format!("{} {currency}", decimal_text(minor, decimals(currency).unwrap_or(2)))
}

/// An http or https URL, as far as a gateway looks.
pub(crate) fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && text.len() <= 2048)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_amounts_are_exact() {
        assert_eq!(minor_from_decimal("49.99", 2), Some(4999));
        assert_eq!(minor_from_decimal("30", 2), Some(3000));
        assert_eq!(minor_from_decimal("0.1", 2), Some(10));
        assert_eq!(minor_from_decimal("1.234", 3), Some(1234));
        for refused in ["10.505", "-1", "0", "0.00", "1e2", "", ".5", "NaN", "\"5\"", "99999999999999999999"]
        {
            assert_eq!(minor_from_decimal(refused, 2), None, "{refused}");
        }
        assert_eq!(decimal_number(3000, 2).to_string(), "30");
        assert_eq!(decimal_number(3050, 2).to_string(), "30.5");
        assert_eq!(decimal_number(5, 2).to_string(), "0.05");
        assert_eq!(decimal_number(700, 0).to_string(), "700");
        assert_eq!(decimal_text(4000, 2), "40.00");
    }

    #[test]
    fn duplicate_member_is_refused_at_any_depth() {
        assert!(object(br#"{"a":1,"a":2}"#).is_err());
        assert!(object(br#"{"a":[{"b":1,"b":1}]}"#).is_err());
        assert!(object(br#"{"a":{"b":1},"c":{"b":1.5}}"#).is_ok());
        assert!(object(b"[1]").is_err());
        let reason = object(br#"{"pan":"4111111111111111","x":oops}"#).unwrap_err();
        assert!(!reason.contains("4111"), "{reason}");
    }
}
