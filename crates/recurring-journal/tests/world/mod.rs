//! A journal, a facade and the sandbox that judges them, with a clock that is moved by hand.
#![allow(dead_code, reason = "each test program uses a part of it")]

#[path = "../../../recurring-facade/tests/common/mod.rs"]
pub(crate) mod common;

pub(crate) mod clocked;
pub(crate) mod layered;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{attempt, enrolled, price};
use recurring_core::Timestamp;
use recurring_facade::{ChargeRequest, Facade, ProviderId, ScheduleRequest, StoredCredential};
use recurring_journal::store::{SqliteStore, Store};
use recurring_journal::{Clock, Journal, Reconciled};
use recurring_sandbox::{Fault, FaultKind, LedgerKind, Sandbox};

/// The gateways that charge on demand.
pub(crate) const CHARGING: [ProviderId; 4] =
    [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED, ProviderId::REVIO, ProviderId::EMSPAY];

/// Stands still until it is moved.
#[derive(Debug, Clone)]
pub(crate) struct ManualClock {
    now: Arc<AtomicI64>,
    start: i64,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        let start = Timestamp::now().unix_millis();
        Self { now: Arc::new(AtomicI64::new(start)), start }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Back to where it began.
    pub(crate) fn reset(&self) {
        self.now.store(self.start, Ordering::SeqCst);
    }

    pub(crate) fn back(&self, by: Duration) {
        self.now.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.now.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct World {
    pub sandbox: Sandbox,
    pub facade: Facade,
    pub journal: Journal,
    pub clock: ManualClock,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (sandbox, facade) = common::sandbox().await;
        let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
        let file = folder.path().join("journal.db");
        drop(SqliteStore::create(&file).await.unwrap());
        let store = SqliteStore::open_with_clock(&file, clock.clone()).await.unwrap();
        let journal = Journal::builder().with_clock(clock.clone()).with_store(Arc::new(store)).await.unwrap();
        Self { sandbox, facade, journal, clock, folder }
    }

    /// The same journal, opened by another process.
    pub(crate) async fn another(&self) -> Journal {
        Journal::builder().with_clock(self.clock.clone()).with_store(self.store().await).await.unwrap()
    }

    /// A file beside the journal.
    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let file = self.folder.path().join("journal.db");
        Arc::new(SqliteStore::open_with_clock(file, self.clock.clone()).await.unwrap())
    }

    pub(crate) async fn credential(&self, id: &ProviderId, card: &str) -> StoredCredential {
        enrolled(&self.facade, id, "series", card).await
    }

    /// Waits until the money has moved; the answer may still be under way. Before that, a clock that jumps keeps the charge
    /// from being sent.
    pub(crate) async fn until_taken<T>(&self, name: &str, charging: &tokio::task::JoinHandle<T>) {
        while self.taken(name) == 0 && !charging.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// How often money was taken under this name.
    pub(crate) fn taken(&self, name: &str) -> usize {
        let ledger = self.sandbox.ledger();
        let charges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge);
        charges.filter(|entry| entry.reference == name).count()
    }

    /// Lets time pass and looks, until there is nothing more to find out.
    pub(crate) async fn reconciled(&self) -> Vec<Reconciled> {
        let mut all = Vec::new();
        for _ in 0..40 {
            all.extend(self.journal.reconcile(&self.facade).await.unwrap());
            self.clock.advance(Duration::from_secs(45 * 60));
        }
        all
    }
}

pub(crate) fn request(credential: &StoredCredential, name: &str) -> ChargeRequest {
    ChargeRequest::new(attempt(name), credential.clone(), price(&credential.provider()))
}

pub(crate) fn schedule_request(name: &str) -> ScheduleRequest {
    let card = r#"{"pan":"4111111111111111","expiry":"2049-12","cvv":"123","cardholder_name":"Ann Example"}"#;
    ScheduleRequest::new(attempt(name), price(&ProviderId::NGENIUS), "MONTHLY", "ann@example.org", card)
}

/// A fault of the call that takes the money.
pub(crate) fn charging(id: &ProviderId, kind: FaultKind) -> Fault {
    Fault::new(kind).with_operation(match id.as_str() {
        "revio" => "POST /revio/**/charge/",
        "emspay" => "POST /emspay/v1/orders/",
        "omno" => "POST /omno/transaction/create",
        "ngenius" => "POST /ngenius/recurring-payment/**",
        _ => "POST /tokenpay/tokenization/recurring",
    })
}

/// A gateway that cannot be read.
pub(crate) fn unreadable(id: &ProviderId) -> Fault {
    let operation = match id.as_str() {
        "tokenpay-signed" => "POST /tokenpay/hosted-checkout/query".to_owned(),
        other => format!("GET /{other}/**"),
    };
    Fault::new(FaultKind::Close).with_operation(&operation).until_cleared()
}
