//! A store whose clock is moved by hand.

use std::sync::Arc;

use async_trait::async_trait;
use recurring_core::Timestamp;
use recurring_journal::store::Store;
use recurring_journal::{Clock, StoreError};

use super::ManualClock;
use super::layered::{Layer, Layered};

pub(crate) type Clocked = Layered<ManualClock>;

impl Clocked {
    pub(crate) fn new(inner: Arc<dyn Store>, clock: ManualClock) -> Self {
        Self { inner, layer: clock }
    }
}

#[async_trait]
impl Layer for ManualClock {
    async fn now(&self, _: &dyn Store) -> Result<Timestamp, StoreError> {
        Ok(Clock::now(self))
    }
}
