//! The stored credential of a first payment whose answer was lost, rebuilt from what the gateway knows.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{GOOD_CARD, attempt, customer_pays, enrol_request, facade_at, price, sandbox};
use recurring_facade::{
    Agreement, ChargeRequest, ErrorKind, Facade, Outcome, PaymentRef, PendingEnrolment, ProviderId, Rebuilt,
    StoredCredential,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};

const ID: ProviderId = ProviderId::TOKENPAY_SIGNED;

/// A first payment that the gateway has taken; the answer of the sale is lost.
async fn taken_and_lost(sandbox: &Sandbox, facade: &Facade, name: &str) -> PendingEnrolment {
    let started = facade.enrol(&ID, enrol_request(&ID, name)).await.expect("begun");
    customer_pays(started.payment.redirect.as_deref().expect("a page"), GOOD_CARD).await;
    let lost = Fault::new(FaultKind::Close).with_moment(Moment::AfterActing);
    sandbox.inject(lost.with_operation("POST /tokenpay/tokenization/sale")).expect("a fault");
    let error = facade.resume(started.pending.clone()).await.expect_err("lost");
    assert!(error.effect().is_unknown(), "{error}");
    started.pending
}

async fn credential_of(facade: &Facade, pending: &PendingEnrolment, payment: Option<&str>) -> Rebuilt {
    let payment = payment.map(PaymentRef::new);
    facade.credential_of(pending, payment.as_ref()).await.expect("read")
}

fn rebuilt(answer: Rebuilt) -> StoredCredential {
    match answer {
        Rebuilt::Agreement(Agreement::ChargeOnDemand(credential)) => credential,
        other => panic!("no credential but {other:?}"),
    }
}

fn reason(answer: Rebuilt) -> String {
    match answer {
        Rebuilt::NotPossible(why) => why,
        other => panic!("not refused but {other:?}"),
    }
}

#[tokio::test]
async fn credential_rebuilt_after_a_lost_sale_charges() {
    let (sandbox, facade) = sandbox().await;
    let pending = taken_and_lost(&sandbox, &facade, "lost").await;
    let moved = sandbox.ledger().len();
    let credential = rebuilt(credential_of(&facade, &pending, None).await);
    let StoredCredential::TokenpaySigned(token) = &credential else { panic!("of another gateway") };
    let order = token.parent_order_id.to_string();
    let by_number = rebuilt(credential_of(&facade, &pending, Some(&order)).await);
    assert_eq!(sandbox.ledger().len(), moved, "reading moves no money");
    for (number, credential) in [credential, by_number].into_iter().enumerate() {
        let name = format!("lost-renewal-{number}");
        let request = ChargeRequest::new(attempt(&name), credential, price(&ID));
        let charged = facade.charge(request).await.expect("charged");
        assert_eq!(charged.outcome, Outcome::Paid);
        sandbox.assert_charged_once(&name);
    }
    sandbox.assert_charged_once("lost-first");
}

#[tokio::test]
async fn credential_of_another_order_is_refused() {
    let (sandbox, facade) = sandbox().await;
    let started = facade.enrol(&ID, enrol_request(&ID, "early")).await.expect("begun");
    // No order at all.
    let none = facade.credential_of(&started.pending, None).await;
    assert!(none.is_err(), "{none:?}");
    // The order of another attempt.
    let mine = taken_and_lost(&sandbox, &facade, "mine").await;
    let other = taken_and_lost(&sandbox, &facade, "other").await;
    let StoredCredential::TokenpaySigned(token) = rebuilt(credential_of(&facade, &other, None).await) else {
        panic!("of another gateway")
    };
    let order = PaymentRef::new(token.parent_order_id.to_string());
    let error = facade.credential_of(&mine, Some(&order)).await.expect_err("another order");
    assert_eq!((error.kind(), error.effect().is_unknown()), (ErrorKind::Protocol, true), "{error}");
}

#[tokio::test]
async fn credential_with_two_new_cards_is_refused() {
    let (sandbox, facade) = sandbox().await;
    let pending = taken_and_lost(&sandbox, &facade, "twice").await;
    let more = facade.enrol(&ID, enrol_request(&ID, "twice")).await.expect("begun");
    customer_pays(more.payment.redirect.as_deref().expect("a page"), "5555555555554444").await;
    let why = reason(credential_of(&facade, &pending, None).await);
    for part in
        ["cannot rebuild the stored credential", "2 cards", "the payment stands", "enrol the customer"]
    {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[tokio::test]
async fn credential_elsewhere_is_had_by_resuming() {
    let (_sandbox, facade) = sandbox().await;
    for id in [ProviderId::OMNO, ProviderId::REVIO, ProviderId::EMSPAY] {
        let started = facade.enrol(&id, enrol_request(&id, "page")).await.expect("begun");
        let why = reason(credential_of(&facade, &started.pending, None).await);
        assert!(why.contains(id.as_str()), "{why}");
    }
}

/// A gateway that shows the order's status, the masked number of the card that paid, and these cards.
async fn masked(status: &str, paid_with: &str, cards: &[(&str, &str)]) -> Result<String, String> {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let order = format!(
        r#"{{"responseCode":"0000","message":"Success","order":{{"id":5803,"merchantReference":"a-1","currency":"USD",
        "amount":40,"status":"{status}"}},"transaction":{{"type":"SALE","status":"SUCCESS","maskedPan":"{paid_with}"}}}}"#
    );
    let card =
        |(id, masked): &(&str, &str)| format!(r#"{{"tokenId":{id},"userId":"u","maskedPan":"{masked}"}}"#);
    let cards: Vec<String> = cards.iter().map(card).collect();
    let list = format!(r#"{{"responseCode":"0000","message":"Success","list":[{}]}}"#, cards.join(","));
    let server = FaultServer::start(move |request, _| {
        let body = if request.path.contains("query-token") { &list } else { &order };
        Behavior::Reply(RawReply::json(200, body.as_bytes()))
    })
    .await;
    let pending = r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"u","amount_minor":4000,
        "currency":"USD","known_tokens":["1"]}"#;
    let pending = serde_json::from_str(pending).expect("a pending enrolment");
    let facade = facade_at(&ID, &server.url(), &sandbox);
    match credential_of(&facade, &pending, Some("5803")).await {
        Rebuilt::Agreement(Agreement::ChargeOnDemand(StoredCredential::TokenpaySigned(token))) => {
            assert_eq!(token.parent_order_id, 5803);
            Ok(token.token_id.expose().to_owned())
        }
        Rebuilt::NotPossible(why) => Err(why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn credential_is_that_of_the_masked_card() {
    let paid_with = "470534XXXXXX8101";
    let (same, other) = ("470534XXXXXX8101", "411111XXXXXX1111");
    for (cards, token) in [
        (vec![("1", same), ("2", same)], Ok("2")),
        (vec![("2", other), ("3", same)], Ok("3")),
        (vec![("2", "")], Ok("2")),
        (vec![("2", other)], Err("is not the one that paid")),
        (vec![("2", other), ("3", other)], Err("none of the 2 cards")),
        (vec![("2", same), ("3", same)], Err("2 cards")),
        (vec![("2", same), ("3", "")], Err("2 cards")),
        (vec![("2", other), ("3", "")], Err("2 cards")),
        (vec![("1", same)], Err("no card is stored")),
    ] {
        match (masked("SUCCESS", paid_with, &cards).await, token) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{cards:?}"),
            (Err(why), Err(expected)) => assert!(why.contains(expected), "{cards:?}: {why}"),
            (found, _) => panic!("{cards:?}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn credential_of_an_unpaid_order_is_refused() {
    for status in ["PROCESSING", "OPEN", "NEW_WORD"] {
        let why = masked(status, "470534XXXXXX8101", &[("2", "470534XXXXXX8101")]).await.expect_err(status);
        assert!(why.contains("order 5803 is not paid"), "{why}");
    }
}
