//! How many attempts a second can be armed, against what SQLite itself can insert.

use std::sync::Arc;
use std::time::{Duration, Instant};

use recurring_facade::StoredCredential;
use recurring_journal::Intent;
use recurring_journal::store::{Lease, SqliteStore, Store};

use crate::bare::Bare;
use crate::gateway::request;
use crate::{Bound, Measured};

const ONE_BY_ONE: usize = 3_000;
const ROUNDS: usize = 15;
const TOGETHER: usize = 128_000;
const TASKS: usize = 256;

pub(crate) fn measure() -> Vec<Measured> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(runtime.block_on(SqliteStore::create(folder.path().join("j.db"))).unwrap());
    let bare = Bare::open(&runtime, folder.path());
    let lease = runtime.block_on(lease(&store));
    // In turns, so that both see the same machine.
    let mut rounds: Vec<(Duration, Duration)> = (0..ROUNDS)
        .map(|round| {
            let begun = Instant::now();
            for number in 0..ONE_BY_ONE / ROUNDS {
                bare.insert(&format!("o-{round}-{number:06}"));
            }
            let inserts = begun.elapsed();
            let intents: Vec<_> =
                (0..ONE_BY_ONE / ROUNDS).map(|number| intent(&format!("o-{round}-{number:06}"))).collect();
            let begun = Instant::now();
            runtime.block_on(async {
                for intent in &intents {
                    store.arm(intent, &lease).await.unwrap();
                }
            });
            (inserts, begun.elapsed())
        })
        .collect();
    // The round in the middle: the disk stalls for a moment now and then.
    rounds.sort_by(|one, other| ratio(*one).total_cmp(&ratio(*other)));
    let (inserts, arms) = rounds[ROUNDS / 2];
    let shares: Vec<Vec<_>> = (0..TASKS)
        .map(|task| {
            let names = (0..TOGETHER / TASKS).map(|number| format!("t-{:08}", number * TASKS + task));
            names.map(|name| intent(&name)).collect()
        })
        .collect();
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for share in shares {
            let (store, lease) = (Arc::clone(&store), lease.clone());
            tasks.spawn(async move {
                for intent in share {
                    store.arm(&intent, &lease).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
    let each = |time: Duration, number: usize| time.as_secs_f64() / number as f64;
    let (insert, arm) = (each(inserts, ONE_BY_ONE / ROUNDS), each(arms, ONE_BY_ONE / ROUNDS));
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

fn ratio((inserts, arms): (Duration, Duration)) -> f64 {
    inserts.as_secs_f64() / arms.as_secs_f64()
}

fn intent(name: &str) -> Intent {
    let credential: StoredCredential =
        serde_json::from_str(r#"{"provider":"emspay","vault_token":"a-token"}"#).unwrap();
    Intent::charge(&request(name, &credential))
}

async fn lease(store: &SqliteStore) -> Lease {
    let now = recurring_core::Timestamp::now();
    Lease { owner: store.owner().await.unwrap(), now, until: now + Duration::from_secs(300) }
}
