//! Finds what names an amount or a currency in a reply and cannot be read.

use recurring_core::Reply;
use recurring_gateway::{ReplyExt as _, lenient};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Deserialize, Default)]
struct Whole {
    #[serde(default)]
    purchase: Option<Box<RawValue>>,
    #[serde(default)]
    payment: Option<Box<RawValue>>,
}

/// Which members are there and cannot be read.
#[derive(Deserialize, Default)]
struct Odd {
    #[serde(default, deserialize_with = "odd_integer")]
    total: bool,
    #[serde(default, deserialize_with = "odd_integer")]
    amount: bool,
    #[serde(default, deserialize_with = "odd_text")]
    currency: bool,
}

fn odd_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    let read = lenient::integer(&mut serde_json::Deserializer::from_str(json.get()));
    Ok(json.get() != "null" && !matches!(read, Ok(Some(_))))
}

fn odd_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(json.get() != "null" && !json.get().starts_with('"'))
}

/// The first member of a reply that names an amount or a currency, is there, and cannot be read.
pub(crate) fn unreadable(reply: &Reply) -> Option<&'static str> {
    let whole: Whole = reply.object().unwrap_or_default();
    let odd = |part: Option<Box<RawValue>>| match part {
        None => Ok(Odd::default()),
        Some(json) if lenient::is_object(json.get().as_bytes()) => lenient::parse_object(&json),
        Some(_) => Ok(Odd { amount: true, ..Odd::default() }),
    };
    let Ok(details) = odd(whole.purchase) else { return Some("purchase") };
    let Ok(payment) = odd(whole.payment) else { return Some("payment") };
    match (details.total, details.amount || payment.amount, details.currency || payment.currency) {
        (true, ..) => Some("total"),
        (_, true, _) => Some("amount"),
        (.., true) => Some("currency"),
        _ => None,
    }
}
