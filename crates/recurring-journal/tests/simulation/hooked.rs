//! A store that stops a process at a chosen write, or makes it wait there, or forgets about fences.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use recurring_core::Timestamp;
use recurring_facade::{AttemptId, PaymentRef, ProviderId};
use recurring_journal::store::sealed::Sealed;
use recurring_journal::store::{Change, Claim, Due, Filter, Late, Lease, Owners, SqliteStore, Store};
use recurring_journal::{AttemptRecord, Delivery, Event, Fence, InboxEntry, Intent, State, StoreError};
use tokio::sync::Notify;

/// On which side of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What happens at which write, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) write: usize,
    pub(crate) side: Side,
}

/// Tells what happens at the writes of one process.
#[derive(Debug, Default)]
pub(crate) struct Hook {
    writes: AtomicUsize,
    stop_at: Option<Point>,
    /// The process has reached its point: it stands still there.
    pub(crate) reached: Notify,
    /// Lets it go on.
    pub(crate) go_on: Notify,
    goes_on: bool,
    /// The folder for a copy of the journal after each write.
    copies: Option<PathBuf>,
}

impl Hook {
    /// A process that ends at this point, if there is one.
    pub(crate) fn dies_at(stop_at: Option<Point>) -> Arc<Self> {
        Self::new(stop_at, None)
    }

    /// The same, which leaves copies behind.
    pub(crate) fn new(stop_at: Option<Point>, copies: Option<&Path>) -> Arc<Self> {
        Arc::new(Self { stop_at, copies: copies.map(Path::to_owned), ..Self::default() })
    }

    /// A process that waits at this point until it may go on.
    pub(crate) fn waits_at(point: Point) -> Arc<Self> {
        Arc::new(Self { stop_at: Some(point), goes_on: true, ..Self::default() })
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Whether copies are wanted.
    pub(crate) fn copies(&self) -> bool {
        self.copies.is_some()
    }

    async fn pass(&self, write: usize, side: Side) {
        if self.stop_at == Some(Point { write, side }) {
            self.reached.notify_one();
            if self.goes_on {
                self.go_on.notified().await;
            } else {
                pending::<()>().await;
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Hooked {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) hook: Arc<Hook>,
    /// Whether a late worker may overwrite: the check on the check.
    pub(crate) without_fence: AtomicBool,
    /// The file that is copied after each write.
    pub(crate) copied: Option<SqliteStore>,
}

impl Hooked {
    pub(crate) fn new(inner: Arc<dyn Store>, hook: Arc<Hook>) -> Self {
        Self { inner, hook, without_fence: AtomicBool::new(false), copied: None }
    }

    async fn write<T>(&self, work: impl Future<Output = T>) -> T {
        let write = self.hook.writes.fetch_add(1, Ordering::SeqCst);
        self.hook.pass(write, Side::Before).await;
        let result = work.await;
        if let (Some(folder), Some(copied)) = (&self.hook.copies, &self.copied) {
            copied.backup(folder.join(format!("{write}.db"))).await.unwrap();
        }
        self.hook.pass(write, Side::After).await;
        result
    }
}

impl Sealed for Hooked {}

#[async_trait]
impl Store for Hooked {
    async fn owner(&self) -> Result<String, StoreError> {
        self.inner.owner().await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    fn identity(&self) -> &str {
        self.inner.identity()
    }

    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError> {
        self.inner.is_gone(owner).await
    }

    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        self.write(self.inner.plan(intent, now)).await
    }

    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError> {
        self.write(self.inner.reserve(intent, now)).await
    }

    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError> {
        self.write(self.inner.claim(intents, lease)).await
    }

    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError> {
        self.write(self.inner.arm(intent, lease)).await
    }

    async fn change(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<AttemptRecord, StoreError> {
        self.write(async {
            let written = self.inner.change(attempt, fence, change, now).await;
            if written == Err(StoreError::Fenced) && self.without_fence.load(Ordering::SeqCst) {
                let newest = self.inner.get(attempt).await?.ok_or(StoreError::NoSuchAttempt)?.fence();
                return self.inner.change(attempt, newest, change, now).await;
            }
            written
        })
        .await
    }

    async fn record_late_result(
        &self,
        attempt: &AttemptId,
        late: &Late,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(self.inner.record_late_result(attempt, late, now)).await
    }

    async fn expire_leases(
        &self,
        owners: &Owners,
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(self.inner.expire_leases(owners, first_look, now)).await
    }

    async fn owners(&self) -> Result<Vec<String>, StoreError> {
        self.inner.owners().await
    }

    async fn take(&self, due: &Due, limit: u32, lease: &Lease) -> Result<Vec<AttemptRecord>, StoreError> {
        self.write(self.inner.take(due, limit, lease)).await
    }

    async fn get(&self, attempt: &AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
        self.inner.get(attempt).await
    }

    async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.list(filter, limit).await
    }

    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError> {
        self.inner.count().await
    }

    async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, StoreError> {
        self.inner.events(attempt).await
    }

    async fn open_with_payment(
        &self,
        provider: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.open_with_payment(provider, payment).await
    }

    async fn receive(&self, entry: &InboxEntry, now: Timestamp) -> Result<Delivery, StoreError> {
        self.write(self.inner.receive(entry, now)).await
    }

    async fn handled(&self, entry: &InboxEntry, now: Timestamp) -> Result<(), StoreError> {
        self.write(self.inner.handled(entry, now)).await
    }

    async fn unhandled(&self, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        self.inner.unhandled(limit).await
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}
