//! The identity of an answer: what approves must prove that it is about this payment, and must agree with itself.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{ORDER, TOKEN, client, documented_first, documented_recurring, refund};
use emspay::{Effect, ErrorKind, Order, Outcome};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};

async fn answering(status: u16, body: String) -> FaultServer {
    FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body.clone()))).await
}

/// The answer to the documented recurring order, with the members that are given.
async fn charged(members: &str) -> Result<Order, emspay::Error> {
    let server = answering(201, format!(r#"{{"id":"o-1",{members}}}"#)).await;
    let answer = client(&server.url()).create_order(&documented_recurring()).await;
    assert_eq!(server.requests(), 1);
    answer
}

fn assert_unknown<T: std::fmt::Debug>(answer: Result<T, emspay::Error>, case: &str) {
    let error = answer.expect_err(case);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{case}: {error}");
}

const OURS: &str = r#""amount":4000,"currency":"EUR","merchant_order_id":"2""#;

#[tokio::test]
async fn create_answer_with_whole_echo_is_settled() {
    for (status, outcome) in [("completed", Outcome::Paid), ("error", Outcome::Declined)] {
        let order = charged(&format!(r#"{OURS},"status":"{status}""#)).await.expect("ours");
        assert_eq!(order.outcome(), outcome);
    }
}

#[tokio::test]
async fn create_answer_without_echo_is_unknown() {
    for status in ["completed", "error"] {
        for members in [
            r#""currency":"EUR","merchant_order_id":"2""#,
            r#""amount":4000,"merchant_order_id":"2""#,
            r#""amount":4000,"currency":"EUR""#,
            r#""amount":null,"currency":"EUR","merchant_order_id":"2""#,
            r#""amount":4000,"currency":{},"merchant_order_id":"2""#,
        ] {
            assert_unknown(charged(&format!(r#"{members},"status":"{status}""#)).await, members);
        }
    }
}

#[tokio::test]
async fn create_answer_with_unreadable_amount_is_unknown() {
    for amount in ["9e9", r#""40,00""#, "1e400", "[999999]", "true", "{}", r#""""#, "40.5", "4000.0001"] {
        for status in ["completed", "error", "processing"] {
            let members =
                format!(r#""amount":{amount},"currency":"EUR","merchant_order_id":"2","status":"{status}""#);
            assert_unknown(charged(&members).await, &members);
            let members = format!(r#"{OURS},"status":"{status}","transactions":[{{"amount":{amount}}}]"#);
            assert_unknown(charged(&members).await, &members);
        }
    }
}

#[tokio::test]
async fn order_against_its_transactions_is_unknown() {
    let details = |text: &str| format!(r#"{{"payment_method_details":{{{text}}}}}"#);
    for (status, transactions) in [
        ("completed", r#"{"amount":4001,"status":"completed"}"#.to_owned()),
        ("completed", r#"{"currency":"USD","status":"completed"}"#.to_owned()),
        ("completed", r#"{"status":"error"}"#.to_owned()),
        ("completed", r#"{"status":"processing"}"#.to_owned()),
        ("completed", r#"{"status":"cancelled"},{"status":"expired"}"#.to_owned()),
        ("error", r#"{"status":"completed"}"#.to_owned()),
        ("declined", r#"{"status":"captured"}"#.to_owned()),
        ("error", r#"{"status":"error"},{"status":"processing"}"#.to_owned()),
        ("completed", details(r#""recurring_type":"first""#)),
        ("error", details(r#""recurring_type":"first""#)),
        ("completed", details(r#""vault_token":"another""#)),
        ("completed", format!("{},{}", details(r#""vault_token":"one""#), details(r#""vault_token":"two""#))),
    ] {
        let members = format!(r#"{OURS},"status":"{status}","transactions":[{transactions}]"#);
        assert_unknown(charged(&members).await, &members);
    }
    for (status, transactions, outcome) in [
        ("completed", r#"{"status":"error"},{"status":"completed"}"#.to_owned(), Outcome::Paid),
        ("completed", r#"{"status":"something-new"}"#.to_owned(), Outcome::Paid),
        ("processing", r#"{"status":"error"}"#.to_owned(), Outcome::Pending),
        ("error", r#"{"status":"error"},{"status":"new"}"#.to_owned(), Outcome::Declined),
        (
            "completed",
            details(&format!(r#""recurring_type":"recurring","vault_token":"{TOKEN}""#)),
            Outcome::Paid,
        ),
    ] {
        let members = format!(r#"{OURS},"status":"{status}","transactions":[{transactions}]"#);
        assert_eq!(charged(&members).await.expect(&members).outcome(), outcome, "{members}");
    }
}

#[tokio::test]
async fn first_order_answered_as_recurring_is_unknown() {
    let body = r#"{"id":"o-1","amount":4000,"currency":"EUR","merchant_order_id":"1","status":"new",
        "transactions":[{"payment_method_details":{"recurring_type":"recurring"}}]}"#;
    let server = answering(201, body.to_owned()).await;
    assert_unknown(client(&server.url()).create_order(&documented_first()).await, "first");
}

#[tokio::test]
async fn contradictory_order_read_is_unknown() {
    for members in [
        r#""amount":4000,"transactions":[{"amount":9,"status":"completed"}]"#,
        r#""amount":4000,"transactions":[{"status":"error"}]"#,
        r#""amount":9e9"#,
    ] {
        let server = answering(200, format!(r#"{{"id":"{ORDER}","status":"completed",{members}}}"#)).await;
        assert_unknown(client(&server.url()).get_order(ORDER).await, members);
    }
    let listed: Order =
        serde_json::from_str(r#"{"id":"1","status":"completed","transactions":[{"status":"error"}]}"#)
            .expect("an order");
    assert_eq!((listed.contradiction(), listed.outcome()), (Some("status"), Outcome::Pending));
}

#[tokio::test]
async fn refund_answer_that_proves_nothing_is_unknown() {
    for members in [
        r#""status":"completed""#,
        r#""status":"completed","amount":1500"#,
        r#""status":"error","currency":"EUR""#,
        r#""status":"processing","amount":9e9"#,
        r#""status":"completed","amount":1500,"currency":"EUR","transactions":[{"amount":4000}]"#,
        r#""status":"completed","amount":1500,"currency":"EUR","transactions":[{"status":"error"}]"#,
        // The late answer to a charge of the same amount.
        r#""status":"completed","amount":1500,"currency":"EUR",
            "transactions":[{"payment_method_details":{"recurring_type":"recurring"}}]"#,
    ] {
        let server = answering(201, format!(r#"{{"id":"r-1",{members}}}"#)).await;
        assert_unknown(client(&server.url()).refund_order(&refund()).await, members);
    }
    let body = r#"{"id":"r-1","status":"completed","amount":1500,"currency":"EUR"}"#;
    let server = answering(201, body.to_owned()).await;
    let answer = client(&server.url()).refund_order(&refund()).await.expect("a refund");
    assert_eq!(answer.outcome(), Outcome::Paid);
}

#[tokio::test]
async fn error_in_an_undocumented_shape_proves_nothing() {
    for status in [400, 401, 403, 422] {
        for body in [
            r#"{"error":"Forbidden"}"#,
            r#"{"error":{}}"#,
            r#"{"error":{"type":"Some"}}"#,
            r#"{"error":{"value":"some"}}"#,
            r#"{"error":{"type":"","value":"some"}}"#,
            r#"{"error":["type","value"]}"#,
            r#"{"error":{"code":403,"message":"Forbidden"}}"#,
        ] {
            let server = answering(status, body.to_owned()).await;
            let client = client(&server.url());
            let errors = [
                client.create_order(&documented_recurring()).await.map(drop).expect_err(body),
                client.refund_order(&refund()).await.map(drop).expect_err(body),
                client.capture_transaction(&common::capture()).await.expect_err(body),
            ];
            for error in errors {
                assert_eq!(error.effect(), Effect::Unknown, "{status} {body}");
            }
        }
    }
}

/// An order without a payment shows a page on which the customer chooses how to pay.
#[tokio::test]
async fn order_page_is_where_the_customer_pays() {
    let page = r#""status":"new","order_url":"pay.example/o-1""#;
    let order = charged(&format!(r#"{OURS},{page},"transactions":[]"#)).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::ActionRequired);
    assert_eq!(order.payment_address().as_deref(), Some("https://pay.example/o-1"));
    // With a payment, only that one's page counts.
    let paid = r#""transactions":[{"id":"t-1","amount":4000,"currency":"EUR","status":"new"}]"#;
    let order = charged(&format!("{OURS},{page},{paid}")).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::Pending);
}
