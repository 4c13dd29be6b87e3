//! A store whose clock is moved by hand.

use std::sync::Arc;

use async_trait::async_trait;
use recurring_core::Timestamp;
use recurring_facade::{AttemptId, PaymentRef, ProviderId};
use recurring_journal::store::sealed::Sealed;
use recurring_journal::store::{Change, Claim, Due, Filter, Late, Lease, Owners, Store};
use recurring_journal::{
    AttemptRecord, Clock, Delivery, Event, Fence, InboxEntry, Intent, State, StoreError,
};

use super::ManualClock;

#[derive(Debug)]
pub(crate) struct Clocked {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) clock: ManualClock,
}

impl Sealed for Clocked {}

#[async_trait]
impl Store for Clocked {
    async fn owner(&self) -> Result<String, StoreError> {
        self.inner.owner().await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    fn identity(&self) -> &str {
        self.inner.identity()
    }

    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError> {
        self.inner.is_gone(owner).await
    }

    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        self.inner.plan(intent, now).await
    }

    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError> {
        self.inner.reserve(intent, now).await
    }

    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError> {
        self.inner.claim(intents, lease).await
    }

    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError> {
        self.inner.arm(intent, lease).await
    }

    async fn change(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<AttemptRecord, StoreError> {
        self.inner.change(attempt, fence, change, now).await
    }

    async fn record_late_result(
        &self,
        attempt: &AttemptId,
        late: &Late,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.record_late_result(attempt, late, now).await
    }

    async fn expire_leases(
        &self,
        owners: &Owners,
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.inner.expire_leases(owners, first_look, now).await
    }

    async fn owners(&self) -> Result<Vec<String>, StoreError> {
        self.inner.owners().await
    }

    async fn take(&self, due: &Due, limit: u32, lease: &Lease) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.take(due, limit, lease).await
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
        self.inner.receive(entry, now).await
    }

    async fn handled(&self, entry: &InboxEntry, now: Timestamp) -> Result<(), StoreError> {
        self.inner.handled(entry, now).await
    }

    async fn unhandled(&self, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        self.inner.unhandled(limit).await
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}
