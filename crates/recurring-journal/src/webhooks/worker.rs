//! Reads about notifications until each is dealt with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use recurring_facade::{Facade, ProviderId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::lane::{Fresh, Lane};
use crate::error::{JournalError, StoreError};
use crate::inbox::UnhandledEntry;
use crate::journal::Journal;
use crate::observe;

/// Rows that are read at a time.
const TOGETHER: u32 = 64;

/// Notifications whose next time is kept in memory, for each gateway.
const MAX_WAITING: usize = 10_000;

/// How often the store is asked for what other processes have received.
const POLL: Duration = Duration::from_secs(10);

const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

pub(super) const MAX_BACKOFF: Duration = Duration::from_secs(60 * 60);

/// The worker behind [`Webhooks`](crate::Webhooks). It goes on until it is shut down or dropped, or the runtime ends.
///
/// Each gateway has a task, so that one that hangs delays no other. A task takes what has just arrived and, in turn, what
/// was left before, the oldest first. A notification of which the payment could not be read is read again after a
/// backoff of its own: it keeps no other one waiting.
#[derive(Debug)]
#[must_use = "the worker stops when it is dropped"]
pub struct InboxWorker {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl InboxWorker {
    /// Begins nothing new, and waits until what is being read has been recorded. What is left stays in the inbox, and the
    /// next worker goes on with it.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // One that has panicked has stopped too.
            let _ = task.await;
        }
    }
}

pub(super) fn start(
    journal: &Journal,
    facade: &Facade,
    lanes: &HashMap<ProviderId, Arc<Lane>>,
    max_backoff: Duration,
) -> InboxWorker {
    let stop = watch::Sender::new(false);
    let tasks = lanes.iter().map(|(provider, lane)| {
        let task = Task {
            journal: journal.clone(),
            facade: facade.clone(),
            provider: provider.clone(),
            lane: Arc::clone(lane),
            stop: stop.subscribe(),
            max_backoff,
            waiting: HashMap::new(),
        };
        tokio::spawn(task.run())
    });
    InboxWorker { tasks: tasks.collect(), stop }
}

/// A notification that could not be dealt with.
struct Waiting {
    fresh: Fresh,
    backoff: Duration,
    due: Instant,
}

struct Task {
    journal: Journal,
    facade: Facade,
    provider: ProviderId,
    lane: Arc<Lane>,
    stop: watch::Receiver<bool>,
    max_backoff: Duration,
    /// By its key.
    waiting: HashMap<String, Waiting>,
}

impl Task {
    async fn run(mut self) {
        let mut next_poll = Instant::now();
        while !self.is_stopped() {
            if Instant::now() >= next_poll {
                if let Err(error) = self.poll().await {
                    self.report(&error);
                }
                next_poll = Instant::now() + POLL;
            }
            self.work(next_poll).await;
            let due = self.waiting.values().map(|waiting| waiting.due).min();
            let wake = due.map_or(next_poll, |due| due.min(next_poll));
            let lane = Arc::clone(&self.lane);
            tokio::select! {
                _ = self.stop.wait_for(|stopped| *stopped) => {}
                () = lane.pushed() => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Also when the handle was dropped.
    fn is_stopped(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Goes through the rows of the store that are not dealt with, the oldest first.
    async fn poll(&mut self) -> Result<(), JournalError> {
        let mut last: Option<UnhandledEntry> = None;
        loop {
            let store = self.journal.store();
            let rows = store.backlog(Some(&self.provider), last.as_ref(), TOGETHER).await?;
            last = rows.last().cloned();
            for row in rows {
                if self.is_stopped() || self.waiting.len() >= MAX_WAITING {
                    return Ok(());
                }
                if !self.waiting.contains_key(&row.entry.dedupe_key) {
                    self.attend(Fresh { entry: row.entry, times: row.times }, INITIAL_BACKOFF).await;
                }
                self.take_turn().await;
            }
            if last.is_none() {
                return Ok(());
            }
        }
    }

    /// Does what has arrived, and what is due again, until this time: without an end to what arrives, what other processes
    /// have left gets its turn too.
    async fn work(&mut self, until: Instant) {
        while !self.is_stopped() && Instant::now() < until && self.take_turn().await {}
    }

    /// One that has just arrived, and one that is due again. Whether there was any.
    async fn take_turn(&mut self) -> bool {
        let fresh = self.lane.pop();
        let has_fresh = fresh.is_some();
        if let Some(fresh) = fresh {
            self.waiting.remove(&fresh.entry.dedupe_key);
            self.attend(fresh, INITIAL_BACKOFF).await;
        }
        let now = Instant::now();
        let due = self.waiting.iter().filter(|(_, waiting)| waiting.due <= now);
        let key = due.min_by_key(|(_, waiting)| waiting.due).map(|(key, _)| key.clone());
        let Some(waiting) = key.and_then(|key| self.waiting.remove(&key)) else { return has_fresh };
        let backoff = waiting.backoff.saturating_mul(2).min(self.max_backoff);
        self.attend(waiting.fresh, backoff).await;
        true
    }

    /// Reads about one notification, and again after `backoff` if that was not enough.
    async fn attend(&mut self, fresh: Fresh, backoff: Duration) {
        let (journal, facade) = (self.journal.clone(), self.facade.clone());
        // In a task of its own, so that a provider that panics does not end this one.
        let acting = tokio::spawn(async move {
            let result = journal.act_on(&facade, &fresh.entry, fresh.times).await;
            (result, fresh)
        });
        let Ok((result, fresh)) = acting.await else { return };
        match result {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => self.report(&error),
        }
        if self.waiting.len() < MAX_WAITING {
            let backoff = backoff.min(self.max_backoff);
            let due = Instant::now() + backoff;
            self.waiting.insert(fresh.entry.dedupe_key.clone(), Waiting { fresh, backoff, due });
        }
    }

    fn report(&self, error: &JournalError) {
        // Another process has taken the attempt: it is read again.
        if let JournalError::Store(error) = error
            && *error != StoreError::Fenced
        {
            observe::store_failed(self.journal.store().kind(), error);
        }
    }
}
