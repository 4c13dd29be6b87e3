//! A running sandbox: asking it, moving its clock, stopping it.

use crate::due::ClockPreview;
use crate::env_file;
use crate::faults::Fault;
use crate::issuer::Authorization;
use crate::keys::KeyFolder;
use crate::ledger::{Delivery, Exchange, LedgerEntry, LedgerKind};
use crate::state::{SharedState, lock};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long [`Sandbox::shutdown`] waits for requests that are being answered.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A running sandbox. Dropping it stops the server and the sending of notifications, and removes the key files it
/// made a folder for.
pub struct Sandbox {
    pub(crate) url: String,
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) shared: SharedState,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) finished: watch::Receiver<bool>,
    /// Dropping it ends the task.
    pub(crate) _sender: JoinSet<()>,
    /// Dropping it removes the key files.
    pub(crate) _keys: KeyFolder,
}

impl Sandbox {
    /// The port on which the programs listen unless another one is named, always the same, so that settings stay valid.
    pub const DEFAULT_PORT: u16 = 8642;

    /// Where the sandbox listens, without a last slash: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The environment variables that point the clients at this sandbox: names and values. Their keys and secrets are
    /// valid in a sandbox only.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.settings.clone()
    }

    /// Writes [`Sandbox::settings`] into a file as `NAME=value` lines, for `set -a; . FILE` in a shell and `docker run --env-file`.
    /// Only its owner can read it. An existing file is replaced in one step.
    ///
    /// # Errors
    /// The file cannot be written, or a value has a character that these two read in different ways (a folder's name with a
    /// blank).
    pub fn write_env_file(&self, path: &Path) -> std::io::Result<()> {
        env_file::write(path, &self.settings)
    }

    /// The money taken and returned so far, in order, with the scheduled payments that have fallen due; the last 50,000
    /// entries.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let mut state = lock(&self.shared);
        state.catch_up();
        state.common.ledger.entries().iter().cloned().collect()
    }

    /// Checks that a customer was charged exactly once: one charge with this reference is in the ledger.
    /// Refunds do not count. The reference is [`LedgerEntry::reference`].
    ///
    /// # Panics
    /// When there is no such charge or more than one, with the whole ledger in the message; and when the ledger had to
    /// forget entries, since one of them may be such a charge.
    #[track_caller]
    pub fn assert_charged_once(&self, reference: &str) {
        let forgotten = lock(&self.shared).common.ledger.forgotten();
        assert!(
            forgotten == 0,
            "the ledger has forgotten {forgotten} entries, and one of them may be a charge with this reference"
        );
        let ledger = self.ledger();
        let charges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge);
        let count = charges.filter(|entry| entry.reference == reference).count();
        assert!(
            count == 1,
            "{count} charges with the reference {reference:?}, not 1; the ledger: {ledger:#?}"
        );
    }

    /// The attempts to deliver notifications, at most 10,000, the oldest first, with those that were not sent because
    /// the address is not on this machine. Call [`Sandbox::settle`] first, to see everything that is due.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.shared).common.outbox.deliveries()
    }

    /// Waits until every notification that is due now, by the sandbox's clock, has been delivered or has failed, with
    /// the repetitions that [`Sandbox::advance`] made due. Later repetitions are not waited for.
    pub async fn settle(&self) {
        let mut news = lock(&self.shared).common.outbox.watch();
        loop {
            news.borrow_and_update();
            {
                let mut state = lock(&self.shared);
                state.catch_up();
                if state.common.outbox.settled(state.common.now()) {
                    return;
                }
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    /// The last requests, at most 10,000, the oldest first. Those under `/_sandbox/` and to the inspector at `/` are left
    /// out.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared).log.exchanges()
    }

    /// How many examples [`SandboxBuilder::with_record`](crate::SandboxBuilder::with_record) has written; 0 without it.
    ///
    /// # Errors
    /// An example could not be written, or there are too many; nothing was written since.
    pub fn recorded(&self) -> std::io::Result<u64> {
        let recorder = lock(&self.shared).recorder.clone();
        recorder.map_or(Ok(0), |recorder| recorder.written())
    }

    /// Arms a fault, behind those that are armed already; a request is hit by the first one that matches.
    ///
    /// # Errors
    /// `InvalidInput`, with the reason: the fault is not valid, or a thousand are armed.
    pub fn inject(&self, fault: Fault) -> std::io::Result<()> {
        lock(&self.shared).inject(fault)
    }

    /// Clears all faults, opens the port if it was closed, and sends the notifications that were held back. Requests that
    /// were hit already are not repaired.
    pub fn clear_faults(&self) {
        lock(&self.shared).clear_faults();
    }

    /// The faults that are still armed, with the number of hits that are left.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.shared).common.faults.list().to_vec()
    }

    /// Lists what [`Sandbox::advance`] by this much would make due: scheduled charges with their amounts, orders that expire,
    /// repetitions of webhooks. Nothing moves.
    #[must_use]
    pub fn preview(&self, by: Duration) -> ClockPreview {
        lock(&self.shared).preview(by)
    }

    /// The charges of stored cards that their issuers were asked for, approved and declined, oldest first; the last 100,000. With
    /// them a test counts how often a card was tried, which the ledger, that has only what was paid, does not show.
    #[must_use]
    pub fn authorizations(&self) -> Vec<Authorization> {
        let mut state = lock(&self.shared);
        state.catch_up();
        state.common.issuer.asked()
    }

    /// Makes the issuer decline every later charge of this cardholder's stored cards with a response code that card networks share,
    /// until [`Sandbox::approve_cards`]. Each gateway words it in its own way; some do not hand on what it means. A card that has
    /// expired is declined as expired.
    ///
    /// # Errors
    /// `InvalidInput`: the sandbox has no words for the response code.
    pub fn decline_cards(&self, cardholder: &str, response: &str) -> std::io::Result<()> {
        if lock(&self.shared).set_issuer(cardholder, Some(response)) {
            return Ok(());
        }
        let why = format!("the sandbox has no words for a decline with the response code {response:?}");
        Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why))
    }

    /// Ends [`Sandbox::decline_cards`]: the card's number says again what its issuer answers.
    pub fn approve_cards(&self, cardholder: &str) {
        lock(&self.shared).set_issuer(cardholder, None);
    }

    /// Moves the sandbox's clock forward: access tokens and unpaid orders expire, scheduled payments fall due and are
    /// taken, notifications that the receiver did not take are sent again. A hundred years at the most for each call.
    pub fn advance(&self, by: Duration) {
        lock(&self.shared).advance(by);
    }

    /// The notification that tokenpay-signed would send to `callbackUrl.notify` for this order, as a JSON body signed
    /// with the gateway's key; `None` for an unknown order. It is not
    /// sent. Form and signature follow the gateway's public documentation.
    #[must_use]
    pub fn tokenpay_notification(&self, order_id: i64) -> Option<String> {
        let state = lock(&self.shared);
        state.gateways.iter().find_map(|gateway| gateway.webhook_body(order_id))
    }

    /// Waits until the server has stopped. It stops by itself only with the runtime.
    pub async fn wait(&self) {
        let mut finished = self.finished.clone();
        // An error means that the server's task has ended, too.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    /// Stops the server. Requests that are being answered get up to five seconds.
    pub async fn shutdown(mut self) {
        self.stop.take();
        let _ = timeout(SHUTDOWN_TIMEOUT, self.wait()).await;
        if let Some(file) = &mut lock(&self.shared).file {
            file.close();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}
