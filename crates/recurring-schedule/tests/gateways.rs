//! The gateways' own rules, expiry dates, and the calendar.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Amount, BillingCycle, Decision, Decline, ExpiryDate, GATEWAYS, GatewayRules, Mark, MonthEnd, Preset,
    RetryPolicy, Scheme, StopReason, Zone, calendar, credentials_expiring, preview,
};

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn cycle(anchor: &str, interval: &str) -> BillingCycle {
    let anchor = anchor.parse().expect(anchor);
    BillingCycle::new("sub-42".parse().expect("an id"), anchor, interval.parse().expect(interval))
}

fn rules(gateway: &str) -> &'static GatewayRules {
    GatewayRules::of(gateway).expect(gateway)
}

#[test]
fn series_at_ems_ends_after_a_year_with_a_warning() {
    let monthly = cycle("2026-01-31T09:00[Europe/Lisbon]", "month");
    let first = at("2026-01-31T09:00:07Z");
    let ems = rules("emspay");
    let before = |time: &str| ems.series_end(&monthly, first, at(time));
    // The charge of 31 January 2027 is seven seconds before the end: the next one is beyond it.
    assert_eq!(before("2027-02-28T09:00:00Z"), None);
    let warned = before("2027-03-01T00:00:00Z").expect("a warning");
    assert_eq!(warned.ends, at("2027-01-31T09:00:07Z"));
    assert_eq!(warned.period.name().to_string(), "sub-42.2027-02");
    assert_eq!(ems.series_ends(at("2024-02-29T00:00Z")), Some(at("2025-02-28T00:00Z")));
    assert_eq!(rules("revio").series_end(&monthly, first, Timestamp::MAX), None);
    let amount = |minor| Amount::new(minor, "EUR").expect("an amount");
    assert_eq!(ems.check_amount(amount(4000), amount(4000)), Ok(()));
    let error = ems.check_amount(amount(4000), amount(4001)).expect_err("another amount");
    assert_eq!(error.field(), "amount");
    assert_eq!(rules("omno").check_amount(amount(4000), amount(4001)), Ok(()));
}

#[test]
fn ngenius_takes_only_its_own_cycles() {
    let ngenius = rules("ngenius");
    let late = cycle("2026-01-31T09:00[Asia/Dubai]", "month");
    assert_eq!(ngenius.check(&late).expect_err("the 31st").field(), "month_end");
    let late = late.with_month_end(MonthEnd::TwentyEighth).expect("a rule");
    assert_eq!(ngenius.check(&late), Ok(()));
    for interval in ["day", "week", "month", "year"] {
        assert_eq!(ngenius.check(&cycle("2026-01-28T09:00[Asia/Dubai]", interval)), Ok(()), "{interval}");
    }
    for interval in ["2 weeks", "quarter", "3 months"] {
        let error = ngenius.check(&cycle("2026-01-28T09:00[Asia/Dubai]", interval)).expect_err(interval);
        assert_eq!(error.field(), "interval");
    }
    assert_eq!(rules("revio").check(&cycle("2026-01-31T09:00[UTC]", "quarter")), Ok(()));
    assert!(GATEWAYS.iter().all(|rules| rules.charges_itself == (rules.gateway == "ngenius")));
    assert_eq!(GatewayRules::of("other"), None);
}

#[test]
fn month_without_its_charge_is_missing() {
    let monthly = cycle("2026-01-28T09:00[Asia/Dubai]", "month");
    let day = SignedDuration::from_hours(24);
    let charges = [
        at("2026-01-28T05:01Z"),
        // A day early; March has none; April has two; then one in the last month.
        at("2026-02-27T05:00Z"),
        at("2026-04-28T06:00Z"),
        at("2026-04-30T06:00Z"),
        at("2025-12-28T05:00Z"),
    ];
    let watched = GatewayRules::watch(&monthly, &charges, at("2026-05-28T06:00Z"), day * 2);
    let labels: Vec<String> =
        watched.charged.iter().map(|(period, _)| period.name().period().to_string()).collect();
    assert_eq!(labels, ["2026-01", "2026-02", "2026-04"]);
    let missing: Vec<String> = watched.missing.iter().map(|period| period.name().to_string()).collect();
    assert_eq!(missing, ["sub-42.2026-03"]);
    assert_eq!(watched.unexpected, [charges[4], charges[3]]);
    // The newest is missing when the tolerance is over.
    let later = GatewayRules::watch(&monthly, &charges, at("2026-05-30T05:00Z"), day * 2);
    assert_eq!(later.missing.len(), 2);
    let none = GatewayRules::watch(&monthly, &charges, at("2026-01-01T00:00Z"), day);
    assert_eq!((none.charged.len(), none.missing.len(), none.unexpected.len()), (0, 0, charges.len()));
}

#[test]
fn expiry_is_read_as_each_gateway_writes_it() {
    for text in ["2031-04", "042031", "203104", "04/31", "04/2031"] {
        assert_eq!(text.parse(), ExpiryDate::new(2031, 4), "{text}");
    }
    assert_eq!(ExpiryDate::new(31, 4).map(|expiry| expiry.to_string()), Ok("2031-04".to_owned()));
    for text in [
        "", "13/31", "00/31", "2031-13", "132031", "203113", "199912", "4/31", "2031/04", "04-31", "0431",
        "é4/31",
    ] {
        assert_eq!(ExpiryDate::read(text).expect_err(text).field(), "expiry");
    }
    assert!(
        ExpiryDate::new(2100, 1).is_err()
            && ExpiryDate::new(1999, 1).is_err()
            && ExpiryDate::new(2031, 0).is_err()
    );
    let lisbon = Zone::new("Europe/Lisbon").expect("a zone");
    assert_eq!(
        ExpiryDate::read("06/26").map(|expiry| expiry.expired_from(&lisbon)),
        Ok(at("2026-06-30T23:00Z"))
    );
}

#[test]
fn card_is_expiring_from_the_next_month_on() {
    let cards = [("c", "2031-04"), ("b", "2026-12"), ("a", "2026-11"), ("d", "2026-12")];
    let read = || cards.map(|(id, expiry)| (id, ExpiryDate::read(expiry).expect(expiry)));
    let expiring = |before: &str| {
        let found = credentials_expiring(read(), at(before), &Zone::utc());
        found.into_iter().map(|(id, _)| id).collect::<String>()
    };
    assert_eq!(expiring("2026-11-30T23:59:59Z"), "");
    assert_eq!(expiring("2026-12-01T00:00:00Z"), "a");
    assert_eq!(expiring("2027-01-01T00:00:00Z"), "abd");
    assert_eq!(expiring("2031-05-01T00:00:00Z"), "abdc");
}

#[test]
fn preview_draws_a_policy_as_a_calendar() {
    let zone = Zone::new("Europe/Lisbon").expect("a zone");
    let period = cycle("2026-11-27T09:00[Europe/Lisbon]", "month").period(0).expect("a period");
    let policy = RetryPolicy::preset(zone.clone(), Preset::Standard);
    let amount = Amount::new(4000, "EUR").expect("an amount");
    let (tries, end) = preview(&period, &Decline::new(Scheme::Visa, "51"), &policy, amount).expect("tries");
    assert_eq!(end, Decision::Stop(StopReason::TriesUsed));
    let marks: Vec<Mark> = (1..)
        .zip(&tries)
        .map(|(number, one): (u8, _)| Mark { time: one.time, sign: number.to_string() })
        .collect();
    let expected = "\
November 2026
Mo     Tu     We     Th     Fr     Sa     Su
                                           1
 2      3      4      5      6      7      8
 9     10     11     12     13     14     15
16     17     18     19     20     21     22
23     24     25     26     27(1)  28(2)  29
30(3)

December 2026
Mo     Tu     We     Th     Fr     Sa     Su
        1      2      3      4(4)   5      6
 7      8      9     10     11(5)  12     13
14     15     16     17     18     19     20
21     22     23     24     25     26     27
28     29     30     31
";
    assert_eq!(calendar(&marks, &zone), expected);
    assert!(
        include_str!("../../../docs/declines.md").contains(expected),
        "docs/declines.md shows another picture"
    );
    assert_eq!(calendar(&[], &zone), "");
    let far = [marks[0].clone(), Mark { time: at("2100-01-01T00:00Z"), sign: "x".to_owned() }];
    assert_eq!(calendar(&far, &zone).matches("Mo ").count(), 12);
}
