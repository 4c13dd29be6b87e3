//! What the inspector lists: payments and saved cards.

use super::payment::{Payment, SavedCard};
use crate::gateway::{PaymentRow, PaymentState, StoredCard};
use std::borrow::Cow;

pub(super) fn row(payment: &Payment) -> PaymentRow<'_> {
    let state = match payment.status {
        "Success" => PaymentState::Paid,
        "Declined" => PaymentState::Declined,
        "Timeout" => PaymentState::Ended,
        _ => PaymentState::Open,
    };
    let key = |number: Option<u64>| number.map(|number| number.to_string());
    PaymentRow {
        created: payment.created,
        id: Cow::Borrowed(&payment.id),
        order: "",
        reference: payment.order_id.as_deref().unwrap_or_default(),
        amount: payment.amount,
        currency: &payment.currency,
        state,
        word: payment.status,
        taken: if state == PaymentState::Paid { payment.amount } else { 0 },
        refunded: 0,
        card: payment.card.as_ref(),
        saved: key(payment.saved),
        charged: key(payment.charged),
        page: payment.open().then(|| format!("/pay/omno/{}", payment.id)),
    }
}

pub(super) fn stored<'a>((number, token, saved): (u64, &'a str, &'a SavedCard)) -> StoredCard<'a> {
    StoredCard {
        created: saved.created,
        key: number.to_string(),
        token: Cow::Borrowed(token),
        owner: &saved.customer,
        card: &saved.card,
        ends: None,
        order: "",
        again: false,
    }
}
