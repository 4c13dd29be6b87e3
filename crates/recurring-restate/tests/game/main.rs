//! Workers and the engine's node are killed at random while a run goes on; the sandbox's ledger is the judge.
//!
//! Without more, a game of some 20 seconds. For the record: `RECURRING_GAME_SECONDS=600 RECURRING_GAME_ATTEMPTS=20000`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]
#![allow(dead_code, reason = "the world has more than this program uses")]

#[path = "../../../recurring-facade/tests/common/mod.rs"]
mod common;
#[path = "../../../recurring-journal/tests/world/layered.rs"]
mod layered;
mod worker;
#[path = "../engine/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_fixtures::harness::{Requirement, Test, block_on_threads, run_tests};
use recurring_journal::State;
use recurring_journal::store::Filter;
use worker::{Balancer, WorkerProcess};
use world::{BOUND, World};

const CHARGING: [ProviderId; 4] =
    [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED, ProviderId::REVIO, ProviderId::EMSPAY];
const WORKERS: usize = 4;

/// The program is its own worker, so that a worker is a process that can be killed.
fn main() -> ExitCode {
    if worker::is_asked_for() {
        return worker::serve();
    }
    run_tests(vec![Test {
        name: "run_through_killed_workers_and_nodes_charges_once",
        needs: Requirement::Restate,
        body: || block_on_threads(run_through_killed_workers_and_nodes_charges_once()),
    }])
}

/// Random numbers from a fixed seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

async fn run_through_killed_workers_and_nodes_charges_once() {
    let game = Duration::from_secs(number("RECURRING_GAME_SECONDS", 20));
    let attempts = number("RECURRING_GAME_ATTEMPTS", 600);
    let mut world = World::new().await;
    let mut names: BTreeMap<String, ProviderId> = BTreeMap::new();
    for id in &CHARGING {
        let some: Vec<String> = (0..attempts / 4).map(|number| format!("{id}-{number:06}")).collect();
        world.plan(id, some.clone()).await;
        names.extend(some.into_iter().map(|name| (name, id.clone())));
    }
    let balancer = Balancer::start().await;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(WorkerProcess::start(&world, &balancer).await);
    }
    world.register(&balancer.url()).await;
    let handed = world.call("RecurringRun/planned", "").await.unwrap();
    assert_eq!(handed.as_u64(), Some(u64::try_from(names.len()).unwrap()));

    let (mut dice, mut kills, begun) = (Dice(0x9e37_79b9_7f4a_7c15), (0, 0), Instant::now());
    let mut was_under_way = 0;
    while begun.elapsed() < game {
        tokio::time::sleep(Duration::from_secs(1)).await;
        was_under_way += usize::from(count(&world, State::Armed).await > 0);
        match dice.below(WORKERS + 1) {
            WORKERS => {
                world.node.restart();
                world.until_it_answers().await;
                kills.1 += 1;
            }
            one => {
                workers.remove(one).kill(&balancer);
                workers.push(WorkerProcess::start(&world, &balancer).await);
                kills.0 += 1;
            }
        }
    }
    let played = begun.elapsed();

    // Everything comes to an end: nothing more is killed, and the clock runs as it does.
    let open = [State::Planned, State::Armed, State::Unknown, State::Pending];
    let end = Instant::now() + BOUND + game;
    loop {
        let mut left = 0;
        for state in open {
            left += count(&world, state).await;
        }
        if left == 0 {
            break;
        }
        assert!(Instant::now() < end, "{left} attempts have no end: {:?}", states(&world).await);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let settled = begun.elapsed();

    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for line in world.sandbox.ledger() {
        if line.kind == recurring_sandbox::LedgerKind::Charge {
            *taken.entry(line.reference).or_default() += 1;
        }
    }
    let mut review: BTreeMap<(ProviderId, usize), usize> = BTreeMap::new();
    let mut twice = 0;
    for (name, id) in &names {
        let record = world.journal.attempt(&common::attempt(name)).await.unwrap();
        let taken = taken.get(name).copied().unwrap_or_default();
        twice += usize::from(taken > 1);
        match record.state {
            State::Paid => assert_eq!(taken, 1, "{name} is paid"),
            State::Review => *review.entry((id.clone(), taken)).or_default() += 1,
            State::Declined | State::Canceled | State::NotApplied => {
                assert_eq!(taken, 0, "{name}: {record:?}")
            }
            other => panic!("{name} is {other}"),
        }
    }
    println!(
        "{} attempts, {} workers and {} times the node killed in {played:.0?}, work under way at {was_under_way} of \
         these moments, all ended after {settled:.0?}: {:?}; in review, by gateway and times taken: {review:?}",
        names.len(),
        kills.0,
        kills.1,
        states(&world).await
    );
    assert_eq!(twice, 0, "charged twice");
    assert!(kills.0 + kills.1 > 0 && was_under_way > 0, "nothing was interrupted");
}

async fn count(world: &World, state: State) -> usize {
    let filter = Filter { state: Some(state), ..Filter::default() };
    world.journal.list(&filter, u32::MAX).await.unwrap().len()
}

async fn states(world: &World) -> BTreeMap<State, usize> {
    let mut states = BTreeMap::new();
    for state in State::ALL {
        match count(world, *state).await {
            0 => {}
            some => drop(states.insert(*state, some)),
        }
    }
    states
}
