//! What an operator does: decides about an attempt, and pauses a gateway.

use std::num::NonZeroU32;
use std::time::Duration;

use recurring_facade::{ProviderId, RefundRequest};
use recurring_journal::{Breaker, Decided, Decision, Journal, Policy, State};
use recurring_restate::{Waits, Worker};
use recurring_sandbox::{Fault, FaultKind, LedgerKind, Moment};
use restate_sdk::prelude::*;
use serde_json::Value;

use crate::common::attempt;
use crate::worker::{Dying, again_at, start};
use crate::world::{BOUND, World, key};

/// A worker that looks at once, and waits so long for a decision that is made without the engine.
async fn worker(world: &World, review: Duration) -> Dying {
    let mut policy = Policy::default();
    policy.first_look = Duration::ZERO;
    let builder = Journal::builder().with_policy(policy).with_encryption_key(key());
    let journal = builder.open(&world.address).await.unwrap();
    let mut waits = Waits::default();
    waits.review = review;
    waits.pause = Duration::from_secs(1);
    let worker = Worker::new(journal, world.clients()).with_waits(waits);
    start(world, worker).await.0
}

/// Waits until the journal has the attempt in one of these states.
async fn until(world: &World, name: &str, states: &[State]) {
    let waiting = async {
        while !states.contains(&world.journal.attempt(&attempt(name)).await.unwrap().state) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(BOUND, waiting).await;
    if in_time.is_err() {
        let record = world.journal.attempt(&attempt(name)).await.unwrap();
        panic!("{name} is {record:?} and not {states:?}: {}", world.log());
    }
}

/// At omno nothing can be looked up when the answer was lost: only an operator can find out.
async fn lose_answers(world: &World, names: &[&str]) {
    world.plan(&ProviderId::OMNO, names.iter().map(|name| (*name).to_owned())).await;
    let times = u32::try_from(names.len()).unwrap();
    let fault = Fault::new(FaultKind::Close)
        .with_operation("POST /omno/transaction/create")
        .with_moment(Moment::AfterActing)
        .with_times(times);
    world.sandbox.inject(fault).unwrap();
    for name in names {
        world.send(&format!("RecurringAttempt/{name}/charge"), "").await.unwrap();
        until(world, name, &[State::Review]).await;
    }
}

pub(crate) async fn decision_wakes_what_waits_for_it() {
    let world = World::new(1).await;
    let _worker = worker(&world, Duration::from_secs(24 * 3600)).await;
    lose_answers(&world, &["by-engine", "by-journal"]).await;

    let refused = r#"{"what":"unknown","by":"ann","why":"a guess"}"#;
    let error = world.call("RecurringAttempt/by-engine/resolve", refused).await.unwrap_err();
    assert!(error.contains("decide paid"), "{error}");
    let decision = r#"{"what":"paid","by":"ann","why":"seen in the portal"}"#;
    let decided = world.call("RecurringAttempt/by-engine/resolve", decision).await.unwrap();
    assert_eq!(decided["state"], "paid");
    // It waits behind the handler that waited for the decision, and is answered by the journal.
    let ended = world.call("RecurringAttempt/by-engine/charge", "").await.unwrap();
    assert_eq!((&ended["state"], &ended["decided"]), (&Value::from("paid"), &Value::from(true)));
    assert_eq!(world.taken("by-engine"), 1);

    let decision = Decision {
        what: Decided::Paid,
        payment: None,
        by: "ann".to_owned(),
        why: "seen in the portal".to_owned(),
        force: false,
    };
    let _ = world.journal.resolve(&world.facade, &attempt("by-journal"), &decision).await.unwrap();
    world.call("RecurringAttempt/by-journal/wake", "").await.unwrap();
    let ended = world.call("RecurringAttempt/by-journal/charge", "").await.unwrap();
    assert_eq!(ended["state"], "paid");
    assert_eq!(world.taken("by-journal"), 1);
    let error = world.call("RecurringAttempt/no-such-attempt/charge", "").await.unwrap_err();
    assert!(error.starts_with("404") && error.contains("no attempt with this name"), "{error}");
}

pub(crate) async fn paused_gateway_is_sent_nothing() {
    let world = World::new(1).await;
    let _worker = worker(&world, Duration::from_secs(1)).await;
    let names = |id: &str| (0..10).map(|number| format!("{id}-{number}")).collect::<Vec<_>>();
    world.plan(&ProviderId::EMSPAY, names("e")).await;
    world.plan(&ProviderId::REVIO, names("r")).await;
    world.call("RecurringGateway/emspay/pause", r#"{"why":"maintenance"}"#).await.unwrap();
    assert_eq!(world.call("RecurringRun/planned", "").await.unwrap(), 20);
    for name in names("r") {
        until(&world, &name, &[State::Paid]).await;
    }
    let shown = world.call("RecurringGateway/emspay/show", "").await.unwrap();
    assert_eq!(shown["why"], "maintenance");
    for name in names("e") {
        let shown = world.call(&format!("RecurringAttempt/{name}/show"), "").await.unwrap();
        assert_eq!((&shown["state"], world.taken(&name)), (&Value::from("planned"), 0), "{name}");
    }
    world.call("RecurringGateway/emspay/resume", "").await.unwrap();
    for name in names("e") {
        until(&world, &name, &[State::Pending, State::Paid]).await;
        assert_eq!(world.taken(&name), 1, "{name}");
    }
}

pub(crate) async fn refused_key_leaves_charges_in_their_lane() {
    let world = World::new(1).await;
    let settings = crate::common::settings(&world.sandbox).set("EMSPAY_API_KEY", "not-the-key").unwrap();
    let mut breaker = Breaker::default();
    breaker.pause = Duration::from_secs(20);
    let journal = crate::world::journal(&world.address).await;
    // One lane: the gateway's pause comes after its step, so that nothing is under way then, and it waits so long.
    let wrong = Worker::new(journal, settings.facade().unwrap()).with_lanes(NonZeroU32::MIN);
    let (wrong, address) = start(&world, wrong.with_breaker(breaker)).await;
    let names: Vec<String> = (0..40).map(|number| format!("e-{number}")).collect();
    world.plan(&ProviderId::EMSPAY, names.clone()).await;
    assert_eq!(world.call("RecurringRun/planned", "").await.unwrap(), 40);
    while world.call("RecurringGateway/emspay/show", "").await.unwrap().is_null() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(wrong);

    let journal = crate::world::journal(&world.address).await;
    let right = Worker::new(journal, world.clients()).with_breaker(breaker);
    // What has begun goes on at the same address.
    let _right = Dying::start(again_at(address).await, right.bind(Endpoint::builder()).build());
    for name in &names {
        until(&world, name, &[State::Pending, State::Paid]).await;
        assert_eq!(world.taken(name), 1, "{name}");
    }
}

pub(crate) async fn planned_refund_is_made_once() {
    let world = World::new(1).await;
    let _worker = worker(&world, Duration::from_secs(1)).await;
    let id = ProviderId::REVIO;
    world.plan(&id, ["paid".to_owned()]).await;
    let paid = world.call("RecurringAttempt/paid/charge", "").await.unwrap();
    assert_eq!(paid["state"], "paid");
    let payment = world.journal.attempt(&attempt("paid")).await.unwrap().payment.unwrap();
    let refund = RefundRequest::new(attempt("back"), payment);
    world.journal.plan_refund(&id, &refund).await.unwrap();
    for _ in 0..2 {
        let back = world.call("RecurringAttempt/back/refund", "").await.unwrap();
        assert_eq!(back["state"], "paid");
    }
    let ledger = world.sandbox.ledger();
    assert_eq!(ledger.iter().filter(|line| line.kind == LedgerKind::Refund).count(), 1);
}
