//! Several processes share one list through PostgreSQL: together they are faster, and nothing is charged twice.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use recurring_facade::{ProviderId, Settings, StoredCredential};
use recurring_fixtures::postgres::Cluster;
use recurring_journal::{BillingRun, Journal};

use crate::gateway::sandbox;
use crate::million::Due;
use crate::{Bound, Measured};

const ATTEMPTS: usize = 1_500;

pub(crate) fn measure() -> Vec<Measured> {
    let (one, two, four) = (together(1), together(2), together(4));
    let measured = |processes: usize, before: f64, after: f64| Measured {
        what: format!("{processes} processes, {after:.0} charges a second after {before:.0}"),
        value: after / before,
        bound: Bound::AtLeast(1.2),
    };
    vec![measured(2, one, two), measured(4, two, four)]
}

/// Charges a second of so many processes on one database and one gateway that takes 100 ms.
fn together(processes: usize) -> f64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = Cluster::shared().database();
    let (sandbox, _, credential) = runtime.block_on(sandbox(Duration::from_millis(100)));
    runtime.block_on(async { drop(Journal::create(&address).await.unwrap()) });
    let begun = Instant::now();
    let children: Vec<_> = (0..processes)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["machine", &address, &ATTEMPTS.to_string()])
                .envs(sandbox.settings())
                .env("BENCH_CREDENTIAL", serde_json::to_string(&credential).unwrap())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let took = begun.elapsed();
    let ledger = sandbox.ledger();
    let names: BTreeSet<_> = ledger.iter().map(|entry| entry.reference.as_str()).collect();
    assert_eq!((ledger.len(), names.len()), (ATTEMPTS + 1, ATTEMPTS + 1), "charged twice, or not at all");
    ATTEMPTS as f64 / took.as_secs_f64()
}

pub(crate) fn child(address: &str, number: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(address).await.unwrap();
        let facade = Settings::from_environment().unwrap().facade_of(&ProviderId::EMSPAY).unwrap();
        let credential: StoredCredential =
            serde_json::from_str(&std::env::var("BENCH_CREDENTIAL").unwrap()).unwrap();
        let billing = BillingRun::new(&journal, &facade).with_concurrency(16);
        billing.run(Due::new(number, credential), |_| {}).await.unwrap();
    });
}
