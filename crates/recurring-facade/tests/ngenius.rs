//! N-Genius: the status of an attempt is that of its own payment, and what approves must prove whose it is.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::time::Duration;

use common::{GOOD_CARD, attempt, facade_at, good, price, sandbox};
use recurring_facade::{
    CaptureRequest, Error, ErrorKind, Facade, Found, LostCharge, Money, NotificationError, Outcome, Payment,
    PaymentRef, ProviderId, RawNotification, ReceiveError, RefundRequest, ScheduleRequest, Scheduled,
    Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::Sandbox;
use serde_json::{Value, json};

const ID: ProviderId = ProviderId::NGENIUS;
const CREATED: &str = "2026-01-31T09:00:00Z";

fn schedule_request(name: &str, pan: &str) -> ScheduleRequest {
    let card = format!(r#"{{"pan":"{pan}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    ScheduleRequest::new(attempt(name), price(&ID), "MONTHLY", "ann@example.org", card)
}

async fn schedule(facade: &Facade, name: &str, pan: &str) -> Result<Scheduled, Error> {
    facade.schedule(&ID, schedule_request(name, pan)).await
}

/// A payment of 40.00 AED as the order prints it.
fn payment(reference: &str, state: &str, time: &str) -> Value {
    json!({
        "_id": format!("urn:payment:{reference}"), "reference": reference, "state": state,
        "amount": {"currencyCode": "AED", "value": 4000}, "updateDateTime": time, "orderReference": "o-1",
    })
}

fn order(payments: &[Value]) -> Value {
    json!({
        "reference": "o-1", "type": "RECURRING", "action": "SALE", "createDateTime": CREATED,
        "amount": {"currencyCode": "AED", "value": 4000}, "merchantOrderReference": "a-1",
        "_embedded": {"payment": payments},
    })
}

/// A gateway that grants tokens, answers a new schedule with `created`, an order with `order`, and anything else with
/// a closed connection.
async fn gateway(created: Value, order: Option<Value>) -> FaultServer {
    FaultServer::start(move |request: &Received, _| match (request.method.as_str(), request.path.as_str()) {
        (_, "/identity/auth/access-token") => Behavior::Reply(good("ngenius/access-token/granted")),
        ("POST", path) if path.starts_with("/recurring-payment/") => {
            Behavior::Reply(RawReply::json(200, created.to_string()))
        }
        ("GET", _) => match &order {
            Some(order) => Behavior::Reply(RawReply::json(200, order.to_string())),
            None => Behavior::CloseAfterReading,
        },
        _ => Behavior::CloseAfterReading,
    })
    .await
}

fn created(state: &str) -> Value {
    json!({"state": state, "reference": "o-1", "orderReference": "o-1", "frequency": "MONTHLY"})
}

async fn facade(server: &FaultServer) -> Facade {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    facade_at(&ID, &server.url(), &keys)
}

async fn status_of(order: Value) -> Result<recurring_facade::PaymentStatus, Error> {
    let server = gateway(created("ACTIVE"), Some(order)).await;
    facade(&server).await.status(&ID, &PaymentRef::new("o-1")).await
}

fn lost(name: &str, amount: Money, reference: &str) -> LostCharge {
    let mut lost = LostCharge::new(attempt(name), amount, Timestamp::UNIX_EPOCH, Timestamp::now());
    lost.payment = Some(PaymentRef::new(reference));
    lost
}

async fn look_up(order: Value) -> Result<Found, Error> {
    let server = gateway(created("ACTIVE"), Some(order)).await;
    let facade = facade(&server).await;
    facade.look_up(&ID, &lost("a-1", price(&ID), "o-1")).await
}

#[tokio::test]
async fn status_later_decline_keeps_first_payment() {
    let (sandbox, facade) = sandbox().await;
    let started = schedule(&facade, "a-1", common::FADING_CARD).await.expect("scheduled");
    assert_eq!(started.payment.outcome, Outcome::Paid);
    let reference = started.payment.payment.expect("an order");
    sandbox.advance(Duration::from_secs(32 * 24 * 60 * 60));
    let status = facade.status(&ID, &reference).await.expect("a status");
    assert_eq!(status.charges.len(), 2);
    assert_eq!(status.charges[1].outcome, Outcome::Declined, "{:?}", status.charges);
    assert_eq!(status.payment.outcome, Outcome::Paid, "{:?}", status.payment);
    let found = facade.look_up(&ID, &lost("a-1", price(&ID), reference.as_str())).await.expect("found");
    let Found::Payment(found) = found else { panic!("{found:?}") };
    assert_eq!((found.outcome, found.payment), (Outcome::Paid, Some(reference)));
    assert_eq!(sandbox.ledger().len(), 1);
}

#[tokio::test]
async fn status_first_payment_is_found_by_time() {
    let (january, february) = ("2026-01-31T09:00:02.123Z", "2026-02-28T09:00:00Z");
    let declined = payment("p-2", "FAILED", february);
    // The place in the list proves nothing.
    for payments in [
        [payment("p-1", "CAPTURED", january), declined.clone()],
        [declined.clone(), payment("p-1", "CAPTURED", january)],
    ] {
        let status = status_of(order(&payments)).await.expect("a status");
        assert_eq!(status.payment.outcome, Outcome::Paid);
    }
    // A refund moves the time of the last change: the capture still has its own.
    let mut refunded = payment("p-1", "REFUNDED", "2026-03-05T12:00:00Z");
    refunded["_embedded"] = json!({"cnp:capture": [{"createdTime": january, "state": "SUCCESS"}]});
    let status = status_of(order(&[declined.clone(), refunded])).await.expect("a status");
    assert_eq!(status.payment.status, "REFUNDED");

    // Without a time that proves it, nothing is guessed.
    let changed = payment("p-1", "REFUNDED", "2026-03-05T12:00:00Z");
    let twins = [payment("p-1", "CAPTURED", january), payment("p-2", "FAILED", january)];
    for unclear in [order(&[changed, declined.clone()]), order(&twins)] {
        let error = status_of(unclear.clone()).await.expect_err("two candidates");
        assert!(error.to_string().contains("o-1:p-2"), "{error}");
        let found = look_up(unclear).await.expect("an answer");
        assert!(matches!(&found, Found::Several(all) if all.len() == 2), "{found:?}");
    }
}

#[tokio::test]
async fn status_names_one_payment_of_an_order() {
    let payments = [payment("p-1", "CAPTURED", CREATED), payment("p-2", "FAILED", "2026-02-28T09:00:00Z")];
    let server = gateway(created("ACTIVE"), Some(order(&payments))).await;
    let facade = facade(&server).await;
    let status = |reference| {
        let facade = &facade;
        async move { facade.status(&ID, &PaymentRef::new(reference)).await }
    };
    let second = status("o-1:p-2").await.expect("a status");
    assert_eq!((second.payment.outcome, second.charges.len()), (Outcome::Declined, 2));
    assert_eq!(second.payment.payment, Some(PaymentRef::new("o-1:p-2")));
    assert!(second.payment.decline.is_some());
    assert!(status("o-1:p-3").await.is_err());
}

#[tokio::test]
async fn look_up_compares_reference_and_amount() {
    type Change = fn(&mut Value);
    let changes: [(Change, bool); 8] = [
        (|_| (), true),
        (|order| order["merchantOrderReference"] = json!("another"), false),
        (|order| order["merchantOrderReference"] = Value::Null, false),
        (|order| order["amount"]["value"] = json!(4001), false),
        (|order| order["_embedded"]["payment"][0]["amount"]["value"] = json!("40,00"), false),
        (|order| order["_embedded"]["payment"][0]["amount"]["currencyCode"] = json!("USD"), false),
        (|order| order["_embedded"]["payment"][0]["orderReference"] = json!("o-2"), false),
        (|order| order["_embedded"]["payment"][0]["authResponse"] = json!({"success": false}), false),
    ];
    for (change, same) in changes {
        let mut order = order(&[payment("p-1", "CAPTURED", CREATED)]);
        change(&mut order);
        match look_up(order.clone()).await {
            Ok(Found::Payment(found)) if same => assert_eq!(found.outcome, Outcome::Paid),
            Err(error) if !same => assert!(error.effect().is_unknown(), "{error}"),
            other => panic!("{order}: {other:?}"),
        }
    }
}

/// What the answer to a new schedule and the order after it say together.
async fn scheduled(created: Value, order: Option<Value>) -> Result<Payment, Error> {
    let server = gateway(created, order).await;
    let result = schedule(&facade(&server).await, "a-1", GOOD_CARD).await;
    let writes = server.received().iter().filter(|call| call.path.starts_with("/recurring")).count();
    assert_eq!(writes, 1, "sent once");
    result.map(|scheduled| scheduled.payment)
}

#[tokio::test]
async fn schedule_active_reads_the_order_first() {
    let taken = order(&[payment("p-1", "CAPTURED", CREATED)]);
    let paid = scheduled(created("ACTIVE"), Some(taken.clone())).await.expect("paid");
    assert_eq!((paid.outcome, paid.amount), (Outcome::Paid, Some(price(&ID))));
    assert_eq!(paid.payment, Some(PaymentRef::new("o-1")));

    // Held is not taken, also for a sale.
    let held = order(&[payment("p-1", "AUTHORISED", CREATED)]);
    let authorized = scheduled(created("ACTIVE"), Some(held.clone())).await.expect("held");
    assert_eq!((authorized.outcome, authorized.captured), (Outcome::Authorized, None));

    // Another attempt's order, as a caching proxy would answer it.
    let mut others = taken.clone();
    others["merchantOrderReference"] = json!("a-0");
    let refused = order(&[payment("p-1", "FAILED", CREATED)]);
    for (state, order) in [
        ("ACTIVE", None),
        ("ACTIVE", Some(others.clone())),
        ("ACTIVE", Some(refused.clone())),
        ("FAILED", Some(taken)),
        ("FAILED", Some(held.clone())),
    ] {
        let error = scheduled(created(state), order).await.expect_err("not proven");
        assert!(error.effect().is_unknown(), "{error}");
        assert_eq!(error.payment(), Some(&PaymentRef::new("o-1")), "{error}");
    }
    // Not there yet: neither paid nor declined.
    for payments in [vec![], vec![payment("p-1", "STARTED", CREATED)]] {
        let waiting = scheduled(created("ACTIVE"), Some(order(&payments))).await.expect("pending");
        assert_eq!(waiting.outcome, Outcome::Pending);
    }
    for order in [None, Some(refused)] {
        let declined = scheduled(created("FAILED"), order).await.expect("declined");
        assert_eq!(declined.outcome, Outcome::Declined);
    }
}

/// The writes that move money of a payment.
fn changes(server: &FaultServer) -> usize {
    let write = |call: &&Received| call.method != "GET" && call.path != "/identity/auth/access-token";
    server.received().iter().filter(write).count()
}

fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, recurring_facade::Currency::from_code(code).expect(code)).expect("money")
}

/// Asks for a refund (or a capture) of the only payment of an order; the write itself is lost.
async fn change(order: Option<Value>, amount: Option<Money>, captures: bool) -> (Error, FaultServer) {
    let server = gateway(created("ACTIVE"), order).await;
    let facade = facade(&server).await;
    let result = if captures {
        let mut request = CaptureRequest::new(attempt("c-1"), PaymentRef::new("o-1"));
        request.amount = amount;
        facade.capture(&ID, request).await
    } else {
        let mut request = RefundRequest::new(attempt("r-1"), PaymentRef::new("o-1"));
        request.amount = amount;
        facade.refund(&ID, request).await
    };
    (result.expect_err("refused, or lost"), server)
}

/// 40.00 AED held, 30.00 of it taken, 10.00 of that given back.
fn partly_taken() -> Value {
    let mut payment = payment("p-1", "PARTIALLY_REFUNDED", CREATED);
    let entry = |id: &str, value: i64| json!({"_id": format!("urn:{id}"), "state": "SUCCESS", "amount": {"currencyCode": "AED", "value": value}});
    payment["_embedded"] =
        json!({"cnp:capture": [entry("capture:c-1", 3000)], "cnp:refund": [entry("refund:r-1", 1000)]});
    order(&[payment])
}

#[tokio::test]
async fn refund_of_more_than_is_left_is_not_sent() {
    for (amount, captures, words) in [
        (Some(money(30_000, "KWD")), false, "currency"),
        (Some(money(500, "JPY")), true, "currency"),
        (Some(money(2001, "AED")), false, "20.00 AED"),
        (Some(money(1001, "AED")), true, "10.00 AED"),
    ] {
        let (error, server) = change(Some(partly_taken()), amount, captures).await;
        assert!(error.effect().is_not_applied() && error.to_string().contains(words), "{error}");
        assert_eq!((error.kind(), changes(&server)), (ErrorKind::InvalidRequest, 0), "{error}");
    }
}

#[tokio::test]
async fn refund_is_of_the_amount_or_the_rest() {
    for (captures, amount, sent) in [
        (false, None, 2000),
        (true, None, 1000),
        (false, Some(money(2000, "AED")), 2000),
        (true, Some(money(999, "AED")), 999),
    ] {
        let (error, server) = change(Some(partly_taken()), amount, captures).await;
        assert!(error.effect().is_unknown(), "its answer is lost: {error}");
        let writes = server.received().into_iter().filter(|call| call.path.contains("captures"));
        let bodies: Vec<Value> =
            writes.map(|call| serde_json::from_slice(&call.body).expect("JSON")).collect();
        assert_eq!(bodies, [json!({"amount": {"currencyCode": "AED", "value": sent}})]);
    }
}

#[tokio::test]
async fn refund_whose_order_is_unreadable_is_not_applied() {
    let mut contradictory = partly_taken();
    contradictory["amount"]["value"] = json!(5000);
    for order in [None, Some(json!({})), Some(contradictory)] {
        for captures in [false, true] {
            let (error, server) = change(order.clone(), Some(money(1000, "AED")), captures).await;
            assert!(error.effect().is_not_applied(), "{error}");
            assert_eq!(changes(&server), 0);
        }
    }
}

#[tokio::test]
async fn notification_unreadable_is_not_refused() {
    let key = "0123456789abcdef0123456789ABCDEF";
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let facade = common::settings(&keys)
        .set_all([("NGENIUS_WEBHOOK_HEADER", "X-Webhook-Secret"), ("NGENIUS_WEBHOOK_SECRET", key)])
        .expect("known names")
        .facade_of(&ID)
        .expect("a facade");
    let receive = |secret: &'static str, body: &'static str| {
        let headers = [("Content-Type", "text/plain"), ("X-Webhook-Secret", secret)];
        let raw = RawNotification::new(headers, body).expect("small enough");
        let facade = &facade;
        async move { facade.receive(&ID, raw).await }
    };
    // openssl enc -aes-256-cbc, in front of it the initialization vector 00..0f.
    let read = receive(key, "AAECAwQFBgcICQoLDA0OD8dO5XEHlExCDoRKHS43W6x8C1NOK7OGzmi4QcP+ZYkQLocYRV0QfhY3GDuAgqRxw6lChQdt8TNtELIkXGmFXdE=").await.expect("decrypted");
    assert_eq!(read.payment, Some(PaymentRef::new("o-1")));
    let genuine = receive(key, "AAAA").await.expect_err("unreadable");
    assert!(genuine.is_verified(), "{genuine}");
    let refused = receive("another value", "AAAA").await.expect_err("refused");
    assert!(
        !refused.is_verified()
            && matches!(refused, ReceiveError::Notification(NotificationError::Refused(_))),
        "{refused}"
    );
}
