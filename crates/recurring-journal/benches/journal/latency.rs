//! How much longer a charge takes because it is recorded.

use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_journal::Journal;

use crate::gateway::{request, sandbox};
use crate::{Bound, Measured};

/// As a service at work does: so many at a time. A disk and a processor that have fallen asleep between two charges
/// would be measured otherwise, and not the journal.
const AT_A_TIME: usize = 32;
const ROUNDS: usize = 40;

pub(crate) fn measure() -> Vec<Measured> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (plain, journaled) = runtime.block_on(async {
        let (sandbox, settings, credential) = sandbox(Duration::from_millis(50)).await;
        let facade = settings.facade_of(&ProviderId::EMSPAY).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("j.db").display());
        let journal = Journal::open(&address).await.unwrap();
        let charger = facade.charger(&ProviderId::EMSPAY).unwrap();
        let (mut plain, mut journaled) = (Vec::new(), Vec::new());
        // In turns, so that both see the same machine.
        for round in 0..ROUNDS {
            plain.extend(
                at_a_time(|number| {
                    let (charger, request) =
                        (charger.clone(), request(&format!("p-{round}-{number}"), &credential));
                    async move { drop(charger.charge(request).await.unwrap()) }
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
        assert_eq!(sandbox.ledger().len(), 1 + 2 * ROUNDS * AT_A_TIME);
        (plain, journaled)
    });
    let ratio = |percent: usize, bound: f64| {
        let (before, after) = (percentile(&plain, percent), percentile(&journaled, percent));
        Measured {
            what: format!("p{percent} {before:.2?} -> {after:.2?}"),
            value: after.as_secs_f64() / before.as_secs_f64(),
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
