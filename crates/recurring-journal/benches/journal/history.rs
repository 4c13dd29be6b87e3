//! A journal of ten million attempts in PostgreSQL is as fast as one of ten thousand.
//!
//! Runs only when it is named, since it takes minutes and about 12 GB in the folder of temporary files:
//! `cargo bench --package recurring-journal --bench journal -- history`. `RECURRING_BENCH_HISTORY=10000,100000` measures other
//! sizes.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{ChargeRequest, Facade, PaymentRef, ProviderId, StoredCredential};
use recurring_fixtures::postgres::Cluster;
use recurring_journal::store::{Change, Claim, Due, Filter, Lease};
use recurring_journal::{ChargeIntent, Fence, Intent, Journal, SeriesTry, State};

use crate::gateway::{AtOnce, request};
use crate::{Bound, Measured};

const SIZES: &str = "10000,1000000,10000000";
const FILL: &str = include_str!("history.sql");

/// How many connections fill a journal.
const PARTS: usize = 4;

/// Whose medians are compared. Each is measured in every journal in turn, so that all see the same machine.
const WRITES: usize = 400;
const READS: usize = 600;
/// Each takes 32 of the attempts that are due.
const TAKES: usize = 60;
const PAGE: u32 = 100;
const TOGETHER: u32 = 32;

struct History {
    size: usize,
    address: String,
    journal: Journal,
    armed: Vec<(AttemptId, Fence)>,
}

pub(crate) fn measure() -> Vec<Measured> {
    let filled = filled();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut histories = Vec::new();
        for (size, address) in filled {
            let (size, address) = (*size, address.clone());
            let journal = Journal::open(&address).await.unwrap();
            histories.push(History { size, address, journal, armed: Vec::new() });
        }
        let round = ROUNDS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        all(&mut histories, round).await
    })
}

/// A missed bound is measured again in the same journals, with other names.
static ROUNDS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
static FILLED: OnceLock<Vec<(usize, String)>> = OnceLock::new();

/// The journals, which end with this process.
fn filled() -> &'static [(usize, String)] {
    FILLED.get_or_init(|| {
        let sizes = std::env::var("RECURRING_BENCH_HISTORY").unwrap_or_else(|_| SIZES.to_owned());
        let cluster = Cluster::shared();
        let set = |name: &str, value: &str| {
            cluster.psql("postgres", &format!("ALTER SYSTEM SET {name} = {value}"));
        };
        set("shared_buffers", "'2GB'");
        set("max_wal_size", "'2GB'");
        // While they are filled only: a journal is not opened without `fsync`.
        set("fsync", "off");
        cluster.psql("postgres", "CHECKPOINT");
        cluster.kill();
        cluster.restart();
        let filled = sizes.split(',').map(|size| fill(cluster, size.parse().unwrap())).collect();
        cluster.psql("postgres", "CHECKPOINT");
        set("fsync", "on");
        cluster.psql("postgres", "SELECT pg_reload_conf()");
        // What was written without waiting is on the disk before anything is measured.
        assert!(std::process::Command::new("sync").status().unwrap().success());
        filled
    })
}

fn fill(cluster: &Cluster, size: usize) -> (usize, String) {
    let address = cluster.database();
    // A journal is created on a server that waits for its disk.
    let fsync = |value: &str| {
        cluster.psql("postgres", &format!("ALTER SYSTEM SET fsync = {value}"));
        cluster.psql("postgres", "SELECT pg_reload_conf()");
        std::thread::sleep(Duration::from_secs(1));
    };
    fsync("on");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { drop(Journal::create(&address).await.unwrap()) });
    fsync("off");
    let begun = Instant::now();
    let mut statements = FILL.split("-- next");
    let mut next = || statements.next().unwrap().replace("NUMBER", &size.to_string());
    cluster.psql(&address, &next());
    let (rows, subscriptions) = (next(), size.div_ceil(12));
    std::thread::scope(|threads| {
        for part in 0..PARTS {
            let end = |part: usize| (subscriptions * part / PARTS).to_string();
            let rows = rows.replace("FROM_12", &end(part)).replace("TO_12", &end(part + 1));
            let address = &address;
            threads.spawn(move || cluster.psql(address, &rows));
        }
    });
    cluster.psql(&address, &next());
    cluster.psql(&address, "VACUUM (ANALYZE) recurring_attempts, recurring_events");
    let bytes = |what: &str| cluster.psql(&address, &format!("SELECT {what}")).trim().parse::<f64>().unwrap();
    let per = |what: &str| bytes(what) / size as f64;
    println!(
        "  {size} attempts, filled in {:.0?}: {:.0} bytes each (rows {:.0}, their indexes {:.0}, log {:.0}, its index {:.0})",
        begun.elapsed(),
        per("pg_total_relation_size('recurring_attempts') + pg_total_relation_size('recurring_events')"),
        per("pg_table_size('recurring_attempts')"),
        per("pg_indexes_size('recurring_attempts')"),
        per("pg_table_size('recurring_events')"),
        per("pg_indexes_size('recurring_events')"),
    );
    (size, address)
}

async fn all(histories: &mut [History], round: usize) -> Vec<Measured> {
    let credential: StoredCredential =
        serde_json::from_str(r#"{"provider":"emspay","vault_token":"a-token"}"#).unwrap();
    let facade = Facade::new().with_provider(AtOnce);
    let charge = |history: &History, number: usize, month: usize| -> ChargeRequest {
        request(&format!("{}.{}-{month:02}", subscription(history, number), 2026 + round), &credential)
    };
    let mut measured = Vec::new();
    let mut add = |what: &str, times: Vec<Vec<Duration>>, histories: &[History]| {
        measured.extend(ratios(what, times, histories));
    };

    let wal = wal_position(histories).await;
    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..WRITES {
        for (index, history) in turn(histories, number) {
            let intent = Intent::charge(&charge(history, number, 1));
            let lease = lease(history).await;
            let begun = Instant::now();
            let claim = history.journal.store().arm(&intent, &lease).await.unwrap();
            times[index].push(begun.elapsed());
            let Claim::Acquired(fence) = claim else { panic!("{claim:?}") };
            let attempt = charge(history, number, 1).attempt;
            history.armed.push((attempt, fence));
        }
    }
    add("arming", times, histories);

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..WRITES {
        for (index, history) in turn(histories, number) {
            let (attempt, fence) = history.armed.pop().unwrap();
            let mut change = Change::to(State::Paid);
            change.payment = Some(PaymentRef::new(format!("result-{attempt}")));
            let now = Timestamp::now();
            let begun = Instant::now();
            history.journal.store().change(&attempt, fence, &change, now).await.unwrap();
            times[index].push(begun.elapsed());
        }
    }
    add("recording a result", times, histories);
    report_wal("an attempt that is armed and paid", wal, histories).await;

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..WRITES {
        for (index, history) in turn(histories, number) {
            let series =
                SeriesTry::new(subscription(history, number), format!("{}-02", 2026 + round), 1).unwrap();
            let intent = ChargeIntent::new(charge(history, number, 2)).with_series(series);
            let begun = Instant::now();
            let record = history.journal.charge(&facade, intent).await.unwrap();
            times[index].push(begun.elapsed());
            assert_eq!(record.record.state, State::Paid);
        }
    }
    add("a whole charge of a series", times, histories);

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..READS {
        for (index, history) in turn(histories, number) {
            let name = format!("{}.2025-{:02}", subscription(history, number), number % 12 + 1);
            let name = AttemptId::new(name).unwrap();
            let begun = Instant::now();
            let found = history.journal.store().get(&name).await.unwrap();
            times[index].push(begun.elapsed());
            assert!(found.is_some(), "{name:?}");
        }
    }
    add("look-up by name", times, histories);

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..READS {
        // In turn of one that is settled and of one that is not known.
        for (index, history) in turn(histories, number) {
            let payment = match number % 2 {
                0 => format!("result-{}", charge(history, number % WRITES, 1).attempt),
                _ => format!("other-{number}"),
            };
            let payment = PaymentRef::new(payment);
            let begun = Instant::now();
            let open =
                history.journal.store().open_with_payment(&ProviderId::EMSPAY, &payment).await.unwrap();
            times[index].push(begun.elapsed());
            assert!(open.is_empty());
        }
    }
    add("look-up by payment", times, histories);

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..WRITES {
        for (index, history) in turn(histories, number) {
            let begun = Instant::now();
            history.journal.recover().await.unwrap();
            times[index].push(begun.elapsed());
        }
    }
    add("reconcile: owners and leases", times, histories);

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..TAKES {
        for (index, history) in turn(histories, number) {
            let (lease, store) = (lease(history).await, history.journal.store());
            let begun = Instant::now();
            let taken = store.take(&Due::Look, TOGETHER, &lease).await.unwrap();
            times[index].push(begun.elapsed());
            assert!(!taken.is_empty());
            for record in taken {
                // Looked up, not found: due again, after the others.
                let mut change = Change::to(record.state);
                change.next_look = Some(lease.now);
                store.change(&record.attempt, record.fence(), &change, lease.now).await.unwrap();
            }
        }
    }
    add("reconcile: what is due", times, histories);

    for (what, state) in [
        ("list, first page", None),
        ("list of review, first page", Some(State::Review)),
        ("list of planned, first page", Some(State::Planned)),
    ] {
        let filter = Filter { state, ..Filter::default() };
        let mut times = vec![Vec::new(); histories.len()];
        for number in 0..READS / 3 {
            for (index, history) in turn(histories, number) {
                let begun = Instant::now();
                let page = history.journal.store().list(&filter, PAGE).await.unwrap();
                times[index].push(begun.elapsed());
                assert_eq!(page.is_empty(), state == Some(State::Planned));
            }
        }
        add(what, times, histories);
    }

    let mut times = vec![Vec::new(); histories.len()];
    for number in 0..READS / 3 {
        for (index, history) in turn(histories, number) {
            let begun = Instant::now();
            let unsettled = history.journal.store().unsettled().await.unwrap();
            times[index].push(begun.elapsed());
            assert!(!unsettled.is_empty());
        }
    }
    add("what is not settled", times, histories);
    measured
}

/// A subscription of this journal. One after another, they are far apart.
fn subscription(history: &History, number: usize) -> String {
    format!("sub-{:08}", number * 7_919 % (history.size / 12))
}

/// The journals, another one first each time.
fn turn(histories: &mut [History], number: usize) -> Vec<(usize, &mut History)> {
    let first = number % histories.len();
    let mut turn: Vec<_> = histories.iter_mut().enumerate().collect();
    turn.rotate_left(first);
    turn
}

async fn lease(history: &History) -> Lease {
    let now = Timestamp::now();
    let until = now.checked_add(Duration::from_secs(600)).unwrap();
    Lease { owner: history.journal.store().owner().await.unwrap(), now, until }
}

/// The medians of the larger journals against that of the smallest.
fn ratios(what: &str, times: Vec<Vec<Duration>>, histories: &[History]) -> Vec<Measured> {
    let medians: Vec<f64> = times
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2].as_secs_f64() * 1e6
        })
        .collect();
    let compare = |(median, history): (&f64, &History)| Measured {
        what: format!(
            "{what}: {:.0} us in {}, {median:.0} us in {}",
            medians[0], histories[0].size, history.size
        ),
        value: median / medians[0],
        bound: Bound::AtMost(1.2),
    };
    medians.iter().zip(histories).skip(1).map(compare).collect()
}

/// How far the log of the server has come. It is one for all the journals.
async fn wal_position(histories: &[History]) -> f64 {
    let cluster = Cluster::shared();
    let text = cluster.psql(&histories[0].address, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn");
    text.trim().parse().unwrap()
}

async fn report_wal(what: &str, before: f64, histories: &[History]) {
    let written = wal_position(histories).await - before;
    println!(
        "  {what}: {:.0} bytes of the server's log each, whole pages after a checkpoint included",
        written / (WRITES * histories.len()) as f64
    );
}
