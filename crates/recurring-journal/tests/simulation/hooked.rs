//! A store that stops a process at a chosen write, or makes it wait there, or forgets about fences.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use recurring_journal::store::{SqliteStore, Store};
use tokio::sync::Notify;

use crate::world::layered::{Layer, Layered};

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

/// What happens at the writes of one process.
#[derive(Debug, Default)]
pub(crate) struct Hook {
    writes: AtomicUsize,
    stop_at: Option<Point>,
    /// The process has reached its point, and waits there.
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

pub(crate) type Hooked = Layered<Hooks>;

#[derive(Debug)]
pub(crate) struct Hooks {
    hook: Arc<Hook>,
    /// Whether a late worker may overwrite: the negative control.
    pub(crate) without_fence: AtomicBool,
    /// The file that is copied after each write.
    pub(crate) copied: Option<SqliteStore>,
}

impl Hooked {
    pub(crate) fn new(inner: Arc<dyn Store>, hook: Arc<Hook>) -> Self {
        Self { inner, layer: Hooks { hook, without_fence: AtomicBool::new(false), copied: None } }
    }
}

#[async_trait]
impl Layer for Hooks {
    async fn before_write(&self) -> usize {
        let write = self.hook.writes.fetch_add(1, Ordering::SeqCst);
        self.hook.pass(write, Side::Before).await;
        write
    }

    async fn after_write(&self, write: usize) {
        if let (Some(folder), Some(copied)) = (&self.hook.copies, &self.copied) {
            copied.backup(folder.join(format!("{write}.db"))).await.unwrap();
        }
        self.hook.pass(write, Side::After).await;
    }

    fn ignores_fences(&self) -> bool {
        self.without_fence.load(Ordering::SeqCst)
    }
}
