//! The store in PostgreSQL: the suite of all stores, and what is special to it, on a server of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod suite;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use recurring_facade::{Secret, Settings};
use recurring_fixtures::postgres::Cluster;
use recurring_journal::store::{Change, Claim, Failover, Owners, PostgresStore, Store};
use recurring_journal::{
    ChargeIntent, EncryptionKey, Intent, Journal, PlanStatement, PlanValue, SeriesTry, State, StoreError,
};
use suite::{Place, armed, at, attempt, intent, lease, request};

struct Database(String);

impl Database {
    fn new() -> Self {
        Self(Cluster::shared().database())
    }

    /// The first one creates it; any number may try at once.
    async fn store(&self) -> Result<PostgresStore, StoreError> {
        let address = Secret::new(self.0.as_str());
        match PostgresStore::create(&address).await {
            Err(StoreError::Exists) => PostgresStore::open(&address).await,
            created => created,
        }
    }

    fn psql(&self, statement: &str) -> String {
        Cluster::shared().psql(&self.0, statement)
    }
}

impl Place for Database {
    fn open(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>> {
        Box::pin(async {
            let store: Arc<dyn Store> = Arc::new(self.store().await.unwrap());
            store
        })
    }
}

macro_rules! tests_of {
    ($($case:ident),+ $(,)?) => {
        $(async fn $case() {
            suite::$case(&Database::new()).await;
        })+

        recurring_fixtures::tests! {
            needs PostgreSql: multi_thread [
            $($case,)+
            eight_processes_open_an_empty_database_at_once,
            a_commit_waits_for_the_disk_whatever_the_database_says,
            server_that_ends_idle_sessions_ends_no_owner,
            role_without_rights_is_shown_its_rights,
            unreadable_stored_word_is_an_error,
            address_without_host_or_database_is_refused,
            dump_that_was_restored_must_be_acknowledged,
            a_journal_of_a_newer_version_is_refused,
            a_replica_that_took_over_is_noticed_and_must_be_acknowledged,
            failover_keeps_payments_and_names_apart,
            the_log_is_only_added_to,
            an_owner_whose_connection_is_cut_is_gone_and_cannot_write,
            a_server_that_dies_in_mid_write_loses_nothing_that_was_answered,
            a_plan_belongs_to_the_callers_own_transaction,
            tries_stored_at_once_are_decided_by_an_index,
            the_password_is_shown_nowhere,
            #[cfg(feature = "pgbouncer-tests")]
            pooler_that_shares_sessions_is_refused,
            ];
        }
    };
}

every_case!(tests_of);

async fn eight_processes_open_an_empty_database_at_once() {
    let database = Arc::new(Database::new());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = Arc::clone(&database);
        tasks.spawn(async move { database.open().await });
    }
    assert_eq!(tasks.join_all().await.len(), 8);
    assert_eq!(database.psql("SELECT version FROM recurring_schema").trim(), "5");
}

async fn a_commit_waits_for_the_disk_whatever_the_database_says() {
    let database = Database::new();
    let name = database.0.rsplit('/').next().unwrap();
    database.psql(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    let store = database.store().await.unwrap();
    armed(&store, "a", 0).await;
    // What the store's own connections say, told by a trigger.
    database.psql(
        "CREATE TABLE recurring.seen (setting TEXT);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN INSERT INTO recurring.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
         CREATE TRIGGER see AFTER INSERT ON recurring_attempts EXECUTE FUNCTION see()",
    );
    armed(&store, "b", 0).await;
    assert_eq!(database.psql("SELECT setting FROM seen").trim(), "on");
}

async fn server_that_ends_idle_sessions_ends_no_owner() {
    let database = Database::new();
    drop(database.store().await.unwrap());
    let name = database.0.rsplit('/').next().unwrap();
    database.psql(&format!(
        "ALTER DATABASE {name} SET idle_session_timeout = '500ms';
         ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '500ms'"
    ));
    let (store, other) = (database.store().await.unwrap(), database.store().await.unwrap());
    let owner = store.owner().await.unwrap();
    // Negative control: a connection that sets nothing is ended, and it began later.
    let (_client, connection) = tokio_postgres::connect(&database.0, tokio_postgres::NoTls).await.unwrap();
    assert!(connection.await.is_err());
    assert!(!other.is_gone(&owner).await.unwrap());
    assert_eq!(store.owner().await.unwrap(), owner);
}

async fn role_without_rights_is_shown_its_rights() {
    let database = Database::new();
    let role = format!("narrow_{}", database.0.rsplit('/').next().unwrap());
    database.psql(&format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA {role} AUTHORIZATION {role}"));
    let address = Secret::new(database.0.replacen("postgres@", &format!("{role}@"), 1));
    // No journal yet: the role must not get one of its own by asking.
    let error = PostgresStore::open(&address).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing(_)), "{error:?}");
    let store = database.store().await.unwrap();
    let error = PostgresStore::open(&address).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert!(PostgresStore::create(&address).await.is_err());
    // With the rights it is the same journal, whatever its search path.
    database.psql(&format!(
        "GRANT USAGE ON SCHEMA recurring TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA recurring TO {role};
         ALTER ROLE {role} SET search_path = {role}"
    ));
    let same = PostgresStore::open(&address).await.unwrap();
    assert_eq!(same.identity(), store.identity());
    armed(&same, "a", 0).await;
    assert_eq!(store.get(&attempt("a")).await.unwrap().unwrap().state, State::Armed);
}

async fn unreadable_stored_word_is_an_error() {
    let database = Database::new();
    let store = database.store().await.unwrap();
    armed(&store, "a", 0).await;
    database.psql("ALTER TABLE recurring_attempts DROP CONSTRAINT recurring_attempts_state_check");
    for (what, bad, good) in suite::UNREADABLE {
        database.psql(&format!("UPDATE recurring_attempts SET lines = lines + 1, {bad}"));
        suite::assert_unreadable(&store, what).await;
        database.psql(&format!("UPDATE recurring_attempts SET lines = lines + 1, {good}"));
        assert!(store.get(&attempt("a")).await.unwrap().is_some(), "{what}");
    }
}

async fn address_without_host_or_database_is_refused() {
    for address in ["postgres://", "postgres://localhost", "postgres://ann@localhost/", "postgres:///journal"]
    {
        let error = PostgresStore::open(&Secret::new(address)).await.unwrap_err();
        assert!(matches!(error, StoreError::Address(_)), "{address}: {error:?}");
    }
}

async fn dump_that_was_restored_must_be_acknowledged() {
    let database = Database::new();
    let store = database.store().await.unwrap();
    armed(&store, "a", 0).await;
    store.plan(&intent("planned"), at(0)).await.unwrap();
    let other = Database::new();
    Cluster::shared().copy_by_dump(&database.0, &other.0);
    let error = PostgresStore::open(&Secret::new(other.0.as_str())).await.unwrap_err();
    assert!(matches!(error, StoreError::FailedOver { .. }), "{error:?}");
    let failover = Failover {
        by: "ann".to_owned(),
        why: "restored last night's dump".to_owned(),
        planned_were_not_sent: false,
        charged: Vec::new(),
    };
    let address = Secret::new(other.0.as_str());
    let done = PostgresStore::acknowledge_failover(&address, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (1, 1));
    let restored = PostgresStore::open(&address).await.unwrap();
    assert_eq!(restored.identity(), store.identity());
    // The original is where it was.
    database.store().await.unwrap();
}

async fn a_journal_of_a_newer_version_is_refused() {
    let database = Database::new();
    drop(database.store().await.unwrap());
    database.psql("UPDATE recurring_schema SET version = 7");
    assert_eq!(database.store().await.unwrap_err(), StoreError::OtherSchema { found: 7, known: 5 });
}

async fn a_replica_that_took_over_is_noticed_and_must_be_acknowledged() {
    let database = Database::new();
    let store = database.store().await.unwrap();
    armed(&store, "a", 0).await;
    store.plan(&intent("planned"), at(0)).await.unwrap();
    let address = Secret::new(database.0.as_str());
    let mut failover = Failover {
        by: "ann".to_owned(),
        why: "compared until noon".to_owned(),
        planned_were_not_sent: false,
        charged: Vec::new(),
    };
    let nothing = PostgresStore::acknowledge_failover(&address, &failover).await.unwrap_err();
    assert!(nothing.to_string().contains("nothing to acknowledge"), "{nothing}");
    // The timeline is the server's own; here the journal is told that it was another one.
    let taken_over = || database.psql("UPDATE recurring_schema SET stamp = '000000FF' || substr(stamp, 9)");
    taken_over();
    let error = database.store().await.unwrap_err();
    assert!(matches!(error, StoreError::FailedOver { .. }), "{error:?}");
    let unsaid = Failover { why: " ".to_owned(), ..failover.clone() };
    let error = PostgresStore::acknowledge_failover(&address, &unsaid).await.unwrap_err();
    assert!(error.to_string().contains("`why` must have"), "{error}");
    let done = PostgresStore::acknowledge_failover(&address, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (1, 1));
    let store: Arc<dyn Store> = Arc::new(database.store().await.unwrap());
    let line = store.events(&attempt("a")).await.unwrap().pop().unwrap();
    assert_eq!(
        (line.what.as_str(), line.note.as_deref()),
        ("unknown", Some("ann: a replica or a copy took the journal over: compared until noon"))
    );
    assert_eq!(
        database.psql("SELECT decided_by, note FROM recurring_failovers").trim(),
        "ann|compared until noon"
    );
    // When it was sent is not known, nor whether it was: finding nothing would prove nothing.
    let journal = Journal::builder().with_store(Arc::clone(&store)).await.unwrap();
    let facade = Settings::unreachable().unwrap();
    for _ in 0..3 {
        let looked = journal.look(&facade, &attempt("planned")).await.unwrap().unwrap();
        assert_eq!((looked.before, looked.record.state), (State::Review, State::Review));
        assert!(looked.record.note.unwrap().contains("no time in which to look"));
    }
    store.plan(&intent("unsent"), at(1)).await.unwrap();
    taken_over();
    failover.planned_were_not_sent = true;
    let done = PostgresStore::acknowledge_failover(&address, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (0, 0));
    assert_eq!(store.get(&attempt("unsent")).await.unwrap().unwrap().state, State::Planned);
}

async fn failover_keeps_payments_and_names_apart() {
    let database = Database::new();
    let failover = suite::before_failover(&database.store().await.unwrap()).await;
    database.psql("UPDATE recurring_schema SET stamp = '000000FF' || substr(stamp, 9)");
    let address = Secret::new(database.0.as_str());
    let done = PostgresStore::acknowledge_failover(&address, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (0, 3));
    suite::assert_failed_over(&database.store().await.unwrap()).await;
}

async fn the_log_is_only_added_to() {
    let database = Database::new();
    armed(&database.store().await.unwrap(), "a", 0).await;
    for statement in [
        "DELETE FROM recurring_events",
        "UPDATE recurring_events SET what = 'x'",
        "TRUNCATE recurring_events",
    ] {
        // psql ends with an error; inside a block it is a notice.
        let caught = format!(
            "DO $$ BEGIN {statement}; RAISE EXCEPTION 'it went through' USING ERRCODE = 'ZZ999';
             EXCEPTION WHEN raise_exception THEN NULL; END $$"
        );
        database.psql(&caught);
    }
    assert_eq!(database.psql("SELECT what FROM recurring_events").trim(), "armed");
}

async fn an_owner_whose_connection_is_cut_is_gone_and_cannot_write() {
    let database = Database::new();
    let (one, two) = (database.store().await.unwrap(), database.store().await.unwrap());
    let first = one.owner().await.unwrap();
    let fence = armed(&one, "a", 0).await;
    let key = i64::from_be_bytes(u64::from_str_radix(&first[..16], 16).unwrap().to_be_bytes());
    database.psql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = {key}"
    ));
    while !two.is_gone(&first).await.unwrap() {
        tokio::task::yield_now().await;
    }
    assert_eq!(two.expire_leases(&Owners::gone([first.clone()]), at(1), at(1)).await.unwrap(), 1);
    let late = one.change(&attempt("a"), fence, &Change::to(State::Paid), at(2)).await;
    assert_eq!(late, Err(StoreError::Fenced));
    // It goes on as another owner.
    while one.owner().await.unwrap() == first {
        tokio::task::yield_now().await;
    }
    let second = one.owner().await.unwrap();
    assert!(!two.is_gone(&second).await.unwrap());
}

async fn a_server_that_dies_in_mid_write_loses_nothing_that_was_answered() {
    let cluster = Cluster::start();
    let address = cluster.database();
    let store = Arc::new(PostgresStore::create(&Secret::new(address.as_str())).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("a-{number:03}");
            let lease = match store.owner().await {
                Ok(owner) => recurring_journal::store::Lease { owner, now: at(0), until: at(300) },
                Err(error) => return (name, Err(error)),
            };
            let claim = store.arm(&intent(&name), &lease).await;
            (name, claim)
        });
    }
    let mut answers = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer.unwrap());
        if answers.len() == 100 {
            cluster.kill();
        }
    }
    let lost = answers.iter().filter(|(_, answer)| answer.is_err()).count();
    assert!(lost > 0, "the server answered everything before it died");
    for (name, answer) in &answers {
        if let Err(error) = answer {
            assert!(matches!(error, StoreError::Lost(_)), "{name}: {error:?}");
        }
    }
    cluster.restart();
    let again = PostgresStore::open(&Secret::new(address)).await.unwrap();
    for (name, answer) in answers {
        let record = again.get(&attempt(&name)).await.unwrap();
        match answer {
            Ok(Claim::Acquired(_)) => assert_eq!(record.unwrap().state, State::Armed, "{name}"),
            // Its answer was lost: it may be there or not, and was not sent.
            _ => assert!(record.is_none_or(|record| record.state == State::Armed), "{name}"),
        }
    }
    // The old store works again, as a new owner.
    let owner = loop {
        if let Ok(owner) = store.owner().await {
            break owner;
        }
        tokio::task::yield_now().await;
    };
    assert!(!again.is_gone(&owner).await.unwrap());
}

fn values(plan: &PlanStatement) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
    fn value(value: &PlanValue) -> &(dyn tokio_postgres::types::ToSql + Sync) {
        match value {
            PlanValue::Text(text) => text,
            PlanValue::Integer(number) => number,
            PlanValue::Bytes(bytes) => bytes,
            PlanValue::OptionalText(text) => text,
            PlanValue::OptionalInteger(number) => number,
        }
    }
    plan.values.iter().map(value).collect()
}

/// The second try is stored while the first one is not committed: no look at the table shows it.
async fn tries_stored_at_once_are_decided_by_an_index() {
    for (guarded, commits) in [(true, true), (true, false), (false, true)] {
        let database = Database::new();
        let journal = Journal::builder().with_store(database.open().await).await.unwrap();
        if !guarded {
            // Negative control: without the index both are made.
            database.psql("DROP INDEX recurring.recurring_attempts_period");
        }
        let try_of = |name: &str, number| {
            let series = SeriesTry::new("sub-1", "2026-11", number).unwrap();
            ChargeIntent::new(request(name)).with_series(series)
        };
        let (mut client, connection) =
            tokio_postgres::connect(&database.0, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let plan = journal.plan_statement(try_of("one", 1)).unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.execute(plan.sql, &values(&plan)).await.unwrap();
        let (store, second) = (database.store().await.unwrap(), Intent::from(&try_of("two", 2)));
        let arming = tokio::spawn(async move { store.arm(&second, &lease(&store, 0).await).await.unwrap() });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
           AND datname = current_database() AND query LIKE '%recurring_attempts%'";
        while !arming.is_finished() && database.psql(waits).trim() == "0" {
            tokio::task::yield_now().await;
        }
        assert_ne!(arming.is_finished(), guarded);
        if commits {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        let (claim, all) = (arming.await.unwrap(), journal.series("sub-1").await.unwrap());
        if guarded && commits {
            assert!(matches!(&claim, Claim::Blocked(by) if by.other == attempt("one")), "{claim:?}");
        } else {
            assert!(matches!(claim, Claim::Acquired(_)), "{claim:?}");
        }
        assert_eq!(all.len(), if guarded { 1 } else { 2 }, "{all:?}");
    }
}

async fn a_plan_belongs_to_the_callers_own_transaction() {
    let database = Database::new();
    let journal = Journal::builder()
        .with_encryption_key(EncryptionKey::new(&recurring_fixtures::key(3)).unwrap())
        .with_store(database.open().await)
        .await
        .unwrap();
    let (mut client, connection) = tokio_postgres::connect(&database.0, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for commits in [false, true] {
        let plan = journal.plan_statement(request("a")).unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.execute(plan.sql, &values(&plan)).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        assert_eq!(journal.attempt(&attempt("a")).await.is_ok(), commits);
    }
    assert_eq!(journal.attempt(&attempt("a")).await.unwrap().state, State::Planned);
    assert_eq!(journal.events(&attempt("a")).await.unwrap().len(), 1);
    assert!(matches!(
        journal.store().arm(&intent("a"), &lease(journal.store(), 1_000_000).await).await.unwrap(),
        Claim::Acquired(_)
    ));
}

async fn the_password_is_shown_nowhere() {
    let places = [
        "postgres://ann:hunter2-secret@127.0.0.1:1/journal",
        "postgres://ann:hunter2-secret@[::1/journal",
        "postgres://ann:hunter2-secret@127.0.0.1:1/journal?sslmode=hunter2-secret",
    ];
    for address in places {
        let error = PostgresStore::open(&Secret::new(address)).await.unwrap_err();
        assert!(matches!(error, StoreError::Lost(_) | StoreError::Address(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let database = Database::new();
    let store = database.store().await.unwrap();
    let with_password = database.0.replacen("postgres@", "postgres:hunter2-secret@", 1);
    let other = PostgresStore::open(&Secret::new(with_password)).await.unwrap();
    assert!(!format!("{store:?} {other:?}").contains("hunter2"), "{other:?}");
}

/// Behind a real PgBouncer, in each of its modes.
#[cfg(feature = "pgbouncer-tests")]
async fn pooler_that_shares_sessions_is_refused() {
    let database = Database::new();
    let store = database.store().await.unwrap();
    for (mode, opens) in [("transaction", false), ("statement", false), ("session", true)] {
        let pooler = recurring_fixtures::postgres::Pooler::start(Cluster::shared(), mode);
        let address = Secret::new(pooler.address(&database.0));
        // Other clients of the pooler come and go meanwhile.
        for _ in 0..5 {
            match PostgresStore::open(&address).await {
                Ok(pooled) => {
                    assert!(opens, "{mode}");
                    let owner = pooled.owner().await.unwrap();
                    assert!(!store.is_gone(&owner).await.unwrap());
                }
                Err(error) => {
                    assert!(!opens, "{mode}: {error}");
                    assert!(error.to_string().contains("PgBouncer"), "{mode}: {error}");
                }
            }
        }
    }
}
