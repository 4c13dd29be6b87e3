//! All state of the sandbox, and the way from a call to an answer. One call is answered at a time.

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::Clock;
use crate::gateways::{emspay::Emspay, ngenius::Ngenius, omno::Omno, revio::Revio, tokenpay::Tokenpay};
use crate::ids::Ids;
use crate::ledger::{Exchange, LedgerEntry, LedgerKind};
use crate::outbox::{Notice, Outbox};
use crate::{json, page};
use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

const EXCHANGES_KEPT: usize = 10_000;

/// What every gateway shares.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) outbox: Outbox,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
}

impl Common {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Something is to be told to the merchant.
    pub(crate) fn notify(&mut self, notice: Notice) {
        let now = self.now();
        self.outbox.push(notice, now);
    }

    pub(crate) fn move_money(
        &mut self,
        kind: LedgerKind,
        gateway: &str,
        names: Names<'_>,
        amount: (i64, &str),
    ) {
        self.ledger.push(LedgerEntry {
            gateway: gateway.to_owned(),
            reference: names.reference.to_owned(),
            payment: names.payment.to_owned(),
            amount_minor: amount.0,
            currency: amount.1.to_owned(),
            kind,
        });
    }
}

/// The two names of a payment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) reference: &'a str,
    pub(crate) payment: &'a str,
}

/// A gateway with a page where the customer enters a card.
pub(crate) trait Hosted {
    /// What the page shows; `None` when there is no such page.
    fn sheet(&mut self, common: &mut Common, id: &str) -> Option<page::Sheet>;
    /// What the customer did. Only called while the sheet is open.
    fn customer(&mut self, common: &mut Common, id: &str, act: page::Customer) -> Option<page::Done>;
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) common: Common,
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) exchanges: VecDeque<Exchange>,
    pub(crate) emspay: Emspay,
    pub(crate) revio: Revio,
    pub(crate) ngenius: Ngenius,
    pub(crate) omno: Omno,
    pub(crate) tokenpay: Tokenpay,
}

impl World {
    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        self.catch_up();
        let common = &mut self.common;
        let segments = call.segments();
        let (gateway, answer) = match segments.as_slice() {
            ["_sandbox", what] => return self.control(call, what),
            ["pay", gateway, id] => ("page", page::answer(self, call, gateway, id)),
            ["emspay", "v1", ..] => ("emspay", self.emspay.answer(common, call)),
            ["revio", "api", "v1", ..] => ("revio", self.revio.answer(common, call)),
            ["ngenius", ..] => ("ngenius", self.ngenius.answer(common, call)),
            ["omno", ..] => ("omno", self.omno.answer(common, call)),
            ["tokenpay", ..] => ("tokenpay-signed", self.tokenpay.answer(common, call)),
            _ => ("", Answer::json(404, &json!({"message": "no such path in the sandbox"}))),
        };
        self.record(gateway, call.method.as_str(), &call.path, answer.status);
        answer
    }

    pub(crate) fn record(&mut self, gateway: &str, method: &str, path: &str, status: u16) {
        if self.exchanges.len() >= EXCHANGES_KEPT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(Exchange {
            gateway: gateway.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            status,
        });
    }

    pub(crate) fn hosted(&mut self, gateway: &str) -> Option<(&mut dyn Hosted, &mut Common)> {
        let hosted: &mut dyn Hosted = match gateway {
            "emspay" => &mut self.emspay,
            "revio" => &mut self.revio,
            "omno" => &mut self.omno,
            "tokenpay" => &mut self.tokenpay,
            _ => return None,
        };
        Some((hosted, &mut self.common))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.common.clock.advance(by);
        self.catch_up();
        self.common.outbox.touch();
    }

    /// Takes the scheduled payments that fell due, and ends the pages that were open too long. Called before
    /// anything looks at the state.
    pub(crate) fn catch_up(&mut self) {
        self.ngenius.take_due(&mut self.common);
        self.omno.time_out(&mut self.common);
    }

    fn control(&mut self, call: &Call, what: &str) -> Answer {
        let refuse = |status: u16, message: &str| Answer::json(status, &json!({"message": message}));
        match (&call.method, what) {
            (&Method::GET, "ledger") => Answer::json(200, &json!(self.common.ledger)),
            (&Method::GET, "deliveries") => Answer::json(200, &json!(self.common.outbox.deliveries())),
            (&Method::POST, "webhooks") => {
                let set =
                    json::object(&call.body).and_then(|body| self.common.outbox.set_account_wide(&body));
                set.map_or_else(|reason| refuse(400, &reason), |()| Answer::empty(204))
            }
            (&Method::GET, "settings") => {
                let settings = self.settings.iter().map(|(name, value)| (*name, value.as_str().into()));
                Answer::json(
                    200,
                    &Value::Object(settings.map(|(name, value)| (name.to_owned(), value)).collect()),
                )
            }
            (&Method::POST, "clock") => {
                let seconds =
                    json::object(&call.body).ok().and_then(|body| body.get("advance_seconds")?.as_u64());
                let Some(seconds) = seconds else {
                    return refuse(400, "advance_seconds: a whole number of seconds, not negative");
                };
                self.advance(Duration::from_secs(seconds));
                Answer::json(200, &json!({"now": self.common.now().to_string()}))
            }
            _ => refuse(404, "no such path in the sandbox"),
        }
    }
}
