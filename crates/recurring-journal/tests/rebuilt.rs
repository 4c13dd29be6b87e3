//! A first payment whose answer was lost: asked again, the journal gives the stored credential all the same.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use recurring_facade::{Agreement, PendingEnrolment, ProviderId, StoredCredential};
use recurring_journal::{Answer, EncryptionKey, Journal, Resumed, State};
use recurring_sandbox::{Fault, FaultKind, Moment};
use world::common::{GOOD_CARD, attempt, customer_pays, enrol_request};
use world::{World, request};

const ID: ProviderId = ProviderId::TOKENPAY_SIGNED;
const SALE: &str = "POST /tokenpay/tokenization/sale";

/// Sends a customer to the page, where a card is stored.
async fn card_stored(world: &World, name: &str, card: &str) -> PendingEnrolment {
    let started = world.facade.enrol(&ID, enrol_request(&ID, name)).await.unwrap();
    customer_pays(&started.payment.redirect.unwrap(), card).await;
    started.pending
}

async fn resume(world: &World, journal: &Journal, pending: &PendingEnrolment) -> Answer {
    match journal.resume(&world.facade, pending.clone()).await.unwrap() {
        Resumed::Made(answer) => *answer,
        Resumed::Read(read) => panic!("only read: {read:?}"),
    }
}

/// Takes a first payment whose answer is lost, and finds it.
async fn lost_and_found(world: &World, journal: &Journal, name: &str) -> PendingEnrolment {
    let pending = card_stored(world, name, GOOD_CARD).await;
    world
        .sandbox
        .inject(Fault::new(FaultKind::Close).with_moment(Moment::AfterActing).with_operation(SALE))
        .unwrap();
    let lost = resume(world, journal, &pending).await;
    assert_eq!((lost.record.state, lost.agreement.is_some()), (State::Unknown, false));
    world.clock.advance(journal.policy().settle_time);
    journal.reconcile(&world.facade).await.unwrap();
    let first = attempt(&format!("{name}-first"));
    assert_eq!(journal.attempt(&first).await.unwrap().state, State::Paid);
    pending
}

async fn keyed(world: &World) -> Journal {
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let builder = Journal::builder().with_clock(world.clock.clone()).with_encryption_key(key);
    builder.with_store(world.store().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_without_a_key_rebuilds_the_credential() {
    let world = World::new().await;
    let pending = lost_and_found(&world, &world.journal, "lost").await;
    for number in 0..2 {
        let answer = resume(&world, &world.journal, &pending).await;
        assert!(answer.again && answer.is_paid() && answer.no_agreement.is_none(), "{answer:?}");
        let Some(Agreement::ChargeOnDemand(credential)) = answer.agreement else { panic!("no credential") };
        let name = format!("renewal-{number}");
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        assert_eq!(world.taken(&name), 1);
    }
    assert_eq!(world.taken("lost-first"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_as_json_has_no_token() {
    let world = World::new().await;
    let journal = keyed(&world).await;
    let pending = card_stored(&world, "json", GOOD_CARD).await;
    let mut answer = resume(&world, &journal, &pending).await;
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!((&json["record"]["state"], &json["again"]), (&"paid".into(), &false.into()), "{json}");
    assert_eq!(json["agreement"]["kind"], "charge_on_demand");
    for absent in ["error", "no_agreement", "unrecorded"] {
        assert!(json[absent].is_null() && json.get(absent).is_some(), "{absent}: {json}");
    }
    // The sandbox's tokens are short numbers: a text that can be found again takes their place.
    for stored in [
        r#"{"provider":"tokenpay-signed","user_id":"u","token_id":"sentinel","parent_order_id":1}"#,
        r#"{"provider":"emspay","vault_token":"sentinel"}"#,
        r#"{"provider":"revio","client_id":"c","recurring_token":"sentinel"}"#,
        r#"{"provider":"other","gateway":"mine","data":"sentinel"}"#,
    ] {
        let credential: StoredCredential = serde_json::from_str(stored).unwrap();
        // Negative control: the credential itself is written in full, on purpose.
        assert!(serde_json::to_string(&credential).unwrap().contains("sentinel"));
        answer.agreement = Some(Agreement::ChargeOnDemand(credential));
        let shown = serde_json::to_string(&answer).unwrap();
        assert!(shown.contains("charge_on_demand") && !shown.contains("sentinel"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_with_a_key_seals_what_it_rebuilt() {
    let world = World::new().await;
    let journal = keyed(&world).await;
    let pending = lost_and_found(&world, &journal, "lost").await;
    assert!(resume(&world, &journal, &pending).await.agreement.is_some());
    // From now on the gateway is not asked.
    let calls = world.sandbox.exchanges().len();
    let answer = resume(&world, &keyed(&world).await, &pending).await;
    assert!(answer.agreement.is_some() && answer.record.state == State::Paid, "{answer:?}");
    assert_eq!(world.sandbox.exchanges().len(), calls);
    let events = journal.events(&attempt("lost-first")).await.unwrap();
    let words: Vec<&str> = events.iter().rev().take(2).map(|event| event.what.as_str()).collect();
    assert_eq!(words, ["paid", "paid"], "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_that_cannot_rebuild_says_what_to_do() {
    let world = World::new().await;
    let pending = lost_and_found(&world, &world.journal, "lost").await;
    // The gateway is out of order: it can be asked again.
    let unreadable = Fault::new(FaultKind::Close).with_operation("POST /tokenpay/**").until_cleared();
    world.sandbox.inject(unreadable).unwrap();
    let answer = resume(&world, &world.journal, &pending).await;
    assert!(answer.is_paid() && answer.agreement.is_none(), "{answer:?}");
    assert!(answer.no_agreement.unwrap().contains("resume it again"));
    world.sandbox.clear_faults();
    // A second card: nothing tells which one paid.
    card_stored(&world, "lost", "5555555555554444").await;
    let answer = resume(&world, &world.journal, &pending).await;
    assert!(answer.is_paid() && answer.agreement.is_none() && answer.error.is_none(), "{answer:?}");
    let why = answer.no_agreement.unwrap();
    assert!(why.contains("2 cards") && why.contains("do not take it again"), "{why}");
    assert_eq!(world.taken("lost-first"), 1);
}
