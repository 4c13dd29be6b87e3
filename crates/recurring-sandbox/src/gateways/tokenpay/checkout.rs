//! The hosted checkout: a page on which the customer pays an order, and later charges of the card of that order.
//!
//! Source: the vendor's own plugin, for the paths and the members, and for `checkoutUrl` in the answer. Assumption: the
//! later charge answers as the one with a token does.

use super::account::{Checkout, Tokenpay, number_of};
use super::money::stored_charge;
use super::order::{CURRENCY, GATEWAY, Order};
use super::refusal::{NOT_FOUND, invalid, refuse};
use super::signed::Signed;
use crate::answer::Answer;
use crate::cards::REFUSED_BY_ISSUER;
use crate::common::Common;
use crate::gateway::{CustomerAction, PageResult};
use crate::json::text;
use crate::ledger::{LedgerKind, PaymentNames};
use serde_json::json;

impl Checkout {
    /// The merchant's page for an order whose page is over.
    pub(super) fn way_back(&self, order: &Order) -> Option<String> {
        let name = if order.result == Some(Ok(())) { "success" } else { "fail" };
        text(&self.callbacks, name).or_else(|| text(&self.callbacks, "success")).map(str::to_owned)
    }
}

impl Tokenpay {
    pub(super) fn create_checkout(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let (amount, reference) = (signed.amount_or_text()?, signed.reference()?);
        let (recurring, callbacks) = (signed.recurring()?, signed.callbacks(&[])?);
        signed.check_items()?;
        let notify = text(&callbacks, "notify").map(str::to_owned);
        let order = self.new_order(common, reference.clone(), amount, recurring)?;
        let id = common.ids.uuid();
        let order = Order { notify, page: Some(id.clone()), ..order };
        let answer = json!({
            "responseCode": "0000", "message": "Success",
            "checkoutUrl": format!("{}/pay/tokenpay/{id}", common.origin), "order": order.render(),
        });
        self.orders.push(&reference, order);
        self.checkouts.push(&id, Checkout { reference, callbacks });
        Ok(Answer::json(200, &answer))
    }

    /// Charges the card of an order that was paid on the page and allows it.
    pub(super) fn recurring_checkout(
        &mut self,
        common: &mut Common,
        signed: &Signed,
    ) -> Result<Answer, Answer> {
        let (amount, reference, notify) = (signed.amount()?, signed.reference()?, signed.notify()?);
        let parent = signed.number("parentOrderId").ok_or_else(|| invalid("parentOrderId", "a number"))?;
        let parent = number_of(parent).and_then(|number| self.orders.at(number));
        let parent =
            parent.filter(|order| order.page.is_some() && order.recurring && order.result == Some(Ok(())));
        let card = parent.and_then(|order| order.card.clone());
        let card = card.ok_or_else(|| refuse(NOT_FOUND, "Parent order not found"))?;
        let order = self.new_order(common, reference, amount, true)?;
        let charge = stored_charge(common.now(), &order.reference, amount);
        let result = common.issuer.ask(&card, charge);
        let order = Order { card: Some(card), result: Some(result), notify, ..order };
        Ok(self.settle(common, order, result))
    }

    /// Takes what the customer did on the page of the checkout.
    pub(super) fn check_out(
        &mut self,
        common: &mut Common,
        id: &str,
        action: CustomerAction,
    ) -> Option<PageResult> {
        let checkout = self.checkouts.get(id)?;
        let to = |name: &str| text(&checkout.callbacks, name).map(str::to_owned);
        let order = self.orders.get_mut(&checkout.reference)?;
        order.updated = common.now();
        let (message, redirect) = match action {
            CustomerAction::Cancel => {
                order.canceled = true;
                return Some(PageResult {
                    message: "The payment was canceled.",
                    redirect: to("cancel").or_else(|| to("fail")),
                });
            }
            CustomerAction::Decline => {
                order.result = Some(Err(REFUSED_BY_ISSUER));
                (REFUSED_BY_ISSUER.message, to("fail"))
            }
            CustomerAction::Pay(card) => {
                let result = card.first(common.now());
                (order.card, order.result) = (Some(card), Some(result));
                match result {
                    Ok(()) => ("The payment is complete.", to("success")),
                    Err(decline) => (decline.message, to("fail")),
                }
            }
        };
        if order.result == Some(Ok(())) {
            let names = PaymentNames { reference: &order.reference, payment: &order.id.to_string() };
            common.move_money(LedgerKind::Charge, GATEWAY, names, (order.amount, CURRENCY));
        }
        order.notify(common, &self.gateway);
        Some(PageResult { message, redirect })
    }
}
