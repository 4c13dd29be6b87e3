//! revio: clients, purchases with a page, and charges of a saved card by another purchase.
//!
//! From the source document: the paths, the purchase request, `client` against `client_id`, the list of tokens. From
//! public documentation: the members of a purchase, the charge and its refusals, the token being the id of the first
//! purchase, capture, release and refund, the signed notifications. From other brands of the same platform:
//! canceling, `delete_recurring_token`, the payment methods, the public key. Guesses: `ZAR` when no currency is
//! given, the codes of refused members, ten tokens on a page of the list, that a capture of a part releases the
//! rest, and that only `purchase.paid` is sent to `success_callback`.

mod account;
mod client;
mod members;
mod money;
mod notify;
mod purchase;
mod refusal;
mod rows;
mod webhook;
mod webhooks;

pub(crate) use account::Revio;
#[cfg(test)]
pub(super) use members::MEMBERS;
pub(super) use notify::WEBHOOKS;

use crate::answer::Answer;
use crate::cards::REFUSED_BY_ISSUER;
use crate::common::Common;
use crate::due::{DueKind, DueList};
use crate::gateway::{CustomerAction, Gateway, OperationRow, Page, PageResult, PaymentRow, StoredCard};
use crate::json;
use crate::members::sentence;
use crate::outbox::{Notification, WebhookRules};
use crate::request::Request;
use account::Token;
use axum::http::Method;
use jiff::Timestamp;
use money::settle;
use notify::EVENTS;
use purchase::{Attempt, GATEWAY};
use refusal::{not_found, refuse, refuse_all};

const API_KEY: &str = "sandbox_revio_key";
/// From public documentation: the test card for 3-D Secure. At the other gateways it is a plain one.
const AUTHENTICATED_CARD: &str = "5555555555554444";

const OPERATIONS: &[OperationRow] = &[
    ("POST", "api/v1/clients", "create-client"),
    ("GET", "api/v1/clients", "list-clients"),
    ("GET", "api/v1/clients/*", "get-client"),
    ("PUT", "api/v1/clients/*", "update-client"),
    ("PATCH", "api/v1/clients/*", "change-client"),
    ("DELETE", "api/v1/clients/*", "delete-client"),
    ("GET", "api/v1/clients/*/recurring_tokens", "list-recurring-tokens"),
    ("DELETE", "api/v1/clients/*/recurring_tokens/*", "delete-recurring-token"),
    ("POST", "api/v1/purchases", "create-purchase"),
    ("GET", "api/v1/purchases/*", "get-purchase"),
    ("POST", "api/v1/purchases/*/charge", "charge-purchase"),
    ("POST", "api/v1/purchases/*/capture", "capture-purchase"),
    ("POST", "api/v1/purchases/*/release", "release-purchase"),
    ("POST", "api/v1/purchases/*/cancel", "cancel-purchase"),
    ("POST", "api/v1/purchases/*/refund", "refund-purchase"),
    ("POST", "api/v1/purchases/*/delete_recurring_token", "delete-purchase-recurring-token"),
    ("POST", "api/v1/webhooks", "create-webhook"),
    ("GET", "api/v1/webhooks", "list-webhooks"),
    ("GET", "api/v1/webhooks/*", "get-webhook"),
    ("PUT", "api/v1/webhooks/*", "update-webhook"),
    ("PATCH", "api/v1/webhooks/*", "change-webhook"),
    ("DELETE", "api/v1/webhooks/*", "delete-webhook"),
    ("GET", "api/v1/payment_methods", "payment-methods"),
    ("GET", "api/v1/public_key", "public-key"),
];

impl Gateway for Revio {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn prefix(&self) -> &'static [&'static str] {
        &["revio", "api", "v1"]
    }

    fn settings(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![
            ("REVIO_BASE_URL", format!("{origin}/revio/api/v1")),
            ("REVIO_API_KEY", API_KEY.to_owned()),
            ("REVIO_BRAND_ID", self.brand.clone()),
            ("REVIO_WEBHOOK_PUBLIC_KEY_FILE", self.public_key_file.display().to_string()),
        ]
    }

    fn operations(&self) -> &'static [OperationRow] {
        OPERATIONS
    }

    fn webhooks(&self) -> &'static WebhookRules {
        &WEBHOOKS
    }

    fn answer(&mut self, common: &mut Common, request: &Request) -> Answer {
        if request.authorization("Bearer") != Some(API_KEY) {
            return refuse(401, "__all__", "authentication_failed", "Invalid token.");
        }
        let segments = request.segments_after(3);
        let answer = match (&request.method, segments.as_slice()) {
            (&Method::POST, ["clients"]) => self.create_client(common, request),
            (&Method::GET, ["clients"]) => self.list_clients(common, request),
            (&Method::GET, ["clients", id]) => {
                self.client(id).map(|client| Answer::json(200, &client.render()))
            }
            (&Method::PUT | &Method::PATCH, ["clients", id]) => self.change_client(common, id, request),
            (&Method::DELETE, ["clients", id]) => self.delete_client(id),
            (&Method::GET, ["clients", id, "recurring_tokens"]) => self.tokens(common, id, request),
            (&Method::DELETE, ["clients", id, "recurring_tokens", token]) => self.delete_token(id, token),
            (&Method::POST, ["purchases"]) => self.create_purchase(common, request),
            (&Method::GET, ["purchases", id]) => {
                self.refresh(common, id);
                self.purchase(id).map(|purchase| self.show(common, 200, purchase))
            }
            (&Method::POST, ["purchases", id, "charge"]) => self.charge(common, id, request),
            (&Method::POST, ["purchases", id, "capture"]) => self.capture(common, id, request),
            (&Method::POST, ["purchases", id, "release"]) => self.release(common, id, request),
            (&Method::POST, ["purchases", id, "cancel"]) => self.cancel(common, id, request),
            (&Method::POST, ["purchases", id, "refund"]) => self.refund(common, id, request),
            (&Method::POST, ["purchases", id, "delete_recurring_token"]) => self.forget(common, id),
            (
                _,
                ["purchases", _, call @ ("mark_as_paid" | "resend_invoice")]
                | ["webhooks", call @ "deliveries"]
                | [call @ ("billing" | "billing_templates" | "account" | "company_statements"), ..]
                | [call @ ("balance" | "payout_methods")],
            ) => Err(refuse_all("not_played", &sentence(call))),
            (_, ["webhooks", rest @ ..]) => self.webhooks(common, request, rest),
            (&Method::GET, ["payment_methods"]) => self.payment_methods(request),
            (&Method::GET, ["public_key"]) => Ok(Answer::json(200, &self.public_key.as_str().into())),
            (_, ["clients" | "purchases"] | ["clients" | "purchases", _]) => {
                Err(refuse(405, "__all__", "method_not_allowed", "The method is not allowed here."))
            }
            _ => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn page(&mut self, common: &mut Common, id: &str) -> Option<Page> {
        let purchase = self.purchases.get_mut(id)?;
        purchase.refresh(common.now());
        if !purchase.unpaid() {
            let message = format!("This purchase is {}. Nothing is left to pay here.", purchase.status);
            return Some(Page::Closed { message, back: purchase.way_back().map(str::to_owned) });
        }
        purchase.view(common.now());
        let amount = Some(json::display_amount(purchase.total, &purchase.currency));
        Some(Page::Open { title: purchase.title().to_owned(), amount })
    }

    fn customer(&mut self, common: &mut Common, id: &str, action: CustomerAction) -> Option<PageResult> {
        let now = common.now();
        let purchase = self.purchases.get_mut(id)?;
        let (message, to, event) = match action {
            // The customer leaves; the purchase itself can still be paid.
            CustomerAction::Cancel => ("The payment was canceled.", "cancel_redirect", None),
            CustomerAction::Decline => {
                let error = Err(REFUSED_BY_ISSUER);
                purchase.attempts.push(Attempt {
                    id: common.ids.uuid(),
                    kind: "execute",
                    method: "",
                    at: now,
                    result: error,
                });
                purchase.turn("error", now);
                (REFUSED_BY_ISSUER.message, "failure_redirect", Some("purchase.payment_failure"))
            }
            CustomerAction::Pay(card) => {
                let result = card.first(now);
                let event = Some(settle(purchase, common, &card, result, "execute"));
                // Source: sister brand. A preauthorization is there to save the card.
                let saves = purchase.force_recurring || purchase.status == "preauthorized";
                if result.is_ok() && saves {
                    let owner = purchase.owner().to_owned();
                    self.tokens.push(id, Token { id: id.to_owned(), owner, card, created: now });
                }
                match result {
                    Ok(()) => ("The payment is complete.", "success_redirect", event),
                    Err(decline) => (decline.message, "failure_redirect", event),
                }
            }
        };
        let to = purchase.redirect(to).map(str::to_owned);
        if let Some(event) = event {
            self.notify(common, id, event);
        }
        Some(PageResult { message, redirect: to })
    }

    fn payments(&self, now: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_> {
        Box::new(self.purchases.newest().map(move |(_, _, purchase)| self.row(purchase, now)))
    }

    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_> {
        Box::new(self.tokens.newest().map(|(number, _, token)| rows::stored(number, token)))
    }

    fn events(&self) -> &'static [&'static str] {
        EVENTS
    }

    fn webhook(
        &self,
        common: &mut Common,
        payment: &str,
        event: &str,
    ) -> Option<(Notification, Vec<String>)> {
        self.about(common, payment, event)
    }

    fn authenticates(&self, number: &str) -> bool {
        number == AUTHENTICATED_CARD
    }

    fn catch_up(&mut self, common: &mut Common) {
        self.settle_due(common);
    }

    fn list_due(&self, list: &mut DueList) {
        for (at, id, _) in &self.slow {
            if let Some(purchase) = self.purchases.get(id) {
                list.add(*at, GATEWAY, DueKind::PendingCharge, purchase.falls_due(), "");
            }
        }
        for purchase in self.purchases.iter() {
            purchase.list_due(list);
        }
    }
}
