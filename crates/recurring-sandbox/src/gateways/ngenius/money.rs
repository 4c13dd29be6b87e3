//! Captures, reversals, refunds and payments with a saved card.

use super::account::Ngenius;
use super::order::Order;
use super::payment::{Capture, Payment, Refund, Tried, recaptures_code};
use super::read;
use super::refusal::{PAYMENT, body, invalid, refuse};
use crate::answer::Answer;
use crate::cards::Card;
use crate::common::Common;
use crate::json::{self, absent, child, text};
use crate::ledger::LedgerKind;
use crate::request::Request;
use serde_json::{Map, Value};

/// The positions of an order and of one of its payments in the lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    order: u64,
    payment: usize,
}

fn not_found() -> Answer {
    refuse(404, "paymentNotFound", "There is no such payment.")
}

impl Ngenius {
    pub(super) fn place(&self, order: &str, payment: &str) -> Result<Place, Answer> {
        let order = self
            .orders
            .number(order)
            .ok_or_else(|| refuse(404, "orderNotFound", "There is no such order."))?;
        let payments = self.orders.at(order).map(|order| order.payments.iter());
        let found = payments.and_then(|mut all| all.position(|known| known.reference == payment));
        Ok(Place { order, payment: found.ok_or_else(not_found)? })
    }

    /// Creates an order that waits for a card.
    pub(super) fn create_single(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        let order = read::single(&body(request, "create-order")?, common)?;
        let answer = order.render(&common.origin, &self.outlet);
        self.add(order);
        Ok(Answer::typed(201, PAYMENT, &answer))
    }

    pub(super) fn capture(
        &mut self,
        common: &mut Common,
        request: &Request,
        at: Place,
    ) -> Result<Answer, Answer> {
        let value = amount(&body(request, "capture-payment")?, &self.order(at)?.terms.currency)?;
        let (order, payment) = self.both(at)?;
        let allowed = matches!(payment.state(&order.terms), "AUTHORISED" | "PARTIALLY_CAPTURED");
        if !allowed || value > order.terms.amount - payment.captured() {
            return Err(refuse(409, "captureNotAllowed", "The amount is more than can be captured."));
        }
        let whole = payment.captured() + value == order.terms.amount;
        let capture = Capture { reference: common.ids.uuid(), amount: value, refunded: 0, at: common.now() };
        self.payment(at)?.captures.push(capture);
        self.order(at)?.move_money(common, LedgerKind::Charge, at.payment, value);
        self.notify_and_answer(common, at, if whole { "CAPTURED" } else { "PARTIALLY_CAPTURED" })
    }

    /// Reverses an authorization, which moved no money, or a whole purchase, which did.
    pub(super) fn cancel(
        &mut self,
        common: &mut Common,
        request: &Request,
        at: Place,
    ) -> Result<Answer, Answer> {
        let (order, payment) = self.both(at)?;
        let (state, whole) = (payment.state(&order.terms), order.terms.amount);
        // No body is expected. One that asks for a part must not return all of the money.
        if !request.is_bare() && amount(&body(request, "void-payment")?, &order.terms.currency)? != whole {
            return Err(invalid("amount.value", "a payment is reversed as a whole"));
        }
        let event = match state {
            "AUTHORISED" => "FULL_AUTH_REVERSED",
            "PURCHASED" => "PURCHASE_REVERSED",
            _ => return Err(refuse(409, "cancelNotAllowed", "The payment cannot be reversed.")),
        };
        if state == "PURCHASED" {
            order.move_money(common, LedgerKind::Refund, at.payment, whole);
        }
        self.payment(at)?.reversed = true;
        self.notify_and_answer(common, at, event)
    }

    /// Refunds one capture, or a purchase.
    pub(super) fn refund(
        &mut self,
        common: &mut Common,
        request: &Request,
        at: Place,
        capture: Option<&str>,
    ) -> Result<Answer, Answer> {
        let (order, payment) = self.both(at)?;
        let value = amount(&body(request, "refund-payment")?, &order.terms.currency)?;
        let left = match capture {
            Some(name) => {
                let found = payment.captures.iter().find(|capture| capture.reference == name);
                let found =
                    found.ok_or_else(|| refuse(404, "captureNotFound", "There is no such capture."))?;
                found.amount - found.refunded
            }
            None if matches!(payment.state(&order.terms), "PURCHASED" | "PARTIALLY_REFUNDED")
                && order.terms.action == "PURCHASE" =>
            {
                order.terms.amount - payment.refunded()
            }
            None => 0,
        };
        if value > left {
            return Err(refuse(409, "refundNotAllowed", "The amount is more than can be refunded."));
        }
        let refund = Refund { reference: common.ids.uuid(), amount: value, at: common.now() };
        let payment = self.payment(at)?;
        payment.refunds.push(refund);
        for known in payment.captures.iter_mut().filter(|known| Some(known.reference.as_str()) == capture) {
            known.refunded += value;
        }
        self.order(at)?.move_money(common, LedgerKind::Refund, at.payment, value);
        let (order, payment) = self.both(at)?;
        let event = if payment.state(&order.terms) == "REFUNDED" { "REFUNDED" } else { "PARTIALLY_REFUNDED" };
        self.notify_and_answer(common, at, event)
    }

    pub(super) fn pay_saved_card(
        &mut self,
        common: &mut Common,
        request: &Request,
        at: Place,
    ) -> Result<Answer, Answer> {
        let body = body(request, "pay-with-saved-card")?;
        let (order, payment) = self.both(at)?;
        if payment.state(&order.terms) != "STARTED" {
            return Err(refuse(409, "paymentNotAllowed", "The payment does not wait for a card."));
        }
        let token = text(&body, "cardToken").ok_or_else(|| invalid("cardToken", "is required"))?;
        let saved = self.orders.iter().flat_map(|order| &order.payments).find_map(|payment| {
            let tried = payment.tried.as_ref().filter(|tried| tried.token.as_deref() == Some(token))?;
            Some((payment.reference.clone(), tried.card.clone()?))
        });
        let (first, card) = saved.ok_or_else(|| invalid("cardToken", "there is no such saved card"))?;
        check_saved(&body, &card)?;
        let result = common.issuer.ask(&card, order.stored_charge(common.now()));
        let mut tried = Tried::new(common, Some(card), result);
        tried.charged = Some(first);
        let outlet = self.outlet.clone();
        let order = self.orders.at_mut(at.order).ok_or_else(not_found)?;
        order.settle(common, &outlet, at.payment, tried);
        self.show(common, at)
    }

    fn order(&self, at: Place) -> Result<&Order, Answer> {
        self.orders.at(at.order).ok_or_else(not_found)
    }

    fn both(&self, at: Place) -> Result<(&Order, &Payment), Answer> {
        let order = self.order(at)?;
        Ok((order, order.payments.get(at.payment).ok_or_else(not_found)?))
    }

    fn payment(&mut self, at: Place) -> Result<&mut Payment, Answer> {
        let order = self.orders.at_mut(at.order).ok_or_else(not_found)?;
        order.payments.get_mut(at.payment).ok_or_else(not_found)
    }

    /// Notifies the merchant of the payment and answers it.
    fn notify_and_answer(&self, common: &mut Common, at: Place, event: &str) -> Result<Answer, Answer> {
        self.order(at)?.notify(common, &self.outlet, at.payment, event);
        self.show(common, at)
    }

    fn show(&self, common: &Common, at: Place) -> Result<Answer, Answer> {
        let (order, payment) = self.both(at)?;
        Ok(Answer::typed(200, PAYMENT, &payment.render(&order.terms, &common.origin, &self.outlet)))
    }
}

/// The amount of the request, in minor units of the order's currency.
fn amount(body: &Map<String, Value>, currency: &str) -> Result<i64, Answer> {
    let amount = child(body, "amount").ok_or_else(|| invalid("amount", "is required"))?;
    if text(amount, "currencyCode") != Some(currency) {
        return Err(invalid("amount.currencyCode", "must be the currency of the order"));
    }
    json::minor(amount.get("value")).ok_or_else(|| invalid("amount.value", "must be at least 1"))
}

/// Checks the request: it has the security code exactly when that is needed again (a guess).
fn check_saved(body: &Map<String, Value>, card: &Card) -> Result<(), Answer> {
    if text(body, "expiry") != Some(&format!("{:04}-{:02}", card.year, card.month)) {
        return Err(invalid("expiry", "must be that of the saved card, YYYY-MM"));
    }
    if text(body, "cardholderName").is_none_or(|name| name.trim().is_empty()) {
        return Err(invalid("cardholderName", "is required"));
    }
    if recaptures_code(card) {
        read::digits(body, "cvv", 3, 4)
            .map(drop)
            .ok_or_else(|| invalid("cvv", "must be three or four digits"))
    } else if absent(body, "cvv") {
        Ok(())
    } else {
        Err(invalid("cvv", "is not needed for this card"))
    }
}
