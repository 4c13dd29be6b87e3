//! What the journal refuses before anything is sent: timeouts that do not fit together, and decisions that come too early.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::time::Duration;

use recurring_facade::{PaymentRef, ProviderId, RefundRequest};
use recurring_journal::{Decided, Decision, JournalError, State};
use recurring_sandbox::{FaultKind, Moment};
use world::common::{FADING_CARD, GOOD_CARD, attempt, settings};
use world::{CHARGING, World, charging, request, schedule_request, unreadable};

fn not_applied() -> Decision {
    Decision {
        what: Decided::NotApplied,
        payment: None,
        by: "ann".to_owned(),
        why: "not in the portal".to_owned(),
        force: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_longer_than_the_lease_is_refused() {
    let world = World::new().await;
    let hour = Duration::from_secs(60 * 60);
    let calls = world.sandbox.exchanges().len();
    for id in ProviderId::ALL.iter().cloned() {
        let slow = settings(&world.sandbox).with_timeout(hour).facade_of(&id).unwrap();
        let error = if id == ProviderId::NGENIUS {
            world.journal.schedule(&slow, &id, schedule_request("slow")).await.unwrap_err()
        } else {
            let credential = world.credential(&id, GOOD_CARD).await;
            world.journal.charge(&slow, request(&credential, "slow")).await.unwrap_err()
        };
        assert!(matches!(&error, JournalError::Settings(_)), "{id}: {error:?}");
        let says = error.to_string();
        assert!(says.contains("1800s") && says.contains("1620s") && says.contains("--timeout"), "{says}");
        assert!(error.effect().is_not_applied() && world.taken("slow") == 0, "{id}");
        if id != ProviderId::OMNO && id != ProviderId::NGENIUS {
            let refund = RefundRequest::new(attempt("back"), PaymentRef::new("p-1"));
            let error = world.journal.refund(&slow, &id, refund).await.unwrap_err();
            assert!(matches!(&error, JournalError::Settings(_)), "{id}: {error:?}");
        }
        // By its default time-outs every gateway fits.
        let usual = world.facade.provider(&id).unwrap().longest_operation().unwrap();
        assert!(usual <= world.journal.policy().send_window(), "{id}: {usual:?}");
    }
    assert!(world.sandbox.exchanges().len() > calls);
    assert!(world.journal.attempt(&attempt("slow")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn not_applied_is_refused_while_a_call_may_run() {
    let world = World::new().await;
    for id in CHARGING {
        let name = format!("{id}-1");
        let credential = world.credential(&id, GOOD_CARD).await;
        world.sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::BeforeActing)).unwrap();
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        let error = world.journal.resolve(&world.facade, &attempt(&name), &not_applied()).await.unwrap_err();
        assert!(
            matches!(&error, JournalError::Contradicted { why, .. } if why.contains("under way until")),
            "{id}: {error:?}"
        );
        let state = world.journal.attempt(&attempt(&name)).await.unwrap().state;
        assert!(matches!(state, State::Unknown | State::Review), "{id}: {state}");
        // Forced, it is taken, and kept with who and why.
        let forced = Decision { force: true, ..not_applied() };
        let record = world.journal.resolve(&world.facade, &attempt(&name), &forced).await.unwrap();
        assert_eq!((record.state, record.decided_by.as_deref()), (State::NotApplied, Some("ann")), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_applied_is_taken_once_nothing_can_run() {
    let world = World::new().await;
    for id in [ProviderId::OMNO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED] {
        let name = format!("{id}-1");
        let credential = world.credential(&id, GOOD_CARD).await;
        world.sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::BeforeActing)).unwrap();
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        world.clock.advance(world.journal.policy().settle_time);
        world.sandbox.inject(unreadable(&id)).unwrap();
        let told = world.journal.resolve(&world.facade, &attempt(&name), &not_applied()).await;
        world.sandbox.clear_faults();
        if id != ProviderId::OMNO {
            // At Omno there is nothing to ask.
            let error = told.unwrap_err();
            assert!(
                matches!(&error, JournalError::Contradicted { why, .. } if why.contains("could not be asked")),
                "{id}: {error:?}"
            );
            world.journal.resolve(&world.facade, &attempt(&name), &not_applied()).await.unwrap();
        }
        let again = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        assert!(!again.again, "{id}");
        assert_eq!(world.taken(&name), 1, "{id}");
        world.clock.reset();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_against_the_gateway_is_refused() {
    let world = World::new().await;
    // What the gateway settles by itself needs no decision, and takes none against it.
    for (id, card, state) in [
        (ProviderId::REVIO, GOOD_CARD, State::Paid),
        (ProviderId::EMSPAY, GOOD_CARD, State::Paid),
        (ProviderId::EMSPAY, FADING_CARD, State::Declined),
    ] {
        let name = format!("{id}-{state}");
        let credential = world.credential(&id, card).await;
        world.sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
        world.sandbox.inject(unreadable(&id)).unwrap();
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        world.sandbox.clear_faults();
        world.clock.advance(world.journal.policy().settle_time);
        let forced = Decision { force: true, ..not_applied() };
        let error = world.journal.resolve(&world.facade, &attempt(&name), &forced).await.unwrap_err();
        assert!(matches!(&error, JournalError::NotToDecide { .. }), "{name}: {error:?}");
        assert_eq!(world.journal.attempt(&attempt(&name)).await.unwrap().state, state, "{name}");
        world.clock.reset();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_about_an_attempt_under_way_is_refused() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    world.sandbox.inject(charging(&ProviderId::EMSPAY, FaultKind::Delay { millis: 1_000 })).unwrap();
    let charging = {
        let (journal, facade, request) =
            (world.journal.clone(), world.facade.clone(), request(&credential, "a"));
        tokio::spawn(async move { journal.charge(&facade, request).await.unwrap() })
    };
    world.until_taken("a", &charging).await;
    let other = world.another().await;
    // The lease is over by the store's clock, but its owner lives.
    world.clock.advance(world.journal.policy().lease + Duration::from_secs(60));
    let forced = Decision { force: true, ..not_applied() };
    let error = other.resolve(&world.facade, &attempt("a"), &forced).await.unwrap_err();
    assert!(matches!(error, JournalError::NotToDecide { state: "armed", .. }), "{error:?}");
    let _ = charging.await.unwrap();
    assert_eq!(world.taken("a"), 1);
}
