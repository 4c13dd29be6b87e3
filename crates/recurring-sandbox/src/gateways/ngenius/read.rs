//! Checks the requests that create an order.

use super::order::{Frequency, Order, Plan};
use super::payment::{Payment, Terms};
use super::refusal::{invalid, unplayed};
use crate::answer::Answer;
use crate::cards::{self, Card};
use crate::common::Common;
use crate::json::{self, absent, child, text};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Checks the request and makes an order that has no payment yet.
pub(super) fn recurring(body: &Map<String, Value>, common: &mut Common) -> Result<Order, Answer> {
    let order = child(body, "order").ok_or_else(|| invalid("order", "is required"))?;
    let payment = child(body, "payment").ok_or_else(|| invalid("payment", "is required"))?;
    let mut read = common_part(order, "order.", common)?;
    one_of(order, "order.", "channel", &["MoTo"])?;
    one_of(order, "order.", "type", &["RECURRING"])?;
    let frequency_text = one_of(order, "order.", "frequency", &["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])?;
    let frequency =
        Frequency::read(&frequency_text).ok_or_else(|| invalid("order.frequency", "is not known"))?;
    if read.email.is_empty() {
        return Err(invalid("order.emailAddress", "is required"));
    }
    read.plan = Some(Plan { frequency, frequency_text, card: card(payment, read.start)? });
    Ok(read)
}

/// Checks the request and makes an order with one payment that waits for a card.
pub(super) fn single(body: &Map<String, Value>, common: &mut Common) -> Result<Order, Answer> {
    let mut order = common_part(body, "", common)?;
    if !absent(body, "type") && text(body, "type") != Some("SINGLE") {
        return Err(unplayed("a `type` other than SINGLE"));
    }
    if let Some(attributes) = child(body, "merchantAttributes") {
        let url = |name: &str| match text(attributes, name) {
            None if absent(attributes, name) => Ok(None),
            given => match given.filter(|url| json::is_url(url)) {
                Some(url) => Ok(Some(url.to_owned())),
                None => Err(invalid(&format!("merchantAttributes.{name}"), "must be an http or https URL")),
            },
        };
        (order.redirect, order.cancel) = (url("redirectUrl")?, url("cancelUrl")?);
    }
    order.payments.push(Payment::waiting(common, order.start));
    Ok(order)
}

/// What both kinds of orders have; `at` is their path, for the message of a refusal.
fn common_part(order: &Map<String, Value>, at: &str, common: &mut Common) -> Result<Order, Answer> {
    let action = one_of(order, at, "action", &["SALE", "PURCHASE", "AUTH"])?;
    let amount = child(order, "amount").ok_or_else(|| invalid(&format!("{at}amount"), "is required"))?;
    let currency = text(amount, "currencyCode").filter(|code| json::decimals(code).is_some());
    let currency =
        currency.ok_or_else(|| invalid(&format!("{at}amount.currencyCode"), "must be an ISO 4217 code"))?;
    let value = json::minor(amount.get("value")).ok_or_else(|| {
        invalid(&format!("{at}amount.value"), "must be an integer of at least 1, in minor units")
    })?;
    // The vendor's own plugin sends the number of the order.
    let merchant_reference = match order.get("merchantOrderReference") {
        Some(Value::Number(number)) if number.is_u64() => Some(number.to_string()),
        given => given.and_then(Value::as_str).map(str::to_owned),
    };
    let plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !absent(order, "merchantOrderReference") && !merchant_reference.as_ref().is_some_and(plain) {
        let name = format!("{at}merchantOrderReference");
        return Err(invalid(&name, "may hold letters, digits and hyphens"));
    }
    Ok(Order {
        terms: Terms { reference: common.ids.uuid(), action, amount: value, currency: currency.to_owned() },
        merchant_reference,
        email: text(order, "emailAddress").unwrap_or_default().to_owned(),
        plan: None,
        redirect: None,
        cancel: None,
        start: common.now(),
        payments: Vec::new(),
        next: None,
    })
}

fn one_of(order: &Map<String, Value>, at: &str, name: &str, allowed: &[&str]) -> Result<String, Answer> {
    match text(order, name).filter(|given| allowed.contains(given)) {
        Some(given) => Ok(given.to_owned()),
        None => Err(invalid(&format!("{at}{name}"), &format!("must be one of {}", allowed.join(", ")))),
    }
}

/// Text of digits only.
pub(super) fn digits<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    least: usize,
    most: usize,
) -> Option<&'a str> {
    let given = text(members, name).filter(|text| (least..=most).contains(&text.len()));
    given.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn card(payment: &Map<String, Value>, now: Timestamp) -> Result<Card, Answer> {
    let pan = digits(payment, "pan", 12, 19).filter(|pan| cards::luhn(pan));
    let pan = pan.ok_or_else(|| invalid("payment.pan", "is not a valid card number"))?;
    let expiry = text(payment, "expiry").and_then(|expiry| {
        let (year, month) =
            expiry.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        Some((year.parse::<i16>().ok()?, month.parse::<i8>().ok().filter(|month| (1..=12).contains(month))?))
    });
    let (year, month) = expiry.ok_or_else(|| invalid("payment.expiry", "must be YYYY-MM"))?;
    digits(payment, "cvv", 3, 4).ok_or_else(|| invalid("payment.cvv", "must be three or four digits"))?;
    let holder = text(payment, "cardholderName").filter(|name| !name.trim().is_empty());
    let holder = holder.ok_or_else(|| invalid("payment.cardholderName", "is required"))?;
    let card = Card::new(pan, year, month, holder).ok_or_else(|| {
        invalid("payment.pan", &format!("the sandbox takes its own test cards only: {}", cards::numbers()))
    })?;
    if card.expired(now) { Err(invalid("payment.expiry", "the card has expired")) } else { Ok(card) }
}
