//! The store in a file: the suite of all stores, and what is special to it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod suite;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use recurring_facade::{PaymentRef, ProviderId};
use recurring_journal::store::{Change, Claim, Failover, FoundCharge, SqliteStore, Store};
use recurring_journal::{Journal, JournalError, PlanValue, State, StoreError};
use suite::{Place, armed, at, attempt, intent, lease};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }
}

impl Place for Folder {
    fn open(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>> {
        Box::pin(async {
            // The first one creates it; any number may try at once.
            match SqliteStore::create(self.file()).await {
                Ok(_) | Err(StoreError::Exists) => {}
                Err(failed) => panic!("{failed:?}"),
            }
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(self.file()).await.unwrap());
            store
        })
    }
}

macro_rules! tests_of {
    ($($case:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            suite::$case(&Folder::new()).await;
        })+
    };
}

every_case!(tests_of);

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let folder = Folder::new();
    for (name, content) in [
        ("text", b"this is not a database, but a text of some length".to_vec()),
        ("cut", {
            drop(folder.open().await);
            let mut bytes = std::fs::read(folder.file()).unwrap();
            bytes.truncate(5000);
            bytes[100..300].fill(0xFF);
            bytes
        }),
    ] {
        let file = folder.0.path().join(name);
        std::fs::write(&file, &content).unwrap();
        let error = SqliteStore::open(&file).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{name}: {error:?}");
        assert!(error.to_string().contains("do not start with an empty one"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), content, "{name}");
    }
    let other = folder.0.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE invoices (id)").unwrap();
    let error = SqliteStore::open(&other).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("another program")), "{error:?}");
    let failover = Failover {
        by: "ann".to_owned(),
        why: "a slip".to_owned(),
        planned_were_not_sent: true,
        charged: Vec::new(),
    };
    let error = SqliteStore::acknowledge_failover(&other, &failover).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("another program")), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open().await);
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let error = SqliteStore::open(folder.file()).await.unwrap_err();
    assert_eq!(error, StoreError::OtherSchema { found: 7, known: 5 });
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_name_is_rebound_only_without_sent() {
    let folder = Folder::new();
    let store = folder.open().await;
    let fence = armed(&*store, "a", 0).await;
    store.change(&attempt("a"), fence, &Change::to(State::NotApplied), at(1)).await.unwrap();
    let mut other = suite::request("a");
    other.amount = recurring_facade::Money::from_minor(4001, other.amount.currency()).unwrap();
    let other = recurring_journal::Intent::charge(&other);
    let arm = || async { store.arm(&other, &lease(&*store, 2).await).await.unwrap() };
    assert!(matches!(arm().await, Claim::Existing(_)));
    // Negative control: without the mark, the name takes another amount although something was sent under it.
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.execute("UPDATE recurring_attempts SET lines = lines + 1, sent = 0", []).unwrap();
    assert!(matches!(arm().await, Claim::Acquired(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_stored_word_is_an_error() {
    let folder = Folder::new();
    let store = folder.open().await;
    armed(&*store, "a", 0).await;
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    for (what, bad, good) in suite::UNREADABLE {
        connection.execute_batch(&format!("UPDATE recurring_attempts SET lines = lines + 1, {bad}")).unwrap();
        suite::assert_unreadable(&*store, what).await;
        connection
            .execute_batch(&format!("UPDATE recurring_attempts SET lines = lines + 1, {good}"))
            .unwrap();
        assert!(store.get(&attempt("a")).await.unwrap().is_some(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_written_is_refused_before_a_charge() {
    let folder = Folder::new();
    let missing = folder.0.path().join("no-such-folder").join("journal.db");
    let error = SqliteStore::create(&missing).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    let error = SqliteStore::open(&missing).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing(_)), "{error:?}");
    // A folder where the file should be.
    let error = SqliteStore::open(folder.0.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    for address in ["sqlite:", "sqlite::memory:", "sqlite:a.db?mode=memory", "mysql://x", "journal.db", ""] {
        let error = Journal::open(address).await.unwrap_err();
        assert!(matches!(error, JournalError::Store(StoreError::Address(_))), "{address}: {error:?}");
    }
}

/// Copies the one file that the address names, and asks it for the attempt.
async fn copied_attempt(folder: &Folder, copy: &str) -> Result<Option<State>, StoreError> {
    let copied = folder.0.path().join(copy);
    std::fs::copy(folder.file(), &copied).unwrap();
    let store = SqliteStore::open(copied).await?;
    Ok(store.get(&attempt("a")).await?.map(|record| record.state))
}

#[tokio::test(flavor = "multi_thread")]
async fn clean_end_leaves_everything_in_one_file() {
    for closes in [true, false] {
        let folder = Folder::new();
        let store = folder.open().await;
        armed(&*store, "a", 0).await;
        let journal = Journal::builder().with_store(store).await.unwrap();
        // Another process has the file open, and ends later.
        let other = folder.open().await;
        if closes {
            journal.close().await.unwrap();
        } else {
            drop(journal);
        }
        assert_eq!(copied_attempt(&folder, "copy.db").await, Ok(Some(State::Armed)), "{closes}");
        drop(other);
    }
    // Negative control: without waiting for the end, the copy lacks what was armed.
    let folder = Folder::new();
    let store = folder.open().await;
    armed(&*store, "a", 0).await;
    assert_eq!(copied_attempt(&folder, "copy.db").await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_journal_refuses_everything() {
    let folder = Folder::new();
    let journal = Journal::builder().with_store(folder.open().await).await.unwrap();
    let again = journal.clone();
    journal.close().await.unwrap();
    assert!(again.plan(&suite::request("a")).await.is_err());
    assert!(again.list(&Default::default(), 1).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_file_is_never_created_by_opening() {
    let folder = Folder::new();
    let address = format!("sqlite:{}", folder.file().display());
    let error = Journal::open(&address).await.unwrap_err();
    assert!(matches!(error, JournalError::Store(StoreError::Missing(_))), "{error:?}");
    assert!(!folder.file().exists());
    let journal = Journal::create(&address).await.unwrap();
    let error = Journal::create(&address).await.unwrap_err();
    assert_eq!(error, JournalError::Store(StoreError::Exists));
    let identity = journal.identity().to_owned();
    drop(journal);
    let named = |identity: &str| Journal::builder().with_identity(identity);
    named(&identity).open(&address).await.unwrap();
    let error = named("another").open(&address).await.unwrap_err();
    assert!(matches!(error, JournalError::Store(StoreError::OtherJournal { .. })), "{error:?}");
    // Only the journal itself is in the folder.
    let left: Vec<_> =
        std::fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["journal.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_is_gone_without_its_log_is_refused() {
    let folder = Folder::new();
    let store = folder.open().await;
    armed(&*store, "a", 0).await;
    // A crash: nothing is moved from the log.
    std::mem::forget(store);
    assert!(folder.0.path().join("journal.db-wal").exists());
    std::fs::remove_file(folder.file()).unwrap();
    for opened in [SqliteStore::open(folder.file()).await, SqliteStore::create(folder.file()).await] {
        let error = opened.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt(why) if why.contains("-wal")), "{error:?}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn link_to_the_folder_shows_the_same_owners() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let (one, link) = (folder.open().await, elsewhere.0.path().join("link"));
    std::os::unix::fs::symlink(folder.0.path(), &link).unwrap();
    let link = link.join("journal.db");
    let two = SqliteStore::open(link).await.unwrap();
    assert!(!two.is_gone(&one.owner().await.unwrap()).await.unwrap());
    assert!(!one.is_gone(&two.owner().await.unwrap()).await.unwrap());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn owner_file_of_another_user_blocks_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (one, two) = (folder.open().await, folder.open().await);
    let owner = one.owner().await.unwrap();
    // It may be read and not written, as a file of another user's.
    let file = folder.0.path().join(format!("journal.db-owner-{owner}"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    assert!(!two.is_gone(&owner).await.unwrap());
    armed(&*one, "a", 0).await;
    Journal::builder().with_store(folder.open().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_opens_only_when_acknowledged() {
    let folder = Folder::new();
    let store = SqliteStore::create(folder.file()).await.unwrap();
    for (name, end) in [
        ("armed", None),
        ("again", Some(State::NotApplied)),
        ("done", Some(State::Paid)),
        ("no", Some(State::Declined)),
    ] {
        let fence = armed(&store, name, 0).await;
        if let Some(end) = end {
            store.change(&attempt(name), fence, &Change::to(end), at(1)).await.unwrap();
        }
    }
    store.plan(&intent("planned"), at(1)).await.unwrap();
    let copy = folder.0.path().join("backup.db");
    store.backup(&copy).await.unwrap();
    assert_eq!(store.backup(&copy).await, Err(StoreError::Exists));
    armed(&store, "later", 2).await;
    let error = SqliteStore::open(&copy).await.unwrap_err();
    assert!(matches!(error, StoreError::FailedOver { .. }), "{error:?}");
    let mut failover = Failover {
        by: "ann".to_owned(),
        why: " ".to_owned(),
        planned_were_not_sent: false,
        charged: vec![FoundCharge {
            attempt: attempt("later"),
            provider: ProviderId::EMSPAY,
            payment: Some(PaymentRef::new("p-9")),
        }],
    };
    assert!(SqliteStore::acknowledge_failover(&copy, &failover).await.is_err());
    failover.why = "compared until noon".to_owned();
    let done = SqliteStore::acknowledge_failover(&copy, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (1, 3));
    assert!(SqliteStore::acknowledge_failover(&copy, &failover).await.is_err());
    let restored = SqliteStore::open(&copy).await.unwrap();
    assert_eq!(restored.identity(), store.identity());
    for (name, state, lapsed) in [
        ("armed", State::Unknown, true),
        ("again", State::Review, true),
        ("planned", State::Review, true),
        ("later", State::Review, true),
        ("done", State::Paid, false),
        ("no", State::Declined, false),
    ] {
        let record = restored.get(&attempt(name)).await.unwrap().unwrap();
        assert_eq!((record.state, record.lapsed), (state, lapsed), "{name}");
        assert!(
            matches!(restored.arm(&intent(name), &lease(&restored, 9).await).await, Ok(Claim::Existing(_))),
            "{name}"
        );
    }
    // Decided as not applied, it can be made again, and is whole then.
    let fence = restored.get(&attempt("later")).await.unwrap().unwrap().fence();
    restored.change(&attempt("later"), fence, &Change::to(State::NotApplied), at(10)).await.unwrap();
    armed(&restored, "later", 11).await;
    let record = restored.get(&attempt("later")).await.unwrap().unwrap();
    assert_eq!(
        (record.amount, record.lapsed, record.payment),
        (Some(suite::request("a").amount), false, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_copy_keeps_payments_and_names_apart() {
    let folder = Folder::new();
    let store = SqliteStore::create(folder.file()).await.unwrap();
    let failover = suite::before_failover(&store).await;
    let copy = folder.0.path().join("backup.db");
    store.backup(&copy).await.unwrap();
    let done = SqliteStore::acknowledge_failover(&copy, &failover).await.unwrap();
    assert_eq!((done.unknown, done.review), (0, 3));
    suite::assert_failed_over(&SqliteStore::open(&copy).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_open_a_new_file_at_once() {
    let folder = Arc::new(Folder::new());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let folder = Arc::clone(&folder);
        tasks.spawn(async move { folder.open().await });
    }
    assert_eq!(tasks.join_all().await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_its_own_is_left_alone() {
    let folder = Folder::new();
    let others = folder.file().with_extension("new");
    std::fs::write(&others, "another program's").unwrap();
    drop(folder.open().await);
    assert_eq!(std::fs::read_to_string(&others).unwrap(), "another program's");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_only_added_to() {
    let folder = Folder::new();
    let store = folder.open().await;
    armed(&*store, "a", 0).await;
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    for statement in ["DELETE FROM recurring_events", "UPDATE recurring_events SET what = 'x'"] {
        let error = connection.execute(statement, []).unwrap_err();
        assert!(error.to_string().contains("only ever added to"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_takes_nothing_with_it() {
    let folder = Folder::new();
    let store = folder.open().await;
    let fence = armed(&*store, "a", 0).await;
    // Many writes wait together, and some fail: each stands alone.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            if number % 2 == 0 {
                let missing = attempt(&format!("missing-{number}"));
                assert!(store.change(&missing, fence, &Change::to(State::Paid), at(1)).await.is_err());
            } else {
                let lease = lease(&*store, 0).await;
                store.arm(&intent(&format!("b-{number}")), &lease).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(store.count().await.unwrap(), [(State::Armed, 101)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_in_the_file() {
    let folder = Folder::new();
    let journal = Journal::create(&format!("sqlite:{}", folder.file().display())).await.unwrap();
    journal.plan(&suite::request("a")).await.unwrap();
    for entry in std::fs::read_dir(folder.0.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|window| window == b"a-vault-token"));
    }
    drop(journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_belongs_to_the_callers_own_transaction() {
    let folder = Folder::new();
    let journal = Journal::create(&format!("sqlite:{}", folder.file().display())).await.unwrap();
    let mut connection = rusqlite::Connection::open(folder.file()).unwrap();
    for commits in [false, true] {
        let plan = journal.plan_statement(suite::request("a")).unwrap();
        let transaction = connection.transaction().unwrap();
        let values = plan.values.into_iter().map(|value| match value {
            PlanValue::Text(text) => rusqlite::types::Value::Text(text),
            PlanValue::Integer(number) => rusqlite::types::Value::Integer(number),
            PlanValue::Bytes(bytes) => {
                bytes.map_or(rusqlite::types::Value::Null, rusqlite::types::Value::Blob)
            }
            PlanValue::OptionalText(text) => {
                text.map_or(rusqlite::types::Value::Null, rusqlite::types::Value::Text)
            }
            PlanValue::OptionalInteger(number) => {
                number.map_or(rusqlite::types::Value::Null, rusqlite::types::Value::Integer)
            }
        });
        transaction.execute(plan.sql, rusqlite::params_from_iter(values)).unwrap();
        if commits {
            transaction.commit().unwrap()
        } else {
            transaction.rollback().unwrap()
        }
        assert_eq!(journal.attempt(&attempt("a")).await.is_ok(), commits);
    }
    assert_eq!(journal.attempt(&attempt("a")).await.unwrap().state, State::Planned);
    assert_eq!(journal.events(&attempt("a")).await.unwrap().len(), 1);
}
