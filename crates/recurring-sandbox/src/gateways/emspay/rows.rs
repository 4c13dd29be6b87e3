//! What the inspector lists: orders and vault tokens.

use super::account::{Emspay, Vault};
use super::order::{Order, Recurring};
use crate::gateway::{PaymentRow, PaymentState, StoredCard};
use jiff::Timestamp;
use std::borrow::Cow;

impl Emspay {
    pub(super) fn row<'a>(&'a self, order: &'a Order, now: Timestamp) -> PaymentRow<'a> {
        let names = order.names();
        let expired = order.status == "new" && now >= order.expires;
        let (state, word) = match order.status {
            "new" if expired => (PaymentState::Ended, "expired"),
            "new" => (PaymentState::Open, "new"),
            "accepted" => (PaymentState::Authorized, "accepted"),
            "error" => (PaymentState::Declined, "error"),
            word @ ("processing" | "completed") if order.refunded > 0 => (PaymentState::Refunded, word),
            word @ ("processing" | "completed") => (PaymentState::Paid, word),
            word => (PaymentState::Ended, word),
        };
        let token = order.vault_token.as_deref().and_then(|token| self.vaults.number(token));
        let key = |wanted: bool| token.filter(|_| wanted).map(|number| number.to_string());
        let open = state == PaymentState::Open && order.recurring != Recurring::Later;
        PaymentRow {
            created: order.created,
            id: names.payment.into(),
            order: "",
            reference: names.reference,
            amount: order.amount,
            currency: &order.currency,
            state,
            word,
            taken: order.taken,
            refunded: order.refunded,
            card: order.card.as_ref(),
            saved: key(order.recurring == Recurring::First),
            charged: key(order.recurring == Recurring::Later),
            page: open.then(|| format!("/pay/emspay/{}/", order.id)),
        }
    }
}

pub(super) fn stored<'a>((number, token, vault): (u64, &'a str, &'a Vault)) -> StoredCard<'a> {
    StoredCard {
        created: vault.created,
        key: number.to_string(),
        token: Cow::Borrowed(token),
        owner: "",
        card: &vault.card,
        ends: Some(vault.ends),
        order: "",
        again: false,
    }
}
