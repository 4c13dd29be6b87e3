//! Journals of earlier versions in a file, opened by this one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops by panicking")]

mod expected;

use std::path::{Path, PathBuf};

use expected::{OWNER, Stored, attempt, failover, stored};
use recurring_journal::store::{JournalInfo, SqliteStore, Store};
use recurring_journal::{Journal, State, StoreError};
use rusqlite::Connection;

const STORED: [Stored; 7] = stored!["1a" 1 false, "1" 1 false, "2" 2 false, "3a" 3 false, "3b" 3 false, "3" 3 false, "4" 4 false in "sqlite"];

/// Restores a stored journal into a new file.
fn restored(folder: &Path, stored: &Stored) -> PathBuf {
    let path = folder.join(format!("{}.db", stored.name));
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(stored.dump).unwrap();
    assert_eq!(version(&connection), stored.version);
    path
}

fn version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn texts(connection: &Connection, query: &str) -> Vec<String> {
    let mut prepared = connection.prepare(query).unwrap();
    prepared.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The tables, whatever the order of their columns, and what belongs to them.
fn shape(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut shape = texts(
        &connection,
        "SELECT tables.name || ' ' || columns.name || ' ' || columns.type || ' ' || \"notnull\" || ' '
           || coalesce(dflt_value, '') || ' ' || pk
         FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns
         WHERE tables.name LIKE 'recurring%' ORDER BY 1",
    );
    let others =
        "SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY name";
    // The same statement, however it is laid out.
    shape.extend(
        texts(&connection, others).iter().map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" ")),
    );
    shape
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_journals_are_migrated_and_keep_their_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(SqliteStore::create(&fresh).await.unwrap());
    for stored in &STORED {
        let path = restored(folder.path(), stored);
        let store = SqliteStore::open(&path).await.unwrap();
        let identity = store.identity().to_owned();
        let is_uuid = |text: &str| text.len() == 36 && text.as_bytes().get(14) == Some(&b'4');
        assert!(is_uuid(&identity), "{}: {identity}", stored.name);
        stored.check(&store).await;
        store.close().await.unwrap();
        assert_eq!(shape(&path), shape(&fresh), "{}", stored.name);
        let connection = Connection::open(&path).unwrap();
        assert!(connection.execute("UPDATE recurring_attempts SET state = 'approved'", []).is_err());
        drop(connection);
        // It is a journal like any other: the owner of the armed attempt is gone.
        let journal = Journal::builder()
            .with_identity(identity)
            .with_store(std::sync::Arc::new(SqliteStore::open(&path).await.unwrap()))
            .await
            .unwrap();
        let lost = journal.attempt(&attempt("armed-lost")).await.unwrap();
        assert_eq!(lost.state, State::Unknown, "{}", stored.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inspected_journal_is_not_migrated() {
    let folder = tempfile::tempdir().unwrap();
    for stored in &STORED {
        let path = restored(folder.path(), stored);
        let info = SqliteStore::inspect(&path).await.unwrap();
        assert_eq!((info.kind, info.version, info.is_outdated()), ("sqlite", stored.version, true));
        assert_eq!(info.identity.is_some(), stored.version > 1);
        assert!(info.attempts.iter().any(|(word, count)| word == stored.went_through() && *count >= 4));
        assert_eq!(version(&Connection::open(&path).unwrap()), stored.version);
    }
    let fresh = folder.path().join("fresh.db");
    let store = SqliteStore::create(&fresh).await.unwrap();
    let info = Journal::inspect(&format!("sqlite:{}", fresh.display())).await.unwrap();
    assert_eq!((info.version, info.is_outdated()), (JournalInfo::NEWEST, false));
    assert_eq!(info.identity.as_deref(), Some(store.identity()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_processes_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), &STORED[1]);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        tasks.spawn(async move { SqliteStore::open(path).await.unwrap().identity().to_owned() });
    }
    let mut identities = tasks.join_all().await;
    identities.dedup();
    assert_eq!(identities.len(), 1);
    STORED[1].check(&SqliteStore::open(&path).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migration_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), &STORED[1]);
    // The first step succeeds, and the second one cannot read this.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "UPDATE recurring_attempts SET lines = lines + 1, ending = 'no JSON' WHERE attempt = 'refused'",
        )
        .unwrap();
    let before = texts(&connection, "SELECT attempt || state || lines FROM recurring_attempts");
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("malformed JSON"), "{error}");
    assert_eq!(version(&connection), 1);
    assert_eq!(texts(&connection, "SELECT attempt || state || lines FROM recurring_attempts"), before);
    let tables = "SELECT name FROM sqlite_schema WHERE name IN ('recurring_schema', 'recurring_attempts_3')";
    assert!(texts(&connection, tables).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_in_use_is_not_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), &STORED[2]);
    let owner = std::fs::File::create(format!("{}-owner-{OWNER}", path.display())).unwrap();
    owner.lock().unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(&error, StoreError::Locked(why) if why.contains("works on an attempt")), "{error:?}");
    assert_eq!(version(&Connection::open(&path).unwrap()), 2);
    drop(owner);
    STORED[2].check(&SqliteStore::open(&path).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_of_an_earlier_version_is_acknowledged_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), &STORED[2]);
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE recurring_schema SET copied = 1764000009000", []).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::FailedOver { .. }), "{error:?}");
    assert_eq!(version(&connection), 2);
    SqliteStore::acknowledge_failover(&path, &failover()).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let record = store.get(&attempt("charge-approved")).await.unwrap().unwrap();
    assert_eq!((record.state, record.lapsed), (State::Pending, true));
}
