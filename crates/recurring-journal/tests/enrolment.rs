//! How an enrolment ends in the journal, by what the gateway says of its payment.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops by panicking")]

mod fake;
mod world;

use fake::{Fake, Means, payment};
use recurring_core::ErrorKind;
use recurring_facade::{EnrolStarted, Money, Outcome, Payment, PaymentRef, ProviderId};
use recurring_journal::{AttemptRecord, JournalError, Operation, Resumed, State};
use recurring_sandbox::LedgerKind;
use world::World;
use world::common::{GOOD_CARD, attempt, customer_pays, enrol_request, price};

/// The page refuses it.
const DECLINED_CARD: &str = "4000000000000002";

/// The gateways where the customer pays on a page.
const PAGES: [ProviderId; 3] = [ProviderId::OMNO, ProviderId::REVIO, ProviderId::EMSPAY];

async fn begin(world: &World, id: &ProviderId, customer: &str) -> EnrolStarted {
    world.journal.enrol(&world.facade, id, enrol_request(id, customer)).await.unwrap().unwrap()
}

/// Comes back from the page: what the gateway says, and the record after it.
async fn back(world: &World, started: &EnrolStarted, customer: &str) -> (Outcome, AttemptRecord) {
    let resumed = world.journal.resume(&world.facade, started.pending.clone()).await.unwrap();
    let Resumed::Read(read) = resumed else { panic!("{resumed:?}") };
    let record = world.journal.attempt(&attempt(&format!("{customer}-first"))).await.unwrap();
    (read.unwrap().payment.outcome, record)
}

async fn pay(started: &EnrolStarted, card: &str) {
    customer_pays(started.payment.redirect.as_deref().unwrap(), card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resumed_enrolment_ends_as_its_payment() {
    let world = World::new().await;
    for id in PAGES {
        // Not paid yet.
        let ann = format!("{id}-ann");
        let started = begin(&world, &id, &ann).await;
        let (outcome, record) = back(&world, &started, &ann).await;
        assert!(!outcome.is_definite(), "{id}: {outcome}");
        assert_eq!(record.state, State::Pending, "{id}");
        pay(&started, GOOD_CARD).await;
        let (outcome, paid) = back(&world, &started, &ann).await;
        assert_eq!((outcome, paid.state), (Outcome::Paid, State::Paid), "{id}");
        assert_eq!((paid.operation, paid.amount), (Operation::Enrolment, Some(price(&id))), "{id}");
        assert_eq!((paid.lease_until, paid.next_look), (None, None), "{id}");
        assert_eq!(paid.ending.redirect, None, "{id}");
        // The identifier of the first payment is what later ones are made with.
        assert_eq!(paid.payment.is_none(), id == ProviderId::REVIO, "{id}");
        // Read again, nothing changes, not even the log.
        let lines = world.journal.events(&paid.attempt).await.unwrap().len();
        assert_eq!(back(&world, &started, &ann).await.1, paid, "{id}");
        assert_eq!(world.journal.events(&paid.attempt).await.unwrap().len(), lines, "{id}");
    }
    assert!(world.reconciled().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_enrolment_gets_no_second_page() {
    let world = World::new().await;
    for id in PAGES {
        let ann = format!("{id}-ann");
        let (first, second) = (begin(&world, &id, &ann).await, begin(&world, &id, &ann).await);
        pay(&second, GOOD_CARD).await;
        assert_eq!(back(&world, &second, &ann).await.1.state, State::Paid, "{id}");
        // The page that was left says nothing about the one that was paid.
        assert!(!back(&world, &first, &ann).await.0.is_definite(), "{id}");
        assert_eq!(back(&world, &first, &ann).await.1.state, State::Paid, "{id}");
        let calls = world.sandbox.exchanges().len();
        let refused = world.journal.enrol(&world.facade, &id, enrol_request(&id, &ann)).await.unwrap_err();
        assert_eq!(refused, JournalError::Enrolled { attempt: attempt(&format!("{ann}-first")) }, "{id}");
        assert_eq!((refused.kind(), refused.effect().is_not_applied()), (ErrorKind::Conflict, true));
        assert_eq!(world.sandbox.exchanges().len(), calls, "{id}");
        let taken = world.sandbox.ledger().into_iter().filter(|entry| entry.kind == LedgerKind::Charge);
        assert_eq!(taken.filter(|entry| entry.reference == format!("{ann}-first")).count(), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_enrolment_may_be_begun_again() {
    let world = World::new().await;
    for id in PAGES {
        let ann = format!("{id}-ann");
        let first = begin(&world, &id, &ann).await;
        pay(&first, DECLINED_CARD).await;
        let (outcome, record) = back(&world, &first, &ann).await;
        assert_eq!(record.state, State::from(outcome), "{id}");
        if outcome == Outcome::Declined {
            assert!(record.ending.reason.is_some(), "{id}");
        }
        let second = begin(&world, &id, &ann).await;
        let record = world.journal.attempt(&record.attempt).await.unwrap();
        assert_eq!(record.state, State::Pending, "{id}");
        pay(&second, GOOD_CARD).await;
        assert_eq!(back(&world, &second, &ann).await.1.state, State::Paid, "{id}");
        assert_eq!(back(&world, &first, &ann).await.1.state, State::Paid, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_payment_settles_its_own_enrolment_alone() {
    let world = World::new().await;
    let id = ProviderId::EMSPAY;
    let _ = begin(&world, &id, "ann").await;
    let name = attempt("ann-first");
    let before = world.journal.attempt(&name).await.unwrap();
    let (_, facade) = Fake::new(Means::Status).facade();
    let named = |change: &dyn Fn(&mut Payment)| {
        let mut read = payment(Outcome::Paid, Some("p-1"), "ann-first");
        read.amount = Some(price(&id));
        change(&mut read);
        read
    };
    for (what, other) in [
        ("another name", named(&|read| read.merchant_reference = Some("bob-first".to_owned()))),
        ("no name", named(&|read| read.merchant_reference = None)),
        ("another gateway", named(&|read| read.provider = ProviderId::REVIO)),
        ("no amount", named(&|read| read.amount = None)),
        ("another amount", named(&|read| read.amount = Money::from_minor(1, price(&id).currency()).ok())),
        ("another currency", named(&|read| read.amount = Money::parse("40.00", "USD".parse().unwrap()).ok())),
    ] {
        assert_eq!(world.journal.record_enrolment(&facade, &other).await.unwrap(), None, "{what}");
        assert_eq!(world.journal.attempt(&name).await.unwrap(), before, "{what}");
    }
    // Of several that read at once, the one that saw it paid is right, whichever writes last.
    let calls: Vec<_> = [Outcome::Declined, Outcome::Paid, Outcome::Canceled, Outcome::Pending]
        .into_iter()
        .cycle()
        .take(16)
        .map(|outcome| {
            let (journal, facade, mut read) = (world.journal.clone(), facade.clone(), named(&|_| {}));
            read.outcome = outcome;
            tokio::spawn(async move { journal.record_enrolment(&facade, &read).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let record = world.journal.attempt(&name).await.unwrap();
    assert_eq!((record.state, record.payment), (State::Paid, Some(PaymentRef::new("p-1"))));
}
