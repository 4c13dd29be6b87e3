//! What the inspector lists: purchases and saved cards.

use super::account::{Revio, Token};
use super::purchase::Purchase;
use crate::gateway::{PaymentRow, PaymentState, StoredCard};
use jiff::Timestamp;
use std::borrow::Cow;

impl Revio {
    pub(super) fn row<'a>(&'a self, purchase: &'a Purchase, now: Timestamp) -> PaymentRow<'a> {
        let word = purchase.status_at(now);
        let state = match word {
            "created" | "viewed" | "overdue" | "pending_charge" => PaymentState::Open,
            "hold" | "preauthorized" => PaymentState::Authorized,
            "paid" => PaymentState::Paid,
            "refunded" => PaymentState::Refunded,
            "error" => PaymentState::Declined,
            _ => PaymentState::Ended,
        };
        let key = |token: &str| self.tokens.number(token).map(|number| number.to_string());
        let payable = matches!(word, "created" | "viewed" | "overdue" | "error");
        PaymentRow {
            created: purchase.created,
            id: Cow::Borrowed(&purchase.id),
            order: "",
            reference: &purchase.reference,
            amount: purchase.total,
            currency: &purchase.currency,
            state,
            word,
            taken: purchase.taken,
            refunded: purchase.refunded,
            card: purchase.card.as_ref(),
            saved: key(&purchase.id),
            charged: purchase.recurring_token.as_deref().and_then(key),
            page: payable.then(|| format!("/pay/revio/{}", purchase.id)),
        }
    }
}

pub(super) fn stored(number: u64, token: &Token) -> StoredCard<'_> {
    StoredCard {
        created: token.created,
        key: number.to_string(),
        token: Cow::Borrowed(&token.id),
        owner: &token.owner,
        card: &token.card,
        ends: None,
        order: "",
        again: false,
    }
}
