use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use recurring_core::AttemptId;
use recurring_facade::{PaymentRef, ProviderId};
use rusqlite::{Connection, OpenFlags};

use super::{Change, Claim, Due, Filter, Late, Lease, Store};
use crate::attempt::{AttemptRecord, Event, Fence, Intent, State};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry};

mod statements;
mod writer;

use statements as sql;
use writer::Writer;

/// The version of the schema that this program writes.
const VERSION: i64 = 1;
/// How long another process may keep the database locked.
const BUSY: Duration = Duration::from_secs(10);

/// Attempts in a file, for one machine: any number of processes, one writer at a time.
///
/// Every write is on the disk when it is answered (`synchronous=FULL`, write-ahead log). Writes that wait together
/// are committed together. A file beside the database, `PATH-owner-...`, is locked for as long as this store lives:
/// another process sees by it that the owner of an armed attempt is gone, however it ended.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    reader: Arc<Mutex<Connection>>,
    owner: Owner,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// When it cannot be written, is locked for longer than ten seconds, is no journal, or is that of a newer version.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        // Opening waits for the disk and perhaps for another process.
        tokio::task::spawn_blocking(move || Self::open_now(path))
            .await
            .map_err(|error| StoreError::Failed(error.to_string()))?
    }

    fn open_now(path: PathBuf) -> Result<Self, StoreError> {
        let mut connection = connect(&path)?;
        migrate(&mut connection).map_err(|error| schema_problem(&path, error))?;
        let reader = connect(&path)?;
        // So that a file that cannot be written is known now, and not at the first charge.
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(problem)?;
        let owner = Owner::new(&path)?;
        let writer = Writer::start(connection)?;
        Ok(Self { path, writer, reader: Arc::new(Mutex::new(reader)), owner })
    }

    /// Reads on the reader's own connection: a writer never waits for a reader.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || query(&reader.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(|error| StoreError::Failed(error.to_string()))?
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    for_its_owner_alone(path)?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(problem)?;
    connection.busy_timeout(BUSY).map_err(problem)?;
    let mode = write_ahead(&connection).map_err(problem)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::ReadOnly(format!("it has no write-ahead log but `{mode}`")));
    }
    // FULL: the write-ahead log is on the disk before a commit answers. EXTRA changes nothing with this log.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").map_err(problem)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the file, if it is not there, so that nobody else on the machine can read it. The files beside it get the same
/// rights from SQLite.
fn for_its_owner_alone(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if path.exists() || error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::ReadOnly(format!("{}: {error}", path.display()))),
    }
}

/// Switches the write-ahead log on. SQLite does not wait by itself for another process that does the same.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let begun = Instant::now();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && begun.elapsed() < BUSY =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            mode => return mode,
        }
    }
}

enum Migration {
    Database(rusqlite::Error),
    Newer(i64),
    Foreign,
}

impl From<rusqlite::Error> for Migration {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// Brings the schema to this version, under SQLite's own write lock: two processes that open a new file at once do it
/// once.
fn migrate(connection: &mut Connection) -> Result<(), Migration> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(Migration::Newer(found));
    }
    if found == 0 {
        let tables: i64 = transaction.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'",
            [],
            |row| row.get(0),
        )?;
        if tables > 0 {
            return Err(Migration::Foreign);
        }
        transaction.execute_batch(include_str!("schema_sqlite.sql"))?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(())
}

fn schema_problem(path: &Path, migration: Migration) -> StoreError {
    match migration {
        Migration::Database(error) => problem(error),
        Migration::Newer(found) => StoreError::NewerSchema { found, known: VERSION },
        Migration::Foreign => {
            StoreError::Corrupt(format!("{} holds the tables of another program", path.display()))
        }
    }
}

/// What SQLite says, in our words.
fn problem(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(Code::DiskFull) => StoreError::Full(text),
        Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => StoreError::ReadOnly(text),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Locked(text),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}

/// The proof of life: a file that is locked while this process lives. The system lets go of it however the process ends.
struct Owner {
    name: String,
    path: PathBuf,
    _locked: File,
}

impl Owner {
    fn new(database: &Path) -> Result<Self, StoreError> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = owner_path(database, &name);
        let failed = |error: std::io::Error| StoreError::ReadOnly(format!("{}: {error}", path.display()));
        // It gets its name when it is locked: whoever finds it unlocked may remove it.
        let unnamed = owner_path(database, &format!("{name}.new"));
        let file = OpenOptions::new().write(true).create_new(true).open(&unnamed).map_err(failed)?;
        file.lock().map_err(failed)?;
        std::fs::rename(&unnamed, &path).map_err(failed)?;
        Ok(Self { name, path, _locked: file })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // A file that stays behind is found unlocked, and is removed by whoever looks.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn owner_path(database: &Path, owner: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(format!("-owner-{owner}"));
    PathBuf::from(path)
}

/// Whether nobody holds the owner's file any more.
fn owner_is_gone(database: &Path, owner: &str) -> Result<bool, StoreError> {
    let path = owner_path(database, owner);
    let file = match OpenOptions::new().write(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(StoreError::Failed(format!("{}: {error}", path.display()))),
    };
    match file.try_lock() {
        Ok(()) => {
            let _ = std::fs::remove_file(&path);
            Ok(true)
        }
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(StoreError::Failed(format!("{}: {error}", path.display()))),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn owner(&self) -> Result<String, StoreError> {
        Ok(self.owner.name.clone())
    }

    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError> {
        let (path, owner) = (self.path.clone(), owner.to_owned());
        tokio::task::spawn_blocking(move || owner_is_gone(&path, &owner))
            .await
            .map_err(|error| StoreError::Failed(error.to_string()))?
    }

    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        let intent = intent.clone();
        self.writer.write(move |connection| sql::plan(connection, &intent, now)).await
    }

    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError> {
        let (intents, lease) = (intents.to_vec(), lease.clone());
        self.writer
            .write_several(move |connection| {
                intents.iter().map(|intent| sql::take_one(connection, sql::CLAIM, intent, &lease)).collect()
            })
            .await
    }

    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError> {
        let (intent, lease) = (intent.clone(), lease.clone());
        self.writer.write(move |connection| sql::take_one(connection, sql::ARM, &intent, &lease)).await
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

    async fn testify(&self, attempt: &AttemptId, late: &Late, now: Timestamp) -> Result<(), StoreError> {
        let (attempt, late) = (attempt.clone(), late.clone());
        self.writer.write_several(move |connection| sql::testify(connection, &attempt, &late, now)).await
    }

    async fn abandon(
        &self,
        gone: &[String],
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let gone = gone.to_vec();
        self.writer.write_several(move |connection| sql::abandon(connection, &gone, first_look, now)).await
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

    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError> {
        self.read(sql::count).await
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
        self.writer.write(move |connection| sql::receive(connection, &entry, now)).await
    }

    async fn handled(&self, entry: &InboxEntry, now: Timestamp) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.writer.write(move |connection| sql::handled(connection, &entry, now)).await
    }

    async fn unhandled(&self, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(move |connection| sql::unhandled(connection, limit)).await
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}
