//! emspay: orders, of which the first one of a series is paid on a page and gives a vault token.
//!
//! From the source document: paths, members, `new`/`processing`/`completed`, `vault_token`, the one-year life of a
//! series. From public documentation: 201 with status `error` for a declined payment, changing and canceling, the
//! form of errors, refunds, captures, currencies, the notification. From other brands of the same platform: listing
//! orders by period, as a bare array. Guesses: `capture_mode` `manual`, which makes a
//! payment that waits for a capture, with the order `processing` and the transaction `accepted` until then; that a
//! refund is notified under the id of the order that was paid. The error types and reasons are this sandbox's own.

mod account;
mod members;
mod money;
mod order;
mod refusal;
mod rows;

pub(crate) use account::Emspay;
#[cfg(test)]
pub(super) use members::MEMBERS;

use crate::answer::Answer;
use crate::cards::REFUSED_BY_ISSUER;
use crate::common::Common;
use crate::due::{DueKind, DueList, DuePayment};
use crate::gateway::{CustomerAction, Gateway, OperationRow, Page, PageResult, PaymentRow, StoredCard};
use crate::json::{self, text};
use crate::outbox::{Notification, WebhookRules};
use crate::request::Request;
use account::Vault;
use axum::http::Method;
use jiff::Timestamp;
use order::{EVENT, GATEWAY, Recurring, after};
use refusal::{not_found, refuse};

const API_KEY: &str = "sandbox_emspay_key";

/// From public documentation: ten repetitions, two minutes apart, on 4xx and 5xx.
pub(super) const WEBHOOKS: WebhookRules =
    WebhookRules { accepts: |status, _| status < 400, backoff: |attempts| (attempts <= 10).then_some(2) };

const OPERATIONS: &[OperationRow] = &[
    ("POST", "v1/orders", "create-order"),
    ("GET", "v1/orders", "list-orders"),
    ("GET", "v1/orders/*", "get-order"),
    ("PUT", "v1/orders/*", "update-order"),
    ("DELETE", "v1/orders/*", "cancel-order"),
    ("POST", "v1/orders/*/refunds", "refund-order"),
    ("POST", "v1/orders/*/transactions/*/captures", "capture-transaction"),
    ("POST", "v1/orders/*/transactions/*/voids/amount", "void-transaction"),
    ("GET", "v1/merchants/self/projects/self/currencies", "get-currencies"),
];

impl Gateway for Emspay {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn prefix(&self) -> &'static [&'static str] {
        &["emspay", "v1"]
    }

    fn settings(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![("EMSPAY_BASE_URL", format!("{origin}/emspay/v1")), ("EMSPAY_API_KEY", API_KEY.to_owned())]
    }

    fn operations(&self) -> &'static [OperationRow] {
        OPERATIONS
    }

    fn webhooks(&self) -> &'static WebhookRules {
        &WEBHOOKS
    }

    fn answer(&mut self, common: &mut Common, request: &Request) -> Answer {
        if request.basic() != Some((API_KEY.to_owned(), String::new())) {
            return refuse(401, "AuthenticationError", "The API key is missing or wrong.", None);
        }
        let segments = request.segments_after(2);
        if request.method == Method::GET
            && segments == ["merchants", "self", "projects", "self", "currencies"]
        {
            return money::currencies();
        }
        let answer = match (&request.method, segments.as_slice()) {
            (&Method::POST, ["orders"]) => self.create(common, request),
            (&Method::GET, ["orders"]) => self.list(common, request),
            (&Method::GET, ["orders", id]) => match self.refunds.get(id) {
                Some(refund) => Ok(Answer::json(200, refund)),
                None => self.with(common, id, |_, _| Ok(200)),
            },
            (&Method::PUT, ["orders", id]) => self.change(common, id, request),
            (&Method::DELETE, ["orders", id]) => self.with(common, id, money::cancel),
            (&Method::POST, ["orders", id, "refunds"]) => self.refund(common, id, request),
            (&Method::POST, ["orders", id, "transactions", transaction, "captures"]) => {
                self.capture(common, id, transaction, request)
            }
            (&Method::POST, ["orders", id, "transactions", transaction, "voids", "amount"]) => {
                self.void(common, id, transaction, request)
            }
            (_, ["orders", ..]) => {
                Err(refuse(405, "MethodNotAllowed", "The method is not allowed here.", None))
            }
            _ => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn list_due(&self, list: &mut DueList) {
        for order in self.orders.iter().filter(|order| order.status == "new") {
            let names = order.names();
            let amount = Some((order.amount, order.currency.as_str()));
            let due = DuePayment { reference: names.reference, payment: names.payment, amount };
            list.add(order.expires, GATEWAY, DueKind::Expiry, due, "");
        }
        for vault in self.vaults.iter() {
            let due = DuePayment { reference: "", payment: &vault.first_transaction, amount: None };
            list.add(vault.ends, GATEWAY, DueKind::SeriesEnd, due, "");
        }
    }

    fn page(&mut self, common: &mut Common, id: &str) -> Option<Page> {
        let order = self.orders.get_mut(id).filter(|order| order.recurring != Recurring::Later)?;
        order.refresh(&common.clock);
        Some(match order.status {
            "new" => Page::Open {
                title: text(&order.kept, "description").unwrap_or("Payment").to_owned(),
                amount: Some(json::display_amount(order.amount, &order.currency)),
            },
            status => Page::Closed {
                message: format!("This order is {status}. Nothing is left to pay here."),
                back: order.leads_to(),
            },
        })
    }

    fn customer(&mut self, common: &mut Common, id: &str, action: CustomerAction) -> Option<PageResult> {
        let now = common.now();
        let order = self.orders.get_mut(id)?;
        order.modified = common.clock.unmoved();
        order.chosen |= !matches!(action, CustomerAction::Cancel);
        let message = match action {
            CustomerAction::Cancel => {
                order.status = "cancelled";
                "The payment was canceled."
            }
            CustomerAction::Decline => {
                order.refuse(REFUSED_BY_ISSUER);
                REFUSED_BY_ISSUER.message
            }
            CustomerAction::Pay(card) => match card.first(now) {
                Err(decline) => {
                    order.refuse(decline);
                    decline.message
                }
                Ok(()) => {
                    if order.recurring == Recurring::First {
                        let token = common.ids.uuid();
                        let ends = after(order.created, "P1Y")?;
                        let first_transaction = order.transaction_id.clone();
                        self.vaults.push(
                            &token,
                            Vault { card: card.clone(), first_transaction, created: now, ends },
                        );
                        order.vault_token = Some(token);
                    }
                    order.card = Some(card);
                    order.pay(common, "completed");
                    "The payment is complete."
                }
            },
        };
        order.notify(common, &self.project_id);
        Some(PageResult { message, redirect: order.leads_to() })
    }

    fn payments(&self, now: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_> {
        Box::new(self.orders.newest().map(move |(_, _, order)| self.row(order, now)))
    }

    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_> {
        Box::new(self.vaults.newest().map(rows::stored))
    }

    fn events(&self) -> &'static [&'static str] {
        &[EVENT]
    }

    fn webhook(&self, _: &mut Common, payment: &str, _: &str) -> Option<(Notification, Vec<String>)> {
        let order = self.orders.get(payment)?;
        Some((order.notification(&self.project_id), order.webhook_url().into_iter().collect()))
    }
}
