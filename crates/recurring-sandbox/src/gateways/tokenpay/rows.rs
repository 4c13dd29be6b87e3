//! What the inspector lists: orders and tokens.

use super::account::Token;
use super::order::{CURRENCY, Order};
use crate::gateway::{PaymentRow, PaymentState, StoredCard};

pub(super) fn row(order: &Order) -> PaymentRow<'_> {
    let word = order.status();
    let state = match word {
        "OPEN" => PaymentState::Open,
        "SUCCESS" => PaymentState::Paid,
        "FAILURE" => PaymentState::Declined,
        "CANCELLED" => PaymentState::Ended,
        _ => PaymentState::Refunded,
    };
    PaymentRow {
        created: order.created,
        id: order.id.to_string().into(),
        order: "",
        reference: &order.reference,
        amount: order.amount,
        currency: CURRENCY,
        state,
        word,
        taken: if order.result == Some(Ok(())) { order.amount } else { 0 },
        refunded: order.returned.map_or(0, |(amount, _)| amount),
        card: order.card.as_ref(),
        saved: None,
        charged: order.charged.map(|number| number.to_string()),
        page: order.page.as_ref().filter(|_| order.open()).map(|id| format!("/pay/tokenpay/{id}")),
    }
}

pub(super) fn stored(number: u64, token: &Token) -> StoredCard<'_> {
    StoredCard {
        created: token.created,
        key: number.to_string(),
        token: token.id.to_string().into(),
        owner: &token.user,
        card: &token.card,
        ends: None,
        order: "",
        again: false,
    }
}
