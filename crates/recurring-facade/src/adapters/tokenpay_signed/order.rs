//! An order, and an error, of the gateway in the words of this crate.

use std::collections::HashMap;

use recurring_core::{AttemptId, Currency, InvalidInput, Money, Outcome, Portion};
use recurring_gateway::ReplyExt as _;
use serde::de::IgnoredAny;
use tokenpay_signed::{CallbackUrl, GivenBack, OrderKey, TokenOrder};

use crate::adapters::check_found;
use crate::error::{Error, GatewayError};
use crate::ids::{PaymentRef, ProviderId};
use crate::payment::{Decline, Payment};

/// Whether the gateway refused the token of the card itself, without an order. Its codes are not public.
// Assumption: a success status or 4xx whose words name the token as unknown or dead is taken for it.
pub(super) fn is_dead_token(refused: &tokenpay_signed::Error) -> bool {
    let status = refused.reply().map(recurring_core::Reply::status);
    matches!(status, Some(200..=299 | 400 | 404 | 422))
        && refused.api().is_some_and(tokenpay_signed::ApiError::refuses_token)
        && !names_an_order(refused)
}

/// The gateway's number of an order, or the merchant's reference, which is the name of an attempt.
pub(super) fn order_key(reference: &PaymentRef) -> Result<OrderKey, Error> {
    if let Ok(number) = reference.as_str().parse() {
        return Ok(OrderKey::OrderId(number));
    }
    let rule = "must be the gateway's number of an order, or the name of an attempt";
    AttemptId::new(reference.as_str())
        .map(|attempt| OrderKey::MerchantReference(attempt.to_string()))
        .map_err(|_| Error::invalid(ProviderId::TOKENPAY_SIGNED, InvalidInput::new("payment", rule)))
}

pub(super) fn told_at(notification_url: Option<&String>) -> CallbackUrl {
    match notification_url {
        Some(url) => CallbackUrl::new().with_notify(url),
        None => CallbackUrl::new(),
    }
}

pub(super) fn payment(answer: &TokenOrder) -> Payment {
    read(answer, answer.outcome())
}

pub(super) fn read(answer: &TokenOrder, outcome: Outcome) -> Payment {
    let order = &answer.order;
    let mut payment = Payment::new(ProviderId::TOKENPAY_SIGNED, outcome, order.status.as_str());
    payment.payment = Some(PaymentRef::new(&order.id));
    payment.merchant_reference = order.merchant_reference.clone();
    payment.amount = money(answer);
    payment.captured = (outcome == Outcome::Paid).then(|| payment.amount.into());
    payment.refunded = answer.refunded().map(|back| match back {
        GivenBack::Whole => payment.amount.into(),
        _ => Portion::Unstated,
    });
    payment.decline = answer
        .decline_reason()
        .map(|reason| Decline::new(reason, Some(answer.response_code.clone()), answer.message.clone()));
    payment
}

pub(super) fn money(answer: &TokenOrder) -> Option<Money> {
    let currency = Currency::from_code(answer.order.currency.as_deref()?).ok()?;
    Money::parse(answer.order.amount.as_deref()?, currency).ok()
}

pub(super) fn error(error: tokenpay_signed::Error) -> Error {
    let to_gateway =
        |api: tokenpay_signed::ApiError| GatewayError::new(Some(api.response_code.clone()), api.to_string());
    Error::new(ProviderId::TOKENPAY_SIGNED, error.map_api(to_gateway))
}

/// Whether the refusal is about an order, or may be.
pub(super) fn names_an_order(refused: &tokenpay_signed::Error) -> bool {
    let answer: Option<HashMap<String, IgnoredAny>> = refused.reply().and_then(|reply| reply.object().ok());
    answer.is_none_or(|answer| answer.keys().any(|name| matches!(name.as_str(), "order" | "transaction")))
}

/// Compares an order with what was sent: it must name the attempt as its reference, and the amount and currency.
pub(super) fn check_order(answer: &TokenOrder, attempt: &AttemptId, amount: Money) -> Result<(), Error> {
    let order = &answer.order;
    let same_amount = |text: &str| Money::parse(text, amount.currency()) == Ok(amount);
    let reference = order.merchant_reference.as_deref();
    let currency = order.currency.as_deref();
    check_found(
        ProviderId::TOKENPAY_SIGNED,
        Some(&order.id),
        &[
            ("merchantReference", reference == Some(attempt.as_str())),
            ("amount", order.amount.as_deref().is_some_and(same_amount)),
            ("currency", currency == Some(amount.currency().code())),
        ],
    )
}
