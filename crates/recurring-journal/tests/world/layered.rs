//! A store around another one, of which a layer changes a little.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use recurring_core::Timestamp;
use recurring_facade::{AttemptId, PaymentRef, ProviderId};
use recurring_journal::store::sealed::Sealed;
use recurring_journal::store::{
    Archivable, Change, Claim, Departure, Due, Filter, Late, Lease, Owners, Store, Unsettled,
};
use recurring_journal::{
    AttemptRecord, Delivery, Event, Fence, InboxEntry, Intent, State, StoreError, UnhandledEntry,
};

/// What is different from the store inside: nothing, as it is.
#[async_trait]
pub(crate) trait Layer: Debug + Send + Sync + 'static {
    async fn now(&self, inner: &dyn Store) -> Result<Timestamp, StoreError> {
        inner.now().await
    }

    /// Before each write. Gives its number for `after_write`.
    async fn before_write(&self) -> usize {
        0
    }

    async fn after_write(&self, _write: usize) {}

    /// Whether a late worker may overwrite.
    fn ignores_fences(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(crate) struct Layered<L> {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) layer: L,
}

impl<L: Layer> Layered<L> {
    async fn write<T>(&self, work: impl Future<Output = T>) -> T {
        let write = self.layer.before_write().await;
        let result = work.await;
        self.layer.after_write(write).await;
        result
    }
}

impl<L: Layer> Sealed for Layered<L> {}

#[async_trait]
impl<L: Layer> Store for Layered<L> {
    async fn owner(&self) -> Result<String, StoreError> {
        self.inner.owner().await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.layer.now(&*self.inner).await
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
            if written == Err(StoreError::Fenced) && self.layer.ignores_fences() {
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

    async fn series(&self, series: &str) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.series(series).await
    }

    async fn credential_history(
        &self,
        digest: &str,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.credential_history(digest, since).await
    }

    async fn unsettled(&self) -> Result<Vec<Unsettled>, StoreError> {
        self.inner.unsettled().await
    }

    async fn archivable(
        &self,
        after: Option<&AttemptId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<Archivable, StoreError> {
        self.inner.archivable(after, before, limit).await
    }

    async fn archive(&self, departures: &[Departure], now: Timestamp) -> Result<u64, StoreError> {
        self.write(self.inner.archive(departures, now)).await
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

    async fn handled(&self, entry: &InboxEntry, times: u64, now: Timestamp) -> Result<(), StoreError> {
        self.write(self.inner.handled(entry, times, now)).await
    }

    async fn backlog(
        &self,
        provider: Option<&ProviderId>,
        after: Option<&UnhandledEntry>,
        limit: u32,
    ) -> Result<Vec<UnhandledEntry>, StoreError> {
        self.inner.backlog(provider, after, limit).await
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}
