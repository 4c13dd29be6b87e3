//! How much longer a charge takes because it is recorded.

use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_journal::Journal;

use crate::gateway::{request, sandbox};
use crate::{Bound, Measured};

const CHARGES: usize = 400;

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
        // One after the other, so that both see the same machine.
        for number in 0..CHARGES {
            let begun = Instant::now();
            charger.charge(request(&format!("p-{number}"), &credential)).await.unwrap();
            plain.push(begun.elapsed());
            let begun = Instant::now();
            journal.charge(&facade, request(&format!("j-{number}"), &credential)).await.unwrap();
            journaled.push(begun.elapsed());
        }
        assert_eq!(sandbox.ledger().len(), 1 + 2 * CHARGES);
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
