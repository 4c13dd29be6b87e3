//! What was received for one gateway and not read yet.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::inbox::InboxEntry;

/// Notifications that wait in memory. More are found in the store.
const WAITING: usize = 1024;

/// A notification that was stored, with what the store may not keep of it.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) entry: InboxEntry,
    pub(super) times: u64,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    waiting: Mutex<VecDeque<Fresh>>,
    changed: Notify,
}

impl Lane {
    pub(super) fn push(&self, fresh: Fresh) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.push_back(fresh);
        }
        drop(waiting);
        self.changed.notify_one();
    }

    pub(super) fn pop(&self) -> Option<Fresh> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Something was pushed since this was asked last.
    pub(super) async fn pushed(&self) {
        self.changed.notified().await;
    }
}
