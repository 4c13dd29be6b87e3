//! What is known of a card, of another one that it replaced, and of clocks that differ.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Attempt, AttemptState, BillingCycle, CustomerReason, Decision, Decline, History, Hours, Interval, Period,
    RetryPolicy, Scheme, StopReason, Zone, first, next,
};

fn period() -> Period {
    let anchor = "2026-11-03T10:00[UTC]".parse().expect("an anchor");
    let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, Interval::QUARTERLY);
    cycle.period(0).expect("a period")
}

fn at(hours: i64) -> Timestamp {
    period().due() + SignedDuration::from_hours(hours)
}

fn declined(name: &str, credential: &str, hours: i64, decline: Decline) -> Attempt {
    Attempt {
        name: name.to_owned(),
        credential: credential.to_owned(),
        at: at(hours),
        amount: "4000 EUR".parse().expect("an amount"),
        initiator: Default::default(),
        state: AttemptState::Declined,
        decline: Some(decline),
    }
}

fn soft(scheme: Scheme) -> Decline {
    Decline::new(scheme, "51")
}

fn policy() -> RetryPolicy {
    RetryPolicy::new(Zone::utc(), &[1, 3], Hours { from: 0, until: 24 }).expect("a policy")
}

fn time(decision: &Decision) -> (String, Timestamp) {
    let Decision::At(next) = decision else { panic!("{decision:?}") };
    (next.name.to_string(), next.time)
}

/// The decision an hour after the last try with the card, or of the other cards.
fn decide(others: &[Attempt], own: &[Attempt]) -> Decision {
    let (period, latest) = (period(), own.iter().chain(others).map(|one| one.at).max());
    let now = latest.expect("an attempt") + SignedDuration::from_hours(1);
    let history = History::after_other_cards(&period, others, own, now).expect("a history");
    let last = own.iter().rev().find(|one| one.name.starts_with("sub-42."));
    match last.and_then(|last| last.decline.clone()) {
        Some(decline) => next(&history, &decline, &policy()).expect("a decision"),
        None => first(&history, Some(&Scheme::Visa), "4000 EUR".parse().expect("an amount")).expect("one"),
    }
}

#[test]
fn another_card_is_tried_at_once_and_by_the_policy() {
    let stolen = declined("sub-42.2026-11", "old", 0, Decline::new(Scheme::Visa, "43"));
    assert_eq!(time(&decide(std::slice::from_ref(&stolen), &[])), ("sub-42.2026-11.2".to_owned(), at(1)));
    // The policy begins anew: a day after the first try with the new card, under the next number.
    let own = declined("sub-42.2026-11.2", "new", 200, soft(Scheme::Visa));
    let decision = decide(std::slice::from_ref(&stolen), std::slice::from_ref(&own));
    assert_eq!(time(&decision), ("sub-42.2026-11.3".to_owned(), at(224)));
    let third = declined("sub-42.2026-11.3", "new", 224, soft(Scheme::Visa));
    let last = declined("sub-42.2026-11.4", "new", 272, soft(Scheme::Visa));
    let decision = decide(&[stolen], &[own, third, last]);
    assert_eq!(decision, Decision::Stop(StopReason::TriesUsed));
}

#[test]
fn another_card_waits_for_an_open_try_of_the_old_one() {
    for (state, open) in [
        (AttemptState::Unknown, true),
        (AttemptState::Pending, true),
        (AttemptState::Review, true),
        (AttemptState::Armed, true),
        (AttemptState::Declined, false),
        (AttemptState::NotApplied, false),
    ] {
        let old =
            Attempt { state, decline: None, ..declined("sub-42.2026-11", "old", 0, soft(Scheme::Visa)) };
        match decide(&[old], &[]) {
            Decision::Stop(StopReason::Open { name, .. }) if open => assert_eq!(name, "sub-42.2026-11"),
            Decision::At(next) if !open => assert_eq!(next.time, at(1)),
            other => panic!("{state}: {other:?}"),
        }
    }
    let paid = Attempt {
        state: AttemptState::Paid,
        decline: None,
        ..declined("sub-42.2026-11", "old", 0, soft(Scheme::Visa))
    };
    assert!(matches!(decide(&[paid], &[]), Decision::Stop(StopReason::Paid(_))));
}

#[test]
fn limits_are_counted_for_each_card() {
    let name = |number: usize| match number {
        1 => "sub-42.2026-11".to_owned(),
        more => format!("sub-42.2026-11.{more}"),
    };
    let tries = |credential: &str, from: usize, to: usize| -> Vec<Attempt> {
        let hour = |number: usize| i64::try_from(number).expect("small");
        (from..=to).map(|one| declined(&name(one), credential, hour(one), soft(Scheme::Visa))).collect()
    };
    // 22 tries with the old card: a 23rd would be 21 after a decline. The new card has none.
    assert_eq!(time(&decide(&tries("old", 1, 22), &[])), (name(23), at(23)));
    // The same card in the place of the new one is at its limit, and has used the policy.
    let (period, own) = (period(), tries("old", 1, 22));
    let history = History::new(&period, &own, at(23)).expect("a history");
    let asked = first(&history, Some(&Scheme::Visa), "4000 EUR".parse().expect("an amount")).expect("one");
    assert!(time(&asked).1 > at(24 * 30), "{asked:?}");
}

#[test]
fn tries_with_other_cards_are_checked() {
    let period = period();
    let one = declined("sub-42.2026-11", "old", 0, soft(Scheme::Visa));
    let other = declined("sub-1.2026-11", "old", 0, soft(Scheme::Visa));
    let same = declined("sub-42.2026-11.2", "old", 1, soft(Scheme::Visa));
    let third = declined("sub-42.2026-11.3", "new", 2, soft(Scheme::Visa));
    let late = declined("sub-42.2026-11", "old", 99, soft(Scheme::Visa));
    for (others, own, rule) in [
        (&other, &third, "must have only tries of the period among those with other cards: attempt 1 of 1"),
        (&one, &same, "must have no try with this card among those with other cards: attempt 1 of 1"),
        (&one, &third, "must hold the tries of the period once each, and in order: 1, 2, 3: attempt 1 of 1"),
        (
            &late,
            &third,
            "must not be later than the moment it is looked at; check the clocks: attempt 1 of 1",
        ),
    ] {
        let (others, own) = (std::slice::from_ref(others), std::slice::from_ref(own));
        let error = History::after_other_cards(&period, others, own, at(3)).expect_err(rule);
        assert_eq!((error.field(), error.rule()), ("history", rule));
    }
}

#[test]
fn attempt_of_a_clock_that_is_a_little_fast_is_now() {
    let period = period();
    let attempts = [declined("sub-42.2026-11", "card", 24, soft(Scheme::Visa))];
    let early = at(24) - SignedDuration::from_mins(5);
    let history = History::new(&period, &attempts, early).expect("within five minutes");
    // A day after it by its own time, and never before it.
    let decision = next(&history, &soft(Scheme::Visa), &policy()).expect("a decision");
    assert_eq!(time(&decision).1, at(48));
    let asked = first(&history, None, "1 EUR".parse().expect("an amount")).expect("a decision");
    assert_eq!(time(&asked).1, at(24));
    let earlier = early - SignedDuration::from_secs(1);
    let error = History::new(&period, &attempts, earlier).expect_err("the clocks differ too much");
    assert!(error.rule().contains("check the clocks"), "{error}");
}

#[test]
fn two_schemes_of_one_card_keep_the_limits_of_both() {
    let wait = |recorded: Option<Scheme>, told: Option<Scheme>| {
        let decline = |scheme: Option<Scheme>| Decline { scheme, ..Decline::new(Scheme::Visa, "51") };
        let attempts = [declined("sub-42.2026-11", "card", 0, decline(recorded))];
        let period = period();
        let history = History::new(&period, &attempts, at(0)).expect("a history");
        time(&next(&history, &decline(told), &policy()).expect("a decision")).1
    };
    let (visa, mastercard) = (|| Some(Scheme::Visa), || Some(Scheme::Mastercard));
    assert_eq!(wait(visa(), visa()), at(24));
    assert_eq!(wait(visa(), mastercard()), at(72));
    assert_eq!(wait(mastercard(), visa()), at(72));
    assert_eq!(wait(visa(), None), at(72));
    assert_eq!(wait(Some(Scheme::Other("Cartes Bancaires".to_owned())), visa()), at(72));

    // Ten attempts in a day, recorded as of Visa: Mastercard's limit holds as well, once one of them names it.
    let ten = |named: Scheme| -> Vec<Attempt> {
        let mut all: Vec<Attempt> =
            (0..9).map(|hour| declined(&format!("other-{hour}"), "card", hour, soft(Scheme::Visa))).collect();
        all.push(declined("other-9", "card", 9, soft(named)));
        all
    };
    let first_of = |attempts: &[Attempt]| {
        let period = period();
        let history = History::new(&period, attempts, at(10)).expect("a history");
        time(&first(&history, Some(&Scheme::Visa), "4000 EUR".parse().expect("one")).expect("one")).1
    };
    assert_eq!(first_of(&ten(Scheme::Visa)), at(10));
    assert_eq!(first_of(&ten(Scheme::Mastercard)), at(24) + SignedDuration::from_secs(1));

    // 57 forbids a Visa card, and 65 is an authentication at Mastercard: either, where it may be both.
    let told = |recorded: Scheme, decline: Decline| {
        let attempts = [declined("sub-42.2026-11", "card", 0, soft(recorded))];
        let period = period();
        let history = History::new(&period, &attempts, at(0)).expect("a history");
        next(&history, &decline, &policy()).expect("a decision")
    };
    let decision = told(Scheme::Visa, Decline::new(Scheme::Mastercard, "57"));
    assert!(matches!(decision, Decision::Stop(StopReason::Never(_))), "{decision:?}");
    let decision = told(Scheme::Mastercard, Decline::new(Scheme::Visa, "65"));
    assert!(matches!(decision, Decision::NeedsCustomer(CustomerReason::Authentication(_))), "{decision:?}");
    assert_eq!(time(&told(Scheme::Visa, Decline::new(Scheme::Visa, "65"))).1, at(24));
}

#[test]
fn dead_card_is_not_charged_for_another_period() {
    let told = |code: &str, since: &[AttemptState]| {
        let mut attempts = vec![declined("sub-1.2026-10", "card", -48, Decline::new(Scheme::Visa, code))];
        for (hour, state) in (-40..).zip(since) {
            let state = *state;
            let name = format!("sub-1.since{hour}");
            attempts.push(Attempt {
                state,
                decline: None,
                ..declined(&name, "card", hour, soft(Scheme::Visa))
            });
        }
        let period = period();
        let history = History::new(&period, &attempts, at(0)).expect("a history");
        let new = first(&history, Some(&Scheme::Visa), "4000 EUR".parse().expect("one")).expect("one");
        attempts.push(declined("sub-42.2026-11", "card", 0, soft(Scheme::Visa)));
        let history = History::new(&period, &attempts, at(0)).expect("a history");
        (new, next(&history, &soft(Scheme::Visa), &policy()).expect("a decision"))
    };
    let wants_card =
        |decision: &Decision| matches!(decision, Decision::NeedsCustomer(CustomerReason::NewCard(_)));
    for code in ["54", "62", "N7"] {
        let (new, again) = told(code, &[]);
        assert!(wants_card(&new) && wants_card(&again), "{code}: {new:?} {again:?}");
        let (new, again) = told(code, &[AttemptState::Declined]);
        assert!(wants_card(&new) && wants_card(&again), "{code}: {new:?} {again:?}");
        // Since it was paid it lives.
        let (new, again) = told(code, &[AttemptState::Paid]);
        assert_eq!((time(&new).1, time(&again).1), (at(0), at(24)));
    }
    // An authentication is about one payment.
    let (new, again) = told("1A", &[]);
    assert_eq!((time(&new).1, time(&again).1), (at(0), at(24)));
}
