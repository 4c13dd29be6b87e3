//! Moments of periods against another implementation of the calendar and of time zones: Python's, whose answers are stored in
//! `civil/periods.csv` (see `civil/generate.py`).
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use jiff::{Timestamp, civil::Date};
use recurring_schedule::{Anchor, BillingCycle, MonthEnd, Zone, jiff};

fn cycle(anchor: &str, interval: &str, month_end: &str) -> BillingCycle {
    let rule = match month_end {
        "same_day" => MonthEnd::SameDay,
        "last_day" => MonthEnd::LastDay,
        other => {
            assert_eq!(other, "twenty_eighth");
            MonthEnd::TwentyEighth
        }
    };
    let anchor: Anchor = anchor.parse().expect(anchor);
    let interval = interval.parse().expect(interval);
    let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, interval);
    cycle.with_month_end(rule).expect("a rule that fits")
}

#[test]
fn moments_are_those_of_another_implementation() {
    let stored = include_str!("civil/periods.csv");
    let (mut compared, mut skipped) = (0, 0);
    for line in stored.lines().skip(1) {
        let [anchor, interval, rule, index, date, moment]: [&str; 6] =
            line.split(',').collect::<Vec<_>>().try_into().expect("six columns");
        let cycle = cycle(anchor, interval, rule);
        let (index, date): (u32, Date) = (index.parse().expect("a number"), date.parse().expect("a date"));
        let moment: Timestamp = moment.parse().expect("a moment");
        if let Some(period) = cycle.period(index) {
            assert_eq!((period.date(), period.due()), (date, moment), "{line}");
            assert_eq!(cycle.find(period.name()).as_ref(), Some(&period), "{line}");
            assert_eq!(cycle.current(moment).as_ref(), Some(&period), "{line}");
            compared += 1;
        } else {
            // The day that a zone skipped: what is due then is due as the period of the next day.
            let next = cycle.period(index + 1).expect("a period");
            assert_eq!(next.due(), moment, "{line}");
            assert_ne!(cycle.anchor().zone().local(moment).date(), date, "{line}");
            skipped += 1;
        }
    }
    assert!(compared > 2000 && skipped > 0, "{compared} {skipped}");
}

/// Times of a day that the clocks skip or show twice, and the moments of them.
#[test]
fn gaps_and_overlaps_follow_one_rule() {
    for (local, zone, moment) in [
        // A gap of an hour: 01:30 is shown as 02:30.
        ("2026-03-29T01:30", "Europe/Lisbon", "2026-03-29T01:30Z"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30Z"),
        // A gap of half an hour, and one at midnight.
        ("2025-10-05T02:15", "Australia/Lord_Howe", "2025-10-04T15:45Z"),
        ("2025-04-25T00:30", "Africa/Cairo", "2025-04-24T22:30Z"),
        // Twice: the first of both.
        ("2026-10-25T01:30", "Europe/Lisbon", "2026-10-25T00:30Z"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30Z"),
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45Z"),
        ("2025-10-30T23:30", "Africa/Cairo", "2025-10-30T20:30Z"),
        // A day that was skipped.
        ("2011-12-30T09:00", "Pacific/Apia", "2011-12-30T19:00Z"),
        ("2011-12-31T09:00", "Pacific/Apia", "2011-12-30T19:00Z"),
    ] {
        let zone = Zone::new(zone).expect(zone);
        let expected: Timestamp = moment.parse().expect("a moment");
        assert_eq!(zone.moment(local.parse().expect("a time")), Some(expected), "{local} {zone}");
    }
}

#[test]
fn skipped_day_has_no_daily_period_and_delays_others() {
    let daily = cycle("2011-12-28T09:00[Pacific/Apia]", "1 day", "same_day");
    let names: Vec<String> = daily
        .periods(Timestamp::MIN, "2012-01-01T12:00Z".parse().expect("a moment"))
        .map(|period| period.name().to_string())
        .collect();
    assert_eq!(
        names,
        ["28", "29", "31"]
            .map(|day| format!("sub-42.2011-12-{day}"))
            .into_iter()
            .chain(["sub-42.2012-01-01".to_owned()])
            .collect::<Vec<_>>()
    );
    assert_eq!(daily.period(2), None);

    let monthly = cycle("2011-11-30T09:00[Pacific/Apia]", "1 month", "same_day");
    let december = monthly.period(1).expect("December");
    assert_eq!(december.name().to_string(), "sub-42.2011-12");
    assert_eq!(daily.anchor().zone().local(december.due()).to_string(), "2011-12-31T09:00:00");
}
