//! Schedules that N-Genius runs, over three of their periods: the same one is asked for again in each, and looked up.

use std::collections::BTreeMap;
use std::time::Duration;

use recurring_facade::{Facade, ProviderId, ScheduleRequest};
use recurring_journal::{Journal, State};
use recurring_sandbox::{Fault, FaultKind, Moment};

use crate::lives::{another, calm, crashes, life, writes};
use crate::process::{Bench, Crash};
use crate::sampled;
use crate::world::common::{FADING_CARD, GOOD_CARD, attempt};
use crate::world::{charging, schedule_request};

/// Refused from the first payment on.
const REFUSED_CARD: &str = "4000000000000002";
const PERIODS: usize = 3;
/// A month, and never two, fall due in this time.
const PERIOD: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What happens to the process that asks for the schedule.
#[derive(Debug, Clone)]
enum First {
    /// Another one asks at the same time.
    AtOnce,
    Alone(Crash, Option<Fault>),
}

#[derive(Debug, Clone)]
struct Case {
    card: &'static str,
    first: First,
    /// The period in which attempts are looked up for the first time.
    looks_from: usize,
}

fn request(name: &str, card: &str) -> ScheduleRequest {
    let mut request = schedule_request(name);
    request.card = request.card.expose().replace(GOOD_CARD, card).into();
    request
}

/// Asks for the schedule: how its attempt stands then.
async fn ask(journal: &Journal, facade: &Facade, request: ScheduleRequest) -> State {
    journal.schedule(facade, &ProviderId::NGENIUS, request).await.unwrap().record.state
}

fn cases() -> Vec<Case> {
    let bench = Bench::sqlite(ProviderId::NGENIUS);
    let mut firsts = vec![First::AtOnce, First::Alone(Crash::Never, None)];
    let lost = [Moment::BeforeActing, Moment::AfterActing].map(|when| {
        [
            FaultKind::Close,
            FaultKind::Status { status: 500, retry_after: None },
            FaultKind::Garbage,
            FaultKind::Cut { at: 90 },
            FaultKind::OtherAmount,
            FaultKind::UnknownStatus,
        ]
        .into_iter()
        .filter(move |kind| kind.moments().contains(&when))
        .map(move |kind| charging(&ProviderId::NGENIUS, kind).with_moment(when))
    });
    let refused = Fault::new(FaultKind::RefuseConnection).with_times(3);
    let expired = charging(&ProviderId::NGENIUS, FaultKind::TokenExpired);
    for fault in lost.into_iter().flatten().chain([refused, expired]) {
        firsts.push(First::Alone(Crash::Never, Some(fault)));
    }
    let writes = writes(&bench, async |journal, facade| {
        ask(journal, facade, request("counted", GOOD_CARD)).await;
    });
    firsts.extend(crashes(writes, &bench.operations()).into_iter().map(|crash| First::Alone(crash, None)));
    let mut all = Vec::new();
    for card in [GOOD_CARD, FADING_CARD, REFUSED_CARD] {
        for first in &firsts {
            all.extend([0, 2].map(|looks_from| Case { card, first: first.clone(), looks_from }));
        }
    }
    all
}

/// One schedule over its periods: the word for the end of its attempt, and what is wrong.
fn run(case: &Case) -> (String, Option<String>) {
    let bench = Bench::sqlite(ProviderId::NGENIUS);
    let name = "series";
    let asked = || request(name, case.card);
    match &case.first {
        First::AtOnce => {
            calm(&bench, async |journal, facade| {
                let other = another(&bench).await;
                tokio::join!(ask(journal, facade, asked()), ask(&other, facade, asked()))
            });
        }
        First::Alone(crash, fault) => {
            life(&bench, *crash, fault.as_ref(), async |journal, facade| ask(journal, facade, asked()).await);
        }
    }
    let mut taken = bench.taken(name);
    let mut wrong = (taken > 1).then(|| format!("{taken} taken at once"));
    let mut state = State::Unknown;
    let mut by_scheduler = 0;
    for period in 0..=PERIODS {
        // One that was never begun may be begun when it is asked for again; every other one is left alone.
        let most = taken.max(1);
        state = calm(&bench, async |journal, facade| {
            ask(journal, facade, asked()).await;
            if period >= case.looks_from {
                journal.reconcile(facade).await.unwrap();
            }
            ask(journal, facade, asked()).await;
            journal.attempt(&attempt(name)).await.unwrap().state
        });
        let after_asking = bench.taken(name);
        if after_asking > most || after_asking < taken {
            wrong =
                Some(format!("period {period}: {taken} taken, and {after_asking} after it was asked for"));
        }
        if after_asking == 0 && state == State::Paid || after_asking > 0 && state == State::NotApplied {
            wrong = Some(format!("period {period}: {state}, {after_asking} taken"));
        }
        if period < PERIODS {
            bench.sandbox().advance(PERIOD);
            bench.clock.advance(PERIOD);
            taken = bench.taken(name);
            // The gateway's own charge of this period, of one schedule.
            let due = usize::from(after_asking > 0 && case.card == GOOD_CARD);
            if taken != after_asking + due {
                wrong = Some(format!("period {period}: {after_asking} taken, and {taken} at its end"));
            }
            by_scheduler += due;
        }
    }
    if !matches!(state, State::Paid | State::Declined | State::Review) {
        wrong = Some(format!("neither final nor in review: {state}"));
    }
    let first = bench.taken(name) - by_scheduler;
    let known = if state == State::Declined && first > 0 { ", by a later payment" } else { "" };
    (
        format!("{state}{known}, first payment taken {first} times"),
        wrong.map(|wrong| format!("{case:?}: {wrong}")),
    )
}

#[test]
fn ngenius_schedule_asked_for_again_begins_once() {
    let all = cases();
    let (mut ends, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (_, case) in all.iter().enumerate().filter(|(number, _)| sampled(*number)) {
        let (end, is_wrong) = run(case);
        *ends.entry(end).or_default() += 1;
        wrong.extend(is_wrong);
    }
    let run: usize = ends.values().sum();
    println!("ngenius, schedules: {run} of {} cases were run, and end as {ends:#?}", all.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(run >= all.len() / crate::every() && run > 0);
}

/// Negative control: under two names there are two schedules, and each is charged in each period.
#[test]
fn ngenius_schedule_under_two_names_begins_twice() {
    let bench = Bench::sqlite(ProviderId::NGENIUS);
    for name in ["one", "two"] {
        calm(&bench, async |journal, facade| ask(journal, facade, request(name, GOOD_CARD)).await);
    }
    for _ in 0..PERIODS {
        bench.sandbox().advance(PERIOD);
    }
    assert_eq!(bench.taken("one") + bench.taken("two"), 2 * (1 + PERIODS));
}
