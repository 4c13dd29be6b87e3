//! The least that can be done: the same rows, as durable, without the log, the rules and the journal.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use recurring_journal::store::SqliteStore;

const INSERT: &str = "INSERT INTO recurring_attempts
    (attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, lease_until, created, updated, armed)
    VALUES (?, 'emspay', 'charge', 4000, 'EUR', ?, 'armed', ?, 1, ?, ?, ?, ?)";

const UPDATE: &str = "UPDATE recurring_attempts SET state = 'paid', payment = ?, updated = ?, owner = NULL,
    lease_until = NULL WHERE attempt = ? AND fence = 1";

const TEXT: &str = "0123456789abcdef0123456789abcdef";
const TIME: i64 = 1_800_000_000_000;

pub(crate) struct Bare(Mutex<rusqlite::Connection>);

impl Bare {
    pub(crate) fn open(runtime: &tokio::runtime::Runtime, folder: &Path) -> Self {
        Self::with(runtime, folder, "bare.db", "FULL")
    }

    /// The same work, which waits for no disk.
    pub(crate) fn without_disk(runtime: &tokio::runtime::Runtime, folder: &Path) -> Self {
        Self::with(runtime, folder, "undurable.db", "OFF")
    }

    fn with(runtime: &tokio::runtime::Runtime, folder: &Path, name: &str, synchronous: &str) -> Self {
        let file = folder.join(name);
        drop(runtime.block_on(SqliteStore::create(&file)).unwrap());
        let connection = rusqlite::Connection::open(file).unwrap();
        let setup = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             DROP TRIGGER recurring_attempts_made; DROP TRIGGER recurring_attempts_changed"
        );
        connection.execute_batch(&setup).unwrap();
        Self(Mutex::new(connection))
    }

    pub(crate) fn insert(&self, name: &str) {
        self.execute(INSERT, rusqlite::params![name, TEXT, TEXT, TIME, TIME, TIME, TIME]);
    }

    pub(crate) fn update(&self, name: &str) {
        // As long as a real one, and no other attempt's.
        let payment = format!("{name:0>32}");
        self.execute(UPDATE, rusqlite::params![payment, TIME, name]);
    }

    fn execute(&self, statement: &str, values: &[&dyn rusqlite::ToSql]) {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(connection.prepare_cached(statement).unwrap().execute(values).unwrap(), 1);
    }
}
