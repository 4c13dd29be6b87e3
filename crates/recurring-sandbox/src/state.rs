//! All state of a running sandbox.

use crate::challenges::Challenges;
use crate::common::Common;
use crate::due::{ClockPreview, DueList};
use crate::faults::{Fault, FaultKind};
use crate::gateway::Gateway;
use crate::guard::AllowedHosts;
use crate::ledger::Exchange;
use crate::log::{Facts, RequestLog};
use crate::outbox::{Pending, Reply};
use crate::port::Port;
use crate::record::{GatewayRecorder, Recorder};
use crate::state_file::{Event, StateFile};
use crate::texts::Texts;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The state, which requests and webhooks use one at a time.
pub(crate) type SharedState = Arc<Mutex<State>>;

pub(crate) fn lock(shared: &SharedState) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) common: Common,
    pub(crate) gateways: Vec<Box<dyn Gateway>>,
    pub(crate) challenges: Challenges,
    pub(crate) settings: Vec<(&'static str, String)>,
    /// The names under which it may be called.
    pub(crate) hosts: AllowedHosts,
    /// `None` when nothing is kept.
    pub(crate) file: Option<StateFile>,
    pub(crate) log: RequestLog,
    pub(crate) port: Arc<Port>,
    /// `None` when nothing is recorded.
    pub(crate) recorder: Option<Recorder>,
}

impl State {
    /// The gateway to which a path belongs.
    pub(crate) fn gateway_at(&mut self, path: &[&str]) -> Option<(&mut dyn Gateway, &mut Common)> {
        let State { gateways, common, .. } = self;
        let gateway = gateways.iter_mut().find(|gateway| path.starts_with(gateway.prefix()))?;
        Some((gateway.as_mut(), common))
    }

    /// Enters a request into the log with what is kept of it.
    pub(crate) fn log_request(&mut self, (at, line): (Timestamp, Exchange), texts: Texts, facts: Facts) {
        self.log.push_with_texts(at, line, texts, facts);
    }

    /// Enters a request into the log that no gateway answered.
    pub(crate) fn log_unanswered(&mut self, gateway: &str, method: &str, path: &str, status: u16) {
        let at = self.common.now();
        self.log.push(at, Exchange::new(gateway, method, path, status));
    }

    /// Records the requests to this gateway; `None` when nothing is recorded, and for the payment pages.
    pub(crate) fn recorder_for(&self, gateway: &str) -> Option<GatewayRecorder> {
        let known = self.gateways.iter().find(|known| known.name() == gateway)?;
        Some(self.recorder.as_ref()?.for_gateway(known.name(), known.operations()))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.common.clock.advance(by);
        self.keep(&Event::Advance { seconds: by.as_secs(), nanoseconds: by.subsec_nanos() });
        self.catch_up();
        self.common.outbox.touch();
    }

    /// What a move of the clock would make due. Nothing moves.
    pub(crate) fn preview(&mut self, by: Duration) -> ClockPreview {
        self.catch_up();
        let answers = self.common.issuer.answers().clone();
        let mut list = DueList::new(self.common.now(), self.common.clock.after(by), answers);
        for gateway in &self.gateways {
            gateway.list_due(&mut list);
        }
        self.common.outbox.list_due(&mut list);
        list.preview()
    }

    /// Arms a fault; closing the port happens at once.
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

    /// Clears all faults: the port is open again, and webhooks that were held back are sent.
    pub(crate) fn clear_faults(&mut self) {
        self.common.faults.clear();
        self.port.open();
        let now = self.common.now();
        self.common.outbox.release(None, now);
    }

    /// Expires the access tokens of a gateway early.
    pub(crate) fn expire_tokens(&mut self, gateway: &str) {
        self.keep(&Event::TokensExpired { gateway: gateway.to_owned() });
        for known in self.gateways.iter_mut().filter(|known| known.name() == gateway) {
            known.expire_tokens();
        }
    }

    /// Sets what the issuer answers to later charges of this cardholder's cards. Answers whether the response code is known.
    pub(crate) fn set_issuer(&mut self, cardholder: &str, response: Option<&str>) -> bool {
        let known = self.common.issuer.set(cardholder, response);
        if known {
            let (cardholder, response) = (cardholder.to_owned(), response.map(str::to_owned));
            self.keep(&Event::Issuer { cardholder, response });
        }
        known
    }

    /// Takes the payments that fell due, and ends the pages that were open too long. Called before anything reads the
    /// state.
    pub(crate) fn catch_up(&mut self) {
        let at = self.common.now();
        let stops = !self.common.clock.is_stopped();
        if stops {
            self.common.clock.stop(Some(at));
        }
        let (ids, entries) = (self.common.ids.counter(), self.common.ledger.total());
        for gateway in &mut self.gateways {
            gateway.catch_up(&mut self.common);
        }
        if (ids, entries) != (self.common.ids.counter(), self.common.ledger.total()) {
            self.keep(&Event::Due { at: at.to_string(), ids });
        }
        if stops {
            self.common.clock.stop(None);
        }
    }

    /// Sets the addresses for webhooks of whole accounts.
    pub(crate) fn set_account_wide(&mut self, addresses: &Map<String, Value>) -> Result<(), String> {
        self.common.outbox.set_account_wide(addresses)?;
        let settings = self.common.outbox.account_wide_settings();
        self.keep(&Event::Webhooks(settings));
        Ok(())
    }

    /// Whether there is a state file.
    pub(crate) fn keeps(&self) -> bool {
        self.file.is_some()
    }

    /// Writes an event into the state file, if there is one.
    pub(crate) fn keep(&mut self, event: &Event) {
        if let Some(file) = &mut self.file {
            file.add(event);
        }
    }

    /// Why the state file cannot be written.
    pub(crate) fn file_problem(&self) -> Option<&str> {
        self.file.as_ref()?.problem()
    }

    /// Takes what the receiver of a webhook answered.
    pub(crate) fn finish_delivery(&mut self, pending: Pending, reply: Reply) {
        let now = self.common.now();
        let sender = self.gateways.iter().find(|gateway| gateway.name() == pending.notification.gateway);
        let rules = sender.map(|sender| sender.webhooks());
        self.common.outbox.finish(pending, now, reply, rules);
    }
}
