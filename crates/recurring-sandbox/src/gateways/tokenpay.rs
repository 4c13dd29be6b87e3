//! tokenpay-signed: every request is one signed text in an envelope.
//!
//! From the source document: the envelope, the recurring charge and its answer; account and first ids are those of
//! its example, so that the example's request text is accepted as it is. From public documentation: the other calls
//! under `/tokenization/`, the query, the notification. Guesses: that a refund and a void are notified to the
//! order's own `callbackUrl.notify`, as its payment is; that refusals come as HTTP 200 with another
//! `responseCode`, and that query, void and refund of the hosted page serve token orders. Every code but `0000` is
//! this sandbox's own.

mod account;
mod checkout;
mod members;
mod money;
mod order;
mod refusal;
mod rows;
mod signed;

pub(crate) use account::Tokenpay;
#[cfg(test)]
pub(super) use members::MEMBERS;

use crate::answer::Answer;
use crate::common::Common;
use crate::gateway::{
    CustomerAction, Gateway, OperationRow, Page, PageResult, PaymentRow, STATUS, StoredCard,
};
use crate::json;
use crate::outbox::{Notification, WebhookRules};
use crate::request::Request;
use account::{Token, number_of};
use axum::http::Method;
use jiff::Timestamp;
use order::{CURRENCY, GATEWAY, MERCHANT_ID};
use refusal::malformed;

/// From public documentation: received is 2xx with the body `OK`, and fifteen repetitions. That they are spread over five
/// hours is a guess.
pub(super) const WEBHOOKS: WebhookRules = WebhookRules {
    accepts: |status, body| matches!(status, 200..300) && body == b"OK",
    backoff: |attempts| (attempts <= 15).then_some(20),
};

const OPERATIONS: &[OperationRow] = &[
    ("POST", "tokenization/add-token", "add-token"),
    ("POST", "tokenization/query-token", "query-token"),
    ("POST", "tokenization/delete-token", "delete-token"),
    ("POST", "tokenization/sale", "sale"),
    ("POST", "tokenization/recurring", "recurring"),
    ("POST", "hosted-checkout/create", "create-checkout"),
    ("POST", "hosted-checkout/recurring", "recurring-checkout"),
    ("POST", "hosted-checkout/query", "query-order"),
    ("POST", "hosted-checkout/void", "void-order"),
    ("POST", "hosted-checkout/refund", "refund-order"),
];

impl Gateway for Tokenpay {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn prefix(&self) -> &'static [&'static str] {
        &["tokenpay"]
    }

    fn settings(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![
            ("TOKENPAY_BASE_URL", format!("{origin}/tokenpay")),
            ("TOKENPAY_MERCHANT_ID", MERCHANT_ID.to_string()),
            ("TOKENPAY_CURRENCY", CURRENCY.to_owned()),
            ("TOKENPAY_PRIVATE_KEY_FILE", self.merchant_key_file.display().to_string()),
            ("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE", self.gateway_key_file.display().to_string()),
        ]
    }

    fn operations(&self) -> &'static [OperationRow] {
        OPERATIONS
    }

    fn webhooks(&self) -> &'static WebhookRules {
        &WEBHOOKS
    }

    fn answer(&mut self, common: &mut Common, request: &Request) -> Answer {
        let segments = request.segments_after(1);
        let path = segments.join("/");
        let Some((_, _, call)) = OPERATIONS.iter().find(|(_, known, _)| *known == path) else {
            return malformed(404, "Not found");
        };
        if request.method != Method::POST {
            return malformed(405, "Method not allowed");
        }
        let answer = self.open(request, call).and_then(|signed| match *call {
            "add-token" => self.add_token(common, &signed),
            "query-token" => self.query_token(&signed),
            "delete-token" => self.delete_token(&signed),
            "sale" => self.sale(common, &signed),
            "recurring" => self.recurring(common, &signed),
            "create-checkout" => self.create_checkout(common, &signed),
            "recurring-checkout" => self.recurring_checkout(common, &signed),
            "query-order" => self.query(&signed),
            "void-order" => self.reverse(common, &signed, true),
            "refund-order" => self.reverse(common, &signed, false),
            _ => Err(malformed(404, "Not found")),
        });
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn page(&mut self, _: &mut Common, id: &str) -> Option<Page> {
        if let Some(checkout) = self.checkouts.get(id) {
            let order = self.orders.get(&checkout.reference)?;
            let amount = json::display_amount(order.amount, CURRENCY);
            return Some(if order.open() {
                Page::Open { title: "Payment".to_owned(), amount: Some(amount) }
            } else {
                let message = "This order is closed. Nothing is left to pay here.".to_owned();
                Page::Closed { message, back: checkout.way_back(order) }
            });
        }
        let enrollment = self.enrollments.get(id)?;
        Some(if enrollment.done {
            Page::Closed {
                message: "This page has been used.".to_owned(),
                back: Some(enrollment.success.clone()),
            }
        } else {
            Page::Open { title: "Save your card".to_owned(), amount: None }
        })
    }

    fn customer(&mut self, common: &mut Common, id: &str, action: CustomerAction) -> Option<PageResult> {
        if self.checkouts.get(id).is_some() {
            return self.check_out(common, id, action);
        }
        let enrollment = self.enrollments.get_mut(id)?;
        enrollment.done = true;
        let to = match action {
            CustomerAction::Pay(card) if card.first(common.now()).is_ok() => {
                let token =
                    Token { id: self.next_token, user: enrollment.user.clone(), card, created: common.now() };
                self.tokens.push(&self.next_token.to_string(), token);
                self.next_token = self.next_token.saturating_add(1);
                &enrollment.success
            }
            CustomerAction::Pay(_) | CustomerAction::Decline => &enrollment.fail,
            CustomerAction::Cancel => enrollment.cancel.as_ref().unwrap_or(&enrollment.fail),
        };
        Some(PageResult { message: "The page has ended.", redirect: Some(to.clone()) })
    }

    fn payments(&self, _: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_> {
        Box::new(self.orders.newest().map(|(_, _, order)| rows::row(order)))
    }

    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_> {
        Box::new(self.tokens.newest().map(|(number, _, token)| rows::stored(number, token)))
    }

    fn events(&self) -> &'static [&'static str] {
        &[STATUS]
    }

    fn webhook(&self, _: &mut Common, payment: &str, _: &str) -> Option<(Notification, Vec<String>)> {
        let order = self.orders.at(number_of(payment.parse().ok()?)?)?;
        Some((order.notification(&self.gateway)?, order.notify.iter().cloned().collect()))
    }

    fn webhook_body(&self, order: i64) -> Option<String> {
        self.orders.at(number_of(order)?)?.signed_body(&self.gateway)
    }
}
