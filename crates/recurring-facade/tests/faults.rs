//! Every call that takes money, through the facade, against everything that can go wrong: how often it is sent, and
//! what is said of the money.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{attempt, credential, facade_at, good, price};
use recurring_facade::{ChargeRequest, PaymentRef, ProviderId, RefundRequest, ScheduleRequest};
use recurring_fixtures::fault::{self, RawReply, Received, Sends};
use recurring_sandbox::Sandbox;

/// What has to go well before the call that takes money: access tokens, and a purchase to charge.
fn prelude(request: &Received) -> Option<RawReply> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/token") => Some(good("omno/token/granted")),
        ("POST", "/identity/auth/access-token") => Some(good("ngenius/access-token/granted")),
        // The order that a new schedule of N-Genius creates.
        ("GET", path) if path.ends_with("/orders/5787d6d7-765f-4716-b19f-0b6482aa802d") => {
            Some(RawReply::json(
                200,
                r#"{"reference":"5787d6d7-765f-4716-b19f-0b6482aa802d","merchantOrderReference":"a-1",
                "_embedded":{"payment":[{"reference":"p-1","state":"CAPTURED",
                "amount":{"currencyCode":"AED","value":4000}}]}}"#,
            ))
        }
        // An order of N-Genius with one payment, captured once.
        ("GET", path) if path.ends_with("/orders/o-1") => Some(RawReply::json(
            200,
            r#"{"reference":"o-1","_embedded":{"payment":[{"reference":"p-1","state":"CAPTURED",
                "amount":{"currencyCode":"AED","value":4000},
                "_embedded":{"cnp:capture":[{"_id":"urn:capture:c-1","state":"SUCCESS"}]}}]}}"#,
        )),
        // The payments that are given back, of EMS Online and of the signed gateway.
        ("GET", "/orders/p-1/") => {
            Some(RawReply::json(200, r#"{"id":"p-1","status":"completed","amount":4000,"currency":"EUR"}"#))
        }
        ("POST", "/hosted-checkout/query") => Some(RawReply::json(
            200,
            r#"{"responseCode":"0000","order":{"id":5803,"status":"SUCCESS","amount":40,"currency":"USD"}}"#,
        )),
        ("POST", "/purchases/") | ("GET", "/purchases/p-1/") => Some(RawReply::json(
            200,
            r#"{"id":"p-1","status":"created","purchase":{"total":4000,"currency":"ZAR"}}"#,
        )),
        ("GET", _) => Some(RawReply::json(200, r#"{"id":"p-1","status":"created"}"#)),
        _ => None,
    }
}

async fn charge_is_sent_once(id: ProviderId, good: RawReply) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    fault::check(good, Sends::Once, prelude, &[], async |url| {
        let request = ChargeRequest::new(attempt("a-1"), credential(&id), price(&id));
        let facade = facade_at(&id, &url, &sandbox);
        facade.charge(request).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn omno() {
    charge_is_sent_once(ProviderId::OMNO, good("omno/create-payment/with-card-token")).await;
}

#[tokio::test]
async fn tokenpay_signed() {
    charge_is_sent_once(ProviderId::TOKENPAY_SIGNED, good("tokenpay-signed/recurring/documented")).await;
}

#[tokio::test]
async fn revio() {
    charge_is_sent_once(ProviderId::REVIO, good("revio/charge-purchase/paid")).await;
}

#[tokio::test]
async fn emspay() {
    charge_is_sent_once(ProviderId::EMSPAY, good("emspay/create-order/recurring")).await;
}

#[tokio::test]
async fn ngenius() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::NGENIUS;
    let good = good("ngenius/create-recurring-payment/documented");
    fault::check(good, Sends::Once, prelude, &[], async |url| {
        let card = r#"{"pan":"4012001037141112","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}"#;
        let request = ScheduleRequest::new(attempt("a-1"), price(&id), "MONTHLY", "ann@example.org", card);
        let facade = facade_at(&id, &url, &sandbox);
        facade.schedule(&id, request).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

async fn refund_is_sent_once(id: ProviderId, payment: &str, good: RawReply) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    fault::check(good, Sends::Once, prelude, &[], async |url| {
        let mut request = RefundRequest::new(attempt("r-1"), PaymentRef::new(payment));
        request.amount = Some(price(&id));
        let facade = facade_at(&id, &url, &sandbox);
        facade.refund(&id, request).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn refund_at_emspay() {
    let refund = RawReply::json(200, r#"{"id":"r-9","status":"completed","amount":4000,"currency":"EUR"}"#);
    refund_is_sent_once(ProviderId::EMSPAY, "p-1", refund).await;
}

#[tokio::test]
async fn refund_at_revio() {
    let refund = RawReply::json(
        200,
        r#"{"id":"r-9","type":"payment","related_to":{"type":"purchase","id":"p-1"},
            "payment":{"amount":4000,"currency":"ZAR"}}"#,
    );
    refund_is_sent_once(ProviderId::REVIO, "p-1", refund).await;
}

#[tokio::test]
async fn refund_at_tokenpay_signed() {
    let refund = RawReply::json(
        200,
        r#"{"responseCode":"0000","message":"Success","order":{"id":5803,"status":"REFUNDED"}}"#,
    );
    refund_is_sent_once(ProviderId::TOKENPAY_SIGNED, "5803", refund).await;
}

#[tokio::test]
async fn refund_at_ngenius() {
    // The order is read first; what goes wrong is the refund itself.
    let refund = RawReply::json(
        200,
        r#"{"_id":"urn:payment:p-1","state":"REFUNDED","amount":{"currencyCode":"AED","value":4000}}"#,
    );
    refund_is_sent_once(ProviderId::NGENIUS, "o-1", refund).await;
}

/// A purchase that could not be created was not charged: no money moved, whatever happened to the purchase.
#[tokio::test]
async fn answer_lost_before_the_charge_proves_it_was_not_made() {
    use recurring_fixtures::fault::{Behavior, FaultServer};
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for fault in [Behavior::CloseAfterReading, Behavior::Reply(RawReply::html(502, "<html>"))] {
        let server = FaultServer::start(move |_, _| fault.clone()).await;
        let id = ProviderId::REVIO;
        let request = ChargeRequest::new(attempt("a-1"), credential(&id), price(&id));
        let facade = facade_at(&id, &server.url(), &sandbox);
        let error = facade.charge(request).await.expect_err("lost");
        assert!(error.effect().is_not_applied(), "{error}");
        assert!(error.to_string().contains("unpaid purchase"), "{error}");
        assert_eq!(server.requests(), 1);
    }
}
