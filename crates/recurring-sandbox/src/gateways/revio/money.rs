//! Charges, captures, releases, cancellations and refunds of purchases.

use super::account::Revio;
use super::purchase::{Attempt, GATEWAY, Purchase};
use super::refusal::{invalid, not_found, read, refuse_all, required};
use crate::answer::Answer;
use crate::cards::{Card, Decline};
use crate::common::Common;
use crate::issuer::StoredCharge;
use crate::json::{self, absent, text};
use crate::ledger::{LedgerKind, PaymentNames};
use crate::request::Request;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

/// How long the slow acquirer takes: this sandbox's own convention.
const SLOWNESS: SignedDuration = SignedDuration::from_mins(1);

impl Revio {
    pub(super) fn charge(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        self.refresh(common, id);
        let purchase = self.purchases.get_mut(id).ok_or_else(not_found)?;
        let body = read(request, "charge-purchase")?;
        let token = text(&body, "recurring_token").ok_or_else(|| required("recurring_token"))?;
        if !purchase.unpaid() {
            let message = format!("A purchase with status {} cannot be charged.", purchase.status);
            return Err(refuse_all("purchase_charge_wrong_status", &message));
        }
        let token = self.tokens.get(token).filter(|saved| saved.owner == purchase.owner());
        let token = token
            .ok_or_else(|| refuse_all("invalid_recurring_token", "The recurring token is not valid."))?;
        let (card, token) = (token.card.clone(), token.id.clone());
        let charge = StoredCharge {
            gateway: GATEWAY,
            reference: &purchase.reference,
            amount: purchase.total,
            currency: &purchase.currency,
            at: common.now(),
        };
        let result = common.issuer.ask(&card, charge);
        purchase.recurring_token = Some(token);
        if card.slow() && result.is_ok() {
            let now = common.now();
            purchase.turn("pending_charge", now);
            self.slow.push_back((now.checked_add(SLOWNESS).unwrap_or(now), id.to_owned(), card));
            return self.notify_and_answer(common, id, "purchase.pending_charge");
        }
        let event = settle(purchase, common, &card, result, "recurring_execute");
        let answer = self.notify_and_answer(common, id, event);
        match result {
            Ok(()) => answer,
            Err(decline) => Err(refuse_all("purchase_charge_error", decline.message)),
        }
    }

    /// Lets time pass for this purchase.
    pub(super) fn refresh(&mut self, common: &Common, id: &str) {
        if let Some(purchase) = self.purchases.get_mut(id) {
            purchase.refresh(common.now());
        }
    }

    /// Takes the money of the purchases that the slow acquirer has settled.
    pub(super) fn settle_due(&mut self, common: &mut Common) {
        let now = common.now();
        while self.slow.front().is_some_and(|(due, _, _)| *due <= now) {
            let Some((_, id, card)) = self.slow.pop_front() else { return };
            let Some(purchase) = self.purchases.get_mut(&id) else { continue };
            let event = settle(purchase, common, &card, Ok(()), "recurring_execute");
            self.notify(common, &id, event);
        }
    }

    /// Takes the money of a purchase that was only authorized, once: all of it or a part.
    pub(super) fn capture(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let purchase = self.purchases.get_mut(id).ok_or_else(not_found)?;
        let amount = amount(request, "capture-purchase", purchase.total)?;
        if purchase.status != "hold" {
            return Err(refuse_all("purchase_capture_wrong_status", "The purchase cannot be captured."));
        }
        if amount > purchase.total {
            return Err(invalid("amount", "The amount is larger than what was authorized."));
        }
        take(purchase, common, amount);
        self.notify_and_answer(common, id, "purchase.captured")
    }

    /// Releases the authorization hold. No money moves.
    pub(super) fn release(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        optional(request, "release-purchase")?;
        let purchase = self.purchases.get_mut(id).ok_or_else(not_found)?;
        if purchase.status != "hold" {
            return Err(refuse_all("purchase_release_wrong_status", "The purchase cannot be released."));
        }
        purchase.turn("released", common.now());
        self.notify_and_answer(common, id, "purchase.released")
    }

    pub(super) fn cancel(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        optional(request, "cancel-purchase")?;
        self.refresh(common, id);
        let purchase = self.purchases.get_mut(id).ok_or_else(not_found)?;
        if !purchase.unpaid() {
            let message = "The purchase cannot be canceled any more.";
            return Err(refuse_all("purchase_cancel_wrong_status", message));
        }
        purchase.turn("cancelled", common.now());
        self.notify_and_answer(common, id, "purchase.cancelled")
    }

    pub(super) fn refund(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let purchase = self.purchases.get_mut(id).ok_or_else(not_found)?;
        let left = purchase.taken - purchase.refunded;
        let amount = amount(request, "refund-purchase", left)?;
        if !matches!(purchase.status, "paid" | "refunded") || left == 0 {
            return Err(refuse_all("purchase_refund_wrong_status", "The purchase cannot be refunded."));
        }
        if amount > left {
            return Err(invalid("amount", "The amount is larger than what is left."));
        }
        purchase.refunded += amount;
        purchase.turn("refunded", common.now());
        let names = PaymentNames { reference: &purchase.reference, payment: &purchase.id };
        common.move_money(LedgerKind::Refund, GATEWAY, names, (amount, &purchase.currency));
        let now = common.now().as_second();
        let answer = json!({
            "type": "payment", "id": common.ids.uuid(), "created_on": now, "updated_on": now,
            "payment": {
                "is_outgoing": true, "payment_type": "refund", "amount": amount, "currency": purchase.currency,
                "net_amount": amount, "fee_amount": 0, "pending_amount": 0, "description": "", "paid_on": now,
            },
            "brand_id": self.brand, "company_id": self.company, "is_test": true, "reference": purchase.reference,
            "related_to": {"type": "purchase", "id": purchase.id},
        });
        let urls = self.webhook_urls(common, "payment.refunded");
        self.sign_and_send(common, answer.clone(), "payment.refunded", urls);
        Ok(Answer::json(200, &answer))
    }

    pub(super) fn forget(&mut self, common: &mut Common, id: &str) -> Result<Answer, Answer> {
        self.purchase(id)?;
        let none = || refuse_all("invalid_recurring_token", "The purchase is not a recurring token.");
        self.tokens.remove(id).ok_or_else(none)?;
        self.notify_and_answer(common, id, "purchase.recurring_token_deleted")
    }

    /// Notifies the merchant of the purchase and answers it.
    fn notify_and_answer(&self, common: &mut Common, id: &str, event: &str) -> Result<Answer, Answer> {
        self.notify(common, id, event);
        self.purchase(id).map(|purchase| self.show(common, 200, purchase))
    }
}

/// The body, if there is one.
fn optional(request: &Request, call: &str) -> Result<Map<String, Value>, Answer> {
    if request.is_bare() { Ok(Map::new()) } else { read(request, call) }
}

/// The amount of the body; all that is `left` where none is named or there is no body.
fn amount(request: &Request, call: &str, left: i64) -> Result<i64, Answer> {
    let body = optional(request, call)?;
    let amount = if absent(&body, "amount") { Some(left) } else { json::minor(body.get("amount")) };
    amount.ok_or_else(|| invalid("amount", "A positive integer in minor units is needed."))
}

fn take(purchase: &mut Purchase, common: &mut Common, amount: i64) {
    let now = common.now();
    purchase.turn("paid", now);
    purchase.paid = Some(now);
    purchase.taken = amount;
    let names = PaymentNames { reference: &purchase.reference, payment: &purchase.id };
    common.move_money(LedgerKind::Charge, GATEWAY, names, (amount, &purchase.currency));
}

/// Settles one attempt to take the money with this result. Returns the event.
pub(super) fn settle(
    purchase: &mut Purchase,
    common: &mut Common,
    card: &Card,
    result: Result<(), Decline>,
    kind: &'static str,
) -> &'static str {
    let now = common.now();
    purchase.card = Some(card.clone());
    purchase.attempts.push(Attempt { id: common.ids.uuid(), kind, method: card.brand(), at: now, result });
    match result {
        Err(_) => {
            purchase.turn("error", now);
            "purchase.payment_failure"
        }
        // Source: sister brand. A purchase of nothing saves the card.
        Ok(()) if purchase.total == 0 => {
            purchase.turn("preauthorized", now);
            "purchase.preauthorized"
        }
        Ok(()) if purchase.skip_capture => {
            purchase.turn("hold", now);
            "purchase.hold"
        }
        Ok(()) => {
            let total = purchase.total;
            take(purchase, common, total);
            "purchase.paid"
        }
    }
}
