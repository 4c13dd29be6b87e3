//! Charging through the journal, against the sandbox, whose ledger is the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::time::Duration;

use recurring_facade::{Agreement, ErrorKind, Money, PaymentRef, ProviderId, RefundRequest};
use recurring_journal::{
    Decided, Decision, EncryptionKey, Journal, JournalError, Resumed, State, StoreError,
};
use recurring_sandbox::{FaultKind, Moment};
use world::common::{FADING_CARD, GOOD_CARD, attempt, customer_pays, enrol_request, price};
use world::{CHARGING, World, charging, request, schedule_request, unreadable};

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_gets_the_stored_answer_and_nothing_is_sent() {
    let world = World::new().await;
    for id in CHARGING {
        let name = format!("{id}-1");
        let credential = world.credential(&id, GOOD_CARD).await;
        let first = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        let calls = world.sandbox.exchanges().len();
        let again = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        let elsewhere =
            world.another().await.charge(&world.facade, request(&credential, &name)).await.unwrap();
        assert_eq!(world.sandbox.exchanges().len(), calls, "{id}");
        assert_eq!((first.again, again.again, elsewhere.again), (false, true, true), "{id}");
        assert_eq!(first.record, again.record, "{id}");
        assert_eq!(again.record, elsewhere.record, "{id}");
        assert!(matches!(first.record.state, State::Paid | State::Pending), "{id}: {:?}", first.record);
        assert_eq!(world.taken(&name), 1, "{id}");
    }
    world.reconciled().await;
    for id in CHARGING {
        let record = world.journal.attempt(&attempt(&format!("{id}-1"))).await.unwrap();
        assert_eq!(record.state, State::Paid, "{record:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_is_an_answer_and_stays_one() {
    let world = World::new().await;
    for id in CHARGING {
        let credential = world.credential(&id, FADING_CARD).await;
        let name = format!("{id}-1");
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        world.reconciled().await;
        let again = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        assert_eq!((again.again, again.record.state, world.taken(&name)), (true, State::Declined, 0), "{id}");
        assert!(again.record.ending.status.is_some(), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_in_eight_processes_on_one_name_send_once() {
    let world = World::new().await;
    for id in CHARGING {
        let credential = world.credential(&id, GOOD_CARD).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let journal = world.another().await;
            for _ in 0..8 {
                let (journal, facade, credential) =
                    (journal.clone(), world.facade.clone(), credential.clone());
                let name = format!("{id}-one");
                tasks.spawn(
                    async move { journal.charge(&facade, request(&credential, &name)).await.unwrap() },
                );
            }
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.again).count(), 1, "{id}");
        assert_eq!(world.taken(&format!("{id}-one")), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stands_for_one_payment() {
    let world = World::new().await;
    let id = ProviderId::EMSPAY;
    let credential = world.credential(&id, GOOD_CARD).await;
    let _ = world.journal.charge(&world.facade, request(&credential, "a")).await.unwrap();
    let mut dearer = request(&credential, "a");
    dearer.amount = Money::from_minor(4001, dearer.amount.currency()).unwrap();
    let other_card = world.credential(&id, FADING_CARD).await;
    let elsewhere = world.credential(&ProviderId::REVIO, GOOD_CARD).await;
    let calls = world.sandbox.exchanges().len();
    let error = world.journal.charge(&world.facade, dearer).await.unwrap_err();
    let recorded = Some(price(&id));
    assert_eq!(error, JournalError::OtherAmount { attempt: attempt("a"), recorded });
    assert!(
        error.effect().is_not_applied() && error.to_string().contains("another amount (40.00 EUR"),
        "{error}"
    );
    for (other, expected) in
        [(request(&other_card, "a"), "credential"), (request(&elsewhere, "a"), "provider")]
    {
        let error = world.journal.charge(&world.facade, other).await.unwrap_err();
        assert!(
            matches!(&error, JournalError::OtherPayment { difference, .. } if *difference == expected),
            "{error:?}"
        );
        assert!(error.effect().is_not_applied());
    }
    assert_eq!(world.sandbox.exchanges().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_looked_up_and_never_sent_again() {
    for (when, taken) in [(Moment::AfterActing, 1), (Moment::BeforeActing, 0)] {
        for id in CHARGING {
            let world = World::new().await;
            let name = format!("{id}-1");
            let credential = world.credential(&id, GOOD_CARD).await;
            world.sandbox.inject(charging(&id, FaultKind::Reset).with_moment(when)).unwrap();
            world.sandbox.inject(unreadable(&id)).unwrap();
            let answer = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
            assert_eq!(answer.record.state, State::Unknown, "{id}");
            assert!(answer.error.unwrap().effect().is_unknown());
            world.sandbox.clear_faults();
            let again = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
            assert_eq!((again.again, again.record.state), (true, State::Unknown), "{id}");
            world.reconciled().await;
            let record = world.journal.attempt(&attempt(&name)).await.unwrap();
            let expected = match (id.as_str(), when) {
                ("omno", _) => State::Review,
                (_, Moment::AfterActing) => State::Paid,
                ("revio", _) => State::NotApplied,
                _ => State::Review,
            };
            assert_eq!((record.state, world.taken(&name)), (expected, taken), "{id}: {record:?}");
            if expected == State::NotApplied {
                // Proven: it may be made again.
                let second = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
                assert_eq!((second.again, second.record.state), (false, State::Paid));
                assert_eq!(world.taken(&name), 1);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_left_may_be_made_again() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let mut late = request(&credential, "a");
    // A rule of the series that is checked here: nothing leaves.
    late.amount = Money::from_minor(4001, late.amount.currency()).unwrap();
    let refused = world.journal.charge(&world.facade, late.clone()).await.unwrap();
    assert_eq!((refused.record.state, refused.again), (State::NotApplied, false));
    assert_eq!(refused.record.ending.kind, Some(ErrorKind::InvalidRequest));
    let again = world.journal.charge(&world.facade, late.clone()).await.unwrap();
    assert_eq!((again.record.state, again.again), (State::NotApplied, false));
    // Planning does not send it, so it does not take the place of what is recorded.
    let right = request(&credential, "a");
    let error = world.journal.plan(&right).await.unwrap_err();
    assert!(error.to_string().contains("another amount (40.01 EUR"), "{error}");
    // The amount was a slip: nothing was sent under the name, which is not bound to it.
    let paid = world.journal.charge(&world.facade, right).await.unwrap();
    assert_eq!((paid.again, paid.record.amount), (false, Some(price(&ProviderId::EMSPAY))));
    assert!(matches!(paid.record.state, State::Paid | State::Pending), "{:?}", paid.record);
    let error = world.journal.charge(&world.facade, late).await.unwrap_err();
    assert!(error.to_string().contains("another amount (40.00 EUR"), "{error}");
    assert_eq!(world.taken("a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_a_charge() {
    let world = World::new().await;
    let id = ProviderId::NGENIUS;
    let schedule = |name: &'static str| world.journal.schedule(&world.facade, &id, schedule_request(name));
    let first = schedule("a").await.unwrap();
    assert!(first.is_paid());
    let again = schedule("a").await.unwrap();
    assert!(again.again);
    let reference = |answer: &recurring_journal::Answer| match &answer.agreement {
        Some(Agreement::GatewayScheduled(schedule)) => schedule.order_reference.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reference(&first), reference(&again));
    world.sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
    assert_eq!(schedule("b").await.unwrap().record.state, State::Unknown);
    assert!(schedule("b").await.unwrap().again);
    world.reconciled().await;
    let record = world.journal.attempt(&attempt("b")).await.unwrap();
    assert_eq!(record.state, State::Review, "the reference was in the lost answer");
    assert_eq!((world.taken("a"), world.taken("b")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_payment_of_a_stored_card_is_taken_once() {
    let world = World::new().await;
    let id = ProviderId::TOKENPAY_SIGNED;
    let key = EncryptionKey::new(&recurring_fixtures::key(9)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(world.store().await).await.unwrap();
    let started = world.facade.enrol(&id, enrol_request(&id, "ann")).await.unwrap();
    customer_pays(started.payment.redirect.as_deref().unwrap(), GOOD_CARD).await;
    let resume = || journal.resume(&world.facade, started.pending.clone());
    for again in [false, true, true] {
        let Resumed::Made(answer) = resume().await.unwrap() else { panic!("only read") };
        assert_eq!((answer.again, answer.record.state), (again, State::Paid));
        assert!(matches!(answer.agreement, Some(Agreement::ChargeOnDemand(_))), "{answer:?}");
    }
    assert_eq!(world.taken("ann-first"), 1);
    // Elsewhere the customer pays on the page, and coming back only reads.
    let started =
        world.facade.enrol(&ProviderId::EMSPAY, enrol_request(&ProviderId::EMSPAY, "bob")).await.unwrap();
    let resumed = journal.resume(&world.facade, started.pending).await.unwrap();
    assert!(matches!(&resumed, Resumed::Read(read) if read.is_ok()), "{resumed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_made_once_and_an_unknown_one_goes_to_a_person() {
    let world = World::new().await;
    let id = ProviderId::REVIO;
    let credential = world.credential(&id, GOOD_CARD).await;
    let paid = world.journal.charge(&world.facade, request(&credential, "a")).await.unwrap();
    let refund = |name: &'static str| {
        let mut request = RefundRequest::new(attempt(name), paid.record.payment.clone().unwrap());
        request.amount = Some(Money::from_minor(100, price(&id).currency()).unwrap());
        world.journal.refund(&world.facade, &ProviderId::REVIO, request)
    };
    let first = refund("r-1").await.unwrap();
    assert_eq!((first.record.state, first.record.payment), (State::Paid, None));
    assert!(refund("r-1").await.unwrap().again);
    let lost = recurring_sandbox::Fault::new(FaultKind::Close).with_operation("POST /revio/**/refund/");
    world.sandbox.inject(lost.with_moment(Moment::AfterActing)).unwrap();
    assert_eq!(refund("r-2").await.unwrap().record.state, State::Unknown);
    world.reconciled().await;
    assert_eq!(world.journal.attempt(&attempt("r-2")).await.unwrap().state, State::Review);
    let kinds: Vec<_> = world.sandbox.ledger().into_iter().map(|entry| entry.kind).collect();
    let refunds = kinds.iter().filter(|kind| **kind == recurring_sandbox::LedgerKind::Refund).count();
    assert_eq!(refunds, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_refund_is_made_once() {
    let world = World::new().await;
    let id = ProviderId::REVIO;
    let credential = world.credential(&id, GOOD_CARD).await;
    let paid = world.journal.charge(&world.facade, request(&credential, "a")).await.unwrap();
    let payment = paid.record.payment.clone().unwrap();
    let part = Money::from_minor(100, price(&id).currency()).unwrap();
    let refund = |name| RefundRequest::new(attempt(name), payment.clone()).with_amount(part);

    let error = world.journal.plan_refund(&id, &refund("r-1")).await.unwrap_err();
    assert!(error.to_string().contains("journal_key"), "{error}");
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let builder = Journal::builder().with_clock(world.clock.clone()).with_encryption_key(key);
    let journal = builder.with_store(world.store().await).await.unwrap();
    let planned = journal.plan_refund(&id, &refund("r-1")).await.unwrap();
    assert_eq!((planned.state, planned.payment), (State::Planned, None));
    let returned = || {
        let ledger = world.sandbox.ledger();
        ledger.iter().filter(|entry| entry.kind == recurring_sandbox::LedgerKind::Refund).count()
    };
    assert_eq!(returned(), 0);
    for again in [false, true] {
        let answer = journal.refund_planned(&world.facade, &attempt("r-1")).await.unwrap();
        assert_eq!((answer.again, answer.record.state, returned()), (again, State::Paid, 1));
    }
    // The name is bound to this payment and amount, and to a refund.
    let other = journal.plan_refund(&id, &RefundRequest::new(attempt("r-1"), payment.clone())).await;
    assert!(
        matches!(other, Err(JournalError::OtherPayment { .. } | JournalError::OtherAmount { .. })),
        "{other:?}"
    );
    let charged = journal.charge_planned(&world.facade, &attempt("r-1")).await.unwrap_err();
    assert_eq!(charged, JournalError::OtherPayment { attempt: attempt("r-1"), difference: "operation" });
    let refunded = journal.refund_planned(&world.facade, &attempt("a")).await.unwrap_err();
    assert_eq!(refunded, JournalError::OtherPayment { attempt: attempt("a"), difference: "operation" });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_no_attempt_half_made() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let slow = charging(&ProviderId::EMSPAY, FaultKind::Delay { millis: 300 });
    world.sandbox.inject(slow).unwrap();
    let call = world.journal.charge(&world.facade, request(&credential, "a"));
    assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err(), "not slow");
    loop {
        match world.journal.attempt(&attempt("a")).await {
            Ok(record) if record.state != State::Armed => {
                assert!(matches!(record.state, State::Paid | State::Pending), "{record:?}");
                break;
            }
            _ => tokio::task::yield_now().await,
        }
    }
    assert_eq!(world.taken("a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides_with_a_name_and_a_reason_that_are_kept() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::OMNO, GOOD_CARD).await;
    world
        .sandbox
        .inject(charging(&ProviderId::OMNO, FaultKind::Close).with_moment(Moment::AfterActing))
        .unwrap();
    let _ = world.journal.charge(&world.facade, request(&credential, "a")).await.unwrap();
    let mut decision = Decision {
        what: Decided::Paid,
        payment: Some(PaymentRef::new("P-1")),
        by: " ".to_owned(),
        why: "seen in the portal".to_owned(),
        force: false,
    };
    let error = world.journal.resolve(&world.facade, &attempt("a"), &decision).await.unwrap_err();
    assert!(matches!(error, JournalError::Invalid { field: "by", .. }), "{error:?}");
    decision.by = "ann".to_owned();
    let record = world.journal.resolve(&world.facade, &attempt("a"), &decision).await.unwrap();
    assert_eq!((record.state, record.decided_by.as_deref()), (State::Paid, Some("ann")));
    let events = world.journal.events(&attempt("a")).await.unwrap();
    assert_eq!(events.last().unwrap().note.as_deref(), Some("ann: seen in the portal"));
    let error = world.journal.resolve(&world.facade, &attempt("a"), &decision).await.unwrap_err();
    assert!(matches!(error, JournalError::NotToDecide { state: "paid", .. }), "{error:?}");
    let error = world.journal.resolve(&world.facade, &attempt("missing"), &decision).await.unwrap_err();
    assert_eq!(error, JournalError::Store(StoreError::NoSuchAttempt));
    let again = world.journal.charge(&world.facade, request(&credential, "a")).await.unwrap();
    assert!(again.again && again.is_paid());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_settles_nothing_but_makes_the_payment_be_read() {
    let world = World::new().await;
    for id in [ProviderId::OMNO, ProviderId::REVIO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED] {
        let name = format!("{id}-1");
        let credential = world.credential(&id, GOOD_CARD).await;
        world.sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
        world.sandbox.inject(unreadable(&id)).unwrap();
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        world.sandbox.clear_faults();
        let other =
            world.journal.charge(&world.facade, request(&credential, &format!("{id}-2"))).await.unwrap();
        // A notification names another payment for this one: the gateway says whose it is.
        let mut forged = recurring_facade::ReceivedNotification::new(
            id.clone(),
            recurring_facade::Authenticity::Unsigned,
            "forged",
        );
        forged.payment = other.record.payment.clone();
        forged.merchant_reference = Some(name.clone());
        world.journal.notified(&world.facade, &(&forged).into()).await.unwrap();
        let record = world.journal.attempt(&attempt(&name)).await.unwrap();
        assert_ne!(record.payment, other.record.payment, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_makes_nothing_be_sent_twice() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let slow = charging(&ProviderId::EMSPAY, FaultKind::Delay { millis: 200 });
    for (name, forward) in [("forward", true), ("back", false)] {
        world.sandbox.inject(slow.clone()).unwrap();
        let (journal, facade, credential) = (world.journal.clone(), world.facade.clone(), credential.clone());
        let own = credential.clone();
        let first = tokio::spawn(async move { journal.charge(&facade, request(&own, name)).await.unwrap() });
        world.until_taken(name, &first).await;
        let day = Duration::from_secs(24 * 60 * 60);
        if forward {
            world.clock.advance(day)
        } else {
            world.clock.back(day)
        }
        // For another process the lease is over, or has not begun.
        let second = world.another().await.charge(&world.facade, request(&credential, name)).await.unwrap();
        let _ = first.await.unwrap();
        assert!(second.again, "{name}");
        assert_eq!(world.taken(name), 1, "{name}");
        if !forward {
            world.clock.advance(day);
        }
        world.reconciled().await;
        let record = world.journal.attempt(&attempt(name)).await.unwrap();
        assert_eq!(record.state, State::Paid, "{name}: {record:?}");
    }
}
