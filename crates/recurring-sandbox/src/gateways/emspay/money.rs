//! Refunds, captures and cancellations of orders, and the currencies.

use super::account::Emspay;
use super::order::{GATEWAY, Order, stamp};
use super::refusal::{invalid, not_found, read};
use crate::answer::Answer;
use crate::common::Common;
use crate::json::{self, absent, text};
use crate::ledger::LedgerKind;
use crate::request::Request;
use serde_json::{Value, json};

/// This sandbox's own list. Orders are accepted in every currency all the same: whether the gateway limits orders to its
/// list is not known.
const CURRENCIES: [&str; 9] = ["AUD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "SEK", "USD"];

pub(super) fn currencies() -> Answer {
    Answer::json(200, &json!({"payment_methods": {"credit-card": {"currencies": CURRENCIES}}}))
}

impl Emspay {
    pub(super) fn refund(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let body = read(request, "refund-order")?;
        let order = self.orders.get_mut(id).ok_or_else(not_found)?;
        order.refresh(&common.clock);
        let amount =
            json::minor(body.get("amount")).ok_or_else(|| invalid("amount", "amount must be at least 1"))?;
        if !absent(&body, "currency") && text(&body, "currency") != Some(&order.currency) {
            return Err(invalid("currency", "must be the currency of the order"));
        }
        let description = text(&body, "description");
        if !absent(&body, "description") && description.is_none() {
            return Err(invalid("description", "must be text"));
        }
        if order.status != "completed" {
            return Err(invalid("order", "only a completed order can be refunded"));
        }
        if amount > order.taken - order.refunded {
            return Err(invalid("amount", "the amount is larger than what is left"));
        }
        order.refunded += amount;
        order.modified = common.clock.unmoved();
        common.move_money(LedgerKind::Refund, GATEWAY, order.names(), (amount, &order.currency));
        let (refund, at) = (common.ids.uuid(), stamp(common.clock.unmoved()));
        let mut answer = json!({
            "id": refund, "amount": amount, "currency": order.currency, "status": "completed", "created": at,
            "modified": at, "completed": at, "merchant_id": self.merchant_id, "project_id": self.project_id,
            "refund_of_order_id": order.id, "flags": ["is-refund"],
        });
        let description = description.or_else(|| text(&order.kept, "description"));
        let kept =
            [("merchant_order_id", text(&order.kept, "merchant_order_id")), ("description", description)];
        for (name, value) in kept {
            if let (Some(answer), Some(value)) = (answer.as_object_mut(), value) {
                answer.insert(name.to_owned(), value.into());
            }
        }
        order.notify(common, &self.project_id);
        self.refunds.push(&refund, answer.clone());
        Ok(Answer::json(201, &answer))
    }

    /// Takes the money of a payment that was only authorized: all of it, or the part that the body names, after which the
    /// rest is released (an assumption). The answer has no body.
    pub(super) fn capture(
        &mut self,
        common: &mut Common,
        id: &str,
        transaction: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let amount = if request.is_bare() { None } else { part(request, "capture-transaction", false)? };
        self.with(common, id, |order, common| {
            let left = order.of_transaction(transaction)?.capturable();
            let amount = amount.unwrap_or(left);
            if left == 0 || amount > left {
                return Err(invalid("transaction", "the transaction cannot be captured"));
            }
            order.take(common, "completed", amount);
            order.modified = common.clock.unmoved();
            Ok(201)
        })?;
        Ok(Answer::empty(201))
    }

    /// Releases a part of an authorization, or all of it, which cancels the order. No money moves. Answers the transaction.
    pub(super) fn void(
        &mut self,
        common: &mut Common,
        id: &str,
        transaction: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let amount = part(request, "void-transaction", true)?.unwrap_or_default();
        let order = self.with(common, id, |order, common| {
            let left = order.of_transaction(transaction)?.capturable();
            if left == 0 || amount > left {
                return Err(invalid("amount", "the amount is larger than what is authorized"));
            }
            order.voided += amount;
            order.modified = common.clock.unmoved();
            if amount == left {
                order.status = "cancelled";
            }
            Ok(201)
        })?;
        let order: Value = serde_json::from_str(order.body()).unwrap_or_default();
        Ok(Answer::json(201, order.pointer("/transactions/0").unwrap_or(&Value::Null)))
    }
}

/// Cancels an order that is not paid. An authorization that waits for its capture ends with it: no money moves.
pub(super) fn cancel(order: &mut Order, common: &mut Common) -> Result<u16, Answer> {
    if !matches!(order.status, "new" | "accepted") {
        return Err(invalid("status", "only an order that is still open can be canceled"));
    }
    order.status = "cancelled";
    order.modified = common.clock.unmoved();
    Ok(200)
}

/// The amount of the body, if it has one or must have one.
fn part(request: &Request, call: &str, required: bool) -> Result<Option<i64>, Answer> {
    let body = read(request, call)?;
    if absent(&body, "amount") && !required {
        return Ok(None);
    }
    let amount = json::minor(body.get("amount"));
    amount.map(Some).ok_or_else(|| invalid("amount", "amount must be at least 1"))
}
