//! How many attempts a second can be armed, against what SQLite itself can insert.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use recurring_facade::StoredCredential;
use recurring_journal::Intent;
use recurring_journal::store::{Lease, SqliteStore, Store};

use crate::gateway::request;
use crate::{Bound, Measured};

const ONE_BY_ONE: usize = 3_000;
const ROUNDS: usize = 6;
const TOGETHER: usize = 128_000;
const TASKS: usize = 256;

/// The row that arming stores, without the log and without the rules.
const BARE: &str = "INSERT INTO recurring_attempts
    (attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, lease_until, created, updated, armed)
    VALUES (?, 'emspay', 'charge', 4000, 'EUR', ?, 'armed', ?, 1, ?, ?, ?, ?)";

pub(crate) fn measure() -> Vec<Measured> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(runtime.block_on(SqliteStore::open(folder.path().join("j.db"))).unwrap());
    let bare = bare_database(&runtime, folder.path());
    let lease = runtime.block_on(lease(&store));
    let (mut inserts, mut arms) = (Duration::ZERO, Duration::ZERO);
    // In turns, so that both see the same machine.
    for round in 0..ROUNDS {
        inserts += insert(&bare, round);
        let begun = Instant::now();
        runtime.block_on(async {
            for number in 0..ONE_BY_ONE / ROUNDS {
                store.arm(&intent(&format!("o-{round}-{number:06}")), &lease).await.unwrap();
            }
        });
        arms += begun.elapsed();
    }
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let (store, lease) = (Arc::clone(&store), lease.clone());
            tasks.spawn(async move {
                for number in 0..TOGETHER / TASKS {
                    store.arm(&intent(&format!("t-{:08}", number * TASKS + task)), &lease).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
    let each = |time: Duration, number: usize| time.as_secs_f64() / number as f64;
    let (insert, arm) = (each(inserts, ONE_BY_ONE), each(arms, ONE_BY_ONE));
    let together = each(begun.elapsed(), TOGETHER);
    let rate = |seconds: f64| format!("{:.0}/s", 1.0 / seconds);
    vec![
        Measured {
            what: format!("one by one, bare {} and armed {}", rate(insert), rate(arm)),
            value: insert / arm,
            bound: Bound::AtLeast(0.8),
        },
        Measured {
            what: format!("{TASKS} at once, armed {}", rate(together)),
            value: insert / together,
            bound: Bound::AtLeast(10.0),
        },
    ]
}

fn intent(name: &str) -> Intent {
    let credential: StoredCredential =
        serde_json::from_str(r#"{"provider":"emspay","vault_token":"a-token"}"#).unwrap();
    Intent::charge(&request(name, &credential))
}

async fn lease(store: &SqliteStore) -> Lease {
    let now = jiff::Timestamp::now();
    Lease { owner: store.owner().await.unwrap(), now, until: now + Duration::from_secs(300) }
}

/// The same tables, as durable, without the triggers that write the log.
fn bare_database(runtime: &tokio::runtime::Runtime, folder: &Path) -> rusqlite::Connection {
    let file = folder.join("bare.db");
    drop(runtime.block_on(SqliteStore::open(&file)).unwrap());
    let connection = rusqlite::Connection::open(file).unwrap();
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        DROP TRIGGER recurring_attempts_made; DROP TRIGGER recurring_attempts_changed";
    connection.execute_batch(setup).unwrap();
    connection
}

fn insert(connection: &rusqlite::Connection, round: usize) -> Duration {
    let (text, time) = ("0123456789abcdef0123456789abcdef", 1_800_000_000_000_i64);
    let begun = Instant::now();
    for number in 0..ONE_BY_ONE / ROUNDS {
        let name = format!("o-{round}-{number:06}");
        let values = rusqlite::params![name, text, text, time, time, time, time];
        connection.prepare_cached(BARE).unwrap().execute(values).unwrap();
    }
    begun.elapsed()
}
