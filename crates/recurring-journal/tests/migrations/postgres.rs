//! Journals of earlier versions in PostgreSQL, opened by this one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops by panicking")]

mod expected;

use std::sync::Arc;

use expected::{OWNER, Stored, attempt, failover, stored};
use recurring_facade::Secret;
use recurring_fixtures::postgres::Cluster;
use recurring_journal::store::{JournalInfo, PostgresStore, Store};
use recurring_journal::{Journal, State, StoreError};

const STORED: [Stored; 7] = stored!["1a" 1 false, "1" 1 true, "2" 2 false, "3a" 3 false, "3b" 3 false, "3" 3 false, "4" 4 false in "postgres"];

recurring_fixtures::tests! {
    needs PostgreSql: multi_thread [
        stored_journals_are_migrated_and_keep_their_meaning,
        inspected_journal_is_not_migrated,
        eight_processes_migrate_once,
        migration_that_fails_changes_nothing,
        journal_in_use_is_not_migrated,
        moved_journal_of_an_earlier_version_is_acknowledged_first,
        create_finds_a_journal_of_version_1,
        two_journals_of_version_1_are_refused,
    ];
}

struct Database(String);

impl Database {
    fn empty() -> Self {
        Self(Cluster::shared().database())
    }

    /// A stored journal, in the place that it knows: a dump is restored on another server than it was made on.
    fn restored(stored: &Stored) -> Self {
        let database = Self::empty();
        database.psql(stored.dump);
        if stored.version > 1 {
            database.psql(
                "UPDATE recurring.recurring_schema SET stamp = left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/'
                   || (SELECT system_identifier FROM pg_control_system()) || '/'
                   || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
                   || 'recurring.recurring_attempts'::regclass::oid",
            );
        }
        assert_eq!(database.version(), stored.version.to_string());
        database
    }

    fn psql(&self, statement: &str) -> String {
        Cluster::shared().psql(&self.0, statement).trim().to_owned()
    }

    fn version(&self) -> String {
        self.psql("SELECT version FROM recurring_schema")
    }

    fn address(&self) -> Secret {
        Secret::new(self.0.as_str())
    }

    async fn open(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(&self.address()).await
    }

    /// The tables, whatever the order of their columns, and what belongs to them.
    fn shape(&self) -> String {
        self.psql(
            "SELECT format('%s %s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
               FROM information_schema.columns WHERE table_schema = 'recurring'
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'recurring'
             UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
               WHERE connamespace = 'recurring'::regnamespace
             UNION ALL SELECT pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'recurring'::regnamespace
             UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
             ORDER BY 1",
        )
    }
}

async fn stored_journals_are_migrated_and_keep_their_meaning() {
    let fresh = Database::empty();
    drop(PostgresStore::create(&fresh.address()).await.unwrap());
    for stored in &STORED {
        let database = Database::restored(stored);
        let store = database.open().await.unwrap_or_else(|error| panic!("{}: {error}", stored.name));
        let identity = store.identity().to_owned();
        assert_eq!(identity.len(), 36, "{}: {identity}", stored.name);
        stored.check(&store).await;
        drop(store);
        assert_eq!(database.shape(), fresh.shape(), "{}", stored.name);
        // It is a journal like any other: the owner of the armed attempt is gone.
        let journal = Journal::builder()
            .with_identity(identity)
            .with_store(Arc::new(database.open().await.unwrap()))
            .await
            .unwrap();
        let lost = journal.attempt(&attempt("armed-lost")).await.unwrap();
        assert_eq!(lost.state, State::Unknown, "{}", stored.name);
    }
}

async fn inspected_journal_is_not_migrated() {
    for stored in &STORED {
        let database = Database::restored(stored);
        let info = PostgresStore::inspect(&database.address()).await.unwrap();
        assert_eq!((info.kind, info.version, info.is_outdated()), ("postgres", stored.version, true));
        assert_eq!(info.identity.is_some(), stored.version > 1);
        assert!(info.attempts.iter().any(|(word, count)| word == stored.went_through() && *count >= 4));
        assert_eq!(database.version(), stored.version.to_string());
    }
    let fresh = Database::empty();
    let store = PostgresStore::create(&fresh.address()).await.unwrap();
    let info = Journal::inspect(&fresh.0).await.unwrap();
    assert_eq!((info.version, info.is_outdated()), (JournalInfo::NEWEST, false));
    assert_eq!(info.identity.as_deref(), Some(store.identity()));
}

async fn eight_processes_migrate_once() {
    let database = Arc::new(Database::restored(&STORED[1]));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = Arc::clone(&database);
        tasks.spawn(async move { database.open().await.unwrap().identity().to_owned() });
    }
    let mut identities = tasks.join_all().await;
    identities.dedup();
    assert_eq!(identities.len(), 1);
    STORED[1].check(&database.open().await.unwrap()).await;
}

async fn migration_that_fails_changes_nothing() {
    let database = Database::restored(&STORED[1]);
    // The first step succeeds, and the second one cannot read this.
    database.psql(
        "UPDATE recurring_attempts SET lines = lines + 1, ending = 'no JSON' WHERE attempt = 'refused'",
    );
    let before = database.psql("SELECT attempt || state || lines FROM recurring_attempts ORDER BY attempt");
    let error = database.open().await.unwrap_err();
    assert!(error.to_string().contains("json"), "{error}");
    assert_eq!(database.version(), "1");
    assert_eq!(database.psql("SELECT to_regnamespace('recurring') IS NULL"), "t");
    let after = database.psql("SELECT attempt || state || lines FROM recurring_attempts ORDER BY attempt");
    assert_eq!(after, before);
}

async fn journal_in_use_is_not_migrated() {
    let database = Database::restored(&STORED[2]);
    let (client, connection) = tokio_postgres::connect(&database.0, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let key = OWNER.get(..16).and_then(|half| i64::from_str_radix(half, 16).ok()).unwrap();
    client.execute("SELECT pg_advisory_lock($1)", &[&key]).await.unwrap();
    let error = database.open().await.unwrap_err();
    assert!(matches!(&error, StoreError::Locked(why) if why.contains("works on an attempt")), "{error:?}");
    assert_eq!(database.version(), "2");
    drop(client);
    connection.await.unwrap().unwrap();
    STORED[2].check(&database.open().await.unwrap()).await;
}

async fn moved_journal_of_an_earlier_version_is_acknowledged_first() {
    for (stored, moved) in [
        (&STORED[1], "UPDATE recurring_schema SET timeline = 7"),
        (&STORED[2], "UPDATE recurring_schema SET stamp = '000000FF' || substr(stamp, 9)"),
    ] {
        let database = Database::restored(stored);
        database.psql(moved);
        let error = database.open().await.unwrap_err();
        assert!(matches!(error, StoreError::FailedOver { .. }), "{error:?}");
        assert_eq!(database.version(), stored.version.to_string());
        PostgresStore::acknowledge_failover(&database.address(), &failover()).await.unwrap();
        let store = database.open().await.unwrap();
        let record = store.get(&attempt("charge-approved")).await.unwrap().unwrap();
        assert_eq!((record.state, record.lapsed), (State::Pending, true));
    }
}

async fn create_finds_a_journal_of_version_1() {
    let database = Database::restored(&STORED[0]);
    let error = PostgresStore::create(&database.address()).await.unwrap_err();
    assert_eq!(error, StoreError::Exists);
    assert_eq!(database.version(), "1");
}

/// Which of them has what was charged is not for a program to guess.
async fn two_journals_of_version_1_are_refused() {
    let database = Database::restored(&STORED[0]);
    database.psql(
        "CREATE SCHEMA \"An n\"; CREATE TABLE \"An n\".recurring_schema AS TABLE public.recurring_schema",
    );
    let error = database.open().await.unwrap_err().to_string();
    assert!(error.contains("\"An n\", public"), "{error}");
    assert_eq!(database.version(), "1");
}
