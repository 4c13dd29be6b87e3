//! All that ngenius remembers: access tokens and orders, with what falls due.

use super::order::{Order, seconds};
use super::read;
use super::refusal::{PAYMENT, body, refuse};
use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::common::Common;
use crate::gateway::Schedule;
use crate::ids::Ids;
use crate::json::{self, absent, text};
use crate::request::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

pub(super) const REALM: &str = "ni";
const IDENTITY: &str = "application/vnd.ni-identity.v1+json";
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(300);

/// The key as the portal shows it: already base64.
pub(super) fn api_key() -> String {
    STANDARD.encode("sandbox_ngenius_user:sandbox_ngenius_key")
}

#[derive(Debug)]
pub(crate) struct Ngenius {
    pub(super) outlet: String,
    pub(super) tokens: HashMap<String, Timestamp>,
    pub(super) orders: BoundedStore<Order>,
    /// When the next payment of each schedule falls due, and the number of its order.
    pub(super) due: BTreeSet<(Timestamp, u64)>,
}

impl Ngenius {
    pub(crate) fn new(ids: &mut Ids) -> Ngenius {
        Ngenius {
            outlet: ids.uuid(),
            tokens: HashMap::new(),
            orders: BoundedStore::default(),
            due: BTreeSet::new(),
        }
    }

    pub(super) fn token(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        if !request.sends(IDENTITY) {
            return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the identity media type"));
        }
        if !request.accepts(IDENTITY) {
            return Err(refuse(406, "notAcceptable", "Accept must take the identity media type"));
        }
        if request.authorization("Basic") != Some(&api_key()) {
            return Err(refuse(400, "badTokenRequest", "The API key is missing or wrong."));
        }
        if !request.body.is_empty() {
            let body =
                json::object(&request.body).map_err(|reason| refuse(400, "badTokenRequest", &reason))?;
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

    pub(super) fn authorized(&self, common: &Common, request: &Request, outlet: &str) -> Result<(), Answer> {
        let ends = request.authorization("Bearer").and_then(|token| self.tokens.get(token));
        if ends.is_none_or(|ends| *ends <= common.now()) {
            return Err(refuse(401, "unauthorized", "The access token is missing, wrong or expired."));
        }
        if !request.accepts(PAYMENT) {
            return Err(refuse(406, "notAcceptable", "Accept must take the payment media type"));
        }
        if outlet != self.outlet {
            return Err(refuse(404, "outletNotFound", "There is no such outlet."));
        }
        Ok(())
    }

    pub(super) fn create(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        let mut order = read::recurring(&body(request, "create-recurring-payment")?, common)?;
        order.pay(common, &self.outlet, order.start);
        let state = if order.next.is_some() { "ACTIVE" } else { "FAILED" };
        let mut answer = json!({
            "state": state, "reference": order.terms.reference, "frequency": order.plan.as_ref().map(|plan| &plan.frequency_text),
            "orderReference": order.terms.reference, "outletId": self.outlet, "startTime": seconds(order.start),
        });
        if let (Some(answer), Some(next)) = (answer.as_object_mut(), order.next) {
            answer.insert("nextPaymentOn".to_owned(), seconds(next).into());
        }
        self.add(order);
        Ok(Answer::typed(200, PAYMENT, &answer))
    }

    pub(super) fn status(&self, common: &Common, reference: &str) -> Result<Answer, Answer> {
        let order = self
            .orders
            .get(reference)
            .ok_or_else(|| refuse(404, "orderNotFound", "There is no such order."))?;
        Ok(Answer::typed(200, PAYMENT, &order.render(&common.origin, &self.outlet)))
    }

    /// Takes every payment that fell due, the earliest first.
    pub(super) fn take_due(&mut self, common: &mut Common) {
        let now = common.now();
        while let Some((at, number)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            let Some(order) = self.orders.at_mut(number) else { continue };
            order.pay(common, &self.outlet, at);
            self.due.extend(order.next.map(|next| (next, number)));
        }
    }

    /// Stores an order and its next due time; those of an order that is forgotten for it are removed.
    pub(super) fn add(&mut self, order: Order) {
        let (id, number) = (order.terms.reference.clone(), self.orders.next_number());
        self.due.extend(order.next.map(|next| (next, number)));
        if let Some((number, forgotten)) = self.orders.push(&id, order)
            && let Some(next) = forgotten.next
        {
            self.due.remove(&(next, number));
        }
    }

    /// The schedules, the newest first.
    pub(super) fn list_schedules(&self) -> impl Iterator<Item = Schedule> {
        self.orders.iter().rev().filter_map(|order| {
            Some(Schedule {
                order: order.terms.reference.clone(),
                reference: order.merchant_reference.clone().unwrap_or_default(),
                frequency: order.plan.as_ref()?.frequency_text.clone(),
                amount: order.terms.amount,
                currency: order.terms.currency.clone(),
                payments: order.payments.len(),
                next: order.next,
            })
        })
    }
}
