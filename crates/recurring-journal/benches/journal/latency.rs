//! How much longer a charge takes because it is recorded.
//!
//! Two waits for the disk are in it: before the charge is sent, and before its end is told. What they take is a matter
//! of the disk, so the same charge between two bare writes is measured beside it: no journal can take less.

use std::sync::Arc;
use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_journal::Journal;

use crate::bare::Bare;
use crate::gateway::{request, sandbox};
use crate::{Bound, Measured};

/// As a service at work does: so many at a time. A disk and a processor that have fallen asleep between two charges
/// would be measured otherwise, and not the journal.
const AT_A_TIME: usize = 32;
const ROUNDS: usize = 40;

/// How much of the plain charge's time the journal may add to what the disk alone takes, where that is slow.
const BESIDE_THE_DISK: f64 = 0.01;

pub(crate) fn measure() -> Vec<Measured> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bare = Arc::new(Bare::open(&runtime, folder.path()));
    let (mut plain, mut written, mut journaled) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let (sandbox, settings, credential) = sandbox(Duration::from_millis(50)).await;
        let facade = settings.facade_of(&ProviderId::EMSPAY).unwrap();
        let address = format!("sqlite:{}", folder.path().join("j.db").display());
        let journal = Journal::create(&address).await.unwrap();
        // In turns, so that all see the same machine.
        for round in 0..ROUNDS {
            plain.extend(
                at_a_time(|number| {
                    let (facade, request) =
                        (facade.clone(), request(&format!("p-{round}-{number}"), &credential));
                    async move { drop(facade.charge(request).await.unwrap()) }
                })
                .await,
            );
            written.extend(
                at_a_time(|number| {
                    let name = format!("w-{round}-{number}");
                    let (facade, request) = (facade.clone(), request(&name, &credential));
                    let bare = Arc::clone(&bare);
                    async move {
                        // A wait for the disk has no place on a thread of the runtime.
                        let (before, named) = (Arc::clone(&bare), name.clone());
                        tokio::task::spawn_blocking(move || before.insert(&named)).await.unwrap();
                        drop(facade.charge(request).await.unwrap());
                        tokio::task::spawn_blocking(move || bare.update(&name)).await.unwrap();
                    }
                })
                .await,
            );
            journaled.extend(
                at_a_time(|number| {
                    let request = request(&format!("j-{round}-{number}"), &credential);
                    let (journal, facade) = (journal.clone(), facade.clone());
                    async move { drop(journal.charge(&facade, request).await.unwrap()) }
                })
                .await,
            );
        }
        assert_eq!(sandbox.ledger().len(), 1 + 3 * ROUNDS * AT_A_TIME);
    });
    let ratio = |percent: usize, bound: f64| {
        let of = |times: &[Duration]| percentile(times, percent);
        let (plain, written, journaled) = (of(&plain), of(&written), of(&journaled));
        let over = |time: Duration| time.as_secs_f64() / plain.as_secs_f64();
        // Where the disk alone takes all that is allowed, the journal is judged by what it adds to that.
        let bound = bound.max(over(written) + BESIDE_THE_DISK);
        Measured {
            what: format!("p{percent} {plain:.2?} -> {journaled:.2?}, with two bare writes {written:.2?}"),
            value: over(journaled),
            bound: Bound::AtMost(bound),
        }
    };
    vec![ratio(50, 1.02), ratio(99, 1.2)]
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// How long each of several charges took that began a little after one another, as they come to a service.
async fn at_a_time<Charging>(charge: impl Fn(usize) -> Charging) -> Vec<Duration>
where
    Charging: Future<Output = ()> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..AT_A_TIME {
        let charging = charge(number);
        tasks.spawn(async move {
            let begun = Instant::now();
            charging.await;
            begun.elapsed()
        });
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tasks.join_all().await
}
