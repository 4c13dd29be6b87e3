//! A charge whose answer was lost is looked for, against the sandbox, whose ledger of the money really taken is the
//! judge.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::{FADING_CARD, GOOD_CARD, attempt, enrolled, price, sandbox, settings};
use recurring_facade::{
    AttemptId, ChargeRequest, Error, ErrorKind, Facade, Found, LostCharge, Money, Operation, Outcome,
    Payment, PaymentRef, ProviderId, Record, RecordError, RefundRequest, Settings, Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};

const CAN_LOOK: [ProviderId; 3] = [ProviderId::REVIO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED];
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Keeps the reference that is there before money moves.
#[derive(Debug, Default)]
struct Kept(Mutex<Option<PaymentRef>>);

#[async_trait]
impl Record for Kept {
    async fn payment_created(&self, _: &AttemptId, payment: &PaymentRef) -> Result<(), RecordError> {
        *self.0.lock().expect("a lock") = Some(payment.clone());
        Ok(())
    }
}

/// The call that takes money.
fn charge_call(id: &ProviderId) -> &'static str {
    match id.as_str() {
        "revio" => "POST /revio/**/charge/",
        "emspay" => "POST /emspay/**/orders/",
        _ => "POST /tokenpay/**/recurring",
    }
}

/// Makes a charge whose answer is lost, and every read after it too, and says what a journal knows of it.
async fn lose(sandbox: &Sandbox, facade: &Facade, id: &ProviderId, name: &str, when: Moment) -> LostCharge {
    let card = if name.contains("refused") { FADING_CARD } else { GOOD_CARD };
    let credential = enrolled(facade, id, name, card).await;
    let lost = Fault::new(FaultKind::Close)
        .with_moment(when)
        .with_gateway(id.as_str())
        .with_operation(charge_call(id));
    sandbox.inject(lost).expect("a fault");
    let unreadable = Fault::new(FaultKind::Status { status: 503, retry_after: None });
    sandbox.inject(unreadable.with_operation("GET /revio/**").until_cleared()).expect("a fault");
    let (kept, from) = (Arc::new(Kept::default()), Timestamp::now());
    let facade = facade.with_record(Arc::clone(&kept));
    let renewal = attempt(&format!("{name}-renewal"));
    let request = ChargeRequest::new(renewal.clone(), credential, price(id));
    let error = facade.charge(request).await.expect_err("lost");
    assert!(error.effect().is_unknown(), "{error}");
    sandbox.clear_faults();
    let mut lost = LostCharge::new(renewal, price(id), from, Timestamp::now());
    lost.payment = kept.0.lock().expect("a lock").clone();
    assert_eq!(lost.payment.is_some(), *id == ProviderId::REVIO, "only revio names it first");
    lost
}

async fn look(facade: &Facade, id: &ProviderId, lost: &LostCharge) -> Result<Found, Error> {
    facade.look_up(id, lost).await
}

fn the_payment(found: Found) -> Payment {
    match found {
        Found::Payment(payment) => payment,
        other => panic!("not one payment but {other:?}"),
    }
}

#[tokio::test]
async fn what_was_charged_is_found_and_taken_once() {
    let (sandbox, facade) = sandbox().await;
    for id in &CAN_LOOK {
        let mut lost = lose(&sandbox, &facade, id, &format!("{id}-taken"), Moment::AfterActing).await;
        let calls = sandbox.exchanges().len();
        let found = the_payment(look(&facade, id, &lost).await.expect("found"));
        assert_eq!(sandbox.exchanges().len(), calls + 1, "{id}: one read");
        assert_eq!((found.outcome, found.amount), (Outcome::Paid, Some(price(id))), "{id}");
        assert_eq!(found.merchant_reference.as_deref(), Some(lost.attempt.as_str()), "{id}");
        sandbox.assert_charged_once(lost.attempt.as_str());

        // By the gateway's own name for it, once that is known; from then on no period matters.
        lost.payment = found.payment.clone();
        (lost.from, lost.until) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let again = the_payment(look(&facade, id, &lost).await.expect("found"));
        assert_eq!((again.outcome, again.payment), (Outcome::Paid, found.payment.clone()), "{id}");

        // Money that was given back was taken all the same, and no refund is mistaken for the charge.
        let refund = RefundRequest::new(attempt(&format!("{id}-back")), found.payment.expect("a payment"));
        let _ = facade.refund(id, refund).await.expect("refunded");
        lost.payment = (*id == ProviderId::REVIO).then(|| lost.payment.clone()).flatten();
        (lost.from, lost.until) = (Timestamp::now() - HOUR, Timestamp::now());
        let returned = the_payment(look(&facade, id, &lost).await.expect("found"));
        assert_eq!(returned.outcome, Outcome::Paid, "{id}");
    }
}

#[tokio::test]
async fn what_never_reached_the_gateway_is_not_found() {
    let (sandbox, facade) = sandbox().await;
    for id in &CAN_LOOK {
        let mut lost = lose(&sandbox, &facade, id, &format!("{id}-gone"), Moment::BeforeActing).await;
        assert!(matches!(look(&facade, id, &lost).await, Ok(Found::Nothing)), "{id}");
        assert!(!sandbox.ledger().iter().any(|entry| entry.reference == lost.attempt.as_str()), "{id}");
        if *id == ProviderId::REVIO {
            lost.payment = None;
            let calls = sandbox.exchanges().len();
            assert!(matches!(look(&facade, id, &lost).await, Ok(Found::Nothing)));
            assert_eq!(sandbox.exchanges().len(), calls, "no gateway is asked");
        } else {
            // What the gateway has named and then does not know is a contradiction, and no proof.
            lost.payment = Some(PaymentRef::new("99999"));
            look(&facade, id, &lost).await.expect_err("a contradiction");
        }
    }
    let proof = |id| facade.provider(id).expect("a gateway").facts().nothing_found_is_proof;
    assert_eq!(ProviderId::ALL.iter().filter(|id| proof(id)).collect::<Vec<_>>(), [&ProviderId::REVIO]);
    let omno = facade.capabilities(&ProviderId::OMNO).expect("set up");
    assert!(!omno.has(Operation::LookUp));
    // The order's reference is in the answer that was lost.
    let ngenius = facade.provider(&ProviderId::NGENIUS).expect("set up");
    assert!(ngenius.look_up_needs_payment());
    let calls = sandbox.exchanges().len();
    let lost =
        LostCharge::new(attempt("s-1"), price(&ProviderId::NGENIUS), Timestamp::now(), Timestamp::now());
    let error = facade.look_up(&ProviderId::NGENIUS, &lost).await.expect_err("nothing to look with");
    assert_eq!((error.kind(), sandbox.exchanges().len()), (ErrorKind::Unsupported, calls));
}

#[tokio::test]
async fn a_refused_charge_is_found_as_refused() {
    let (sandbox, facade) = sandbox().await;
    for id in &CAN_LOOK {
        let lost = lose(&sandbox, &facade, id, &format!("{id}-refused"), Moment::AfterActing).await;
        let found = the_payment(look(&facade, id, &lost).await.expect("found"));
        assert_eq!(found.outcome, Outcome::Declined, "{id}");
        assert!(found.decline.is_some(), "{id}: {found:?}");
        assert!(!sandbox.ledger().iter().any(|entry| entry.reference == lost.attempt.as_str()), "{id}");
    }
}

#[tokio::test]
async fn look_up_of_a_charge_under_way_is_pending() {
    let (sandbox, facade) = sandbox().await;
    let id = ProviderId::REVIO;
    let credential = enrolled(&facade, &id, "slow", "4000000000600009").await;
    let request = ChargeRequest::new(attempt("slow-renewal"), credential, price(&id));
    let charged = facade.charge(request).await.expect("an answer");
    let mut lost = LostCharge::new(attempt("slow-renewal"), price(&id), Timestamp::now(), Timestamp::now());
    lost.payment = charged.payment;
    let outcome = async || the_payment(look(&facade, &id, &lost).await.expect("found")).outcome;
    assert_eq!(outcome().await, Outcome::Pending);
    sandbox.advance(Duration::from_secs(120));
    assert_eq!(outcome().await, Outcome::Paid);
}

#[tokio::test]
async fn look_up_of_two_matches_needs_review_with_a_margin() {
    let (_sandbox, facade) = sandbox().await;
    let id = ProviderId::EMSPAY;
    let credential = enrolled(&facade, &id, "twice", GOOD_CARD).await;
    let name = attempt("twice-renewal");
    let charge = async || {
        let request = ChargeRequest::new(name.clone(), credential.clone(), price(&id));
        facade.charge(request).await.expect("charged")
    };
    let first = charge().await;
    let now = Timestamp::now();
    let lost = |from, until| LostCharge::new(name.clone(), price(&id), from, until);
    let minutes = |count: u64| Duration::from_secs(count * 60);
    // The gateway's clock may differ by some minutes, either way.
    for early_or_late in [
        lost(now + minutes(4), now + minutes(4)),
        lost(now - minutes(4), now - minutes(4)),
        lost(now - HOUR, now),
    ] {
        let found = the_payment(look(&facade, &id, &early_or_late).await.expect("found"));
        assert_eq!(found.payment, first.payment);
    }
    assert!(matches!(look(&facade, &id, &lost(now - HOUR, now - minutes(7))).await, Ok(Found::Nothing)));
    let error = look(&facade, &id, &lost(now, now - minutes(1))).await.expect_err("no period");
    assert!(error.effect().is_not_applied() && error.to_string().contains("until"), "{error}");

    let second = charge().await;
    let Ok(Found::Several(found)) = look(&facade, &id, &lost(now - HOUR, now + HOUR)).await else {
        panic!("not several")
    };
    let references: Vec<_> = found.into_iter().map(|payment| payment.payment).collect();
    assert_eq!(references.len(), 2);
    assert!(references.contains(&first.payment) && references.contains(&second.payment));
}

#[tokio::test]
async fn what_contradicts_the_charge_is_an_error_and_stays_unknown() {
    let (sandbox, facade) = sandbox().await;
    for id in &CAN_LOOK {
        let lost = lose(&sandbox, &facade, id, &format!("{id}-other"), Moment::AfterActing).await;
        let found = the_payment(look(&facade, id, &lost).await.expect("found"));
        let mut more = lost.clone();
        more.amount = Money::from_minor(4001, price(id).currency()).expect("money");
        let mut elsewhere = lost.clone();
        elsewhere.amount = Money::from_minor(4000, price(&ProviderId::NGENIUS).currency()).expect("money");
        let mut another = lost.clone();
        another.attempt = attempt("another");
        another.payment = found.payment;
        for wrong in [more, elsewhere, another] {
            let error = look(&facade, id, &wrong).await.expect_err("a contradiction");
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
            assert!(error.effect().is_unknown(), "{error}");
        }
    }
    // A first payment can still be paid on its page: that it is not paid settles nothing.
    let id = ProviderId::REVIO;
    let first = common::enrol_request(&id, "page");
    let started = facade.enrol(&id, first).await.expect("begun");
    let mut page = LostCharge::new(attempt("page-first"), price(&id), Timestamp::now(), Timestamp::now());
    page.payment = started.payment.payment;
    let error = look(&facade, &id, &page).await.expect_err("a first payment");
    assert!(error.effect().is_unknown() && error.payment().is_none(), "{error}");
}

/// Whatever goes wrong with the look-up itself, it is never `Nothing`.
#[tokio::test]
async fn a_look_up_that_fails_finds_no_nothing() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let facade = |url: &str| {
        ["TOKENPAY_BASE_URL", "REVIO_BASE_URL", "EMSPAY_BASE_URL"]
            .into_iter()
            .try_fold(settings(&keys), |settings: Settings, name| settings.set(name, url))
            .expect("known names")
            .with_timeout(Duration::from_millis(500))
            .facade()
            .expect("a facade")
    };
    let json = |status, body: &str| Behavior::Reply(RawReply::json(status, body));
    let code =
        move |status, words: &str| json(status, &format!(r#"{{"responseCode":"2001","message":"{words}"}}"#));
    let order = r#"{"responseCode":"2001","message":"Odd","order":{"id":5803,"status":"PROCESSING"}}"#;
    for behavior in [
        Behavior::CloseAfterReading,
        Behavior::Reply(RawReply::html(502, "<html>")),
        Behavior::Reply(RawReply::html(200, "<html>")),
        json(200, "{}"),
        json(200, r#"{"responseCode":"0000","message":"Success"}"#),
        json(200, order),
        json(404, "{}"),
        code(200, "Invalid signature"),
        code(401, "Who are you?"),
        code(403, "Not from this address"),
        code(429, "Too many"),
        code(503, "Try later"),
    ] {
        let shown = format!("{behavior:?}");
        let server = FaultServer::start(move |_, _| behavior.clone()).await;
        for id in &CAN_LOOK {
            let now = Timestamp::now();
            let mut lost = LostCharge::new(attempt("a-1"), price(id), now, now);
            lost.payment = (*id == ProviderId::REVIO).then(|| PaymentRef::new("p-1"));
            let result = look(&facade(&server.url()), id, &lost).await;
            assert!(result.is_err(), "{id}: {shown}: {result:?}");
        }
    }
    let server = FaultServer::start(move |_, _| code(404, "Order not found")).await;
    let id = ProviderId::TOKENPAY_SIGNED;
    let lost = LostCharge::new(attempt("a-1"), price(&id), Timestamp::now(), Timestamp::now());
    assert!(matches!(look(&facade(&server.url()), &id, &lost).await, Ok(Found::Nothing)));
}
