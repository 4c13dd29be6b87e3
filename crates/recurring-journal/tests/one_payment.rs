//! A payment of a gateway belongs to one attempt: a second attempt with it goes to manual review.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use fake::{Fake, Means, lost, payment};
use recurring_facade::{Authenticity, Facade, Outcome, PaymentRef, ProviderId, ReceivedNotification};
use recurring_journal::{Answer, AttemptRecord, Decided, Decision, Journal, JournalError, State, StoreError};
use world::common::{attempt, credential};
use world::{World, request};

async fn charge(journal: &Journal, facade: &Facade, name: &str) -> Answer {
    journal.charge(facade, request(&credential(&ProviderId::EMSPAY), name)).await.unwrap()
}

/// In review, without a payment of its own, with a note that names the other attempt and its payment.
fn assert_conflict(record: &AttemptRecord, other: &str, payment: &str) {
    assert_eq!((record.state, &record.payment, record.next_look), (State::Review, &None, None), "{record:?}");
    let note = record.note.as_deref().unwrap();
    assert!(note.contains(&format!("attempt {other}")) && note.contains(payment), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_charge_with_one_payment_is_reviewed() {
    let world = World::new().await;
    // A caching proxy: the second charge is answered with the reply to the first.
    let reply = || Ok(payment(Outcome::Paid, Some("p-1"), "a"));
    let (fake, facade) = Fake::new(Means::LookUp).answers([reply(), reply()]).facade();
    assert_eq!(charge(&world.journal, &facade, "a").await.record.state, State::Paid);
    let second = charge(&world.journal, &facade, "b").await;
    assert_conflict(&second.record, "a", "p-1");
    assert!(second.payment.is_none() && second.agreement.is_none() && !second.is_paid(), "{second:?}");
    assert!(second.error.unwrap().effect().is_unknown());
    assert_eq!(second.unrecorded, None);
    // It stays there: nothing is sent, and nothing is looked up by itself.
    let again = charge(&world.journal, &facade, "b").await;
    assert_eq!((again.again, again.record.state, fake.left()), (true, State::Review, 0));
    assert!(world.reconciled().await.is_empty());
    assert_eq!(world.journal.attempt(&attempt("a")).await.unwrap().payment, Some(PaymentRef::new("p-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn anchor_of_another_attempt_keeps_the_charge_back() {
    let world = World::new().await;
    let mut fake = Fake::new(Means::LookUp);
    fake.anchor = Some("p-1");
    let paid = || Ok(payment(Outcome::Paid, Some("p-1"), "a"));
    let (fake, facade) = fake.answers([paid(), paid()]).facade();
    assert_eq!(charge(&world.journal, &facade, "a").await.record.state, State::Paid);
    let second = charge(&world.journal, &facade, "b").await;
    assert_eq!(fake.left(), 1, "charged");
    assert_conflict(&second.record, "a", "p-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn look_up_that_finds_the_payment_of_another_is_reviewed() {
    let world = World::new().await;
    let (fake, facade) = Fake::new(Means::LookUp)
        .answers([Ok(payment(Outcome::Paid, Some("p-1"), "a")), Err(lost(None))])
        .facade();
    let _ = charge(&world.journal, &facade, "a").await;
    assert_eq!(charge(&world.journal, &facade, "b").await.record.state, State::Unknown);
    for outcome in [Outcome::Pending, Outcome::Paid] {
        fake.will_read(Ok(payment(outcome, Some("p-1"), "b")));
        let looked = world.journal.look(&facade, &attempt("b")).await.unwrap().unwrap();
        assert_conflict(&looked.record, "a", "p-1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_that_names_the_payment_of_another_is_reviewed() {
    let world = World::new().await;
    let (fake, facade) = Fake::new(Means::Status)
        .answers([Ok(payment(Outcome::Paid, Some("p-1"), "a")), Err(lost(None))])
        .facade();
    let _ = charge(&world.journal, &facade, "a").await;
    let _ = charge(&world.journal, &facade, "b").await;
    let mut received = ReceivedNotification::new(ProviderId::EMSPAY, Authenticity::Unsigned, "key");
    received.payment = Some(PaymentRef::new("p-1"));
    received.merchant_reference = Some("b".to_owned());
    fake.will_read(Ok(payment(Outcome::Paid, Some("p-1"), "b")));
    world.journal.notified(&facade, &(&received).into()).await.unwrap();
    assert_conflict(&world.journal.attempt(&attempt("b")).await.unwrap(), "a", "p-1");
    assert_eq!(world.journal.store().unhandled(10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_cannot_name_the_payment_of_another() {
    let world = World::new().await;
    let (_, facade) = Fake::new(Means::Status)
        .answers([Ok(payment(Outcome::Paid, Some("p-1"), "a")), Err(lost(None))])
        .facade();
    let _ = charge(&world.journal, &facade, "a").await;
    let _ = charge(&world.journal, &facade, "b").await;
    let mut decision = Decision {
        what: Decided::Paid,
        payment: Some(PaymentRef::new("p-1")),
        by: "ann".to_owned(),
        why: "seen in the portal".to_owned(),
        force: true,
    };
    let before = world.journal.look(&facade, &attempt("b")).await.unwrap().unwrap().record;
    let error = world.journal.resolve(&facade, &attempt("b"), &decision).await.unwrap_err();
    assert!(
        matches!(&error, JournalError::Contradicted { why, .. } if why.contains("p-1") && why.contains("attempt a")),
        "{error:?}"
    );
    // It stands as it stood, and another operator may decide.
    let after = world.another().await.attempt(&attempt("b")).await.unwrap();
    assert_eq!((after.state, &after.note, &after.decided_by), (before.state, &before.note, &None));
    assert_eq!((after.next_look, after.lease_until), (before.next_look, None));
    decision.payment = Some(PaymentRef::new("p-2"));
    let record = world.another().await.resolve(&facade, &attempt("b"), &decision).await.unwrap();
    assert_eq!((record.state, record.payment), (State::Paid, Some(PaymentRef::new("p-2"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn late_worker_with_the_payment_of_another_is_reviewed() {
    let world = World::new().await;
    let paid = || Ok(payment(Outcome::Paid, Some("p-1"), "a"));
    let (fake, facade) = Fake::new(Means::LookUp).answers([paid(), paid()]).facade();
    let _ = charge(&world.journal, &facade, "a").await;
    let held = fake.gate.lock().await;
    let late = {
        let (journal, facade) = (world.journal.clone(), facade.clone());
        tokio::spawn(async move { charge(&journal, &facade, "b").await })
    };
    while fake.left() > 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance((world.journal.policy().lease + world.journal.policy().settle_time) * 2);
    assert_eq!(world.another().await.attempt(&attempt("b")).await.unwrap().state, State::Unknown);
    drop(held);
    let answer = late.await.unwrap();
    assert_eq!((answer.unrecorded, answer.record.state), (Some(StoreError::Fenced), State::Review));
    assert!(answer.payment.is_none(), "{:?}", answer.payment);
    assert_conflict(&world.journal.attempt(&attempt("b")).await.unwrap(), "a", "p-1");
}
