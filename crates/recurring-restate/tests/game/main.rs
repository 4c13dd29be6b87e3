//! Workers and the engine's node are killed at random while a run goes on; the sandbox's ledger is the judge.
//!
//! Without more, a game of some 20 seconds with one node. For the record:
//! `RECURRING_GAME_SECONDS=600 RECURRING_GAME_ATTEMPTS=20000 RECURRING_GAME_NODES=3`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]
#![allow(dead_code, reason = "the world has more than this program uses")]

#[path = "../../../recurring-facade/tests/common/mod.rs"]
mod common;
#[path = "../engine/fast_clock.rs"]
mod fast_clock;
#[path = "../../../recurring-journal/tests/world/layered.rs"]
mod layered;
#[path = "../engine/past.rs"]
mod past;
mod periods;
mod worker;
#[path = "../engine/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use periods::Periods;
use recurring_facade::ProviderId;
use recurring_fixtures::harness::{Requirement, Test, block_on_threads, run_tests};
use recurring_journal::State;
use recurring_journal::store::Filter;
use worker::{Balancer, WorkerProcess};
use world::{BOUND, World};

const CHARGING: [ProviderId; 4] =
    [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED, ProviderId::REVIO, ProviderId::EMSPAY];
const CHARGING_COUNT: u64 = 4;
const WORKERS: usize = 4;
/// One period of each kind for so many attempts.
const PERIODS_SHARE: u64 = 100;

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

/// A call of the engine.
struct Handed {
    path: String,
    body: String,
}

impl Handed {
    fn run(id: &ProviderId, names: &[String]) -> Self {
        let body = serde_json::json!({"provider": id, "names": names}).to_string();
        Self { path: "call/RecurringRun/add".to_owned(), body }
    }
}

/// Moves the sandbox's clock as fast as the journal's: payments are looked for by when they were made.
struct Clocks {
    begun: Instant,
    moved: Duration,
}

impl Clocks {
    fn together(&mut self, world: &World) {
        let ahead = self.begun.elapsed() * (worker::SPEED - 1);
        world.sandbox.advance(ahead - self.moved);
        self.moved = ahead;
    }
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
    let nodes = usize::try_from(number("RECURRING_GAME_NODES", 1)).unwrap();
    let mut world = World::new(nodes).await;
    let mut names: BTreeMap<String, ProviderId> = BTreeMap::new();
    let mut due: Vec<Handed> = Vec::new();
    // What falls due in each second.
    let some = usize::try_from(attempts / CHARGING_COUNT / game.as_secs()).unwrap().max(1);
    for id in &CHARGING {
        let all: Vec<String> =
            (0..attempts / CHARGING_COUNT).map(|number| format!("{id}-{number:06}")).collect();
        world.plan(id, all.clone()).await;
        due.extend(all.chunks(some).map(|chunk| Handed::run(id, chunk)));
        names.extend(all.into_iter().map(|name| (name, id.clone())));
    }
    let periods = Periods::plan(&world, attempts / PERIODS_SHARE).await;
    due.extend(periods.all().map(|(path, body)| Handed { path, body }));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let balancer = Balancer::start().await;
    let mut clocks = Clocks { begun: Instant::now(), moved: Duration::ZERO };
    let mut workers: Vec<_> = (0..WORKERS).map(|_| WorkerProcess::start(&world, &balancer)).collect();
    balancer.until_it_has_one().await;
    world.register(&balancer.url()).await;

    let (mut kills, begun, mut was_under_way) = ((0, 0), Instant::now(), 0);
    while begun.elapsed() < game || !due.is_empty() {
        let next = tokio::time::Instant::now() + Duration::from_secs(1);
        for _ in 0..CHARGING.len() {
            if due.is_empty() {
                break;
            }
            let some = due.swap_remove(dice.below(due.len()));
            if world.soon(dice.below(nodes), &some.path, &some.body).await.is_err() {
                // The node was killed: whether it had them is not known, and does not matter.
                due.push(some);
            }
        }
        clocks.together(&world);
        was_under_way += usize::from(count(&world, State::Armed).await > 0);
        tokio::time::sleep_until(next).await;
        match dice.below(WORKERS + nodes) {
            one if one < WORKERS => {
                workers.remove(one).kill(&balancer);
                workers.push(WorkerProcess::start(&world, &balancer));
                kills.0 += 1;
            }
            node => {
                world.nodes[node - WORKERS].restart();
                kills.1 += 1;
            }
        }
    }
    let played = begun.elapsed();

    // Everything comes to an end: nothing more is killed, and the clock runs as it does.
    // What was not applied is made again: until then it has no end either.
    let open = [State::Planned, State::Armed, State::Unknown, State::Pending, State::NotApplied];
    let end = Instant::now() + BOUND + game;
    loop {
        let mut left = 0;
        for state in open {
            left += count(&world, state).await;
        }
        left += periods.left(&world).await;
        if left == 0 {
            break;
        }
        clocks.together(&world);
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
    let (mut twice, mut why) = (0, BTreeMap::<(State, String), usize>::new());
    for (name, id) in &names {
        let record = world.journal.attempt(&common::attempt(name)).await.unwrap();
        let taken = taken.get(name).copied().unwrap_or_default();
        twice += usize::from(taken > 1);
        if record.state != State::Paid {
            *why.entry((record.state, record.note.unwrap_or_default())).or_default() += 1;
        }
        match record.state {
            State::Paid => assert_eq!(taken, 1, "{name} is paid"),
            State::Review => *review.entry((id.clone(), taken)).or_default() += 1,
            State::Declined | State::Canceled | State::NotApplied => {
                assert_eq!(taken, 0, "{name}")
            }
            other => panic!("{name} is {other}"),
        }
    }
    println!(
        "{} attempts, {} workers and {} times a node of {nodes} killed in {played:.0?}, work under way at {was_under_way} of \
         these moments, all ended after {settled:.0?}: {:?}; in review, by gateway and times taken: {review:?}",
        names.len(),
        kills.0,
        kills.1,
        states(&world).await
    );
    println!("why not: {why:?}");
    println!("periods: {}", periods.judge(&world).await);
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
