//! What a name is bound to, through the journal: an intent that may have been sent, or an enrolment.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use std::pin::Pin;
use std::task::{Context, Poll};

use fake::{Fake, Means, payment};
use recurring_core::{ErrorKind, InvalidInput, Reply};
use recurring_facade::{
    Authenticity, ChargeRequest, Customer, EnrolRequest, Error, GatewayError, Money, Outcome, PaymentRef,
    ProviderId, ReceivedNotification, RefundRequest,
};
use recurring_gateway::ErrorExt as _;
use recurring_journal::{
    BillingRun, Decided, Decision, EncryptionKey, Journal, JournalError, Operation, Report, Resumed, State,
};
use world::common::{GOOD_CARD, attempt, credential, customer_pays, enrol_request, price};
use world::{World, request};

/// The one charge that is due.
struct Due(Option<ChargeRequest>);

impl futures_core::Stream for Due {
    type Item = Result<ChargeRequest, recurring_journal::UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

async fn run(journal: &Journal, facade: &recurring_facade::Facade, request: ChargeRequest) -> Report {
    let mut reports = Vec::new();
    BillingRun::new(journal, facade).run(Due(Some(request)), |report| reports.push(report)).await.unwrap();
    reports.pop().unwrap()
}

fn dearer(name: &str) -> ChargeRequest {
    let mut request = request(&credential(&ProviderId::EMSPAY), name);
    request.amount = Money::from_minor(4001, request.amount.currency()).unwrap();
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_never_left_takes_another_amount() {
    let here = || ProviderId::EMSPAY;
    let never_sent =
        || Error::new(here(), recurring_core::Error::never_sent(ErrorKind::Transport, "no connection"));
    let reply = || Reply::new(422, Vec::new(), Vec::new());
    let refused = GatewayError::new(None, "no");
    let with_reply =
        recurring_core::Error::never_sent(ErrorKind::Protocol, "a read failed").with_reply(reply());
    for (name, error, is_free) in [
        ("local", Error::invalid(here(), InvalidInput::new("amount", "is wrong")), true),
        ("never-sent", never_sent(), true),
        ("anchored", never_sent().with_payment(PaymentRef::new("p-1")), false),
        ("after-a-reply", Error::new(here(), with_reply), false),
        ("refused", Error::new(here(), recurring_core::Error::from_reply(reply(), Some(refused))), false),
    ] {
        let world = World::new().await;
        let answers = [Err(error), Ok(payment(Outcome::Paid, Some("p-2"), name))];
        let (fake, facade) = Fake::new(Means::Status).answers(answers).facade();
        let slip = world.journal.charge(&facade, dearer(name)).await.unwrap();
        assert_eq!(slip.record.state, State::NotApplied, "{name}: {:?}", slip.error);
        let right = request(&credential(&here()), name);
        let report = run(&world.journal, &facade, right).await;
        if is_free {
            let Report::Made(answer) = report else { panic!("{name}: {report:?}") };
            assert!(answer.is_paid() && answer.record.amount == Some(price(&here())), "{name}");
        } else {
            let recorded = Some(dearer(name).amount);
            let expected = JournalError::OtherAmount { attempt: attempt(name), recorded };
            assert!(
                matches!(&report, Report::Refused { error, .. } if *error == expected),
                "{name}: {report:?}"
            );
        }
        assert_eq!(fake.left(), usize::from(!is_free), "{name}");
    }
}

/// The gateways where the customer pays on a page.
const PAGES: [ProviderId; 3] = [ProviderId::OMNO, ProviderId::REVIO, ProviderId::EMSPAY];

fn is_other(error: &JournalError, expected: &str) -> bool {
    matches!(error, JournalError::OtherPayment { difference, .. } if *difference == expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment_keeps_its_name_for_itself() {
    let world = World::new().await;
    for id in PAGES {
        let name = attempt(&format!("{id}-first"));
        let credential = world.credential(&id, GOOD_CARD).await;
        let enrol = || world.journal.enrol(&world.facade, &id, enrol_request(&id, id.as_str()));
        let started = enrol().await.unwrap().unwrap();
        let record = world.journal.attempt(&name).await.unwrap();
        assert_eq!((record.operation, record.state), (Operation::Enrolment, State::Pending), "{id}");
        assert_eq!((&record.payment, record.amount), (&None, Some(price(&id))), "{id}");
        // The same once more is a new page; another one is refused.
        let _ = enrol().await.unwrap().unwrap();
        let calls = world.sandbox.exchanges().len();
        let mut other = enrol_request(&id, id.as_str());
        other.customer.id = Some("bob".to_owned());
        let error = world.journal.enrol(&world.facade, &id, other).await.unwrap_err();
        assert!(is_other(&error, "customer"), "{id}: {error:?}");
        let mut other = enrol_request(&id, id.as_str());
        other.amount = Money::from_minor(1, other.amount.currency()).unwrap();
        let error = world.journal.enrol(&world.facade, &id, other).await.unwrap_err();
        assert!(error.to_string().contains("another amount (40.00"), "{id}: {error}");
        // Nothing else gets the name.
        let charge = request(&credential, name.as_str());
        let error = world.journal.charge(&world.facade, charge.clone()).await.unwrap_err();
        assert!(is_other(&error, "operation"), "{id}: {error:?}");
        let error = world.journal.plan(&charge).await.unwrap_err();
        assert!(is_other(&error, "operation"), "{id}: {error:?}");
        let error = world.journal.charge_planned(&world.facade, &name).await.unwrap_err();
        assert!(is_other(&error, "operation"), "{id}: {error:?}");
        let report = run(&world.journal, &world.facade, charge).await;
        assert!(matches!(report, Report::Refused { error, .. } if is_other(&error, "operation")), "{id}");
        if world.facade.capabilities(&id).unwrap().has(recurring_facade::Operation::Refund) {
            let refund = RefundRequest::new(name.clone(), PaymentRef::new("p-1"));
            let error = world.journal.refund(&world.facade, &id, refund).await.unwrap_err();
            assert!(is_other(&error, "operation"), "{id}: {error:?}");
        }
        assert_eq!(world.sandbox.exchanges().len(), calls, "{id}");
        // It is never looked up, and no operator decides it.
        assert!(world.journal.look(&world.facade, &name).await.unwrap().is_none(), "{id}");
        let decision = Decision {
            what: Decided::Paid,
            payment: None,
            by: "ann".to_owned(),
            why: "a slip".to_owned(),
            force: true,
        };
        let error = world.journal.resolve(&world.facade, &name, &decision).await.unwrap_err();
        assert!(error.to_string().contains("it is an enrolment"), "{id}: {error}");
        let mut received = ReceivedNotification::new(id.clone(), Authenticity::Unsigned, "key");
        received.payment = Some(PaymentRef::new("p-1"));
        received.merchant_reference = Some(name.to_string());
        world.journal.notified(&world.facade, &(&received).into()).await.unwrap();
        assert_eq!(world.journal.store().unhandled(10).await.unwrap(), [], "{id}");
        // Coming back reads, as ever.
        customer_pays(started.payment.redirect.as_deref().unwrap(), GOOD_CARD).await;
        let resumed = world.journal.resume(&world.facade, started.pending).await.unwrap();
        assert!(matches!(&resumed, Resumed::Read(read) if read.is_ok()), "{id}: {resumed:?}");
    }
    assert!(world.reconciled().await.is_empty());
    assert_eq!(world.journal.store().count().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn name_of_an_attempt_begins_no_enrolment() {
    let world = World::new().await;
    for id in PAGES.into_iter().chain([ProviderId::TOKENPAY_SIGNED]) {
        let credential = world.credential(&id, GOOD_CARD).await;
        let name = format!("{id}-first");
        let _ = world.journal.charge(&world.facade, request(&credential, &name)).await.unwrap();
        let before = world.journal.attempt(&attempt(&name)).await.unwrap();
        let calls = world.sandbox.exchanges().len();
        let enrol = world.journal.enrol(&world.facade, &id, enrol_request(&id, id.as_str()));
        let error = enrol.await.unwrap_err();
        assert!(is_other(&error, "operation") && error.effect().is_not_applied(), "{id}: {error:?}");
        let elsewhere = if id == ProviderId::EMSPAY { ProviderId::REVIO } else { ProviderId::EMSPAY };
        let enrol = world.journal.enrol(&world.facade, &elsewhere, enrol_request(&elsewhere, id.as_str()));
        let error = enrol.await.unwrap_err();
        assert!(is_other(&error, "provider"), "{id}: {error:?}");
        assert_eq!(world.sandbox.exchanges().len(), calls, "{id}");
        assert_eq!(world.journal.attempt(&attempt(&name)).await.unwrap(), before, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_payment_is_reserved_and_made_at_resume() {
    let world = World::new().await;
    let id = ProviderId::TOKENPAY_SIGNED;
    let key = EncryptionKey::new(&recurring_fixtures::key(9)).unwrap();
    let journal = Journal::builder()
        .with_clock(world.clock.clone())
        .with_encryption_key(key)
        .with_store(world.store().await)
        .await
        .unwrap();
    let credential = world.credential(&id, GOOD_CARD).await;
    let enrol = || journal.enrol(&world.facade, &id, enrol_request(&id, "ann"));
    let started = enrol().await.unwrap().unwrap();
    let name = attempt("ann-first");
    let record = journal.attempt(&name).await.unwrap();
    assert_eq!((record.operation, record.state), (Operation::FirstPayment, State::Planned));
    // Nothing that charges what is planned takes it.
    let calls = world.sandbox.exchanges().len();
    let mut reports = Vec::new();
    BillingRun::new(&journal, &world.facade).planned(|report| reports.push(report)).await.unwrap();
    assert!(reports.is_empty(), "{reports:?}");
    let error = journal.charge_planned(&world.facade, &name).await.unwrap_err();
    assert!(is_other(&error, "operation"), "{error:?}");
    let report = run(&journal, &world.facade, request(&credential, name.as_str())).await;
    assert!(matches!(report, Report::Refused { error, .. } if is_other(&error, "operation")));
    assert!(journal.reconcile(&world.facade).await.unwrap().is_empty());
    let mut received = ReceivedNotification::new(id.clone(), Authenticity::Unsigned, "key");
    received.payment = Some(PaymentRef::new("1"));
    received.merchant_reference = Some(name.to_string());
    journal.notified(&world.facade, &(&received).into()).await.unwrap();
    assert_eq!(journal.store().unhandled(10).await.unwrap(), []);
    assert_eq!(world.sandbox.exchanges().len(), calls);
    // The customer comes back without a card, is sent to a new page, and comes back with one.
    let Resumed::Made(answer) = journal.resume(&world.facade, started.pending).await.unwrap() else {
        panic!("only read")
    };
    assert_eq!((answer.record.state, world.taken("ann-first")), (State::NotApplied, 0));
    let started = enrol().await.unwrap().unwrap();
    customer_pays(started.payment.redirect.as_deref().unwrap(), GOOD_CARD).await;
    for again in [false, true] {
        let Resumed::Made(answer) = journal.resume(&world.facade, started.pending.clone()).await.unwrap()
        else {
            panic!("only read")
        };
        assert_eq!((answer.again, answer.record.state), (again, State::Paid));
    }
    assert_eq!(world.taken("ann-first"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment_that_never_left_binds_nothing() {
    let world = World::new().await;
    for id in [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED] {
        let name = attempt(&format!("{id}-first"));
        // Neither customer nor addresses.
        let mut slip = EnrolRequest::new(name.clone(), price(&id), Customer::default());
        slip.amount = Money::from_minor(1, slip.amount.currency()).unwrap();
        let calls = world.sandbox.exchanges().len();
        let error = world.journal.enrol(&world.facade, &id, slip).await.unwrap().unwrap_err();
        assert!(error.effect().is_not_applied(), "{id}: {error:?}");
        assert_eq!(world.sandbox.exchanges().len(), calls, "{id}");
        assert_eq!(world.journal.attempt(&name).await.unwrap().state, State::NotApplied, "{id}");
        let right = || world.journal.enrol(&world.facade, &id, enrol_request(&id, id.as_str()));
        let _ = right().await.unwrap().unwrap();
        let record = world.journal.attempt(&name).await.unwrap();
        assert_eq!(record.amount, Some(price(&id)), "{id}");
        assert!(matches!(record.state, State::Pending | State::Planned), "{id}: {}", record.state);
        // It has been sent: from now on it is bound, whatever a later try says.
        let mut later = enrol_request(&id, id.as_str());
        (later.success_url, later.customer.billing) = (None, None);
        world.journal.enrol(&world.facade, &id, later).await.unwrap().unwrap_err();
        assert_eq!(world.journal.attempt(&name).await.unwrap(), record, "{id}");
        let mut other = enrol_request(&id, id.as_str());
        other.customer.id = Some("bob".to_owned());
        world.journal.enrol(&world.facade, &id, other).await.unwrap_err();
    }
}
