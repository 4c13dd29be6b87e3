//! The PostgreSQL behind the journal fails over while the engine drives it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use recurring_facade::{ProviderId, Secret};
use recurring_fixtures::postgres::{Cluster, Replication};
use recurring_journal::store::{Failover, PostgresStore, Store};
use recurring_journal::{Journal, Policy, State, StoreError};
use recurring_restate::{Waits, Worker};
use recurring_sandbox::LedgerKind;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, block_in_place};

use crate::common::{attempt, settings};
use crate::fast_clock::FastClock;
use crate::layered::Layered;
use crate::service::Service;
use crate::worker::again_at;
use crate::world::{BOUND, World, key};

const GATEWAYS: [ProviderId; 2] = [ProviderId::REVIO, ProviderId::EMSPAY];
const OF_EACH: usize = 40;
/// The charges after which the standby is cut off, and those after which the primary is killed.
const CHARGES: usize = 8;
/// How many times faster the clock of the journal runs.
const SPEED: i64 = 20;

pub(crate) async fn synchronous_failover_under_engine_charges_once() {
    fail_over(Replication::Synchronous).await;
}

pub(crate) async fn asynchronous_failover_under_engine_charges_once() {
    fail_over(Replication::Asynchronous).await;
}

async fn fail_over(replication: Replication) {
    let (primary, service) = block_in_place(|| {
        let primary = Cluster::start();
        let service = Service::new(&primary);
        (primary, service)
    });
    let world = World::at(1, service.address().expose().to_owned()).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let workers = listener.local_addr().unwrap();
    let first = serve(&world, listener).await;
    world.register(&format!("http://{workers}")).await;
    let mut names = Vec::new();
    for id in &GATEWAYS {
        let of_this: Vec<String> = (0..OF_EACH).map(|number| format!("{id}-{number}")).collect();
        world.plan(id, of_this.clone()).await;
        names.extend(of_this);
    }
    let standby = block_in_place(|| {
        let standby = primary.standby(replication);
        standby.catch_up(&primary);
        standby
    });
    assert_eq!(world.call("RecurringRun/planned", "").await.unwrap(), names.len());
    until_taken(&world, CHARGES).await;
    if replication == Replication::Asynchronous {
        block_in_place(|| standby.disconnect());
    }
    until_taken(&world, 2 * CHARGES).await;
    let promoted = block_in_place(|| {
        primary.kill();
        let promoted = standby.promote();
        service.lead_to(&promoted);
        promoted
    });

    // The worker ends, and cannot start again without an acknowledgement: nothing reaches a gateway.
    let ended = tokio::time::timeout(BOUND, first).await;
    let ended = ended.unwrap_or_else(|_| panic!("the worker goes on: {}", world.log())).unwrap();
    assert!(matches!(ended, Err(StoreError::FailedOver { .. })), "{ended:?}");
    let refused = PostgresStore::open(&Secret::new(world.address.as_str())).await.unwrap_err();
    assert!(refused.to_string().contains("acknowledge"), "{refused}");
    let before = (world.sandbox.ledger().len(), world.sandbox.exchanges().len());
    for name in [&names[0], &names[names.len() - 1]] {
        let asked = world.call_soon(0, &format!("RecurringAttempt/{name}/charge"), "").await;
        assert!(asked.is_err(), "{name} was answered: {asked:?}");
    }
    assert_eq!((world.sandbox.ledger().len(), world.sandbox.exchanges().len()), before);
    let stored = states(&promoted, &service.database);
    let lost =
        names.iter().filter(|name| taken(&world, name).is_some() && stored[*name] == "planned").count();
    match replication {
        Replication::Synchronous => assert_eq!(lost, 0, "a confirmed commit was lost"),
        Replication::Asynchronous => assert!(lost > 0, "the failover lost no commit: {stored:?}"),
    }

    let failover = Failover {
        by: "ann".to_owned(),
        why: "compared with the gateways".to_owned(),
        planned_were_not_sent: replication == Replication::Synchronous,
        charged: Vec::new(),
    };
    PostgresStore::acknowledge_failover(&Secret::new(world.address.as_str()), &failover).await.unwrap();
    let _second = serve(&world, again_at(workers).await).await;
    let decided = until_all_are_paid(&world, &names).await;
    for name in &names {
        assert_eq!(world.taken(name), 1, "{name}");
    }
    println!(
        "{replication:?}: {} attempts, {lost} charges that the promoted server had as planned, {decided} decisions of an \
         operator, each charged once",
        names.len()
    );
}

/// A worker whose clock runs fast, so that what has to be waited for is waited for.
async fn serve(world: &World, listener: std::net::TcpListener) -> JoinHandle<Result<(), StoreError>> {
    let mut policy = Policy::default();
    policy.lease = Duration::from_secs(150);
    policy.settle_time = Duration::from_secs(300);
    policy.first_look = Duration::from_secs(10);
    policy.max_wait = Duration::from_secs(50);
    let clock = FastClock::from_now(SPEED);
    let inner = PostgresStore::open(&Secret::new(world.address.as_str())).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(Layered { inner: Arc::new(inner), layer: clock.clone() });
    let builder = Journal::builder().with_policy(policy).with_clock(clock).with_encryption_key(key());
    let journal = builder.with_store(store).await.unwrap();
    let mut waits = Waits::default();
    waits.first = Duration::from_secs(1);
    waits.longest = Duration::from_secs(2);
    waits.review = Duration::from_secs(1);
    waits.pause = Duration::from_secs(1);
    let facade = settings(&world.sandbox).with_timeout(Duration::from_secs(2)).facade().unwrap();
    let worker = Worker::new(journal, facade).with_waits(waits);
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { worker.serve(listener, std::future::pending::<()>()).await })
}

/// Waits until so many charges are in the ledger.
async fn until_taken(world: &World, count: usize) {
    let end = Instant::now() + BOUND;
    let charges = || {
        let ledger = world.sandbox.ledger();
        ledger
            .iter()
            .filter(|line| line.kind == LedgerKind::Charge && !line.reference.ends_with("-first"))
            .count()
    };
    while charges() < count {
        assert!(Instant::now() < end, "{} charges: {}", charges(), world.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The state of each attempt, read past the journal, which refuses to open.
fn states(server: &Cluster, database: &str) -> BTreeMap<String, String> {
    let rows = server.psql(database, "SELECT attempt || ' ' || state FROM recurring_attempts");
    rows.lines()
        .filter_map(|row| row.split_once(' '))
        .map(|(name, state)| (name.to_owned(), state.to_owned()))
        .collect()
}

/// The payment that was taken under this name.
fn taken(world: &World, name: &str) -> Option<String> {
    let ledger = world.sandbox.ledger();
    let line = ledger.into_iter().find(|line| line.kind == LedgerKind::Charge && line.reference == name);
    line.map(|line| line.payment)
}

/// What the gateway has not settled, the operator decides by the ledger; what was decided as not applied is charged again.
/// Returns how often the operator decided.
async fn until_all_are_paid(world: &World, names: &[String]) -> usize {
    let journal = crate::world::journal(&world.address).await;
    let (end, mut decided) = (Instant::now() + BOUND, 0);
    loop {
        let mut open = Vec::new();
        for name in names {
            let record = journal.attempt(&attempt(name)).await.unwrap();
            match record.state {
                State::Paid => continue,
                State::Review => {
                    let payment = taken(world, name);
                    let what = if payment.is_some() { "paid" } else { "not_applied" };
                    let body =
                        serde_json::json!({"what": what, "payment": payment, "by": "ann", "why": "compared"});
                    // It is refused while a call may be under way.
                    let path = format!("RecurringAttempt/{name}/resolve");
                    match world.call_soon(0, &path, &body.to_string()).await {
                        Ok(_) => decided += 1,
                        Err(error) => open.push(error),
                    }
                }
                State::NotApplied if record.decided_by.is_some() => {
                    world.send(&format!("RecurringAttempt/{name}/charge"), "").await.unwrap();
                }
                _ => {}
            }
            open.push(format!("{name} {}: {:?}", record.state, record.note));
        }
        if open.is_empty() {
            return decided;
        }
        assert!(Instant::now() < end, "not paid: {open:#?} {}", world.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
