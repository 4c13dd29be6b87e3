//! ngenius: an access token, then one call with the card that takes the first payment and starts a schedule, which
//! this gateway runs by itself whenever the sandbox's clock moves.
//!
//! From the source document: the request and answer of the recurring payment, the intervals and the rule for the
//! 29th to the 31st. `DAILY` stands only in its table of answers and is taken too. From public documentation: the
//! access token, the order with its payments and links, capture, reversal, refund, payment with a saved card, the
//! notification. Guesses: the error codes, 200 for a created payment, no `nextPaymentOn` when the first payment
//! failed, that a schedule goes on after a declined payment, that `cnp:cancel` of a purchase takes `PUT` (all of it
//! comes back) and a refund with an amount, that a notification holds the order with the one payment it is about. This sandbox's own: the action
//! `AUTH`, which authorises every payment of the schedule only, and `POST /transactions/outlets/{outlet}/orders`, of
//! which it plays no more than it takes to pay with a saved card.

mod money;
mod order;
mod payment;
mod read;
mod schedule;

use crate::answer::Answer;
use crate::call::Call;
use crate::ids::Ids;
use crate::json::{self, absent, text};
use crate::shelf::Shelf;
use crate::world::Common;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use order::{Order, seconds};
pub(crate) use schedule::Schedule;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

pub(crate) const REALM: &str = "ni";
/// The one header of every notification, as a merchant would set it in the portal.
pub(crate) const WEBHOOK_HEADER: &str = "X-Sandbox-Webhook";
pub(crate) const WEBHOOK_SECRET: &str = "sandbox_ngenius_webhook_secret";
const GATEWAY: &str = "ngenius";
const IDENTITY: &str = "application/vnd.ni-identity.v1+json";
const PAYMENT: &str = "application/vnd.ni-payment.v2+json";
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(300);

/// The key as the portal shows it: already base64.
pub(crate) fn api_key() -> String {
    STANDARD.encode("sandbox_ngenius_user:sandbox_ngenius_key")
}

#[derive(Debug)]
pub(crate) struct Ngenius {
    outlet: String,
    tokens: HashMap<String, Timestamp>,
    orders: Shelf<Order>,
    /// When the next payment of each schedule falls due, and the number of its order.
    due: BTreeSet<(Timestamp, u64)>,
}

fn refuse(status: u16, code: &str, message: &str) -> Answer {
    let errors = json!([{
        "message": message, "localizedMessage": message, "errorCode": code, "domain": "sandbox",
    }]);
    let body = json!({"message": message, "code": status, "errors": errors});
    Answer::typed(status, PAYMENT, &body)
}

fn invalid(field: &str, message: &str) -> Answer {
    refuse(400, "validationError", &format!("{field}: {message}"))
}

impl Ngenius {
    pub(crate) fn new(ids: &mut Ids) -> Ngenius {
        Ngenius { outlet: ids.uuid(), tokens: HashMap::new(), orders: Shelf::default(), due: BTreeSet::new() }
    }

    /// Every access token has expired.
    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(crate) fn outlet(&self) -> &str {
        &self.outlet
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        let segments = call.segments_after(1);
        if call.slash {
            return refuse(404, "notFound", "There is nothing at this path.");
        }
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["identity", "auth", "access-token"]) => self.token(common, call),
            (&Method::POST, ["recurring-payment", "outlets", outlet, "orders"]) => {
                self.authorised(common, call, outlet).and_then(|()| self.create(common, call))
            }
            (&Method::GET, ["transactions", "outlets", outlet, "orders", order]) => {
                self.authorised(common, call, outlet).and_then(|()| self.status(common, order))
            }
            (&Method::POST, ["transactions", "outlets", outlet, "orders"]) => {
                self.authorised(common, call, outlet).and_then(|()| self.create_single(common, call))
            }
            (
                method,
                ["transactions", "outlets", outlet, "orders", order, "payments", payment, rest @ ..],
            ) => {
                let at = |gateway: &Ngenius| gateway.place(order, payment);
                self.authorised(common, call, outlet).and_then(|()| match (method, rest) {
                    (&Method::POST, ["captures"]) => self.capture(common, call, at(self)?),
                    (&Method::POST, ["captures", capture, "refund"]) => {
                        self.refund(common, call, at(self)?, Some(capture))
                    }
                    (&Method::POST, ["refund" | "cancel"]) => self.refund(common, call, at(self)?, None),
                    (&Method::PUT, ["cancel"]) => self.cancel(common, call, at(self)?),
                    (&Method::PUT, ["saved-card"]) => self.pay_saved_card(common, call, at(self)?),
                    _ => Err(refuse(404, "notFound", "There is nothing at this path.")),
                })
            }
            (_, ["identity", "auth", "access-token"] | ["recurring-payment", "outlets", _, "orders"]) => {
                Err(refuse(405, "methodNotAllowed", "The method is not allowed here."))
            }
            _ => Err(refuse(404, "notFound", "There is nothing at this path.")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn token(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        if !call.sends(IDENTITY) {
            return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the identity media type"));
        }
        if !call.accepts(IDENTITY) {
            return Err(refuse(406, "notAcceptable", "Accept must take the identity media type"));
        }
        if call.authorization("Basic") != Some(&api_key()) {
            return Err(refuse(400, "badTokenRequest", "The API key is missing or wrong."));
        }
        if !call.body.is_empty() {
            let body = json::object(&call.body).map_err(|reason| refuse(400, "badTokenRequest", &reason))?;
            if !absent(&body, "realmName") && text(&body, "realmName") != Some(REALM) {
                return Err(refuse(404, "realmNameNotAvailable", "There is no such realm."));
            }
        }
        let now = common.now();
        self.tokens.retain(|_, ends| *ends > now);
        let token = format!("sandbox_ngenius_token_{}", common.ids.hex());
        let ends = now.checked_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
        self.tokens.insert(token.clone(), ends);
        let body = json!({"access_token": token, "expires_in": TOKEN_LIFE.as_secs(), "token_type": "bearer"});
        Ok(Answer::typed(200, IDENTITY, &body))
    }

    fn authorised(&self, common: &Common, call: &Call, outlet: &str) -> Result<(), Answer> {
        let ends = call.authorization("Bearer").and_then(|token| self.tokens.get(token));
        if ends.is_none_or(|ends| *ends <= common.now()) {
            return Err(refuse(401, "unauthorized", "The access token is missing, wrong or expired."));
        }
        if !call.accepts(PAYMENT) {
            return Err(refuse(406, "notAcceptable", "Accept must take the payment media type"));
        }
        if outlet != self.outlet {
            return Err(refuse(404, "outletNotFound", "There is no such outlet."));
        }
        Ok(())
    }

    fn create(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        let mut order = read::recurring(&body(call)?, common)?;
        order.pay(common, &self.outlet, order.start);
        let state = if order.next.is_some() { "ACTIVE" } else { "FAILED" };
        let mut answer = json!({
            "state": state, "reference": order.reference, "frequency": order.plan.as_ref().map(|plan| &plan.frequency_text),
            "orderReference": order.reference, "outletId": self.outlet, "startTime": seconds(order.start),
        });
        if let (Some(answer), Some(next)) = (answer.as_object_mut(), order.next) {
            answer.insert("nextPaymentOn".to_owned(), seconds(next).into());
        }
        self.add(order);
        Ok(Answer::typed(200, PAYMENT, &answer))
    }

    fn status(&self, common: &Common, reference: &str) -> Result<Answer, Answer> {
        let order = self
            .orders
            .get(reference)
            .ok_or_else(|| refuse(404, "orderNotFound", "There is no such order."))?;
        Ok(Answer::typed(200, PAYMENT, &order.render(&common.origin, &self.outlet)))
    }

    /// Takes every payment that fell due, the earliest first.
    pub(crate) fn take_due(&mut self, common: &mut Common) {
        let now = common.now();
        while let Some((at, number)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            let Some(order) = self.orders.at_mut(number) else { continue };
            order.pay(common, &self.outlet, at);
            self.due.extend(order.next.map(|next| (next, number)));
        }
    }

    /// A schedule that is forgotten falls due no more.
    fn add(&mut self, order: Order) {
        let (id, number) = (order.reference.clone(), self.orders.next_number());
        self.due.extend(order.next.map(|next| (next, number)));
        if let Some((number, forgotten)) = self.orders.push(&id, order)
            && let Some(next) = forgotten.next
        {
            self.due.remove(&(next, number));
        }
    }
}

fn body(call: &Call) -> Result<Map<String, Value>, Answer> {
    if !call.sends(PAYMENT) {
        return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the payment media type"));
    }
    json::object(&call.body).map_err(|reason| refuse(400, "badRequest", &reason))
}
