//! Charges, refunds and voids.

use super::account::{FIRST_ORDER, FIRST_TRANSACTION, Tokenpay};
use super::order::{CURRENCY, DECIMALS, GATEWAY, MERCHANT_ID, Order};
use super::refusal::{BAD_PARAMETER, DECLINED, DUPLICATE, NOT_FOUND, refuse};
use super::signed::Signed;
use crate::answer::Answer;
use crate::cards::Decline;
use crate::common::Common;
use crate::issuer::StoredCharge;
use crate::json;
use crate::ledger::{LedgerKind, PaymentNames};
use jiff::Timestamp;
use serde_json::json;

/// A charge of a stored card in the merchant's currency.
pub(super) fn stored_charge(at: Timestamp, reference: &str, amount: i64) -> StoredCharge<'_> {
    StoredCharge { gateway: GATEWAY, reference, amount, currency: CURRENCY, at }
}

impl Tokenpay {
    /// `sale` is whether a sale allows recurring charges; `None` for a recurring charge.
    pub(super) fn charge(
        &mut self,
        common: &mut Common,
        signed: &Signed,
        notify: Option<String>,
        sale: Option<bool>,
    ) -> Result<Answer, Answer> {
        let (user, amount, reference) = (signed.user()?, signed.amount()?, signed.reference()?);
        let (token, card) = self.token(signed, &user)?;
        // The sale is the first payment of its series; the charges that name it are the later ones.
        let order = self.new_order(common, reference, amount, sale.unwrap_or(true))?;
        let charge = stored_charge(common.now(), &order.reference, amount);
        let result = if sale.is_some() { card.first(common.now()) } else { common.issuer.ask(&card, charge) };
        let order = Order {
            user,
            card: Some(card),
            result: Some(result),
            notify,
            charged: self.tokens.number(&token.to_string()),
            ..order
        };
        if sale == Some(true) && result.is_ok() {
            self.sales.push(&order.id.to_string(), (token, order.user.clone()));
        }
        Ok(self.settle(common, order, result))
    }

    /// An order that waits, with the next ids. Its reference must be a new one.
    pub(super) fn new_order(
        &self,
        common: &Common,
        reference: String,
        amount: i64,
        recurring: bool,
    ) -> Result<Order, Answer> {
        if self.orders.get(&reference).is_some() {
            return Err(refuse(DUPLICATE, "Duplicate merchantReference"));
        }
        let count = i64::try_from(self.orders.next_number()).unwrap_or(i64::MAX);
        let now = common.now();
        Ok(Order {
            id: FIRST_ORDER.saturating_add(count),
            transaction: FIRST_TRANSACTION.saturating_add(count),
            reference,
            amount,
            user: String::new(),
            page: None,
            charged: None,
            card: None,
            recurring,
            notify: None,
            created: now,
            updated: now,
            returned: None,
            result: None,
            canceled: false,
        })
    }

    /// Moves the money of an order with this result, notifies the merchant, keeps the order and answers it.
    pub(super) fn settle(
        &mut self,
        common: &mut Common,
        order: Order,
        result: Result<(), Decline>,
    ) -> Answer {
        if result.is_ok() {
            let names = PaymentNames { reference: &order.reference, payment: &order.id.to_string() };
            common.move_money(LedgerKind::Charge, GATEWAY, names, (order.amount, CURRENCY));
        }
        let (code, message) = match result {
            Ok(()) => ("0000", "Success"),
            Err(decline) => (DECLINED, decline.message),
        };
        let answer = json!({
            "responseCode": code, "message": message, "order": order.render(),
            "transaction": {
                "id": order.transaction, "merchantId": MERCHANT_ID, "type": "SALE",
                "amount": json::decimal_number(order.amount, DECIMALS), "currency": CURRENCY,
                "status": if result.is_ok() { "SUCCESS" } else { "DECLINED" },
                "maskedPan": order.card.as_ref().map(|card| card.masked("XXXXXX")), "stan": order.transaction.to_string(),
            },
        });
        order.notify(common, &self.gateway);
        let reference = order.reference.clone();
        self.orders.push(&reference, order);
        Answer::json(200, &answer)
    }

    /// Returns all of the money (a void) or a part (a refund); only once for each order.
    pub(super) fn reverse(
        &mut self,
        common: &mut Common,
        signed: &Signed,
        void: bool,
    ) -> Result<Answer, Answer> {
        let amount = if void { None } else { Some(signed.amount()?) };
        let reference = self.find(signed)?.reference.clone();
        let order = self.orders.get_mut(&reference);
        let order = order.ok_or_else(|| refuse(NOT_FOUND, "Order not found"))?;
        let amount = amount.unwrap_or(order.amount);
        if order.result != Some(Ok(())) || order.returned.is_some() || amount > order.amount {
            return Err(refuse(BAD_PARAMETER, "The order cannot be refunded or voided"));
        }
        order.returned = Some((amount, void));
        order.updated = common.now();
        let names = PaymentNames { reference: &order.reference, payment: &order.id.to_string() };
        common.move_money(LedgerKind::Refund, GATEWAY, names, (amount, CURRENCY));
        order.notify(common, &self.gateway);
        let answer = json!({"responseCode": "0000", "message": "Success", "order": order.render()});
        Ok(Answer::json(200, &answer))
    }
}
