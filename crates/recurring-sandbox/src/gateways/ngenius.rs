//! ngenius: an access token, then one request with the card that takes the first payment and starts a schedule, which
//! the gateway runs when the sandbox's clock moves.
//!
//! From the source document: the request and answer of the recurring payment, the intervals and the rule for the
//! 29th to the 31st. `DAILY` is only in its table of answers and is accepted too. From public documentation: the
//! access token, the order with its payments and links, capture, reversal, refund, payment with a saved card, the
//! notification. Guesses: the error codes, 200 for a created payment, no `nextPaymentOn` when the first payment
//! failed, that a schedule goes on after a declined payment, that `cnp:cancel` of a purchase takes `PUT` (a
//! reversal of all of it) and a refund with an amount, that a notification holds the order with the one payment it is
//! about. This sandbox's own: the action `AUTH`, which only authorizes every payment of the schedule, and
//! `POST /transactions/outlets/{outlet}/orders`, as far as a payment with a saved card needs it.

mod account;
mod encryption;
mod members;
mod money;
mod order;
mod payment;
mod read;
mod refusal;
mod rows;

pub(crate) use account::Ngenius;
#[cfg(test)]
pub(super) use members::MEMBERS;

use crate::answer::Answer;
use crate::cards::REFUSED_BY_ISSUER;
use crate::common::Common;
use crate::due::DueList;
use crate::gateway::{
    CustomerAction, Gateway, OperationRow, Page, PageResult, PaymentRow, Schedule, StoredCard,
};
use crate::json;
use crate::outbox::{Notification, WebhookRules};
use crate::request::Request;
use account::{REALM, api_key};
use axum::http::Method;
use encryption::{WEBHOOK_HEADER, WEBHOOK_SECRET};
use jiff::Timestamp;
use order::GATEWAY;
use payment::Tried;
use refusal::{refuse, unplayed};

/// From public documentation: sent once, and never again.
pub(super) const WEBHOOKS: WebhookRules =
    WebhookRules { accepts: |status, _| matches!(status, 200 | 201), backoff: |_| None };

const EVENTS: &[&str] = &[
    "AUTHORISED",
    "CAPTURED",
    "PURCHASED",
    "DECLINED",
    "PURCHASE_DECLINED",
    "PARTIALLY_CAPTURED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    "FULL_AUTH_REVERSED",
    "PURCHASE_REVERSED",
];

const OPERATIONS: &[OperationRow] = &[
    ("POST", "identity/auth/access-token", "access-token"),
    ("POST", "recurring-payment/outlets/*/orders", "create-recurring-payment"),
    ("POST", "transactions/outlets/*/orders", "create-order"),
    ("GET", "transactions/outlets/*/orders/*", "get-order"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/captures", "capture-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/captures/*/refund", "refund-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/refund", "refund-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/cancel", "refund-payment"),
    ("PUT", "transactions/outlets/*/orders/*/payments/*/cancel", "void-payment"),
    ("PUT", "transactions/outlets/*/orders/*/payments/*/saved-card", "pay-with-saved-card"),
];

impl Gateway for Ngenius {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn prefix(&self) -> &'static [&'static str] {
        &["ngenius"]
    }

    fn settings(&self, origin: &str) -> Vec<(&'static str, String)> {
        vec![
            ("NGENIUS_BASE_URL", format!("{origin}/ngenius")),
            ("NGENIUS_API_KEY", api_key()),
            ("NGENIUS_OUTLET", self.outlet.clone()),
            ("NGENIUS_REALM", REALM.to_owned()),
            ("NGENIUS_WEBHOOK_HEADER", WEBHOOK_HEADER.to_owned()),
            ("NGENIUS_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
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
        let answer = match (&request.method, segments.as_slice()) {
            (&Method::POST, ["identity", "auth", "access-token"]) => self.token(common, request),
            (&Method::POST, ["recurring-payment", "outlets", outlet, "orders"]) => {
                self.authorized(common, request, outlet).and_then(|()| self.create(common, request))
            }
            (&Method::GET, ["transactions", "outlets", outlet, "orders", order]) => {
                self.authorized(common, request, outlet).and_then(|()| self.status(common, order))
            }
            (&Method::POST, ["transactions", "outlets", outlet, "orders"]) => {
                self.authorized(common, request, outlet).and_then(|()| self.create_single(common, request))
            }
            (
                method,
                ["transactions", "outlets", outlet, "orders", order, "payments", payment, rest @ ..],
            ) => {
                let at = |gateway: &Ngenius| gateway.place(order, payment);
                self.authorized(common, request, outlet).and_then(|()| match (method, rest) {
                    (&Method::POST, ["captures"]) => self.capture(common, request, at(self)?),
                    (&Method::POST, ["captures", capture, "refund"]) => {
                        self.refund(common, request, at(self)?, Some(capture))
                    }
                    (&Method::POST, ["refund" | "cancel"]) => self.refund(common, request, at(self)?, None),
                    (&Method::PUT, ["cancel"]) => self.cancel(common, request, at(self)?),
                    (&Method::PUT, ["saved-card"]) => self.pay_saved_card(common, request, at(self)?),
                    _ => Err(refuse(404, "notFound", "There is nothing at this path.")),
                })
            }
            (&Method::PUT, ["transactions", "outlets", outlet, "orders", _, "cancel"]) => self
                .authorized(common, request, outlet)
                .and_then(|()| Err(unplayed("the cancellation of an order"))),
            (_, ["identity", "auth", "access-token"] | ["recurring-payment", "outlets", _, "orders"]) => {
                Err(refuse(405, "methodNotAllowed", "The method is not allowed here."))
            }
            _ => Err(refuse(404, "notFound", "There is nothing at this path.")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn page(&mut self, _: &mut Common, id: &str) -> Option<Page> {
        let order = self.orders.get(id).filter(|order| order.plan.is_none())?;
        let amount = json::display_amount(order.terms.amount, &order.terms.currency);
        Some(if order.waits() {
            Page::Open { title: "Payment".to_owned(), amount: Some(amount) }
        } else {
            let message = "This order is closed. Nothing is left to pay here.".to_owned();
            Page::Closed { message, back: order.leads_to() }
        })
    }

    fn customer(&mut self, common: &mut Common, id: &str, action: CustomerAction) -> Option<PageResult> {
        let order = self.orders.get_mut(id)?;
        let place = order.payments.iter().position(|payment| payment.tried.is_none())?;
        let (card, result) = match action {
            // The customer leaves; the order itself can still be paid.
            CustomerAction::Cancel => {
                let redirect = order.cancel.clone();
                return Some(PageResult { message: "The payment was canceled.", redirect });
            }
            CustomerAction::Decline => (None, Err(REFUSED_BY_ISSUER)),
            CustomerAction::Pay(card) => {
                let result = card.first(common.now());
                (Some(card), result)
            }
        };
        let message = result.map_or_else(|decline| decline.message, |()| "The payment is complete.");
        let tried = Tried::new(common, card, result);
        order.settle(common, &self.outlet, place, tried);
        Some(PageResult { message, redirect: order.leads_to() })
    }

    fn catch_up(&mut self, common: &mut Common) {
        self.take_due(common);
    }

    fn list_due(&self, list: &mut DueList) {
        for (_, number) in &self.due {
            if let Some(order) = self.orders.at(*number) {
                order.list_due(list);
            }
        }
    }

    fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    fn payments(&self, _: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_> {
        Box::new(self.newest().map(|(_, order, payment)| self.row(order, payment)))
    }

    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_> {
        Box::new(self.newest().filter_map(|(place, order, payment)| rows::stored(place, order, payment)))
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
        let (place, order, _) = self.newest().find(|(_, _, known)| known.reference == payment)?;
        let url = common.outbox.account_wide(GATEWAY);
        Some((order.notification(common, &self.outlet, place, event), url.into_iter().collect()))
    }

    fn schedules(&self) -> Box<dyn Iterator<Item = Schedule> + '_> {
        Box::new(self.list_schedules())
    }
}
