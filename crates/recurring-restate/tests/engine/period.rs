//! A period of a subscription: its charge, and the tries after a decline.

use std::time::Duration;

use recurring_facade::ProviderId;
use recurring_journal::{ChargeIntent, Journal, Policy, SeriesTry, State};
use recurring_restate::{Waits, Worker};
use recurring_sandbox::{Fault, FaultKind, Moment};
use recurring_schedule::Period;
use serde_json::{Value, json};

use crate::common::{FADING_CARD, GOOD_CARD, attempt, enrolled};
use crate::past::{self, first_try};
use crate::worker::{Dying, start};
use crate::world::{BOUND, World, key, request};

/// Every renewal is declined for a stolen card.
const STOLEN_CARD: &str = "4000000000430001";

/// The period, and the engine's input for it.
fn period() -> (Period, Value) {
    let (period, cycle) = past::period("sub-42");
    (period, serde_json::to_value(cycle).unwrap())
}

async fn worker(world: &World) -> Dying {
    let mut policy = Policy::default();
    policy.first_look = Duration::ZERO;
    let builder = Journal::builder().with_policy(policy).with_encryption_key(key());
    let journal = builder.open(&world.address).await.unwrap();
    let mut waits = Waits::default();
    waits.review = Duration::from_secs(1);
    let worker = Worker::new(journal, world.clients()).with_waits(waits).with_retries(past::policy());
    start(world, worker).await.0
}

/// The states of the tries, once there are so many and the last one is in this state.
async fn until(world: &World, count: usize, last: State) -> Vec<State> {
    let waiting = async {
        loop {
            let tries = world.journal.series("sub-42").await.unwrap();
            let states: Vec<State> = tries.iter().map(|record| record.state).collect();
            if states.len() >= count && states.last() == Some(&last) {
                return states;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(BOUND, waiting).await;
    in_time.unwrap_or_else(|_| {
        panic!("there are not {count} tries of which the last is {last}: {}", world.log())
    })
}

pub(crate) async fn paid_period_is_collected_once() {
    let world = World::new(1).await;
    let _worker = worker(&world).await;
    let (period, cycle) = period();
    let name = period.name().to_string();
    let credential = enrolled(&world.facade, &ProviderId::REVIO, "good", GOOD_CARD).await;
    world.journal.plan(first_try(&credential, &period)).await.unwrap();
    for _ in 0..2 {
        let collected = world.call(&format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await;
        assert_eq!(collected.unwrap(), json!({"attempt": name, "state": "paid", "needs_customer": false}));
    }
    assert_eq!(world.taken(&name), 1);
    let other = cycle.to_string().replace("sub-42", "sub-43");
    let error = world.call(&format!("RecurringPeriod/{name}/collect"), &other).await.unwrap_err();
    assert!(error.contains("is not the first try of a period of sub-43"), "{error}");
}

pub(crate) async fn declined_period_is_tried_again_when_it_may_be() {
    let world = World::new(1).await;
    let (period, cycle) = period();
    let name = period.name().to_string();
    let credential = enrolled(&world.facade, &ProviderId::REVIO, "fading", FADING_CARD).await;
    let then = past::journal_then(&world).await;
    let declined = then.charge(&world.facade, first_try(&credential, &period)).await.unwrap();
    assert_eq!(declined.record.state, State::Declined);

    let _worker = worker(&world).await;
    world.send(&format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await.unwrap();
    assert_eq!(until(&world, 2, State::Declined).await, [State::Declined, State::Declined]);
    // The third one has to wait for days: the engine sleeps, and nothing more is planned.
    let asleep = world.call_soon(0, &format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await;
    assert!(asleep.is_err(), "{asleep:?}");
    assert_eq!(until(&world, 2, State::Declined).await.len(), 2);
    assert_eq!((world.taken(&name), world.taken(&format!("{name}.2"))), (0, 0));
}

pub(crate) async fn open_try_is_waited_for() {
    let world = World::new(1).await;
    let _worker = worker(&world).await;
    let (period, cycle) = period();
    let name = period.name().to_string();
    let credential = enrolled(&world.facade, &ProviderId::OMNO, "good", GOOD_CARD).await;
    world.journal.plan(first_try(&credential, &period)).await.unwrap();
    let fault = Fault::new(FaultKind::Close)
        .with_operation("POST /omno/transaction/create")
        .with_moment(Moment::AfterActing);
    world.sandbox.inject(fault).unwrap();
    world.send(&format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await.unwrap();
    assert_eq!(until(&world, 1, State::Review).await, [State::Review]);
    let refused = world.journal.plan_next_try(&attempt(&name), &attempt(&format!("{name}.2"))).await;
    assert!(refused.unwrap_err().to_string().contains("is review; wait until"));
    let decision = r#"{"what":"paid","by":"ann","why":"seen in the portal"}"#;
    world.call(&format!("RecurringAttempt/{name}/resolve"), decision).await.unwrap();
    let collected = world.call(&format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await.unwrap();
    assert_eq!(collected["state"], "paid");
    assert_eq!((world.taken(&name), until(&world, 1, State::Paid).await.len()), (1, 1));
}

pub(crate) async fn forbidden_card_is_not_charged_for_a_new_period() {
    let world = World::new(1).await;
    let _worker = worker(&world).await;
    let (period, cycle) = period();
    let name = period.name().to_string();
    let credential = enrolled(&world.facade, &ProviderId::REVIO, "stolen", STOLEN_CARD).await;
    let other = SeriesTry::new("sub-41", "2026-01", 1).unwrap();
    let other = ChargeIntent::new(request(&credential, "sub-41.2026-01")).with_series(other);
    let declined = world.journal.charge(&world.facade, other).await.unwrap();
    assert_eq!(declined.record.state, State::Declined);
    world.journal.plan(first_try(&credential, &period)).await.unwrap();
    let sent = world.sandbox.exchanges().len();
    let collected = world.call(&format!("RecurringPeriod/{name}/collect"), &cycle.to_string()).await.unwrap();
    assert_eq!((&collected["state"], &collected["attempt"]), (&json!("planned"), &json!(name)));
    let why = collected["why"].as_str().unwrap();
    assert!(why.contains("must not be charged again"), "{why}");
    assert_eq!(world.sandbox.exchanges().len(), sent);
}
