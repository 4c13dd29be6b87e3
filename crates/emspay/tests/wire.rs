//! What goes over the wire, and what is made of what comes back: against `fixtures/emspay`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{ORDER, TOKEN, client, documented_first, documented_recurring, euro};
use emspay::{CreateOrder, Effect, ErrorKind, GetOrder, Order, Outcome, Proof, Reply, Secret};
use mockito::{Matcher, Server};
use recurring_fixtures::{Case, variants};

/// A server that takes exactly the stored request and answers the stored response.
async fn server_for(case: &Case) -> (mockito::ServerGuard, mockito::Mock) {
    let mut server = Server::new_async().await;
    let request = case.meta.request.as_ref().expect("a request");
    let response = case.meta.response.as_ref().expect("a response");
    let mut mock = server.mock(&request.method, request.path.as_str());
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    if request.method == "GET" {
        mock = mock.match_body(Matcher::Missing);
    }
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    let mock = mock
        .with_status(response.status.into())
        .with_body(case.response_body())
        .expect(1)
        .create_async()
        .await;
    (server, mock)
}

async fn create(case: &str, request: &CreateOrder) -> Result<Order, emspay::Error> {
    let case = Case::load(case);
    case.assert_request_body(request.to_request().expect("valid").body_bytes().expect("a body"));
    let (server, mock) = server_for(&case).await;
    let answer = client(&server.url()).create_order(request).await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn first_order() {
    let order = create("emspay/create-order/first", &documented_first()).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::CustomerNeeded);
    assert_eq!(
        order.payment_address().as_deref(),
        Some(
            "https://api.online.emspay.eu/pay/3da62f95-c934-470c-a8a1-a4123e362501/?payment_method=credit-card"
        )
    );
    assert!(order.vault_token().is_none());
    insta::assert_debug_snapshot!(order);
}

#[tokio::test]
async fn first_order_after_the_customer_has_paid() {
    let case = Case::load("emspay/get-order/first-completed");
    let (server, mock) = server_for(&case).await;
    let order = client(&server.url()).get_order(ORDER).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(order.outcome(), Outcome::Approved);
    assert_eq!(order.vault_token().map(Secret::expose), Some(TOKEN));
    insta::assert_debug_snapshot!(order);
}

#[tokio::test]
async fn recurring_order_that_is_processing_is_not_paid() {
    let order = create("emspay/create-order/recurring", &documented_recurring()).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::Pending);
    assert!(order.payment_address().is_none());
    insta::assert_debug_snapshot!(order);
}

#[tokio::test]
async fn a_refused_payment_is_an_answer_not_an_error() {
    let request = CreateOrder::recurring("3", euro(4000), Secret::new(TOKEN))
        .description("Monthly plan, refused by the bank");
    let order = create("emspay/create-order/declined", &request).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::Declined);
    insta::assert_debug_snapshot!(order);
}

#[tokio::test]
async fn refusals_in_the_gateways_own_shape_are_proof() {
    for (case, kind) in [
        ("emspay/create-order/refused-validation", ErrorKind::InvalidRequest),
        ("emspay/create-order/unauthorized", ErrorKind::Authentication),
    ] {
        let case = Case::load(case);
        let (server, mock) = server_for(&case).await;
        let error = client(&server.url()).create_order(&documented_recurring()).await.expect_err("refused");
        mock.assert_async().await;
        assert_eq!(
            (error.kind(), error.effect()),
            (kind, Effect::NotApplied(Proof::Refused)),
            "{}",
            case.name
        );
        insta::assert_debug_snapshot!(case.name.replace('/', "_"), error);
    }
}

#[tokio::test]
async fn cancelling_deletes_the_order_and_answers_it() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("DELETE", format!("/v1/orders/{ORDER}/").as_str())
        .match_header("authorization", "Basic aHVudGVyMjo=")
        .with_body(format!(r#"{{"id":"{ORDER}","status":"cancelled"}}"#))
        .create_async()
        .await;
    let order = client(&server.url()).cancel_order(ORDER).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(order.outcome(), Outcome::Declined);
}

#[test]
fn optional_members_follow_those_of_the_source_document() {
    let request = CreateOrder::first("7", euro(1))
        .return_url("https://shop.example/done")
        .failure_url("https://shop.example/failed")
        .webhook_url("https://shop.example/hook")
        .expiration_period("PT30M")
        .customer(serde_json::json!({"country": "NL"}))
        .extra(serde_json::json!({"plan": "gold"}));
    let request = request.to_request().expect("valid");
    insta::assert_snapshot!(String::from_utf8_lossy(request.body_bytes().expect("a body")));
}

/// Every answer again with a member nobody has heard of, and with every status replaced by a new one.
#[test]
fn new_members_and_new_values_do_no_harm() {
    for (name, read) in [
        ("emspay/create-order/first", reader(documented_first())),
        ("emspay/create-order/recurring", reader(documented_recurring())),
        (
            "emspay/get-order/first-completed",
            Box::new(|reply: &Reply| GetOrder::new(ORDER).from_reply(reply)),
        ),
    ] {
        let body = Case::load(name).response_body();
        let unknown = variants::with_unknown_member(&body);
        assert!(unknown.len() > 3, "{name}");
        for body in unknown {
            read(&Reply::new(200, Vec::new(), body)).expect(name);
        }
        for member in ["status", "recurring_type"] {
            for value in [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})]
            {
                let replaced = variants::with_member_replaced(&body, member, value);
                assert!(!replaced.is_empty(), "{name} {member}");
                for body in replaced {
                    let order = read(&Reply::new(200, Vec::new(), body)).expect(name);
                    let known = matches!(order.outcome(), Outcome::CustomerNeeded | Outcome::Pending)
                        || order.status.as_str() == "completed";
                    assert!(known, "{name} {member}: {:?}", order.outcome());
                }
            }
        }
        for body in variants::with_member_null(&body, "transactions") {
            assert!(read(&Reply::new(200, Vec::new(), body)).expect(name).transactions.is_empty());
        }
    }
}

type Read = Box<dyn Fn(&Reply) -> Result<Order, emspay::Error>>;

fn reader(request: CreateOrder) -> Read {
    Box::new(move |reply| request.from_reply(reply))
}
