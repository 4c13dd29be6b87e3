use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use rusqlite::Connection;

use super::archive::{Archivable, Departure};
use super::change::{Change, Claim, Due, Filter, Late, Lease, Owners};
use super::contract::Store;
use super::failover::{Acknowledged, Failover, NOTE_RULE, missing_note};
use super::info::JournalInfo;
use super::sealed::Sealed;
use super::unsettled::Unsettled;
use crate::attempt::{AttemptRecord, Event, Fence, State};
use crate::clock::{Clock, SystemClock};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry, UnhandledEntry};
use crate::intent::Intent;

mod archive;
mod failover;
mod file;
mod inbox;
mod late;
mod migrate;
mod owner;
mod path;
mod permissions;
mod problem;
mod series;
mod statements;
mod take;
mod writer;

use owner::{Owner, owner_is_gone};
use problem::{blocking, closed, problem};
use statements as sql;
use writer::Writer;

/// Attempts in a file, for one machine: any number of processes, one writer at a time.
///
/// Every write is on the disk when it is answered (`synchronous=FULL`, write-ahead log). Writes that wait together
/// are committed together. A file beside the database, `PATH-owner-...`, is locked for as long as this store lives:
/// another process sees by it that the owner of an armed attempt is gone, however it ended.
///
/// **The journal is `PATH` together with `PATH-wal`** (and `PATH-shm`, which can be rebuilt). When the last process ends
/// in order, everything is in `PATH`; after a crash the newest attempts are in `PATH-wal` alone. So copy a journal with
/// [`backup`](Self::backup), never with `cp`. What is restored from a copy has forgotten what came after it:
/// opening a copy fails with [`StoreError::FailedOver`] until
/// [`acknowledge_failover`](Self::acknowledge_failover).
pub struct SqliteStore {
    path: PathBuf,
    identity: String,
    clock: Arc<dyn Clock>,
    writer: Writer,
    reader: Arc<Mutex<Option<Connection>>>,
    owner: Mutex<Option<Owner>>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Creates a journal in a new file that other users of the machine can neither read nor write, and opens it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is a file; [`StoreError::Unsafe`] when other users can replace files in
    /// the folder; when it cannot be written.
    pub async fn create(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        blocking(move || file::create(&path).and_then(|()| Self::open_now(&path, Arc::new(SystemClock))))
            .await
    }

    /// Opens the journal in this file. A journal of an earlier version is migrated to the present one, all of it or
    /// nothing: [back it up](Self::backup) before.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no file; [`StoreError::Unsafe`] when it is a symbolic link, or when other users
    /// of the machine can write to it, to a file beside it, or into its folder. When it cannot be written, is locked for longer than ten seconds,
    /// is not a journal, is that of a newer version, or is a copy that was not acknowledged; when it has an earlier
    /// version and a process works on an attempt.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with_clock(path, SystemClock).await
    }

    /// Opens the journal, with another clock than that of the machine: for tests.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with_clock(
        path: impl Into<PathBuf>,
        clock: impl Clock + 'static,
    ) -> Result<Self, StoreError> {
        let path = path.into();
        // Opening waits for the disk and perhaps for another process.
        blocking(move || Self::open_now(&path, Arc::new(clock))).await
    }

    fn open_now(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        // Two names of one file would have two sets of files beside it: the owners' would not be found.
        let path = file::resolve(path)?;
        let (connection, identity) = file::open(&path)?;
        let reader = file::connect(&path)?;
        // So that a file that cannot be written is known now, and not at the first charge.
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(problem)?;
        let owner = Owner::new(&path)?;
        let writer = Writer::start(connection)?;
        Ok(Self {
            path,
            identity,
            clock,
            writer,
            reader: Arc::new(Mutex::new(Some(reader))),
            owner: Mutex::new(Some(owner)),
        })
    }

    /// Describes the journal in this file, and changes nothing: an earlier version is not migrated.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no file; when it cannot be read, or is that of a newer version.
    pub async fn inspect(path: impl Into<PathBuf>) -> Result<JournalInfo, StoreError> {
        let path = path.into();
        blocking(move || file::inspect(&path)).await
    }

    /// Writes a whole copy of the journal into a new file, while it is in use. The copy is marked: it can be opened only
    /// after [`acknowledge_failover`](Self::acknowledge_failover), since it has forgotten whatever is stored after it.
    ///
    /// # Errors
    /// When there is such a file, or it cannot be written.
    pub async fn backup(&self, to: impl Into<PathBuf>) -> Result<(), StoreError> {
        let (from, to, now) = (self.path.clone(), to.into(), self.clock.now());
        blocking(move || file::backup(&from, &to, now)).await
    }

    /// Records that a copy is taken into use, and the journal opens again. Nothing is sent. What it means for the
    /// attempts is the same as for [a replica of PostgreSQL](crate::store::Failover).
    ///
    /// # Errors
    /// When the file is not a copy, or it cannot be stored.
    pub async fn acknowledge_failover(
        path: impl Into<PathBuf>,
        failover: &Failover,
    ) -> Result<Acknowledged, StoreError> {
        if let Some(field) = missing_note(&failover.by, &failover.why) {
            return Err(StoreError::Failed(format!("`{field}` {NOTE_RULE}")));
        }
        let (path, failover) = (path.into(), failover.clone());
        blocking(move || {
            let mut connection = file::open_copy(&path)?;
            failover::acknowledge(&mut connection, &failover, SystemClock.now())
        })
        .await
    }

    /// Reads on the reader's own connection: a writer never waits for a reader.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        blocking(move || match &*reader.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(connection) => query(connection),
            None => Err(closed()),
        })
        .await
    }
}

impl Sealed for SqliteStore {}

#[async_trait]
impl Store for SqliteStore {
    async fn owner(&self) -> Result<String, StoreError> {
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        owner.as_ref().map(|owner| owner.name.clone()).ok_or_else(closed)
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    async fn close(&self) -> Result<(), StoreError> {
        // The reader first: SQLite moves the write-ahead log into the database when the last connection ends.
        let reader = Arc::clone(&self.reader);
        blocking(move || {
            *reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(())
        })
        .await?;
        self.writer.close().await?;
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError> {
        let (path, owner) = (self.path.clone(), owner.to_owned());
        blocking(move || owner_is_gone(&path, &owner)).await
    }

    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        let intent = intent.clone();
        self.writer.write(move |connection| take::plan(connection, &intent, now)).await
    }

    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError> {
        let intent = intent.clone();
        self.writer.write(move |connection| take::reserve(connection, &intent, now)).await
    }

    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError> {
        let (intents, lease) = (intents.to_vec(), lease.clone());
        self.writer
            .write_several(move |connection| {
                intents.iter().map(|intent| take::take_one(connection, take::CLAIM, intent, &lease)).collect()
            })
            .await
    }

    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError> {
        let (intent, lease) = (intent.clone(), lease.clone());
        self.writer.write(move |connection| take::take_one(connection, take::ARM, &intent, &lease)).await
    }

    async fn change(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<AttemptRecord, StoreError> {
        let (attempt, change) = (attempt.clone(), change.clone());
        self.writer.write(move |connection| sql::change(connection, &attempt, fence, &change, now)).await
    }

    async fn record_late_result(
        &self,
        attempt: &AttemptId,
        report: &Late,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (attempt, report) = (attempt.clone(), report.clone());
        self.writer
            .write_several(move |connection| late::record_late_result(connection, &attempt, &report, now))
            .await
    }

    async fn expire_leases(
        &self,
        owners: &Owners,
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let owners = owners.clone();
        self.writer
            .write_several(move |connection| sql::expire_leases(connection, &owners, first_look, now))
            .await
    }

    async fn owners(&self) -> Result<Vec<String>, StoreError> {
        self.read(sql::owners).await
    }

    async fn take(&self, due: &Due, limit: u32, lease: &Lease) -> Result<Vec<AttemptRecord>, StoreError> {
        let (due, lease) = (due.clone(), lease.clone());
        self.writer.write(move |connection| sql::take(connection, &due, limit, &lease)).await
    }

    async fn get(&self, attempt: &AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
        let attempt = attempt.clone();
        self.read(move |connection| sql::get(connection, &attempt)).await
    }

    async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<AttemptRecord>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| sql::list(connection, &filter, limit)).await
    }

    async fn series(&self, series: &str) -> Result<Vec<AttemptRecord>, StoreError> {
        let series = series.to_owned();
        self.read(move |connection| series::series(connection, &series)).await
    }

    async fn credential_history(
        &self,
        digest: &str,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let digest = digest.to_owned();
        self.read(move |connection| series::credential_history(connection, &digest, since)).await
    }

    async fn unsettled(&self) -> Result<Vec<Unsettled>, StoreError> {
        let now = self.clock.now();
        self.read(move |connection| sql::unsettled(connection, now)).await
    }

    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError> {
        self.read(sql::count).await
    }

    async fn archivable(
        &self,
        after: Option<&AttemptId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<Archivable, StoreError> {
        let after = after.cloned();
        self.read(move |connection| archive::archivable(connection, after.as_ref(), before, limit)).await
    }

    async fn archive(&self, departures: &[Departure], now: Timestamp) -> Result<u64, StoreError> {
        let departures = departures.to_vec();
        self.writer.write_several(move |connection| archive::archive(connection, &departures, now)).await
    }

    async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, StoreError> {
        let attempt = attempt.clone();
        self.read(move |connection| sql::events(connection, &attempt)).await
    }

    async fn open_with_payment(
        &self,
        provider: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let (provider, payment) = (provider.clone(), payment.clone());
        self.read(move |connection| sql::open_with_payment(connection, &provider, &payment)).await
    }

    async fn receive(&self, entry: &InboxEntry, now: Timestamp) -> Result<Delivery, StoreError> {
        let entry = entry.clone();
        self.writer.write(move |connection| inbox::receive(connection, &entry, now)).await
    }

    async fn handled(&self, entry: &InboxEntry, times: u64, now: Timestamp) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.writer.write(move |connection| inbox::handled(connection, &entry, times, now)).await
    }

    async fn backlog(
        &self,
        provider: Option<&ProviderId>,
        after: Option<&UnhandledEntry>,
        limit: u32,
    ) -> Result<Vec<UnhandledEntry>, StoreError> {
        let (provider, after) = (provider.cloned(), after.cloned());
        self.read(move |connection| inbox::backlog(connection, provider.as_ref(), after.as_ref(), limit))
            .await
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}
