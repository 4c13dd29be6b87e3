//! One file for each endpoint: a typed request, how it becomes the text to sign, how a reply becomes an answer.
//! All pure.

pub(crate) mod add_token;
pub(crate) mod callback;
pub(crate) mod delete_token;
pub(crate) mod order;
pub(crate) mod order_key;
pub(crate) mod query_order;
pub(crate) mod query_token;
pub(crate) mod recurring;
pub(crate) mod refund_order;
pub(crate) mod reversal;
pub(crate) mod sale;
pub(crate) mod void_order;

use recurring_core::{Decimal, InvalidInput, Money};
use recurring_gateway::{Class, Method, PreparedRequest, check};
use serde::Serialize;

/// A request whose body is the text to sign, which is serialized once.
fn unsigned(
    operation: &'static str,
    class: Class,
    path: &'static str,
    body: &impl Serialize,
) -> Result<PreparedRequest, InvalidInput> {
    let request = PreparedRequest::new(operation, class, Method::Post, path)
        .header("content-type", "application/json")
        .json(body);
    request.check()?;
    Ok(request)
}

/// The user's name with the merchant. Its letter case is kept, and 64 characters are let through: the documents
/// disagree about both.
fn check_user_id(user_id: &str) -> Result<(), InvalidInput> {
    check::text("user_id", user_id, 64)
}

fn check_merchant_reference(reference: &str) -> Result<(), InvalidInput> {
    if could_be_cut(reference) {
        let rule =
            "must not hold an = after an &: the notification of such a payment can be read in two ways";
        return Err(InvalidInput::new("merchant_reference", rule));
    }
    check::text("merchant_reference", reference, 64)
}

// Assumption(text-limits): no document limits the reason; 255 characters are enough.
/// Whether a signed value could be cut into another value and a further member.
pub(crate) fn could_be_cut(value: &str) -> bool {
    value.split('&').skip(1).any(|rest| rest.contains('='))
}

fn check_reason(reason: Option<&str>) -> Result<(), InvalidInput> {
    reason.map_or(Ok(()), |reason| check::text("reason", reason, 255))
}

/// The amount as a JSON number: Number(9,2), so at most 9 digits, 2 of them decimals.
fn wire_amount(amount: Money) -> Result<Decimal, InvalidInput> {
    let number = Decimal::shortest(amount);
    let (whole, fraction) = number.as_str().split_once('.').unwrap_or((number.as_str(), ""));
    if fraction.len() > 2 {
        return Err(InvalidInput::new(
            "amount",
            "must have at most 2 decimals for this gateway; it is not rounded",
        ));
    }
    if whole.len() > 7 {
        return Err(InvalidInput::new("amount", "must be at most 9999999.99 for this gateway"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use recurring_core::Currency;

    use super::*;

    #[test]
    fn nine_digits_two_of_them_decimals() {
        let amount = |text, code| {
            let currency = Currency::from_code(code).expect("a currency");
            wire_amount(Money::parse(text, currency).expect("money"))
        };
        for (text, code, number) in [
            ("30.00", "USD", "30"),
            ("49.99", "HKD", "49.99"),
            ("0.50", "HKD", "0.5"),
            ("9999999.99", "HKD", "9999999.99"),
            ("500", "JPY", "500"),
            ("9999999", "JPY", "9999999"),
            ("1.230", "KWD", "1.23"),
        ] {
            assert_eq!(amount(text, code).expect(text).as_str(), number);
        }
        for (text, code) in
            [("10000000", "HKD"), ("10000000.01", "HKD"), ("10000000", "JPY"), ("1.234", "KWD")]
        {
            assert_eq!(amount(text, code).expect_err(text).field(), "amount");
        }
    }
}
