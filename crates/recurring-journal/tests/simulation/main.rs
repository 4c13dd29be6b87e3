//! The proof: every point at which a process can end, with every fault of the gateway, and the sandbox's ledger as the
//! judge.
//!
//! `cargo test` takes every seventh case, so that it ends within minutes; `cargo xtask sim` runs them all, and
//! `cargo xtask sim --seeds N` more of the random part.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

#[path = "../suite/mod.rs"]
mod suite;
#[path = "../world/mod.rs"]
mod world;

mod careless;
mod controls;
mod crashes;
mod doors;
mod failover;
mod hooked;
mod judge;
mod lives;
mod paused;
mod process;
mod random;
mod returns;
mod schedules;
#[cfg(feature = "statement")]
mod statement;

use crashes::every_crash_with_every_fault;
pub(crate) use crashes::{every, sampled};

use std::sync::atomic::Ordering;
use std::time::Duration;

use hooked::{Hook, Hooked, Point, Side};
use process::Bench;
use recurring_facade::ProviderId;
use recurring_journal::{Journal, State};
use world::common::GOOD_CARD;
use world::{ManualClock, charging};

#[test]
fn omno() {
    every_crash_with_every_fault(&Bench::sqlite(ProviderId::OMNO));
}

#[test]
fn ngenius() {
    every_crash_with_every_fault(&Bench::sqlite(ProviderId::NGENIUS));
}

#[test]
fn tokenpay_signed() {
    every_crash_with_every_fault(&Bench::sqlite(ProviderId::TOKENPAY_SIGNED));
}

#[test]
fn revio() {
    every_crash_with_every_fault(&Bench::sqlite(ProviderId::REVIO));
}

#[test]
fn emspay() {
    every_crash_with_every_fault(&Bench::sqlite(ProviderId::EMSPAY));
}

/// A worker stands still between creating a purchase and charging it, for so long that another process finds that nothing
/// was charged and charges. Then it wakes up. Answers how often money was taken.
fn a_worker_that_wakes_up_late(with_fence: bool) -> usize {
    let bench = Bench::sqlite(ProviderId::REVIO);
    bench.run(async {
        // Write 0 is that of opening, 1 arms, 2 records the purchase.
        let hook = Hook::waits_at(Point { write: 2, side: Side::Before });
        let store = Hooked::new(bench.store().await, std::sync::Arc::clone(&hook));
        store.layer.without_fence.store(!with_fence, Ordering::SeqCst);
        // The clock of its machine stands still with it, so that only the fence is left to stop it.
        let stopped = ManualClock::new();
        let late =
            Journal::builder().with_clock(stopped).with_store(std::sync::Arc::new(store)).await.unwrap();
        let (facade, request) = (bench.facade(), bench.request("late", GOOD_CARD));
        let first = tokio::spawn({
            let request = request.clone();
            async move { late.charge(&facade, request).await.unwrap() }
        });
        hook.reached.notified().await;
        let other: Journal = bench.journal(bench.store().await).await;
        // The late worker's process lives: it keeps the attempt for the settle time after its lease.
        for _ in 0..8 {
            bench.clock.advance(Duration::from_secs(20 * 60));
            other.reconcile(&bench.facade()).await.unwrap();
        }
        let record = other.attempt(&request.attempt).await.unwrap();
        assert_eq!(record.state, State::NotApplied, "{record:?}");
        let second = other.charge(&bench.facade(), request.clone()).await.unwrap();
        assert!(second.is_paid());
        hook.go_on.notify_one();
        let _ = first.await.unwrap();
    });
    bench.taken("late")
}

#[test]
fn late_worker_charges_only_without_the_fence() {
    assert_eq!(a_worker_that_wakes_up_late(true), 1);
    assert_eq!(a_worker_that_wakes_up_late(false), 2, "the suite does not see what the fence is for");
}
