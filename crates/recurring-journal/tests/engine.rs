//! The worker of the example `engine` on the real engine, which repeats its steps; the sandbox's ledger is the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

#[allow(dead_code, reason = "its `main` is for the command line")]
#[path = "../examples/engine.rs"]
mod engine;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis::layers::catch_panic::CatchPanicLayer;
use apalis::prelude::{BackendExt, BoxDynError, Data, IntervalStrategy, TaskSink, WorkerBuilder};
use apalis_postgres::{Config, PgPool, PostgresStorage};
use engine::{Desk, Job, panicked, step, worker};
use recurring_facade::{Facade, ProviderId, Secret};
use recurring_fixtures::postgres::Cluster;
use recurring_journal::store::PostgresStore;
use recurring_journal::{EncryptionKey, Journal, Policy, State};
use recurring_sandbox::{FaultKind, LedgerKind, Moment};
use tokio::sync::Semaphore;
use world::clocked::Clocked;
use world::common::{GOOD_CARD, attempt, enrolled};
use world::{ManualClock, charging, request, unreadable};

const JOBS: usize = 21;
const BOUND: Duration = Duration::from_secs(120);

/// What goes wrong after the first step of each job, when the money may have moved and the engine does not know.
#[derive(Clone)]
struct Havoc {
    /// How often each attempt's step was run.
    runs: Arc<Mutex<BTreeMap<String, usize>>>,
    /// One permit for each attempt whose first step has come to this.
    struck: Arc<Semaphore>,
}

async fn unlucky(job: Job, desk: Data<Desk>, havoc: Data<Havoc>) -> Result<String, BoxDynError> {
    let name = job.attempt.clone();
    let answer = step(job, desk).await;
    let first = {
        let mut runs = havoc.runs.lock().unwrap();
        let run = runs.entry(name.clone()).or_default();
        *run += 1;
        *run == 1
    };
    if first {
        havoc.struck.add_permits(1);
    }
    let number: usize = name[2..].parse().unwrap();
    match number % 3 {
        _ if !first => answer,
        0 => Err("the step failed after the charge".into()),
        1 => panic!("the step panics after the charge"),
        _ => std::future::pending().await,
    }
}

async fn desk(address: &str, facade: &Facade, clock: &ManualClock, queue: PostgresStorage<Job>) -> Desk {
    let mut policy = Policy::default();
    policy.first_look = Duration::ZERO;
    let inner = PostgresStore::open(&Secret::new(address)).await.unwrap();
    let store = Clocked::new(Arc::new(inner), clock.clone());
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let journal = Journal::builder()
        .with_policy(policy)
        .with_clock(clock.clone())
        .with_encryption_key(key)
        .with_store(Arc::new(store))
        .await
        .unwrap();
    Desk { journal, facade: facade.clone(), queue, wait: Duration::ZERO }
}

async fn an_engine_that_repeats_its_steps_charges_once() {
    let cluster = Cluster::shared();
    let (address, (sandbox, facade)) = (cluster.database(), world::common::sandbox().await);
    let clock = ManualClock::new();
    let pool = PgPool::connect(&address).await.unwrap();
    PostgresStorage::setup(&pool).await.unwrap();
    drop(PostgresStore::create(&Secret::new(address.as_str())).await.unwrap());
    let mut first = desk(&address, &facade, &clock, PostgresStorage::new(&pool)).await;

    // Half of the attempts at a gateway where nothing found proves nothing, half where it proves something.
    let gateways = [ProviderId::EMSPAY, ProviderId::REVIO];
    let names: Vec<_> = (0..JOBS).map(|number| format!("a-{number:02}")).collect();
    let mut credentials = Vec::new();
    for id in &gateways {
        credentials.push(enrolled(&facade, id, "series", GOOD_CARD).await);
    }
    for (name, credential) in names.iter().zip(credentials.iter().cycle()) {
        first.journal.plan(&request(credential, name)).await.unwrap();
        first.queue.push(Job { attempt: name.clone(), round: 0 }).await.unwrap();
    }
    let queued = cluster.psql(&address, "SELECT string_agg(encode(job, 'escape'), '') FROM apalis.jobs");
    assert!(queued.contains("a-00") && !queued.contains("token"), "{queued}");

    // Answers are lost after the money moved, and before it moved where that can be proven. Until the first worker is
    // gone, no look-up can find out.
    for id in &gateways {
        sandbox
            .inject(charging(id, FaultKind::Close).with_moment(Moment::AfterActing).with_times(3))
            .unwrap();
        sandbox.inject(unreadable(id)).unwrap();
    }
    let before =
        charging(&ProviderId::REVIO, FaultKind::Close).with_moment(Moment::BeforeActing).with_times(3);
    sandbox.inject(before).unwrap();

    // The first worker dies while every third job's step hangs, with its money taken or not.
    let havoc = Havoc { runs: Arc::default(), struck: Arc::new(Semaphore::new(0)) };
    let interval = Duration::from_millis(20);
    let worker = worker!("first", first, interval).data(havoc.clone()).build(unlucky);
    let dying = tokio::spawn(async move { worker.run().await.unwrap() });
    let all = u32::try_from(JOBS).unwrap();
    tokio::time::timeout(BOUND, havoc.struck.acquire_many(all)).await.unwrap().unwrap().forget();
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    drop(first);
    sandbox.clear_faults();
    // No call is under way any more: from now on, nothing found counts.
    clock.advance(Policy::default().settle_time);

    // The second one is another process. It takes every worker without a sign of life for dead, at once.
    let config = Config::default().queue(std::any::type_name::<Job>()).missed_heartbeats(0);
    let second = desk(&address, &facade, &clock, PostgresStorage::new(&pool).with_config(config)).await;
    let worker = worker!("second", second, interval).data(havoc.clone()).build(unlucky);
    let working = tokio::spawn(async move { worker.run().await.unwrap() });
    let ended = async {
        let open = "SELECT count(*) FROM apalis.jobs WHERE status <> 'Done'";
        while cluster.psql(&address, open).trim() != "0" {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(BOUND, ended).await.is_ok();
    let stuck = "SELECT job.status, job.attempts, job.lock_by, job.last_result, a.attempt, a.provider, a.state, a.note
         FROM apalis.jobs job JOIN recurring_attempts a
           ON a.attempt = convert_from(job.job, 'UTF8')::json ->> 'attempt' WHERE job.status <> 'Done'";
    assert!(in_time, "{:?} {}", havoc.runs.lock().unwrap(), cluster.psql(&address, stuck));
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());

    // Every step ran more than once, and everything was charged exactly once.
    let runs = havoc.runs.lock().unwrap().clone();
    let (ledger, mut lost, mut not_applied) = (sandbox.ledger(), 0, 0);
    for name in &names {
        let charges = ledger.iter().filter(|line| line.kind == LedgerKind::Charge && line.reference == *name);
        assert_eq!(charges.count(), 1, "{name}");
        assert!(runs[name] > 1, "{name}: {runs:?}");
        assert_eq!(second.journal.attempt(&attempt(name)).await.unwrap().state, State::Paid, "{name}");
        let events = second.journal.events(&attempt(name)).await.unwrap();
        let was = |state: State| usize::from(events.iter().any(|event| event.what == state.as_str()));
        lost += was(State::Unknown);
        not_applied += was(State::NotApplied);
    }
    // Three answers at each gateway, and three more before the money moved, which only then was sent again.
    assert_eq!((lost, not_applied), (9, 3));
}

recurring_fixtures::tests! {
    needs PostgreSql: multi_thread [an_engine_that_repeats_its_steps_charges_once];
}
