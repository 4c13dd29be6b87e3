//! Years of subscriptions at all five gateways: the real journal in a file, real HTTP to the sandbox, whose clock is moved, cards that
//! fade and expire, lost answers, and processes that end between two steps. The sandbox's ledger is the judge.
//!
//! `cargo test` lives one year of 40 subscriptions. `cargo xtask years` lives three years of 1,000 of them.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops by panicking"
)]

mod crash;
mod customers;
mod judge;
mod program;
mod shop;
#[path = "../../../recurring-journal/tests/world/mod.rs"]
mod world;

use judge::{Finding, Verdict, judge};
use program::{Habit, Size, World};

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

fn live(size: Size, habit: Habit) -> (Verdict, u64) {
    let mut world = World::new(size, habit);
    let evidence = world.live();
    let verdict = judge(&evidence);
    let (counts, crashes, postponed) = (&world.counts, world.shop.crashes, world.postponed.len());
    println!(
        "{size:?}, {habit:?}: {counts:?}, {crashes} processes ended, {postponed} first tries put off by limits\n{verdict}"
    );
    if habit == Habit::Correct {
        for finding in verdict.findings.iter().take(20) {
            println!("{finding:?}");
            finding.period().into_iter().for_each(|name| world.tell(name));
        }
    }
    (verdict, world.shop.crashes)
}

/// The world of the negative controls.
const SMALL: Size = Size { subscriptions: 12, days: 50, seed: 7, mean_writes: 200 };

#[test]
fn every_period_is_paid_once_or_has_a_reason() {
    let size = Size {
        subscriptions: usize::try_from(number("RECURRING_YEARS_SUBSCRIPTIONS", 40)).expect("small"),
        days: i64::try_from(number("RECURRING_YEARS_DAYS", 365)).expect("small"),
        seed: number("RECURRING_YEARS_SEED", 1),
        mean_writes: number("RECURRING_YEARS_MEAN_WRITES", 150),
    };
    let (verdict, crashes) = live(size, Habit::Correct);
    assert!(verdict.findings.is_empty(), "{:#?}", verdict.findings);
    // It was a world with accidents.
    assert!(verdict.paid > 0 && verdict.by_gateways > 0 && crashes > 0 && !verdict.declines.is_empty());
}

#[test]
fn try_while_one_is_open_is_found() {
    let (verdict, _) = live(Size { subscriptions: 20, days: 120, ..SMALL }, Habit::TriesWhileOpen);
    let twice = |finding: &Finding| matches!(finding, Finding::PaidTwice(_));
    assert!(verdict.findings.iter().any(twice), "{:#?}", verdict.findings);
}

#[test]
fn limit_that_is_ignored_is_found() {
    let (verdict, _) = live(SMALL, Habit::IgnoresLimits);
    let passed = |finding: &Finding| matches!(finding, Finding::LimitPassed(..));
    assert!(verdict.findings.iter().any(passed), "{:#?}", verdict.findings);
}

#[test]
fn period_that_is_forgotten_is_found() {
    let (verdict, _) = live(SMALL, Habit::Forgets(0));
    let forgotten = |finding: &Finding| matches!(finding, Finding::Forgotten(_));
    assert!(verdict.findings.iter().any(forgotten), "{:#?}", verdict.findings);
}
