//! Billing cycles: rules, names, ends, and what is refused.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use recurring_schedule::jiff::Timestamp;
use recurring_schedule::{
    Anchor, AttemptName, BillingCycle, End, Interval, MonthEnd, SubscriptionId, Unit, Zone,
};

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn cycle(anchor: &str, interval: &str) -> BillingCycle {
    BillingCycle::new(
        "sub-42".parse().expect("an id"),
        anchor.parse().expect(anchor),
        interval.parse().expect(interval),
    )
}

fn dates(cycle: &BillingCycle, count: u32) -> Vec<String> {
    (0..count).filter_map(|index| cycle.period(index)).map(|period| period.date().to_string()).collect()
}

#[test]
fn month_ends_follow_each_rule() {
    let base = cycle("2026-01-31T09:00[Europe/Lisbon]", "month");
    assert_eq!(dates(&base, 4), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
    let rule = |rule| base.clone().with_month_end(rule).expect("a rule");
    assert_eq!(dates(&rule(MonthEnd::TwentyEighth), 3), ["2026-01-31", "2026-02-28", "2026-03-28"]);
    let last =
        cycle("2026-02-28T09:00[Europe/Lisbon]", "month").with_month_end(MonthEnd::LastDay).expect("a rule");
    assert_eq!(dates(&last, 3), ["2026-02-28", "2026-03-31", "2026-04-30"]);
    let leap = cycle("2024-02-29T09:00[Europe/Lisbon]", "year");
    assert_eq!(dates(&leap, 5), ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    let quarter = cycle("2025-11-30T09:00[Europe/Lisbon]", "quarter");
    assert_eq!(dates(&quarter, 3), ["2025-11-30", "2026-02-28", "2026-05-30"]);
}

#[test]
fn names_are_derived_and_read_back() {
    for (anchor, interval, index, name) in [
        ("2026-10-31T09:00[UTC]", "month", 1, "sub-42.2026-11"),
        ("2026-10-31T09:00[UTC]", "year", 1, "sub-42.2027-10"),
        ("2026-11-02T23:59[Pacific/Kiritimati]", "1 day", 1, "sub-42.2026-11-03"),
        ("2026-10-27T09:00[UTC]", "week", 1, "sub-42.2026-11-03"),
    ] {
        let cycle = cycle(anchor, interval);
        let period = cycle.period(index).expect(anchor);
        assert_eq!(period.name().to_string(), name);
        assert_eq!(name.parse::<AttemptName>().as_ref(), Ok(period.name()));
        assert_eq!(cycle.find(period.name()), Some(period.clone()));
        let second = period.name().with_number(2).expect("a second");
        assert_eq!(second.to_string(), format!("{name}.2"));
        assert_eq!(cycle.find(&second), Some(period));
    }
    for bad in [
        "",
        "sub",
        "sub.2026-13",
        "sub.2026-11.1",
        "sub.2026-11.02",
        "sub.2026-11.100",
        "sub.2026-2-3",
        ".2026-11",
    ] {
        assert!(bad.parse::<AttemptName>().is_err(), "{bad}");
    }
    let monthly = cycle("2026-10-31T09:00[UTC]", "month");
    for other in ["sub-43.2026-11", "sub-42.2026-09", "sub-42.2026-11-03"] {
        assert_eq!(monthly.find(&other.parse().expect(other)), None, "{other}");
    }
}

#[test]
fn longest_name_has_64_characters() {
    let id = SubscriptionId::new("x".repeat(50)).expect("an id");
    let anchor = "2026-11-03T09:00[UTC]".parse().expect("an anchor");
    let period = BillingCycle::new(id, anchor, Interval::DAILY).period(0).expect("a period");
    assert_eq!(period.name().with_number(99).map(|name| name.to_string().len()), Some(64));
    assert_eq!(period.name().with_number(100).or(period.name().with_number(0)), None);
    for bad in ["", "-a", ".a", "a b", "a/b", "a:b", "é", &"x".repeat(51)] {
        let error = SubscriptionId::new(bad).expect_err(bad);
        assert_eq!(error.field(), "subscription");
    }
}

#[test]
fn due_next_and_current_agree_at_the_moment() {
    let cycle = cycle("2026-01-31T09:00[Europe/Lisbon]", "month");
    let march = at("2026-03-31T08:00Z");
    let nanosecond = recurring_schedule::jiff::SignedDuration::from_nanos(1);
    let names = |now| cycle.due(now).map(|period| period.name().to_string()).collect::<Vec<_>>();
    assert_eq!(names(march), ["sub-42.2026-01", "sub-42.2026-02", "sub-42.2026-03"]);
    assert_eq!(names(march - nanosecond), ["sub-42.2026-01", "sub-42.2026-02"]);
    assert_eq!(names(at("2026-01-01T00:00Z")), Vec::<String>::new());
    assert_eq!(cycle.next(march - nanosecond).map(|period| period.due()), Some(march));
    assert_eq!(cycle.next(march).map(|period| period.index()), Some(3));
    assert_eq!(cycle.current(march).map(|period| period.index()), Some(2));
    assert_eq!(cycle.current(march - nanosecond).map(|period| period.index()), Some(1));
    assert_eq!(cycle.current(at("2026-01-01T00:00Z")), None);
    assert_eq!(cycle.period(2).map(|period| period.ends()), cycle.period(3).map(|period| period.due()));
    let among = cycle.periods(march, march).count();
    assert_eq!(among, 0);
}

#[test]
fn cycle_ends_by_date_or_count() {
    let base = cycle("2026-01-31T09:00[Europe/Lisbon]", "month");
    let until = |date: &str| base.clone().with_end(End::On(date.parse().expect(date))).expect("an end");
    assert_eq!(dates(&until("2026-03-31"), 9).len(), 3);
    assert_eq!(dates(&until("2026-03-30"), 9).len(), 2);
    assert_eq!(base.clone().with_end(End::After(2)).map(|cycle| dates(&cycle, 9).len()), Ok(2));
    let ended = until("2026-03-31");
    assert_eq!(ended.next(at("2026-03-31T08:00Z")), None);
    assert_eq!(ended.current(at("2026-06-01T00:00Z")), None);
    assert_eq!(ended.due(Timestamp::MAX).count(), 3);
    assert!(base.clone().with_end(End::After(0)).is_err());
    assert!(base.with_end(End::On("2026-01-30".parse().expect("a date"))).is_err());
}

#[test]
fn cycle_without_end_stops_with_the_calendar() {
    let yearly = cycle("2999-12-31T09:00[UTC]", "366 years");
    assert_eq!(yearly.due(Timestamp::MAX).count(), 20);
    let daily = cycle("2026-01-01T09:00[UTC]", "1 day");
    let last = daily.current(Timestamp::MAX).expect("a period");
    assert_eq!((last.name().to_string().as_str(), last.ends()), ("sub-42.9999-12-30", Timestamp::MAX));
}

#[test]
fn bad_input_names_field_and_rule() {
    let anchor = |text: &str| text.parse::<Anchor>().map(drop).expect_err(text);
    for text in [
        "",
        "2026-02-30T09:00[UTC]",
        "2026-01-31[UTC]",
        "2026-01-31T9:00[UTC]",
        "2026-01-31T25:00[UTC]",
        "2026-01-31T09:00",
        "2026-01-31T09:00Z[UTC]",
        "1969-12-31T09:00[UTC]",
        "3000-01-01T09:00[UTC]",
    ] {
        assert_eq!(anchor(text).field(), "anchor", "{text}");
    }
    let skipped = anchor("2026-03-29T01:30[Europe/Lisbon]").to_string();
    assert_eq!(
        skipped,
        "`anchor` must be a time that exists: the clocks of Europe/Lisbon skip this one; choose a time before or after the change"
    );
    assert!(anchor("2011-12-30T09:00[Pacific/Apia]").to_string().contains("exists"));
    for text in [
        "2026-01-31T09:00[Europe/Lissabon]",
        "2026-01-31T09:00[]",
        "2026-01-31T09:00[+02:00]",
        "2026-01-31T09:00[Etc/Unknown]",
    ] {
        assert_eq!(anchor(text).field(), "zone", "{text}");
    }
    assert_eq!(Zone::new("europe/LISBON").map(|zone| zone.name().to_owned()), Ok("Europe/Lisbon".to_owned()));
    for text in
        ["", "0 months", "367 days", "99999 days", "1 fortnight", "-1 day", "+1 day", "1.5 days", " month"]
    {
        assert_eq!(text.parse::<Interval>().expect_err(text).field(), "interval", "{text}");
    }
    assert!(Interval::new(0, Unit::Day).expect_err("zero").to_string().contains("zero"));
    let refused = cycle("2026-01-31T09:00[UTC]", "week").with_month_end(MonthEnd::TwentyEighth);
    assert_eq!(refused.expect_err("weeks").field(), "month_end");
    let refused = cycle("2026-01-30T09:00[UTC]", "month").with_month_end(MonthEnd::LastDay);
    assert_eq!(refused.expect_err("not the last").field(), "month_end");
}

#[test]
fn cycle_is_read_from_text_and_back() {
    let json = r#"{"subscription":"sub-42","anchor":"2026-01-31T09:00[Europe/Lisbon]","interval":"1 month","month_end":"twenty_eighth","count":12}"#;
    let cycle: BillingCycle = serde_json::from_str(json).expect("a cycle");
    assert_eq!(serde_json::to_string(&cycle).expect("JSON"), json);
    assert_eq!(cycle.to_string(), "sub-42: 1 month from 2026-01-31T09:00[Europe/Lisbon]");
    for (from, to, field) in [
        ("1 month", "0 months", "`interval`"),
        ("2026-01-31", "2026-01-32", "`anchor`"),
        ("Europe/Lisbon", "Mars/Olympus", "`zone`"),
        ("sub-42", "sub 42", "`subscription`"),
        ("\"count\":12", "\"count\":0", "`count`"),
        ("\"count\":12", "\"until\":\"2025-01-01\"", "`until`"),
        ("\"count\":12", "\"until\":\"soon\"", "`until`"),
        ("\"count\":12", "\"until\":\"2027-01-01\",\"count\":12", "`until`"),
        ("\"count\":12", "\"amount\":12", "`amount`"),
        ("twenty_eighth", "thirtieth", "`thirtieth`"),
    ] {
        let error = serde_json::from_str::<BillingCycle>(&json.replace(from, to)).expect_err(to).to_string();
        assert!(error.contains(field), "{error}");
    }
}
