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
mod doors;
mod failover;
mod hooked;
mod lives;
mod paused;
mod process;
mod random;
mod returns;
mod schedules;

use std::sync::atomic::Ordering;
use std::time::Duration;

use hooked::{Hook, Hooked, Point, Side};
use process::{Bench, Crash, Judge};
use recurring_facade::ProviderId;
use recurring_journal::{Journal, State};
use recurring_sandbox::{Fault, FaultKind, Moment};
use world::common::{FADING_CARD, GOOD_CARD};
use world::{ManualClock, charging};

/// Whether a case is run: all are when asked for, else a fixed sample of them.
pub(crate) fn sampled(case: usize) -> bool {
    case.is_multiple_of(EVERY) || std::env::var("RECURRING_SIM").as_deref() == Ok("all")
}

/// The sample: one of so many cases.
const EVERY: usize = 7;

/// What can go wrong at the call that takes the money.
fn faults(id: &ProviderId) -> Vec<(String, Option<Fault>)> {
    let kinds = [
        FaultKind::Silent,
        FaultKind::Reset,
        FaultKind::Close,
        FaultKind::Cut { at: 0 },
        FaultKind::Cut { at: 90 },
        FaultKind::Redirect { status: 307, to: "http://127.0.0.1:9/".to_owned() },
        FaultKind::Redirect { status: 302, to: "http://127.0.0.1:9/".to_owned() },
        FaultKind::Status { status: 408, retry_after: None },
        FaultKind::Status { status: 429, retry_after: Some(1) },
        FaultKind::Status { status: 500, retry_after: None },
        FaultKind::Status { status: 502, retry_after: None },
        FaultKind::Status { status: 503, retry_after: None },
        FaultKind::Garbage,
        FaultKind::HugeBody { bytes: 2 * 1024 * 1024 },
        FaultKind::WrongContentType,
        FaultKind::UnknownStatus,
        FaultKind::OtherAmount,
        FaultKind::RefuseConnection,
        FaultKind::TokenExpired,
    ];
    let mut all = vec![("none".to_owned(), None)];
    for kind in kinds {
        for when in [Moment::BeforeActing, Moment::AfterActing] {
            let fault = match kind {
                // Not known before a byte is read.
                FaultKind::RefuseConnection => Fault::new(kind.clone()),
                _ => charging(id, kind.clone()),
            };
            let allowed = kind.moments().contains(&when);
            let has_token = matches!(id.as_str(), "omno" | "ngenius");
            if allowed && (kind != FaultKind::TokenExpired || has_token) {
                all.push((format!("{kind:?} {when:?}"), Some(fault.when(when))));
            }
        }
    }
    all
}

/// Every point at which a process can end while it charges.
fn crashes(bench: &Bench) -> Vec<Crash> {
    let mut all = vec![Crash::Never];
    for write in 0..bench.writes_of_a_charge() {
        for side in [Side::Before, Side::After] {
            all.push(Crash::AtWrite(Point { write, side }));
        }
    }
    for operation in bench.operations() {
        for when in [Moment::BeforeActing, Moment::AfterActing] {
            all.push(Crash::AtCall(operation, when));
        }
    }
    all
}

fn every_crash_with_every_fault(bench: &Bench) {
    let (mut cases, mut judge) = (0, Judge::default());
    // Each case has its own worker, whose machine has a clock of its own.
    let mut next = |bench: &Bench| {
        cases += 1;
        bench.skew_machine(cases);
        sampled(cases).then_some(cases)
    };
    for (name, fault) in faults(bench.provider()) {
        for crash in crashes(bench) {
            let Some(case) = next(bench) else { continue };
            let attempt = format!("f-{case}");
            bench.fault(fault.as_ref());
            let ended = bench.first_life(&attempt, crash, GOOD_CARD);
            judge.judge(bench, &attempt, ended, &format!("{name}, {crash:?}"));
        }
    }
    // A card that is refused: a decline must survive everything, too.
    for crash in crashes(bench) {
        let Some(case) = next(bench) else { continue };
        let attempt = format!("d-{case}");
        let ended = bench.first_life(&attempt, crash, FADING_CARD);
        judge.judge(bench, &attempt, ended, &format!("refused card, {crash:?}"));
    }
    // The answer is lost, and the process ends while it looks.
    for when in [Moment::BeforeActing, Moment::AfterActing] {
        for write in 0..6 {
            for side in [Side::Before, Side::After] {
                let Some(case) = next(bench) else { continue };
                let attempt = format!("l-{case}");
                bench.fault(Some(&charging(bench.provider(), FaultKind::Close).when(when)));
                let ended = bench.first_life(&attempt, Crash::Never, GOOD_CARD);
                bench.looking_life(&attempt, Point { write, side });
                judge.judge(
                    bench,
                    &attempt,
                    ended,
                    &format!("lost {when:?}, looking ends at {write} {side:?}"),
                );
            }
        }
    }
    judge.report(bench, "crashes", cases);
}

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

#[cfg(feature = "postgres")]
#[test]
fn revio_on_postgresql() {
    every_crash_with_every_fault(&Bench::postgres(ProviderId::REVIO));
}

/// A worker stands still between creating a purchase and charging it, for so long that somebody else finds that nothing
/// was charged and charges. Then it wakes up. Answers how often money was taken.
fn a_worker_that_wakes_up_late(with_fence: bool) -> usize {
    let bench = Bench::sqlite(ProviderId::REVIO);
    bench.run(async {
        // Write 0 is that of opening, 1 arms, 2 records the purchase.
        let hook = Hook::waits_at(Point { write: 2, side: Side::Before });
        let store = Hooked::new(bench.store().await, std::sync::Arc::clone(&hook));
        store.without_fence.store(!with_fence, Ordering::SeqCst);
        // The clock of its machine stands still with it, so that only the fence is left to stop it.
        let stopped = ManualClock::new();
        let late = Journal::builder().clock(stopped).with_store(std::sync::Arc::new(store)).await.unwrap();
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
        first.await.unwrap();
    });
    bench.taken("late")
}

#[test]
fn the_fence_keeps_a_late_worker_from_charging_and_without_it_this_suite_fails() {
    assert_eq!(a_worker_that_wakes_up_late(true), 1);
    assert_eq!(a_worker_that_wakes_up_late(false), 2, "the suite does not see what the fence is for");
}
