//! The file: creating it, opening it, copying it.

use recurring_core::Timestamp;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::migrate::{migrate, version};
use super::path::{BESIDE, folder, with_end};
use super::permissions::{check, check_folder, refuse_link};
use super::problem::problem;
use super::statements::COUNT;
use crate::error::StoreError;
use crate::store::info::JournalInfo;
use crate::store::row::{instant, whole};
use crate::store::version::VERSION;

/// How long another process may keep the database locked.
const BUSY: Duration = Duration::from_secs(10);

/// The path of a file without any linked folder in it, or why there is no journal there.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    refuse_link(path)?;
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            refuse_leftovers(path)?;
            Err(StoreError::Missing(format!("no file {}", path.display())))
        }
        Err(error) => Err(StoreError::ReadOnly(format!("{}: {error}", path.display()))),
    }
}

/// Refuses a place where the file is gone and what was beside it is left: the newest attempts are in there.
fn refuse_leftovers(path: &Path) -> Result<(), StoreError> {
    match BESIDE.map(|end| with_end(path, end)).iter().find(|beside| beside.exists()) {
        Some(left) => Err(StoreError::Corrupt(format!(
            "{} is gone, and {} is left without it",
            path.display(),
            left.display()
        ))),
        None => Ok(()),
    }
}

/// Opens a file that is there, for writing.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
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

/// What a file says of itself.
struct Found {
    version: i64,
    /// A journal of version 1 has none.
    identity: Option<String>,
    /// When it was copied, if it is a copy that was not acknowledged.
    copied: Option<Timestamp>,
}

/// Opens the journal for work, migrates it if it has an earlier version, and reads its identity. A copy that was not
/// acknowledged is left as it is.
pub(super) fn open(path: &Path) -> Result<(Connection, String), StoreError> {
    check(path)?;
    let mut connection = connect(path)?;
    // Again: where others may add files, one may have been put beside the journal in between.
    check(path)?;
    if let Some(copied) = read(&connection, path)?.copied {
        return Err(StoreError::FailedOver {
            found: format!("a copy of {copied}"),
            known: "the original".to_owned(),
        });
    }
    let identity = migrated(&mut connection, path)?;
    Ok((connection, identity))
}

/// Opens a copy, to acknowledge it. A file that is not a journal is left as it is.
pub(super) fn open_copy(path: &Path) -> Result<Connection, StoreError> {
    let path = resolve(path)?;
    check(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    read(&Connection::open_with_flags(&path, flags).map_err(problem)?, &path)?;
    let mut connection = connect(&path)?;
    migrated(&mut connection, &path)?;
    Ok(connection)
}

/// Migrates the journal if it has an earlier version. Returns its identity.
fn migrated(connection: &mut Connection, path: &Path) -> Result<String, StoreError> {
    migrate(connection, path)?;
    read(connection, path)?.identity.ok_or_else(|| StoreError::Corrupt("it has no identity".to_owned()))
}

/// Reads what the file says of itself, and refuses one that this program cannot use.
fn read(connection: &Connection, path: &Path) -> Result<Found, StoreError> {
    let version = version(connection)?;
    let has = |table: &str| -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)";
        connection.query_row(query, [table], |row| row.get(0)).map_err(problem)
    };
    let ours = has("recurring_schema")? || version == 1 && has("recurring_attempts")?;
    if version == 0 || !ours {
        return Err(StoreError::Corrupt(format!(
            "{} is empty or belongs to another program",
            path.display()
        )));
    }
    if !(1..=VERSION).contains(&version) {
        return Err(StoreError::OtherSchema { found: version, known: VERSION });
    }
    if version == 1 {
        return Ok(Found { version, identity: None, copied: None });
    }
    let (identity, copied): (String, Option<i64>) = connection
        .query_row("SELECT identity, copied FROM recurring_schema", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(problem)?
        .ok_or_else(|| StoreError::Corrupt("it has no identity".to_owned()))?;
    Ok(Found { version, identity: Some(identity), copied: copied.map(instant).transpose()? })
}

/// Describes the journal, and changes nothing.
pub(super) fn inspect(path: &Path) -> Result<JournalInfo, StoreError> {
    let path = resolve(path)?;
    check(&path)?;
    // A connection that may not write at all would leave files beside the journal when it ends.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(problem)?;
    connection.busy_timeout(BUSY).map_err(problem)?;
    connection.execute_batch("PRAGMA query_only = ON").map_err(problem)?;
    let Found { version, identity, .. } = read(&connection, &path)?;
    let counts = || -> rusqlite::Result<Vec<(String, i64)>> {
        connection.prepare(COUNT)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let attempts = counts().map_err(problem)?.into_iter();
    let attempts =
        attempts.map(|(word, count)| Ok((word, whole(count)?))).collect::<Result<_, StoreError>>()?;
    Ok(JournalInfo { kind: "sqlite", version, identity, attempts })
}

/// Creates a journal in a new file. It gets its name when it is whole: another process finds all of it or nothing.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Err(StoreError::Exists);
    }
    refuse_leftovers(path)?;
    check_folder(path)?;
    let unfinished = with_end(path, &format!("-new-{}", uuid::Uuid::new_v4().simple()));
    let made = make(&unfinished).and_then(|()| publish(&unfinished, path));
    discard(&unfinished);
    made
}

/// Removes an unfinished file. Under its own name it is no longer needed; what could not be made is not kept.
fn discard(unfinished: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_end(unfinished, end));
    }
}

fn make(path: &Path) -> Result<(), StoreError> {
    new_file(path)?;
    let connection = connect(path)?;
    let identity = uuid::Uuid::new_v4().to_string();
    let now = Timestamp::now().unix_millis();
    let fill = || -> rusqlite::Result<()> {
        connection.execute_batch(include_str!("../schema_sqlite.sql"))?;
        let row = rusqlite::params![VERSION, identity, now];
        connection
            .execute("INSERT INTO recurring_schema (version, identity, created) VALUES (?, ?, ?)", row)?;
        connection.pragma_update(None, "user_version", VERSION)
    };
    fill().map_err(problem)?;
    finish(connection, path)
}

/// Makes a file that no other user of the machine can read. The files beside it get the same rights from SQLite.
fn new_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(StoreError::Exists),
        Err(error) => Err(StoreError::ReadOnly(format!("{}: {error}", path.display()))),
    }
}

/// Ends the last connection of a new file, so that all of it is in the file and on the disk.
fn finish(connection: Connection, path: &Path) -> Result<(), StoreError> {
    connection.close().map_err(|(_, error)| problem(error))?;
    let failed = |error: std::io::Error| StoreError::ReadOnly(format!("{}: {error}", path.display()));
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)
}

/// Gives a finished file its name, unless there is another one of that name.
fn publish(unfinished: &Path, path: &Path) -> Result<(), StoreError> {
    match std::fs::hard_link(unfinished, path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(StoreError::Exists),
        Err(error) => return Err(StoreError::ReadOnly(format!("{}: {error}", path.display()))),
    }
    // The name itself must survive the loss of power, too.
    match folder(path) {
        Some(folder) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::ReadOnly(format!("{}: {error}", folder.display()))),
        None => Ok(()),
    }
}

/// Writes a marked copy of the journal `from` into the new file `to`.
pub(super) fn backup(from: &Path, to: &Path, now: Timestamp) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Exists);
    }
    refuse_leftovers(to)?;
    let unfinished = with_end(to, &format!("-new-{}", uuid::Uuid::new_v4().simple()));
    let copy = || {
        new_file(&unfinished)?;
        let source = connect(from)?;
        let name =
            unfinished.to_str().ok_or_else(|| StoreError::Address("must be a path in UTF-8".to_owned()))?;
        source.execute("VACUUM INTO ?", [name]).map_err(problem)?;
        let copied = connect(&unfinished)?;
        copied.execute("UPDATE recurring_schema SET copied = ?", [now.unix_millis()]).map_err(problem)?;
        finish(copied, &unfinished)?;
        publish(&unfinished, to)
    };
    let made = copy();
    discard(&unfinished);
    made
}
