//! Random histories and random cycles, with fixed seeds. `examples/histories.rs` lives many more histories.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod judge;

use judge::{Counts, Random};
use proptest::prelude::*;
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{Anchor, BillingCycle, Interval, MonthEnd, Period, Unit, Zone};

#[test]
fn no_decision_breaks_a_rule() {
    let (zones, mut counts) = (judge::zones(), Counts::default());
    for seed in 0..20_000 {
        judge::live(&mut Random::new(seed), &zones, &mut counts);
    }
    // Every kind of decision was among them.
    for (kind, count) in [
        ("at a time", counts.retries),
        ("delayed by a limit", counts.delayed_by_limits),
        ("the customer", counts.customers),
        ("an open try", counts.open),
        ("never", counts.never),
        ("other stops", counts.other_stops),
    ] {
        assert!(count > 100, "{kind}: {counts:?}");
    }
}

const ZONES: &[&str] =
    &["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC"];

fn anchors() -> impl Strategy<Value = Anchor> {
    (0_i64..2_000_000_000, 0..ZONES.len()).prop_map(|(second, zone)| {
        let zone = Zone::new(ZONES[zone]).expect("a zone");
        let local = zone.local(Timestamp::from_second(second).expect("a moment"));
        Anchor::new(local.date(), local.time(), zone).expect("a time that was shown")
    })
}

fn cycles() -> impl Strategy<Value = BillingCycle> {
    (anchors(), 1_u16..=12, 0..Unit::ALL.len(), any::<bool>()).prop_map(|(anchor, every, unit, early)| {
        let interval = Interval::new(every, Unit::ALL[unit]).expect("an interval");
        let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, interval);
        let rule = if early { MonthEnd::TwentyEighth } else { MonthEnd::SameDay };
        cycle.clone().with_month_end(rule).unwrap_or(cycle)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: proptest::test_runner::RngSeed::Fixed(35), ..ProptestConfig::default() })]

    /// Periods follow each other without a gap, have names of their own, and are found by every way to ask for them.
    #[test]
    fn periods_follow_each_other(cycle in cycles()) {
        let periods: Vec<Period> = cycle.periods(Timestamp::MIN, Timestamp::MAX).take(60).collect();
        prop_assert!(periods.len() == 60);
        for pair in periods.windows(2) {
            prop_assert_eq!(pair[0].ends(), pair[1].due());
            prop_assert!(pair[0].due() < pair[1].due());
            prop_assert!(pair[0].name() < pair[1].name());
        }
        for period in &periods {
            prop_assert_eq!(cycle.find(period.name()), Some(period.clone()));
            prop_assert_eq!(cycle.current(period.due()), Some(period.clone()));
            let nanosecond = SignedDuration::from_nanos(1);
            prop_assert_eq!(cycle.next(period.due() - nanosecond), Some(period.clone()));
            prop_assert!(period.name().to_string().len() <= 64);
        }
    }

    /// Any part of the periods is the same as in the whole, and none is in two parts.
    #[test]
    fn parts_of_periods_make_the_whole(cycle in cycles(), cut in 0_i64..4_000_000_000) {
        let (cut, end) = (Timestamp::from_second(cut).expect("a moment"), "2120-01-01T00:00Z".parse().expect("a moment"));
        let names = |from, to| cycle.periods(from, to).take(5000).map(|period| period.name().clone()).collect::<Vec<_>>();
        let whole = names(Timestamp::MIN, cut.max(cycle.period(3).expect("a period").due()));
        let middle = cycle.period(1).or(cycle.period(2)).expect("a period").due().min(cut);
        let parts = [names(Timestamp::MIN, middle), names(middle, cut.max(cycle.period(3).expect("a period").due()))].concat();
        prop_assert_eq!(&parts[..parts.len().min(5000)], &whole[..]);
        prop_assert!(names(end, end).is_empty());
    }

    /// What is written is read back as the same.
    #[test]
    fn cycle_is_read_back(cycle in cycles()) {
        let json = serde_json::to_string(&cycle).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<BillingCycle>(&json).expect(&json), cycle);
    }
}
