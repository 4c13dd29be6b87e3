//! The random part: workers that come and go, asking for the same few payments, with faults and a clock that jumps.

use std::sync::Arc;
use std::time::Duration;

use recurring_facade::ProviderId;
use recurring_journal::{Journal, State};
use recurring_sandbox::{Fault, FaultKind, Moment};
use tokio::runtime::{Builder, Runtime};

use crate::hooked::{Hook, Hooked};
use crate::process::Bench;
use crate::world::CHARGING;
use crate::world::common::{GOOD_CARD, attempt};

/// The seeds that are run when no more are asked for.
const SEEDS: u64 = 3;
const STEPS: usize = 60;
const NAMES: u64 = 5;

/// A small generator of numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A process.
struct Worker {
    runtime: Runtime,
    journal: Journal,
}

impl Worker {
    fn start(bench: &Bench) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let journal = runtime.block_on(async {
            let store = Hooked::new(bench.store().await, Hook::dies_at(None));
            bench.journal(Arc::new(store)).await
        });
        Self { runtime, journal }
    }

    fn end(self) {
        drop(self.journal);
        self.runtime.shutdown_timeout(Duration::from_secs(10));
    }
}

fn simulate(seed: u64, provider: &ProviderId) {
    let bench = Bench::sqlite(provider.clone());
    let mut dice = Dice(seed);
    let mut workers: Vec<Worker> = (0..3).map(|_| Worker::start(&bench)).collect();
    for _ in 0..STEPS {
        let chosen = usize::try_from(dice.roll(3)).unwrap();
        match dice.roll(12) {
            0..5 => {
                let worker = &workers[chosen];
                let request = bench.request(&format!("s-{}", dice.roll(NAMES)), GOOD_CARD);
                let (journal, facade) = (worker.journal.clone(), bench.facade());
                worker.runtime.spawn(async move { journal.charge(&facade, request).await });
            }
            5..7 => {
                let worker = &workers[chosen];
                let facade = bench.facade();
                worker.runtime.block_on(worker.journal.reconcile(&facade)).unwrap();
            }
            7 => {
                let fresh = Worker::start(&bench);
                std::mem::replace(&mut workers[chosen], fresh).end();
            }
            8..11 => {
                let kinds =
                    [FaultKind::Close, FaultKind::Reset, FaultKind::Silent, FaultKind::Delay { millis: 30 }];
                let kind = kinds[usize::try_from(dice.roll(4)).unwrap()].clone();
                let when = if kind.moments().len() > 1 && dice.roll(2) == 0 {
                    Moment::BeforeActing
                } else {
                    *kind.moments().last().unwrap()
                };
                bench
                    .sandbox()
                    .inject(Fault::new(kind).with_gateway(provider.as_str()).with_moment(when))
                    .unwrap();
            }
            _ => bench.clock.advance(Duration::from_secs(60 * dice.roll(30))),
        }
    }
    // Everything that is under way ends; then there is peace, and time.
    for worker in workers {
        worker.end();
    }
    bench.sandbox().clear_faults();
    let last = Worker::start(&bench);
    for _ in 0..40 {
        last.runtime.block_on(last.journal.reconcile(&bench.facade())).unwrap();
        bench.clock.advance(Duration::from_secs(45 * 60));
    }
    for name in (0..NAMES).map(|number| format!("s-{number}")) {
        let Ok(record) = last.runtime.block_on(last.journal.attempt(&attempt(&name))) else { continue };
        let taken = bench.taken(&name);
        let right = match record.state {
            State::Paid => taken == 1,
            State::Declined | State::NotApplied => taken == 0,
            State::Review => taken <= 1,
            _ => false,
        };
        assert!(right, "seed {seed}, {provider}: {taken} taken, {record:#?}");
    }
    last.end();
}

#[test]
fn workers_that_come_and_go() {
    let seeds = std::env::var("RECURRING_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    for seed in 0..seeds {
        for provider in &CHARGING {
            println!("seed {seed}, {provider}");
            simulate(seed, provider);
        }
    }
}
