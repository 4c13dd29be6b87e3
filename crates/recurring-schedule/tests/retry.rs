//! The decision after a decline: each rule by itself.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Attempt, AttemptState, BillingCycle, CustomerReason, Decision, Decline, DeclineClass, History, Hours,
    Initiator, Interval, Period, RetryPolicy, Scheme, StopReason, VISA_NEVER, Zone, next, preview,
};

const FIRST: &str = "2026-11-03T10:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn period() -> Period {
    let anchor = "2026-11-03T10:00[UTC]".parse().expect("an anchor");
    let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, Interval::QUARTERLY);
    cycle.period(0).expect("a period")
}

fn attempt(name: &str, time: Timestamp, state: AttemptState) -> Attempt {
    Attempt {
        name: name.to_owned(),
        credential: "card-7".to_owned(),
        at: time,
        amount: "4000 EUR".parse().expect("an amount"),
        initiator: Default::default(),
        state,
        decline: None,
    }
}

fn policy(days: &[u16]) -> RetryPolicy {
    RetryPolicy::new(Zone::utc(), days, Hours { from: 0, until: 24 }).expect("a policy")
}

/// The decision a minute after one declined try.
fn after(decline: &Decline) -> Decision {
    let attempts = [attempt("sub-42.2026-11", at(FIRST), AttemptState::Declined)];
    let period = period();
    let history = History::new(&period, &attempts, at("2026-11-03T10:01Z")).expect("a history");
    next(&history, decline, &policy(&[1, 3, 30])).expect("a decision")
}

fn waits(decline: &Decline) -> Option<i64> {
    match after(decline) {
        Decision::At(next) => Some(next.time.duration_since(at(FIRST)).as_hours()),
        _ => None,
    }
}

fn soft(scheme: Scheme) -> Decline {
    Decline::new(scheme, "51")
}

#[test]
fn codes_that_visa_forbids_stop_for_good() {
    for code in VISA_NEVER {
        for scheme in [Scheme::Visa, Scheme::Other("JCB".to_owned())] {
            let decision = after(&Decline::new(scheme, *code));
            assert!(
                matches!(&decision, Decision::Stop(StopReason::Never(said)) if said.contains(code)),
                "{decision:?}"
            );
        }
    }
    assert_eq!(VISA_NEVER.len(), 12);
}

#[test]
fn advice_codes_forbid_or_delay() {
    let advised = |code: &str| soft(Scheme::Mastercard).with_advice_code(code);
    for code in ["03", "21"] {
        assert!(matches!(after(&advised(code)), Decision::Stop(StopReason::Never(_))), "{code}");
    }
    assert!(matches!(after(&advised("01")), Decision::NeedsCustomer(CustomerReason::NewCard(_))));
    for (code, hours) in [
        ("02", 72),
        ("24", 24),
        ("25", 24),
        ("26", 48),
        ("27", 96),
        ("28", 144),
        ("29", 192),
        ("30", 240),
        ("99", 72),
        ("", 72),
    ] {
        assert_eq!(waits(&advised(code)), Some(hours), "{code}");
    }
    assert_eq!(advised("24").wait_hours(), 1);
    // The advice is the meaning of a code that says nothing by itself.
    assert_eq!(Decline::new(Scheme::Mastercard, "05").with_advice_code("24").wait_hours(), 1);
    assert_eq!(Decline::new(Scheme::Mastercard, "57").with_advice_code("02").class(), DeclineClass::Soft);
    assert_eq!(Decline::new(Scheme::Mastercard, "57").class(), DeclineClass::Unknown);
    assert_eq!(Decline::new(Scheme::Mastercard, "41").with_advice_code("02").class(), DeclineClass::Hard);
}

#[test]
fn unknown_code_or_scheme_waits_longest() {
    assert_eq!(waits(&soft(Scheme::Visa)), Some(24));
    for decline in [
        Decline::default(),
        Decline::new(Scheme::Visa, "05"),
        Decline::new(Scheme::Visa, "??"),
        soft(Scheme::Other("Amex".to_owned())),
        Decline::of_class(DeclineClass::Soft),
        Decline::of_class(DeclineClass::Unknown).with_scheme(Scheme::Visa),
    ] {
        assert_eq!(waits(&decline), Some(72), "{decline:?}");
    }
    assert_eq!(waits(&Decline::of_class(DeclineClass::Soft).with_scheme(Scheme::Visa)), Some(24));
}

#[test]
fn missing_authentication_needs_the_customer() {
    let authenticates = |decline: &Decline| {
        matches!(after(decline), Decision::NeedsCustomer(CustomerReason::Authentication(_)))
    };
    assert!(authenticates(&Decline::new(Scheme::Visa, "1A")));
    assert!(authenticates(&Decline::new(Scheme::Mastercard, "65")));
    assert!(authenticates(&Decline { response_code: Some("65".to_owned()), ..Decline::default() }));
    assert!(!authenticates(&Decline::new(Scheme::Visa, "65")));
    assert_eq!(waits(&Decline::new(Scheme::Mastercard, "65").outside_sca()), Some(24));
    assert!(matches!(
        after(&Decline::new(Scheme::Visa, "54")),
        Decision::NeedsCustomer(CustomerReason::NewCard(_))
    ));
    let stricter = Decline { class: Some(DeclineClass::NeedsCustomer), ..soft(Scheme::Visa) };
    assert!(matches!(after(&stricter), Decision::NeedsCustomer(_)));
}

#[test]
fn open_try_refuses_another() {
    let period = period();
    for state in AttemptState::ALL {
        let attempts = [
            attempt("sub-42.2026-11", at(FIRST), AttemptState::Declined),
            attempt("sub-42.2026-11.2", at("2026-11-04T10:00Z"), *state),
        ];
        let history = History::new(&period, &attempts, at("2026-11-04T10:01Z")).expect("a history");
        let decision = next(&history, &soft(Scheme::Visa), &policy(&[1, 3])).expect("a decision");
        match state {
            AttemptState::Declined | AttemptState::NotApplied => {
                assert!(
                    matches!(&decision, Decision::At(next) if next.name.to_string() == "sub-42.2026-11.3"),
                    "{decision:?}"
                );
            }
            AttemptState::Paid | AttemptState::Authorized => {
                assert!(
                    matches!(&decision, Decision::Stop(reason @ StopReason::Paid(_)) if reason.is_final()),
                    "{decision:?}"
                );
            }
            AttemptState::Canceled => assert!(matches!(decision, Decision::Stop(StopReason::Canceled(_)))),
            _ => {
                let Decision::Stop(reason) = decision else { panic!("{state}: {decision:?}") };
                let name = "sub-42.2026-11.2".to_owned();
                assert_eq!(reason, StopReason::Open { name, state: *state });
                assert!(!reason.is_final());
            }
        }
    }
}

#[test]
fn forbidden_card_stays_forbidden_until_approved() {
    let period = period();
    let mut stolen = attempt("sub-1.2026-10", at("2026-10-20T10:00Z"), AttemptState::Declined);
    stolen.decline = Some(Decline::new(Scheme::Visa, "43"));
    let tried = attempt("sub-42.2026-11", at(FIRST), AttemptState::Declined);
    let decide = |attempts: &[Attempt]| {
        let history = History::new(&period, attempts, at("2026-11-03T10:01Z")).expect("a history");
        next(&history, &soft(Scheme::Visa), &policy(&[1])).expect("a decision")
    };
    assert!(matches!(decide(&[stolen.clone(), tried.clone()]), Decision::Stop(StopReason::Never(_))));
    let paid = attempt("sub-1.2026-11", at("2026-11-01T10:00Z"), AttemptState::Paid);
    assert!(matches!(decide(&[stolen, paid, tried]), Decision::At(_)));
}

/// Declined tries of the period one after another, `hours` apart from the first on.
fn declined(count: usize, hours: i64) -> Vec<Attempt> {
    (0..count)
        .map(|index| {
            let number = if index == 0 { String::new() } else { format!(".{}", index + 1) };
            let time = at(FIRST) + SignedDuration::from_hours(hours * i64::try_from(index).expect("small"));
            attempt(&format!("sub-42.2026-11{number}"), time, AttemptState::Declined)
        })
        .collect()
}

fn next_time(attempts: &[Attempt], decline: &Decline, days: &[u16]) -> Timestamp {
    let period = period();
    let now = attempts.last().expect("an attempt").at;
    let history = History::new(&period, attempts, now).expect("a history");
    match next(&history, decline, &policy(days)).expect("a decision") {
        Decision::At(next) => next.time,
        other => panic!("{other:?}"),
    }
}

/// One declined try, and as many attempts of other subscriptions in the hours after it.
fn with_others(count: i64) -> Vec<Attempt> {
    let others = (1..=count).map(|hour| {
        attempt(
            &format!("other-{hour}"),
            at(FIRST) + SignedDuration::from_hours(hour),
            AttemptState::Declined,
        )
    });
    declined(1, 1).into_iter().chain(others).collect()
}

#[test]
fn visa_permits_20_tries_after_a_decline_in_30_days() {
    let visa = soft(Scheme::Visa);
    let day_later = at(FIRST) + SignedDuration::from_hours(24);
    assert_eq!(next_time(&with_others(19), &visa, &[1]), day_later);
    // One more: the first try after the decline has to leave the window.
    let attempts = with_others(20);
    let leaves = attempts[1].at + SignedDuration::from_hours(30 * 24) + SignedDuration::from_secs(1);
    assert_eq!(next_time(&attempts, &visa, &[1]), leaves);
    // Another amount, and what the customer began, are counted apart; an approval begins anew; what was not applied never was.
    let changed = |change: &dyn Fn(&mut Attempt)| {
        let mut attempts = attempts.clone();
        change(&mut attempts[7]);
        next_time(&attempts, &visa, &[1])
    };
    assert_eq!(changed(&|one| one.amount = "4001 EUR".parse().expect("an amount")), day_later);
    assert_eq!(changed(&|one| one.amount = "4000 USD".parse().expect("an amount")), day_later);
    assert_eq!(changed(&|one| one.initiator = Initiator::Customer), day_later);
    assert_eq!(changed(&|one| one.state = AttemptState::Paid), day_later);
    assert_eq!(changed(&|one| one.state = AttemptState::NotApplied), day_later);
    assert_eq!(changed(&|one| one.state = AttemptState::Unknown), leaves);
}

#[test]
fn mastercard_permits_10_a_day_and_35_a_month() {
    let mastercard = soft(Scheme::Mastercard);
    let second = SignedDuration::from_secs(1);
    let mut attempts = declined(1, 1);
    // Nine attempts of another subscription with the same card, in the hours after it: ten within a day.
    for minute in 1..=9 {
        let time = at(FIRST) + SignedDuration::from_mins(minute + 23 * 60);
        attempts.push(attempt(&format!("other-{minute}"), time, AttemptState::Declined));
    }
    let day_later = at(FIRST) + SignedDuration::from_hours(24);
    assert_eq!(next_time(&attempts, &mastercard, &[1]), day_later + second);
    attempts.pop();
    assert_eq!(next_time(&attempts, &mastercard, &[1]), day_later);
    assert_eq!(next_time(&attempts, &soft(Scheme::Visa), &[1]), day_later);

    let mut attempts = declined(1, 1);
    for index in 1..35 {
        let time = at(FIRST) + SignedDuration::from_hours(index * 4);
        attempts.push(attempt(&format!("other-{index}"), time, AttemptState::Paid));
    }
    let month_later = at(FIRST) + SignedDuration::from_hours(30 * 24);
    assert_eq!(next_time(&attempts, &mastercard, &[7]), month_later + second);
    attempts.pop();
    assert_eq!(next_time(&attempts, &mastercard, &[7]), at(FIRST) + SignedDuration::from_hours(7 * 24));
}

#[test]
fn visa_permitted_15_before_may_2025() {
    let anchor = "2025-01-03T10:00[UTC]".parse().expect("an anchor");
    let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, Interval::YEARLY);
    let period = cycle.period(0).expect("a period");
    let days: Vec<u16> = (1..=20).collect();
    let (tries, _) =
        preview(&period, &soft(Scheme::Visa), &policy(&days), "1 EUR".parse().expect("an amount"))
            .expect("tries");
    let month = SignedDuration::from_hours(30 * 24);
    for (index, last) in tries.iter().enumerate() {
        let within = tries[..=index].iter().filter(|one| last.time.duration_since(one.time) <= month).count();
        // The window holds the first try too as long as it is that short.
        assert!(within <= 16, "{index}");
    }
    assert_eq!(tries.len(), 21);
    assert!(tries[16].time > tries[1].time + month);
}

#[test]
fn time_is_in_the_hours_of_the_zone() {
    let zone = Zone::new("America/New_York").expect("a zone");
    let policy = RetryPolicy::new(zone, &[1, 2], Hours { from: 9, until: 17 }).expect("a policy");
    let period = period();
    for (first, expected) in [
        // 05:00 in New York: at nine. 12:00: at that time. 17:00: the next morning.
        ("2026-11-03T10:00Z", "2026-11-04T14:00Z"),
        ("2026-11-03T17:00:05Z", "2026-11-04T17:00:05Z"),
        ("2026-11-03T22:00Z", "2026-11-05T14:00Z"),
    ] {
        let attempts = [attempt("sub-42.2026-11", at(first), AttemptState::Declined)];
        let history = History::new(&period, &attempts, at(first)).expect("a history");
        let decision = next(&history, &soft(Scheme::Visa), &policy).expect("a decision");
        assert!(matches!(&decision, Decision::At(next) if next.time == at(expected)), "{decision:?}");
        // A week later the time is over: now, in the same hours.
        let late = at("2026-11-11T03:00Z");
        let history = History::new(&period, &attempts, late).expect("a history");
        let decision = next(&history, &soft(Scheme::Visa), &policy).expect("a decision");
        assert!(
            matches!(&decision, Decision::At(next) if next.time == at("2026-11-11T14:00Z")),
            "{decision:?}"
        );
    }
}

#[test]
fn policy_and_period_and_card_end_the_tries() {
    let visa = soft(Scheme::Visa);
    let period = period();
    let decide = |attempts: &[Attempt], policy: &RetryPolicy, expires: &str, series: &str| {
        let history = History::new(&period, attempts, attempts[attempts.len() - 1].at).expect("a history");
        let history = history.with_expiry(at(expires)).with_series_ends(at(series));
        next(&history, &visa, policy).expect("a decision")
    };
    let (far, near) = ("2030-01-01T00:00Z", "2026-11-04T10:00Z");
    let one = declined(1, 24);
    assert!(matches!(decide(&one, &policy(&[1]), far, far), Decision::At(_)));
    assert_eq!(decide(&one, &policy(&[1]), near, far), Decision::NeedsCustomer(CustomerReason::CardExpires));
    assert_eq!(decide(&one, &policy(&[1]), far, near), Decision::NeedsCustomer(CustomerReason::SeriesEnds));
    assert_eq!(decide(&declined(2, 24), &policy(&[1]), far, far), Decision::Stop(StopReason::TriesUsed));
    let once = policy(&[1, 2]).with_most_tries(1).expect("once");
    assert_eq!(decide(&one, &once, far, far), Decision::Stop(StopReason::TriesUsed));
    assert_eq!(decide(&one, &policy(&[92]), far, far), Decision::Stop(StopReason::PeriodEnds));
    assert!(matches!(decide(&one, &policy(&[91]), far, far), Decision::At(_)));
    let beyond = policy(&[92]).with_end_with_period(false);
    assert!(matches!(decide(&one, &beyond, far, far), Decision::At(_)));
}

#[test]
fn history_that_cannot_be_true_is_refused() {
    let period = period();
    let good = declined(3, 24);
    let now = at("2026-12-01T00:00Z");
    assert_eq!(History::new(&period, &good, now).expect("a history").tries().len(), 3);
    let mut unsorted = good.clone();
    unsorted.swap(1, 2);
    let mut two_cards = good.clone();
    two_cards[1].credential = "card-8".to_owned();
    let mut missing = good.clone();
    missing.remove(1);
    let mut twice = good.clone();
    twice[2].name = twice[1].name.clone();
    let mut later = good.clone();
    later[2].at = at("2026-12-01T00:05:01Z");
    for (attempts, rule) in [
        (unsorted, "must be in order, oldest attempt first; sort it by time: attempt 3 of 3"),
        (two_cards, "must be of one credential; make a history of each: attempt 2 of 3"),
        (missing, "must hold the tries of the period once each, and in order: 1, 2, 3: attempt 2 of 2"),
        (twice, "must hold the tries of the period once each, and in order: 1, 2, 3: attempt 3 of 3"),
        (later, "must not be later than the moment it is looked at; check the clocks: attempt 3 of 3"),
    ] {
        let error = History::new(&period, &attempts, now).expect_err(rule);
        assert_eq!((error.field(), error.rule()), ("history", rule));
    }
    for attempts in [vec![], vec![attempt("sub-42.2026-11", at(FIRST), AttemptState::NotApplied)]] {
        let history = History::new(&period, &attempts, now).expect("a history");
        let error = next(&history, &Decline::default(), &policy(&[1])).expect_err("nothing was declined");
        assert_eq!(error.field(), "history");
    }
}

#[test]
fn first_try_keeps_what_the_card_was_told_before() {
    let amount = "4000 EUR".parse().expect("an amount");
    let cycle = BillingCycle::new(
        "sub-42".parse().expect("an id"),
        "2026-10-03T09:00[Europe/Lisbon]".parse().expect("an anchor"),
        Interval::MONTHLY,
    );
    let (october, november) = (cycle.period(0).expect("a period"), cycle.period(1).expect("a period"));
    let refused = |code: &str| Attempt {
        name: october.name().to_string(),
        credential: "card".to_owned(),
        at: october.due(),
        amount,
        initiator: Initiator::Merchant,
        state: AttemptState::Declined,
        decline: Some(Decline::new(Scheme::Visa, code)),
    };
    let decide = |attempts: &[Attempt]| {
        let history = History::new(&november, attempts, november.due()).expect("a history");
        recurring_schedule::first(&history, Some(&Scheme::Visa), amount).expect("a decision")
    };
    let Decision::At(next) = decide(&[refused("51")]) else { panic!("a soft decline forbids nothing") };
    assert_eq!((next.time, &next.name), (november.due(), november.name()));
    assert!(matches!(decide(&[refused("43")]), Decision::Stop(StopReason::Never(_))));
    let open = Attempt {
        name: november.name().to_string(),
        state: AttemptState::Unknown,
        at: november.due(),
        decline: None,
        ..refused("51")
    };
    assert!(matches!(decide(&[open]), Decision::Stop(StopReason::Open { .. })));
}
