//! The webhooks that are to be delivered, when each is due, and the attempts so far.
//!
//! Nothing here sends: `send.rs` takes what is due and brings back the receiver's answer.

use crate::due::{DueKind, DueList, DuePayment};
use crate::json;
use crate::ledger::Delivery;
use crate::listeners::Listeners;
use crate::loopback::refusal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use tokio::sync::watch;

/// The setting beside the addresses.
pub(crate) const ENCRYPTS: &str = "ngenius_encrypted";
const DELIVERIES_KEPT: usize = 10_000;
/// A schedule can fall due tens of thousands of times in one move of the clock.
const PENDING_KEPT: usize = 10_000;

/// A notification: the event, the address, and the body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    pub(crate) gateway: &'static str,
    /// Empty until [`Common::notify`](crate::common::Common::notify) sends it to one.
    pub(crate) url: String,
    pub(crate) event: String,
    /// The gateway's identifier of the payment that it is about.
    pub(crate) payment: String,
    /// The header with the proof of origin.
    pub(crate) header: Option<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// Made by a fault, not by the gateway.
    pub(crate) forged: bool,
}

impl Notification {
    /// One without a proof of origin.
    pub(crate) fn new(gateway: &'static str, event: &str, payment: &str, body: String) -> Notification {
        let (event, payment) = (event.to_owned(), payment.to_owned());
        Notification {
            gateway,
            url: String::new(),
            event,
            payment,
            header: None,
            content_type: "application/json",
            body,
            forged: false,
        }
    }

    /// The same, to this address.
    pub(crate) fn to(&self, url: &str) -> Notification {
        Notification { url: url.to_owned(), ..self.clone() }
    }
}

/// How a gateway delivers webhooks.
#[derive(Debug)]
pub(crate) struct WebhookRules {
    /// Whether it takes this status and body for "received".
    pub(crate) accepts: fn(u16, &[u8]) -> bool,
    /// How many minutes it waits after this many attempts; `None` when it gives up.
    pub(crate) backoff: fn(u32) -> Option<i64>,
}

impl WebhookRules {
    /// How long the gateway waits after this many attempts; `None` when it gives up.
    pub(crate) fn backoff_after(&self, attempts: u32) -> Option<SignedDuration> {
        (self.backoff)(attempts).map(SignedDuration::from_mins)
    }
}

/// A notification that is to be delivered, and the number of the attempt.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) notification: Notification,
    pub(crate) attempt: u32,
    due: Timestamp,
}

/// What the receiver answered; the reason when there was no answer.
pub(crate) type Reply = Result<(u16, Vec<u8>), String>;

/// What was sent beside the body.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    gateway: &'static str,
    pub(crate) header: Option<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    forged: bool,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    /// The gateways with one address for the whole account.
    account_wide_gateways: &'static [&'static str],
    account_wide: HashMap<&'static str, String>,
    /// Whether ngenius encrypts what it sends.
    pub(crate) encrypts_ngenius: bool,
    /// In the order of their making; a repetition goes to the end.
    pending: Vec<Pending>,
    /// The addresses that are being called: one call at a time to each, so that a receiver sees first attempts in
    /// order, and one that hangs delays no other.
    busy: Vec<String>,
    /// Held back by a fault until after the next one.
    held: Vec<Notification>,
    /// Who follows every event.
    pub(crate) listeners: Listeners,
    deliveries: VecDeque<Delivery>,
    /// The proof of origin and the media type of each delivery, in the same order.
    heads: VecDeque<Head>,
    /// The number of the last delivery.
    last: u64,
    changed: watch::Sender<()>,
}

impl Outbox {
    /// An empty one; these gateways have one address for the whole account.
    pub(crate) fn new(account_wide_gateways: &'static [&'static str]) -> Outbox {
        Outbox {
            account_wide_gateways,
            account_wide: HashMap::new(),
            encrypts_ngenius: false,
            pending: Vec::new(),
            busy: Vec::new(),
            held: Vec::new(),
            listeners: Listeners::default(),
            deliveries: VecDeque::new(),
            heads: VecDeque::new(),
            last: 0,
            changed: watch::Sender::new(()),
        }
    }

    /// Whether an event goes anywhere: to one of these addresses, or to a listener.
    pub(crate) fn has_receiver<'a>(&self, addresses: impl IntoIterator<Item = &'a String>) -> bool {
        addresses.into_iter().next().is_some() || !self.listeners.is_empty()
    }

    /// The address for everything of a gateway's account, where one was set.
    pub(crate) fn account_wide(&self, gateway: &str) -> Option<String> {
        self.account_wide.get(gateway).cloned()
    }

    /// All that [`Outbox::set_account_wide`] takes, as it is now.
    pub(crate) fn account_wide_settings(&self) -> Map<String, Value> {
        let addresses = self.account_wide_gateways.iter().map(|gateway| {
            (
                (*gateway).to_owned(),
                self.account_wide.get(gateway).map_or(Value::Null, |url| url.as_str().into()),
            )
        });
        addresses.chain([(ENCRYPTS.to_owned(), self.encrypts_ngenius.into())]).collect()
    }

    /// Forgets what was delivered, and what was to be delivered.
    pub(crate) fn forget(&mut self) {
        self.pending.clear();
        self.held.clear();
        self.deliveries.clear();
        self.heads.clear();
        self.last = 0;
    }

    /// Sets addresses by the gateway's name; null takes one away; [`ENCRYPTS`] switches the encryption. All or nothing.
    pub(crate) fn set_account_wide(&mut self, addresses: &Map<String, Value>) -> Result<(), String> {
        let (mut wanted, mut encrypts) = (self.account_wide.clone(), self.encrypts_ngenius);
        for (name, address) in addresses {
            if name == ENCRYPTS {
                encrypts = address.as_bool().ok_or_else(|| format!("{ENCRYPTS}: true or false"))?;
                continue;
            }
            let gateway = self.account_wide_gateways.iter().find(|gateway| *gateway == name);
            let gateway = gateway.ok_or_else(|| {
                format!("only {} have one address", self.account_wide_gateways.join(" and "))
            })?;
            match address {
                Value::Null => drop(wanted.remove(*gateway)),
                Value::String(url) if json::is_url(url) => drop(wanted.insert(gateway, url.clone())),
                _ => return Err(format!("{gateway}: an http URL, or null for none")),
            }
        }
        (self.account_wide, self.encrypts_ngenius) = (wanted, encrypts);
        Ok(())
    }

    pub(crate) fn push(&mut self, notification: Notification, now: Timestamp) {
        let pending = Pending { notification, attempt: 1, due: now };
        let full = (self.pending.len() >= PENDING_KEPT).then_some("too many are waiting");
        match refusal(&pending.notification.url).or(full) {
            None => self.pending.push(pending),
            Some(why) => self.log_attempt(&pending, now, None, false, Some(format!("not sent: {why}"))),
        }
        self.touch();
    }

    /// Logs that it was not sent, and why.
    pub(crate) fn give_up(&mut self, notification: Notification, now: Timestamp, why: &str) {
        let pending = Pending { notification, attempt: 1, due: now };
        self.log_attempt(&pending, now, None, false, Some(format!("not sent: {why}")));
        self.touch();
    }

    /// Keeps it until [`Outbox::release`].
    pub(crate) fn hold(&mut self, notification: Notification) {
        if self.held.len() < PENDING_KEPT {
            self.held.push(notification);
        }
    }

    /// Sends what was held back: of one gateway, or all.
    pub(crate) fn release(&mut self, gateway: Option<&str>, now: Timestamp) {
        let held = std::mem::take(&mut self.held);
        for notification in held {
            if gateway.is_none_or(|gateway| gateway == notification.gateway) {
                self.push(notification, now);
            } else {
                self.held.push(notification);
            }
        }
    }

    /// Wakes the tasks that wait for a change.
    pub(crate) fn touch(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Takes out what is due, at most one for each address that is not being called.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Pending> {
        let mut taken = Vec::new();
        // The earliest first; the sort is stable, so what is due at the same time stays in order.
        self.pending.sort_by_key(|pending| pending.due);
        let mut kept = Vec::new();
        for pending in self.pending.drain(..) {
            if pending.due <= now && !self.busy.contains(&pending.notification.url) {
                self.busy.push(pending.notification.url.clone());
                taken.push(pending);
            } else {
                kept.push(pending);
            }
        }
        self.pending = kept;
        taken
    }

    /// Lists the repetitions that fall due.
    pub(crate) fn list_due(&self, list: &mut DueList) {
        for pending in &self.pending {
            let Notification { gateway, event, payment, url, .. } = &pending.notification;
            let payment = DuePayment { reference: "", payment, amount: None };
            list.add(pending.due, gateway, DueKind::WebhookRetry, payment, &format!("{event} to {url}"));
        }
    }

    /// How long until something falls due that is not due yet.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<SignedDuration> {
        let later = self.pending.iter().filter(|pending| pending.due > now);
        later.map(|pending| pending.due.duration_since(now)).min()
    }

    /// How many are due now or on their way, and how many are sent again later.
    pub(crate) fn waiting(&self, now: Timestamp) -> (usize, usize) {
        let later = self.pending.iter().filter(|pending| pending.due > now).count();
        (self.pending.len() - later + self.busy.len(), later)
    }

    /// Whether nothing is due or on its way.
    pub(crate) fn settled(&self, now: Timestamp) -> bool {
        self.busy.is_empty() && self.pending.iter().all(|pending| pending.due > now)
    }

    /// Logs the attempt, and plans the next one where the gateway tries again.
    pub(crate) fn finish(
        &mut self,
        pending: Pending,
        now: Timestamp,
        reply: Reply,
        rules: Option<&WebhookRules>,
    ) {
        self.busy.retain(|url| *url != pending.notification.url);
        let received = match (&reply, rules) {
            (Ok((status, body)), Some(rules)) => (rules.accepts)(*status, body),
            _ => false,
        };
        let (status, problem) = match reply {
            Ok((status, _)) => (Some(status), None),
            Err(problem) => (None, Some(problem)),
        };
        self.log_attempt(&pending, now, status, received, problem);
        let wait = rules.filter(|_| !received).and_then(|rules| rules.backoff_after(pending.attempt));
        // Counted from when it was due, not from now: after a long move of the clock all repetitions are due.
        if let Some(due) = wait.and_then(|wait| pending.due.checked_add(wait).ok()) {
            self.pending.push(Pending { attempt: pending.attempt + 1, due, ..pending });
        }
        self.touch();
    }

    /// The number of the last delivery; 0 when there was none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// A delivery with what was sent beside its body.
    pub(crate) fn find(&self, number: u64) -> Option<(&Delivery, &Head)> {
        let first = self.deliveries.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        Some((self.deliveries.get(place)?, self.heads.get(place)?))
    }

    /// Sends a delivery once more, byte for byte, as a first attempt. Whether it was kept.
    pub(crate) fn resend(&mut self, number: u64, now: Timestamp) -> bool {
        let Some((delivery, head)) = self.find(number) else { return false };
        let notification = Notification {
            gateway: head.gateway,
            url: delivery.url.clone(),
            event: delivery.event.clone(),
            payment: delivery.payment.clone(),
            header: head.header.clone(),
            content_type: head.content_type,
            body: delivery.body.clone(),
            forged: head.forged,
        };
        self.push(notification, now);
        true
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().rev()
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.iter().cloned().collect()
    }

    fn log_attempt(
        &mut self,
        pending: &Pending,
        now: Timestamp,
        status: Option<u16>,
        accepted: bool,
        problem: Option<String>,
    ) {
        if self.deliveries.len() >= DELIVERIES_KEPT {
            self.deliveries.pop_front();
            self.heads.pop_front();
        }
        let Notification { gateway, url, event, payment, header, content_type, body, forged } =
            pending.notification.clone();
        self.heads.push_back(Head { gateway, header, content_type, forged });
        let (gateway, at) = (gateway.to_owned(), now.to_string());
        let attempt = pending.attempt;
        self.last += 1;
        self.deliveries.push_back(Delivery {
            number: self.last,
            gateway,
            url,
            event,
            payment,
            attempt,
            at,
            status,
            accepted,
            problem,
            body,
        });
    }
}
