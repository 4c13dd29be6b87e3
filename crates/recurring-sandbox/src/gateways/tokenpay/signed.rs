//! The members of a signed request, checked one by one.

use super::order::DECIMALS;
use super::refusal::invalid;
use crate::answer::Answer;
use crate::json::{self, absent, text};
use serde_json::{Map, Value};

/// The most digits of an amount.
const MAX_AMOUNT_DIGITS: usize = 9;

/// A request that was signed by the merchant: its members, and its text for the amount's literal.
pub(super) struct Signed {
    pub(super) members: Map<String, Value>,
    pub(super) text: String,
}

impl Signed {
    pub(super) fn user(&self) -> Result<String, Answer> {
        let user = text(&self.members, "userId").filter(|user| (1..=64).contains(&user.chars().count()));
        user.map(str::to_owned).ok_or_else(|| invalid("userId", "text of 1 to 64 characters"))
    }

    /// A number, also as text.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.members.get(name)? {
            Value::String(text) => text.parse().ok(),
            other => json::integer(other),
        }
    }

    pub(super) fn amount(&self) -> Result<i64, Answer> {
        let literal = json::literal(&self.text, "amount")
            .filter(|literal| literal.bytes().filter(u8::is_ascii_digit).count() <= MAX_AMOUNT_DIGITS);
        let amount = literal.and_then(|literal| json::minor_from_decimal(&literal, DECIMALS));
        amount.ok_or_else(|| invalid("amount", "a positive number of at most 9 digits, 2 of them decimals"))
    }

    /// The amount, which the vendor's own plugin writes as text where it opens a checkout.
    pub(super) fn amount_or_text(&self) -> Result<i64, Answer> {
        match text(&self.members, "amount") {
            None => self.amount(),
            Some(text) => json::minor_from_decimal(text, DECIMALS)
                .filter(|_| text.bytes().filter(u8::is_ascii_digit).count() <= MAX_AMOUNT_DIGITS)
                .ok_or_else(|| {
                    invalid("amount", "a positive number of at most 9 digits, 2 of them decimals")
                }),
        }
    }

    /// `isRecurring`, which may be 0 or 1, as the vendor's own plugin sends it.
    pub(super) fn recurring(&self) -> Result<bool, Answer> {
        match self.members.get("isRecurring") {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(value) => match value.as_i64() {
                Some(0) => Ok(false),
                Some(1) => Ok(true),
                _ => Err(invalid("isRecurring", "true or false")),
            },
        }
    }

    /// Checks the form of `lineItems`. What they add up to is not compared with the amount: no document says that it is.
    pub(super) fn check_items(&self) -> Result<(), Answer> {
        let items = self.members.get("lineItems").filter(|items| !items.is_null());
        let fine = |item: &Value| {
            let price = item.get("priceData");
            item.get("quantity").is_some_and(Value::is_number)
                && price.and_then(|price| price.get("name")).is_some_and(Value::is_string)
                && price.and_then(|price| price.get("unitAmount")).is_some_and(Value::is_number)
        };
        if items.is_none_or(|items| items.as_array().is_some_and(|items| items.iter().all(fine))) {
            Ok(())
        } else {
            Err(invalid("lineItems", "an array of {quantity, priceData{name, unitAmount}}"))
        }
    }

    pub(super) fn reference(&self) -> Result<String, Answer> {
        let reference = text(&self.members, "merchantReference");
        let reference = reference.filter(|reference| (1..=64).contains(&reference.chars().count()));
        reference.map(str::to_owned).ok_or_else(|| invalid("merchantReference", "text of 1 to 64 characters"))
    }

    /// The address for notifications of this order, if any.
    pub(super) fn notify(&self) -> Result<Option<String>, Answer> {
        Ok(text(&self.callbacks(&[])?, "notify").map(str::to_owned))
    }

    /// Checks the addresses; the `needed` ones are required.
    pub(super) fn callbacks(&self, needed: &[&str]) -> Result<Map<String, Value>, Answer> {
        let given = match self.members.get("callbackUrl") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(given)) => given.clone(),
            Some(_) => return Err(invalid("callbackUrl", "an object")),
        };
        for name in ["success", "fail", "cancel", "notify"] {
            let fine = text(&given, name).is_some_and(json::is_url);
            if !fine && (needed.contains(&name) || !absent(&given, name)) {
                return Err(invalid(&format!("callbackUrl.{name}"), "an http or https URL"));
            }
        }
        Ok(given)
    }
}
