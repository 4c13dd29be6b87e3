//! Charges a second of a `BillingRun` and of the engine, in turn, on one PostgreSQL and at one sandbox; and what a charge
//! costs the engine as there are more of them.
//!
//! `cargo bench --bench throughput`, with `RECURRING_BENCH_ATTEMPTS` (1,000) for each turn, and up to `RECURRING_BENCH_MOST`
//! (ten times as many) in the end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops by panicking"
)]
#![allow(dead_code, reason = "the world has more than this program uses")]
#![allow(clippy::as_conversions, clippy::float_arithmetic, reason = "ratios are printed")]

#[path = "../../recurring-facade/tests/common/mod.rs"]
mod common;
#[path = "../tests/engine/worker.rs"]
mod worker;
#[path = "../tests/engine/world.rs"]
mod world;

use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_fixtures::harness::block_on_threads;
use recurring_journal::{BillingRun, State};
use recurring_restate::Worker;
use restate_sdk::prelude::*;
use worker::Dying;
use world::World;

const ROUNDS: usize = 5;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let number = |name: &str, default: u32| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let attempts = number("RECURRING_BENCH_ATTEMPTS", 1_000);
    let most = number("RECURRING_BENCH_MOST", attempts * 10);
    block_on_threads(async move {
        let world = World::new(1).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let journal = world::journal(&world.address).await;
        let endpoint = Worker::new(journal, world.clients()).bind(Endpoint::builder()).build();
        let _worker = Dying::start(listener, endpoint);
        world.register(&format!("http://{address}")).await;

        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            let run = by_run(&world, attempts, round).await;
            let engine = by_engine(&world, attempts, &format!("engine-{round}")).await;
            ratios.push(run.as_secs_f64() / engine.as_secs_f64());
            println!(
                "round {round}: run {:.0}/s, engine {:.0}/s, ratio {:.2}",
                rate(attempts, run),
                rate(attempts, engine),
                ratios[round]
            );
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ROUNDS / 2];
        println!("engine to run, the median of {ROUNDS}: {median:.2} (bound 0.70)");

        let (mut first, mut worst) = (None, 0.0_f64);
        let tenfold = std::iter::successors(Some(attempts), |more| more.checked_mul(10));
        for more in tenfold.take_while(|more| *more <= most) {
            let took = by_engine(&world, more, &format!("many-{more}")).await;
            let each = took.as_secs_f64() / f64::from(more);
            let first = *first.get_or_insert(each);
            worst = worst.max(each / first);
            println!(
                "{more} attempts: {:.2} ms each, {:.2} times that of {attempts} (bound 1.20)",
                each * 1e3,
                each / first
            );
        }
        assert!(median >= 0.70 && worst <= 1.20, "a bound is missed");
    });
}

async fn plan(world: &World, attempts: u32, name: &str) {
    world.plan(&ProviderId::REVIO, (0..attempts).map(|number| format!("{name}-{number:06}"))).await;
}

async fn by_run(world: &World, attempts: u32, round: usize) -> Duration {
    plan(world, attempts, &format!("run-{round}")).await;
    let begun = Instant::now();
    let summary = BillingRun::new(&world.journal, &world.facade).planned(|_| {}).await.unwrap();
    assert_eq!(summary.of(State::Paid), u64::from(attempts));
    begun.elapsed()
}

async fn by_engine(world: &World, attempts: u32, name: &str) -> Duration {
    plan(world, attempts, name).await;
    let before = paid(world).await;
    let begun = Instant::now();
    world.call("RecurringRun/planned", "").await.unwrap();
    // To count takes the longer the more there are.
    let pause = Duration::from_millis((u64::from(attempts) / 50).max(20));
    while paid(world).await < before + u64::from(attempts) {
        tokio::time::sleep(pause).await;
    }
    begun.elapsed()
}

async fn paid(world: &World) -> u64 {
    let counts = world.journal.store().count().await.unwrap();
    counts.into_iter().find(|(state, _)| *state == State::Paid).map_or(0, |(_, count)| count)
}

fn rate(attempts: u32, took: Duration) -> f64 {
    f64::from(attempts) / took.as_secs_f64()
}
