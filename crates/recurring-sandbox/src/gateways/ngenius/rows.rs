//! What the inspector lists: the single payments of all orders, and the cards that they saved.

use super::account::Ngenius;
use super::order::Order;
use super::payment::Payment;
use crate::gateway::{PaymentRow, PaymentState, StoredCard};
use std::borrow::Cow;

impl Ngenius {
    /// The payments of all orders, the newest first, each with its place in its order.
    pub(super) fn newest(&self) -> impl Iterator<Item = (usize, &Order, &Payment)> {
        // A schedule goes on for years: its payments come between those of younger orders.
        let mut all: Vec<(usize, &Order, &Payment)> = self
            .orders
            .iter()
            .flat_map(|order| {
                order.payments.iter().enumerate().map(move |(place, payment)| (place, order, payment))
            })
            .collect();
        all.sort_by_key(|(.., payment)| payment.at);
        all.into_iter().rev()
    }

    pub(super) fn row<'a>(&self, order: &'a Order, payment: &'a Payment) -> PaymentRow<'a> {
        let (terms, taken) = (&order.terms, payment.taken(&order.terms));
        let word = payment.state(terms);
        // A reversed purchase returned all of its money; a reversed authorization had taken none.
        let refunded = if payment.reversed { taken } else { payment.refunded() };
        let state = match word {
            "STARTED" => PaymentState::Open,
            "AUTHORISED" => PaymentState::Authorized,
            "FAILED" => PaymentState::Declined,
            _ if refunded > 0 => PaymentState::Refunded,
            "REVERSED" => PaymentState::Ended,
            _ => PaymentState::Paid,
        };
        let tried = payment.tried.as_ref();
        PaymentRow {
            created: payment.at,
            id: Cow::Borrowed(&payment.reference),
            order: &terms.reference,
            reference: order.merchant_reference.as_deref().unwrap_or_default(),
            amount: terms.amount,
            currency: &terms.currency,
            state,
            word,
            taken,
            refunded,
            card: tried.and_then(|tried| tried.card.as_ref()),
            saved: tried.and_then(|tried| tried.token.as_ref()).map(|_| payment.reference.clone()),
            charged: tried.and_then(|tried| tried.charged.clone()),
            page: order.waits().then(|| format!("/pay/ngenius/{}", terms.reference)),
        }
    }
}

/// The card that a payment saved. Its token is a secret, so the payment's reference is the key.
pub(super) fn stored<'a>(place: usize, order: &'a Order, payment: &'a Payment) -> Option<StoredCard<'a>> {
    let tried = payment.tried.as_ref()?;
    Some(StoredCard {
        created: payment.at,
        key: payment.reference.clone(),
        token: Cow::Borrowed(tried.token.as_deref()?),
        owner: &order.email,
        card: tried.card.as_ref()?,
        ends: None,
        order: if order.plan.is_some() { &order.terms.reference } else { "" },
        again: order.plan.is_some() && place > 0,
    })
}
