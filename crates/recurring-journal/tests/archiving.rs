//! Archiving that is interrupted at every point, and what is asked of a name that has left.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fake::{Fake, Means, lost};
use recurring_core::Timestamp;
use recurring_facade::{ProviderId, RefundRequest};
use recurring_journal::store::{Filter, SqliteStore, Store};
use recurring_journal::{ChargeIntent, Journal, JournalError, State};
use recurring_sandbox::LedgerKind;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use world::common::{attempt, credential};
use world::layered::{Layer, Layered};
use world::{World, request};

/// Three pages of the journal, the last one not full.
const ATTEMPTS: usize = 1_100;
const PAGES: usize = 3;

/// A process that stops for good before or after one of its writes.
#[derive(Debug)]
struct Stops {
    writes: AtomicUsize,
    at: usize,
    after: bool,
    stopped: Arc<Notify>,
}

impl Stops {
    async fn stop(&self) {
        self.stopped.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Layer for Stops {
    async fn before_write(&self) -> usize {
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        if write == self.at && !self.after {
            self.stop().await;
        }
        write
    }

    async fn after_write(&self, write: usize) {
        if write == self.at && self.after {
            self.stop().await;
        }
    }
}

async fn filled(file: &Path) {
    drop(SqliteStore::create(file).await.unwrap());
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute(
            "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?)
             INSERT INTO recurring_attempts
               (attempt, provider, operation, amount, currency, fingerprint, state, created, updated, payment)
             SELECT printf('a-%05d', n), 'emspay', 'charge', 4000, 'EUR', 'x', 'paid', 1600000000000, 1600000000000,
               'p-' || n FROM number",
            [i64::try_from(ATTEMPTS).unwrap()],
        )
        .unwrap();
}

async fn archive(store: Arc<dyn Store>, file: &Path) -> Result<recurring_journal::Archived, JournalError> {
    let journal = Journal::builder().with_store(store).await?;
    journal.archive(Timestamp::from_unix_seconds(1_700_000_000).unwrap(), file).await
}

/// The lines of the file by the names in them.
fn lines(file: &Path) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'));
    for line in text.lines().skip(1) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        lines
            .entry(value["attempt"]["attempt"].as_str().unwrap().to_owned())
            .or_default()
            .push(line.to_owned());
    }
    lines
}

/// Each attempt is in the file once, and its tombstone names that line.
async fn assert_whole(store: &dyn Store, file: &Path, case: &str) {
    let lines = lines(file);
    assert_eq!(lines.len(), ATTEMPTS, "{case}");
    let records = store.list(&Filter::default(), 10_000).await.unwrap();
    assert_eq!(records.len(), ATTEMPTS, "{case}");
    for record in records {
        assert!(record.archived.is_some(), "{case}: {record:?}");
        let [line] = lines[record.attempt.as_str()].as_slice() else { panic!("{case}: {record:?}") };
        let digest: String =
            Sha256::digest(line.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(record.note.as_deref().unwrap().ends_with(&digest), "{case}: {record:?}");
        assert_eq!(store.events(&record.attempt).await.unwrap().len(), 1, "{case}");
    }
}

/// How the file is found after the interruption.
#[derive(Debug, Clone, Copy)]
enum Tail {
    Whole,
    /// The last bytes had not reached the disk, up to a whole page.
    Lacks(usize),
}

#[tokio::test(flavor = "multi_thread")]
async fn archiving_that_stops_anywhere_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut cases, origin) = (Vec::new(), folder.path().join("origin.db"));
    filled(&origin).await;
    for at in 0..PAGES {
        cases.extend(
            [Tail::Whole, Tail::Lacks(1), Tail::Lacks(700), Tail::Lacks(20_000)]
                .map(|tail| (at, false, tail)),
        );
        // What has left the journal had reached the disk.
        cases.push((at, true, Tail::Whole));
    }
    for (number, (at, after, tail)) in cases.into_iter().enumerate() {
        let case = format!("write {at}, after: {after}, {tail:?}");
        let (database, file) =
            (folder.path().join(format!("{number}.db")), folder.path().join(format!("{number}.jsonl")));
        std::fs::copy(&origin, &database).unwrap();
        let stopped = Arc::new(Notify::new());
        // The first write of a process is that of opening the journal.
        let layer = Stops { writes: AtomicUsize::new(0), at: at + 1, after, stopped: Arc::clone(&stopped) };
        let inner: Arc<dyn Store> = Arc::new(SqliteStore::open(&database).await.unwrap());
        let store = Arc::new(Layered { inner, layer });
        let running = tokio::spawn({
            let file = file.clone();
            async move { archive(store, &file).await }
        });
        stopped.notified().await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled(), "{case}");
        if let Tail::Lacks(bytes) = tail {
            let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
            open.set_len(open.metadata().unwrap().len() - u64::try_from(bytes).unwrap()).unwrap();
        }
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database).await.unwrap());
        let left = store.list(&Filter::default(), 10_000).await.unwrap();
        let left = left.iter().filter(|record| record.archived.is_some()).count();
        assert_eq!(left, ((at + usize::from(after)) * 500).min(ATTEMPTS), "{case}");
        let done = archive(Arc::clone(&store), &file).await.unwrap();
        assert_eq!(done.attempts, u64::try_from(ATTEMPTS - left).unwrap(), "{case}");
        assert_whole(&*store, &file, &case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn archive_goes_into_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("journal.db");
    filled(&database).await;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database).await.unwrap());
    let file = folder.path().join("other");
    for content in ["a note", "{\"archive\":1}\n", "\n", "{\"archive\":1,\"journal\":\"another\"}\n{}\n"] {
        std::fs::write(&file, content).unwrap();
        let error = archive(Arc::clone(&store), &file).await.unwrap_err();
        assert!(
            matches!(&error, JournalError::ArchiveFile(why) if why.contains("name a new file")),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
    }
    let missing = archive(Arc::clone(&store), &folder.path().join("no/such/folder")).await.unwrap_err();
    assert!(matches!(missing, JournalError::ArchiveFile(_)), "{missing}");
    // Another process has it open.
    std::fs::remove_file(&file).unwrap();
    let held = std::fs::File::create(&file).unwrap();
    held.lock().unwrap();
    let error = archive(Arc::clone(&store), &file).await.unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(held);
    let records = store.list(&Filter::default(), 10_000).await.unwrap();
    assert!(records.iter().all(|record| record.archived.is_none()));
    assert_eq!(archive(store, &file).await.unwrap().attempts, u64::try_from(ATTEMPTS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_payment_is_refunded_and_never_charged_again() {
    let world = World::new().await;
    let card = world.credential(&ProviderId::REVIO, "4111111111111111").await;
    let charge = || ChargeIntent::new(request(&card, "old"));
    let answer = world.journal.charge(&world.facade, charge()).await.unwrap();
    assert_eq!(answer.record.state, State::Paid);
    world.clock.advance(Duration::from_secs(400 * 86_400));
    let before = world.journal.store().now().await.unwrap();
    let done = world.journal.archive(before, &world.file("old.jsonl")).await.unwrap();
    assert_eq!(done.attempts, 1);
    // Asked again it answers, and nothing is sent.
    let again = world.journal.charge(&world.facade, charge()).await.unwrap();
    assert!(again.again && again.record.archived.is_some(), "{again:?}");
    assert_eq!((again.record.state, world.taken("old")), (State::Paid, 1));
    let refund = RefundRequest::new(attempt("back"), again.record.payment.unwrap());
    let refund = world.journal.refund(&world.facade, &ProviderId::REVIO, refund).await.unwrap();
    assert_eq!(refund.record.state, State::Paid);
    let ledger = world.sandbox.ledger();
    assert_eq!(ledger.iter().filter(|entry| entry.kind == LedgerKind::Refund).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_name_that_was_not_applied_is_refused() {
    let world = World::new().await;
    let (fake, facade) = Fake::new(Means::LookUp).answers([Err(lost(None))]).facade();
    let charge = || request(&credential(&ProviderId::EMSPAY), "a");
    assert_eq!(world.journal.charge(&facade, charge()).await.unwrap().record.state, State::Unknown);
    let decision = recurring_journal::Decision {
        what: recurring_journal::Decided::NotApplied,
        payment: None,
        by: "ann".to_owned(),
        why: "not in the portal".to_owned(),
        force: true,
    };
    world.journal.resolve(&facade, &attempt("a"), &decision).await.unwrap();
    fake.charges.lock().unwrap().push_back(Err(lost(None)));
    world.clock.advance(Duration::from_secs(86_400));
    let before = world.journal.store().now().await.unwrap();
    assert_eq!(world.journal.archive(before, &world.file("a.jsonl")).await.unwrap().attempts, 1);
    let refused = world.journal.charge(&facade, charge()).await.unwrap_err();
    assert!(
        matches!(&refused, JournalError::Archived { attempt: name } if *name == attempt("a")),
        "{refused}"
    );
    assert_eq!(fake.left(), 1, "nothing was sent");
}
