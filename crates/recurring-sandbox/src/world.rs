//! All state of the sandbox, and the way from a call to an answer. One call is answered at a time.

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::Clock;
use crate::connection::Port;
use crate::face::{self, Log, Shown};
use crate::faults::{Fault, FaultKind, Faults, forge};
use crate::gateways::{emspay::Emspay, ngenius::Ngenius, omno::Omno, revio::Revio, tokenpay::Tokenpay};
use crate::ids::Ids;
use crate::ledger::{Exchange, LedgerEntry, LedgerKind};
use crate::outbox::{Notice, Outbox};
use crate::record::Recorder;
use crate::{control, page};
use jiff::Timestamp;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Of the ledger this many entries are kept.
const LEDGER_KEPT: usize = 50_000;

/// What every gateway shares.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// The last entries.
    pub(crate) ledger: VecDeque<LedgerEntry>,
    /// How many entries there were before them.
    pub(crate) forgotten: u64,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    /// How long emspay works on a recurring payment.
    pub(crate) emspay_wait: Duration,
    /// How long the answer to the current call is held back.
    pub(crate) wait: Duration,
    /// Customers whose bank is asking.
    pub(crate) challenges: page::Challenges,
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
        let gateway = notice.gateway;
        match self.faults.for_notification(gateway).map(|hit| hit.kind) {
            Some(FaultKind::NotificationReordered) => return self.outbox.hold(notice),
            Some(FaultKind::NotificationDropped) => {
                self.outbox.give_up(notice, now, "dropped by a fault");
                return;
            }
            Some(FaultKind::NotificationDuplicated) => self.outbox.push(notice.clone(), now),
            Some(FaultKind::NotificationForged) => self.outbox.push(forge(&notice), now),
            _ => {}
        }
        self.outbox.push(notice, now);
        self.outbox.release(Some(gateway), now);
    }

    pub(crate) fn move_money(
        &mut self,
        kind: LedgerKind,
        gateway: &str,
        names: Names<'_>,
        amount: (i64, &str),
    ) {
        if self.ledger.len() >= LEDGER_KEPT {
            self.ledger.pop_front();
            self.forgotten += 1;
        }
        self.ledger.push_back(LedgerEntry {
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

fn exchange(gateway: &str, method: &str, path: &str, status: u16) -> Exchange {
    let (gateway, method, path) = (gateway.to_owned(), method.to_owned(), path.to_owned());
    Exchange { gateway, method, path, status }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) common: Common,
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) log: Log,
    pub(crate) emspay: Emspay,
    pub(crate) revio: Revio,
    pub(crate) ngenius: Ngenius,
    pub(crate) omno: Omno,
    pub(crate) tokenpay: Tokenpay,
    pub(crate) port: Arc<Port>,
    /// Where exchanges are written down, when they are.
    pub(crate) recorder: Option<Recorder>,
}

impl World {
    /// The answer, and the line for the log when the call belongs there. It is put there with
    /// [`write_down`](Self::write_down), once what may be shown of the call has been made ready: not under the lock,
    /// where every other call would wait for it.
    pub(crate) fn answer(&mut self, call: &Call) -> (Answer, Option<(Timestamp, Exchange)>) {
        self.catch_up();
        if control::described(call)
            && let Some(answer) = face::answer(self, call)
        {
            return (answer, None);
        }
        let common = &mut self.common;
        let segments = call.segments();
        let (gateway, answer) = match segments.as_slice() {
            ["_sandbox", what @ ..] => return (self.control(call, what), None),
            ["pay", gateway, id] => ("page", page::answer(self, call, gateway, id)),
            ["emspay", "v1", ..] => ("emspay", self.emspay.answer(common, call)),
            ["revio", "api", "v1", ..] => ("revio", self.revio.answer(common, call)),
            ["ngenius", ..] => ("ngenius", self.ngenius.answer(common, call)),
            ["omno", ..] => ("omno", self.omno.answer(common, call)),
            ["tokenpay", ..] => ("tokenpay-signed", self.tokenpay.answer(common, call)),
            _ => ("", Answer::json(404, &json!({"message": "no such path in the sandbox"}))),
        };
        let seen = exchange(gateway, call.method.as_str(), &call.path, answer.status);
        let line = (self.common.now(), seen);
        (answer, Some(line))
    }

    /// Puts a call into the log with what may be shown of it.
    pub(crate) fn write_down(&mut self, (at, seen): (Timestamp, Exchange), shown: Shown) {
        self.log.push_whole(at, seen, shown);
    }

    /// Writes down a call that no gateway answered.
    pub(crate) fn record(&mut self, gateway: &str, method: &str, path: &str, status: u16) {
        self.log.push(self.common.now(), exchange(gateway, method, path, status));
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

    /// Puts a fault in; closing the port happens at once.
    pub(crate) fn inject(&mut self, fault: Fault) -> std::io::Result<()> {
        let closed = match fault.kind() {
            FaultKind::ClosePort { millis } => Some(Duration::from_millis(*millis)),
            _ => None,
        };
        match closed {
            Some(time) => self.port.close_for(fault.checked().map(|_| time)?),
            None => self.common.faults.add(fault)?,
        }
        Ok(())
    }

    /// Takes all faults away: the port is open again, and what was held back goes out.
    pub(crate) fn clear_faults(&mut self) {
        self.common.faults.clear();
        self.port.open();
        let now = self.common.now();
        self.common.outbox.release(None, now);
    }

    /// The access tokens of a gateway expire early.
    pub(crate) fn forget_tokens(&mut self, gateway: &str) {
        match gateway {
            "omno" => self.omno.forget_tokens(),
            "ngenius" => self.ngenius.forget_tokens(),
            _ => {}
        }
    }

    /// Takes the scheduled payments that fell due, and ends the pages that were open too long. Called before
    /// anything looks at the state.
    pub(crate) fn catch_up(&mut self) {
        self.ngenius.take_due(&mut self.common);
        self.omno.time_out(&mut self.common);
        self.revio.settle_due(&mut self.common);
    }
}
