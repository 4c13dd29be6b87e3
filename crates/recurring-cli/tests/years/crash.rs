//! A store whose process ends at a chosen write.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::world::layered::Layer;

/// The write at which a process ends, and on which side of it.
#[derive(Debug)]
pub(crate) struct Crash {
    writes: AtomicU64,
    at: u64,
    before: bool,
    /// The process has ended.
    pub(crate) reached: Notify,
}

impl Crash {
    /// At write `at`, counted from 0, which is that of opening the journal.
    pub(crate) fn new(at: u64, before: bool) -> Arc<Self> {
        Arc::new(Self { writes: AtomicU64::new(0), at, before, reached: Notify::new() })
    }

    async fn end(&self) {
        self.reached.notify_one();
        pending::<()>().await;
    }
}

#[async_trait]
impl Layer for Arc<Crash> {
    async fn before_write(&self) -> usize {
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        // Nothing of a process that has ended writes any more.
        if write > self.at || (write == self.at && self.before) {
            self.end().await;
        }
        usize::try_from(write).expect("small")
    }

    async fn after_write(&self, write: usize) {
        if u64::try_from(write).expect("small") == self.at {
            self.end().await;
        }
    }
}
