//! What goes over the wire, and what is made of what comes back: against `fixtures/emspay`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{
    ORDER, TOKEN, capture, client, documented_first, documented_recurring, euro, list, refund, update,
};
use emspay::{
    CreateOrder, DeclineReason, Effect, ErrorKind, GetCurrencies, GetOrder, ListOrders, Operation as _,
    Order, Outcome, Proof, Refund, Reply, Secret, UpdateOrder,
};
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
    if !request.headers.contains_key("Content-Type") {
        mock = mock.match_body(Matcher::Missing);
    }
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    let mock = mock
        .with_status(response.status.into())
        .with_body(if response.headers.is_empty() { Vec::new() } else { case.response_body() })
        .expect(1)
        .create_async()
        .await;
    (server, mock)
}

async fn create(case: &str, request: &CreateOrder) -> Result<Order, emspay::Error> {
    let case = Case::load(case);
    case.assert_request_body(request.request().expect("valid").body_bytes().expect("a body"));
    let (server, mock) = server_for(&case).await;
    let answer = client(&server.url()).create_order(request).await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn first_order() {
    let order = create("emspay/create-order/first", &documented_first()).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::ActionRequired);
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
    assert_eq!(order.outcome(), Outcome::Paid);
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
        .with_description("Monthly plan, refused by the bank");
    let order = create("emspay/create-order/declined", &request).await.expect("an order");
    assert_eq!(order.outcome(), Outcome::Declined);
    assert_eq!(order.decline_reason(), Some(DeclineReason::InsufficientFunds));
    insta::assert_debug_snapshot!(order);
}

#[test]
fn a_reason_belongs_to_a_refused_payment_only() {
    let body = Case::load("emspay/create-order/declined").response_body();
    for status in ["new", "processing", "completed", "see-transactions", "unheard-of"] {
        let order: Order =
            serde_json::from_str(&format!(r#"{{"id":"1","status":"{status}"}}"#)).expect("an order");
        assert_eq!(order.decline_reason(), None, "{status}");
    }
    for body in variants::with_member_null(&body, "transactions") {
        let order: Order = serde_json::from_slice(&body).expect("an order");
        assert_eq!(order.decline_reason(), Some(DeclineReason::Other));
    }
}

async fn give_back(case: &str) -> Result<Refund, emspay::Error> {
    let case = Case::load(case);
    case.assert_request_body(refund().request().expect("valid").body_bytes().expect("a body"));
    let (server, mock) = server_for(&case).await;
    let answer = client(&server.url()).refund_order(&refund()).await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn a_refund_is_an_order_of_its_own() {
    for (case, outcome) in [
        ("emspay/refund-order/completed", Outcome::Paid),
        ("emspay/refund-order/processing", Outcome::Pending),
        ("emspay/refund-order/declined", Outcome::Declined),
    ] {
        let refund = give_back(case).await.expect("a refund");
        assert_eq!(refund.outcome(), outcome, "{case}");
        assert_eq!(refund.refund_of_order_id.as_deref(), Some(ORDER));
        insta::assert_debug_snapshot!(case.replace('/', "_"), refund);
    }
    let error = give_back("emspay/refund-order/refused-validation").await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused))
    );
}

#[tokio::test]
async fn orders_of_a_period_in_every_shape_that_is_understood() {
    for (case, count) in [
        ("emspay/list-orders/array", 2),
        ("emspay/list-orders/under-orders", 2),
        ("emspay/list-orders/under-data", 1),
    ] {
        let case = Case::load(case);
        let (server, mock) = server_for(&case).await;
        let orders = client(&server.url()).list_orders(&list()).await.expect("orders");
        mock.assert_async().await;
        let found: Vec<_> = orders.iter().map(|order| (order.outcome(), order.decline_reason())).collect();
        let expected = [(Outcome::Paid, None), (Outcome::Declined, Some(DeclineReason::ExpiredCard))];
        assert_eq!(found.as_slice(), expected.split_at(count).0, "{}", case.name);
        insta::assert_debug_snapshot!(case.name.replace('/', "_"), orders);
    }
}

#[test]
fn a_period_is_given_as_text_or_as_instants() {
    let at = |text: &str| text.parse::<recurring_core::Timestamp>().expect(text);
    let instants = ListOrders::created_between(at("2017-11-27T11:00:00Z"), at("2017-11-27T12:00:00.5Z"));
    let path = |request: &ListOrders| request.request().expect("valid").path().to_owned();
    assert_eq!(path(&instants), path(&list()));
    assert!(!path(&list()).contains(['+', ':']), "{}", path(&list()));
}

#[test]
fn list_of_another_shape_is_never_empty() {
    let read = |body: &str| list().read(&Reply::new(200, Vec::new(), body.into()));
    for empty in ["[]", r#"{"orders":[]}"#, r#"{"data":[],"total":0}"#] {
        assert!(read(empty).expect(empty).is_empty(), "{empty}");
    }
    for odd in [
        "",
        "{}",
        "null",
        "7",
        r#"{"orders":null}"#,
        r#"{"orders":{}}"#,
        r#"{"orders":[],"data":[]}"#,
        r#"{"items":[]}"#,
        "[null]",
        r#"["1"]"#,
        r#"[["1"]]"#,
        "[{}]",
        r#"[{"id":"1"},{"status":"completed"}]"#,
    ] {
        let error = read(odd).expect_err(odd);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{odd}");
    }
}

#[tokio::test]
async fn an_order_is_changed_with_the_members_that_are_set() {
    let case = Case::load("emspay/update-order/changed");
    case.assert_request_body(update().request().expect("valid").body_bytes().expect("a body"));
    let (server, mock) = server_for(&case).await;
    let order = client(&server.url()).update_order(&update()).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(order.merchant_order_id.as_deref(), Some("1-renamed"));
    insta::assert_debug_snapshot!(order);
    let one = UpdateOrder::new(ORDER).with_description("Gold").request().expect("valid");
    assert_eq!(one.body_bytes(), Some(br#"{"description":"Gold"}"#.as_slice()));
}

#[tokio::test]
async fn a_capture_has_no_body_and_any_success_is_one() {
    let case = Case::load("emspay/capture-transaction/empty-answer");
    let (server, mock) = server_for(&case).await;
    let mock = mock.match_header("content-length", "0").create_async().await;
    client(&server.url()).capture_transaction(&capture()).await.expect("captured");
    mock.assert_async().await;
    for body in ["", "{}", r#"{"id":"1","status":"completed"}"#, "ok"] {
        for status in [200, 201, 202, 204] {
            capture().read(&Reply::new(status, Vec::new(), body.into())).expect("captured");
        }
    }
}

#[tokio::test]
async fn currencies_of_each_payment_method() {
    let case = Case::load("emspay/get-currencies/project");
    let (server, mock) = server_for(&case).await;
    let currencies = client(&server.url()).currencies().await.expect("currencies");
    mock.assert_async().await;
    let known = ["EUR", "GBP", "USD"].map(str::to_owned);
    assert_eq!(currencies.of("credit-card"), Some(known.as_slice()));
    assert_eq!(currencies.of("ideal"), None);
    insta::assert_debug_snapshot!(currencies);
    let read = |body: &str| GetCurrencies::new().read(&Reply::new(200, Vec::new(), body.into()));
    for odd in ["{}", r#"{"payment_methods":null}"#, r#"{"payment_methods":[]}"#] {
        assert_eq!(read(odd).expect_err(odd).kind(), ErrorKind::Protocol);
    }
    let odd =
        r#"{"payment_methods":{"a":null,"b":{},"c":{"currencies":"EUR"},"d":{"currencies":[7,"EUR"]}}}"#;
    let odd = read(odd).expect("currencies");
    assert_eq!(["a", "b", "c"].map(|method| odd.of(method)), [None; 3]);
    assert_eq!(odd.of("d").map(<[String]>::len), Some(1));
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
async fn cancel_deletes_the_order_and_returns_it() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("DELETE", format!("/v1/orders/{ORDER}/").as_str())
        .match_header("authorization", "Basic aHVudGVyMjo=")
        .with_body(format!(r#"{{"id":"{ORDER}","status":"cancelled"}}"#))
        .create_async()
        .await;
    let order = client(&server.url()).cancel_order(ORDER).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(order.outcome(), Outcome::Canceled);
}

#[test]
fn optional_members_follow_those_of_the_source_document() {
    let request = CreateOrder::first("7", euro(1))
        .with_return_url("https://shop.example/done")
        .with_failure_url("https://shop.example/failed")
        .with_webhook_url("https://shop.example/hook")
        .with_expiration_period("PT30M")
        .with_customer(serde_json::json!({"country": "NL"}))
        .with_extra(serde_json::json!({"plan": "gold"}));
    let request = request.request().expect("valid");
    insta::assert_snapshot!(String::from_utf8_lossy(request.body_bytes().expect("a body")));
}

/// Every answer again with an unknown member, and with every status replaced by a new one.
#[test]
fn new_members_and_new_values_do_no_harm() {
    for (name, read) in [
        ("emspay/create-order/first", reader(documented_first())),
        ("emspay/create-order/recurring", reader(documented_recurring())),
        ("emspay/get-order/first-completed", Box::new(|reply: &Reply| GetOrder::new(ORDER).read(reply))),
    ] {
        let body = Case::load(name).response_body();
        let unknown = variants::with_unknown_member(&body);
        assert!(unknown.len() > 3, "{name}");
        for body in unknown {
            let _ = read(&Reply::new(200, Vec::new(), body)).expect(name);
        }
        for member in ["status", "recurring_type"] {
            for value in [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})]
            {
                let replaced = variants::with_member_replaced(&body, member, value);
                assert!(!replaced.is_empty(), "{name} {member}");
                for body in replaced {
                    let order = read(&Reply::new(200, Vec::new(), body)).expect(name);
                    let known = matches!(order.outcome(), Outcome::ActionRequired | Outcome::Pending)
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
    Box::new(move |reply| request.read(reply))
}

#[test]
fn new_members_and_new_values_do_no_harm_to_the_other_answers() {
    let reply = |body: Vec<u8>| Reply::new(200, Vec::new(), body);
    let body = Case::load("emspay/refund-order/completed").response_body();
    for body in variants::with_unknown_member(&body) {
        assert_eq!(refund().read(&reply(body)).expect("a refund").outcome(), Outcome::Paid);
    }
    let values = [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})];
    for value in values {
        for body in variants::with_member_replaced(&body, "status", value.clone()) {
            let refund = refund().read(&reply(body)).expect("a refund");
            assert!(refund.outcome() == Outcome::Pending || refund.status.as_str() == "completed");
        }
        for member in ["flags", "created", "transactions", "reason"] {
            for body in variants::with_member_replaced(&body, member, value.clone()) {
                assert_eq!(refund().read(&reply(body)).expect(member).outcome(), Outcome::Paid);
            }
        }
    }
    for case in ["emspay/list-orders/array", "emspay/list-orders/under-orders"] {
        let body = Case::load(case).response_body();
        for body in variants::with_unknown_member(&body) {
            assert_eq!(list().read(&reply(body)).expect(case).len(), 2);
        }
        for body in variants::with_member_replaced(&body, "status", serde_json::json!("unheard-of")) {
            assert_eq!(list().read(&reply(body)).expect(case).len(), 2);
        }
    }
    for body in variants::with_unknown_member(&Case::load("emspay/update-order/changed").response_body()) {
        assert_eq!(update().read(&reply(body)).expect("an order").id, ORDER);
    }
    for body in variants::with_unknown_member(&Case::load("emspay/get-currencies/project").response_body()) {
        let currencies = GetCurrencies::new().read(&reply(body)).expect("currencies");
        assert_eq!(currencies.of("bank-transfer").map(<[String]>::len), Some(1));
    }
}
