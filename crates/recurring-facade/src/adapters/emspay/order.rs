//! An order, and an error, of the gateway in the words of this crate.

use emspay::Order;
use recurring_core::{Currency, InvalidInput, Money, Outcome, Portion};

use crate::card::PaymentCard;
use crate::error::{Error, GatewayError};
use crate::ids::{PaymentRef, ProviderId};
use crate::payment::{Decline, Payment};

pub(super) fn money(order: &Order) -> Option<Money> {
    Money::from_minor(order.amount?, Currency::from_code(order.currency.as_deref()?).ok()?).ok()
}

pub(super) fn amount_of(order: &Order) -> Result<Money, Error> {
    let rule = "cannot be compared: the order does not name its own amount and currency";
    money(order).ok_or_else(|| Error::invalid(ProviderId::EMSPAY, InvalidInput::new("amount", rule)))
}

pub(super) fn payment(order: &Order) -> Payment {
    let mut payment = Payment::new(ProviderId::EMSPAY, order.outcome(), order.status.as_str());
    payment.payment = Some(PaymentRef::new(&order.id));
    payment.merchant_reference = order.merchant_order_id.clone();
    payment.amount = money(order);
    payment.test = order.is_test().then_some(true);
    let mut details = order.transactions.iter().rev().filter_map(|one| one.payment_method_details.as_ref());
    let expires = details.find_map(|card| card.card_expiry.as_deref());
    payment.card = PaymentCard::read(None, expires);
    payment.captured = (payment.outcome == Outcome::Paid).then(|| payment.amount.into());
    payment.refunded = order.has_refunds().then_some(Portion::Unstated);
    payment.redirect = match order.outcome() {
        Outcome::ActionRequired => order.payment_address(),
        _ => None,
    };
    if let Some(reason) = order.decline_reason() {
        let words = order.transactions.iter().rev().find_map(|transaction| transaction.reason.clone());
        payment.decline = Some(Decline::new(reason, Some(order.status.as_str().to_owned()), words));
    }
    payment
}

pub(super) fn error(error: emspay::Error) -> Error {
    Error::new(
        ProviderId::EMSPAY,
        error.map_api(|api| GatewayError::new(api.error_type.clone(), api.to_string())),
    )
}
