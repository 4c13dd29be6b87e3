//! What goes over the wire, and what is made of what comes back: against `fixtures/revio`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{BRAND, CLIENT, KEY, PURCHASE, TOKEN, charge, client, first, rand, server_for};
use mockito::{Matcher, Server};
use recurring_fixtures::{Case, variants};
use revio::{
    ChargeAnswer, ClientDetails, CreateClient, CreatePurchase, Currency, Effect, ErrorKind, GetClient,
    GetPurchase, ListRecurringTokens, Operation as _, Outcome, Payer, Product, Proof, Purchase,
    PurchaseStatus, Reply, Secret,
};

async fn create(case: &str, answer: &str, request: &CreatePurchase) -> Result<Purchase, revio::Error> {
    let case = Case::load(case);
    case.assert_request_body(request.request().expect("valid").body_bytes().expect("a body"));
    let answer = Case::load(answer).response_body();
    let (server, mock) = server_for(&case, Some(case.request_body()), answer).await;
    let answer = client(&server.url()).create_purchase(request).await;
    mock.assert_async().await;
    answer
}

async fn charged(case: &str, answer: &str) -> Result<ChargeAnswer, revio::Error> {
    let case = Case::load(case);
    let request = charge().with_expected(rand(100));
    case.assert_request_body(request.request().expect("valid").body_bytes().expect("a body"));
    let answer = Case::load(answer).response_body();
    let (server, mock) = server_for(&case, Some(case.request_body()), answer).await;
    let answer = client(&server.url()).charge_purchase(&request).await;
    mock.assert_async().await;
    answer
}

async fn read(case: &str) -> Result<Purchase, revio::Error> {
    let case = Case::load(case);
    let (server, mock) = server_for(&case, None, case.response_body()).await;
    let answer = client(&server.url()).get_purchase(PURCHASE).await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn first_purchase() {
    let created = "revio/create-purchase/created";
    let purchase = create("revio/create-purchase/documented", created, &first("test")).await;
    assert_eq!(purchase.expect("a purchase").id, PURCHASE);
    let purchase = create(created, created, &first("Monthly plan")).await.expect("a purchase");
    assert_eq!(purchase.outcome(), Outcome::ActionRequired);
    assert_eq!(purchase.charge_outcome(), Outcome::Pending);
    assert_eq!(
        purchase.checkout_address().as_deref(),
        Some("https://gate.reviopay.com/p/00000000-0000-4000-8000-0000000000a1/")
    );
    assert!(purchase.recurring_token().is_none());
    insta::assert_debug_snapshot!(purchase);
}

#[tokio::test]
async fn first_purchase_after_the_customer_has_paid() {
    let purchase = read("revio/get-purchase/paid").await.expect("a purchase");
    assert_eq!(purchase.outcome(), Outcome::Paid);
    assert_eq!(purchase.recurring_token().as_ref().map(Secret::expose), Some(PURCHASE));
    assert!(purchase.decline().is_none());
    insta::assert_debug_snapshot!(purchase);
}

#[tokio::test]
async fn a_charge_that_is_paid() {
    let paid = "revio/charge-purchase/paid";
    let answer = charged("revio/charge-purchase/documented", paid).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Paid);
    let answer = charged(paid, paid).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Paid);
    let purchase = answer.purchase().expect("a purchase");
    assert!(purchase.recurring_token().is_none() && answer.decline().is_none());
    insta::assert_debug_snapshot!(answer);
}

#[tokio::test]
async fn a_charge_that_is_on_its_way_is_not_paid() {
    let pending = "revio/charge-purchase/pending-charge";
    let answer = charged(pending, pending).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Pending);
    let purchase = answer.purchase().expect("a purchase");
    assert_eq!((purchase.outcome(), &purchase.status), (Outcome::Pending, &PurchaseStatus::PendingCharge));
}

#[tokio::test]
async fn a_refused_charge_is_an_answer_not_an_error() {
    for (case, code, message) in [
        (
            "revio/charge-purchase/purchase-charge-error",
            "purchase_charge_error",
            "The purchase could not be charged.",
        ),
        (
            "revio/charge-purchase/invalid-recurring-token",
            "invalid_recurring_token",
            "This recurring token is not valid.",
        ),
    ] {
        let answer = charged(case, case).await.expect("an answer");
        assert!(answer.purchase().is_none());
        let (decline, outcome) = match &answer {
            ChargeAnswer::Declined(decline) => (decline, Outcome::Declined),
            ChargeAnswer::Unexplained(decline) => (decline, Outcome::Pending),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (answer.outcome(), outcome == Outcome::Pending),
            (outcome, code == "purchase_charge_error")
        );
        assert_eq!((decline.code.as_deref(), decline.message.as_deref()), (Some(code), Some(message)));
    }
}

#[tokio::test]
async fn the_reason_of_a_refused_charge_is_in_the_purchase() {
    let purchase = read("revio/get-purchase/error-with-attempts").await.expect("a purchase");
    assert_eq!((purchase.outcome(), purchase.charge_outcome()), (Outcome::Declined, Outcome::Declined));
    let decline = purchase.decline().expect("a reason");
    assert_eq!(decline.code.as_deref(), Some("insufficient_funds"), "the newest attempt is first");
    insta::assert_debug_snapshot!(purchase);
}

#[test]
fn failed_try_leaves_the_page_open_and_the_charge_declined() {
    let body = Case::load("revio/get-purchase/error-with-attempts").response_body();
    let by_customer = variants::with_member_null(&body, "recurring_token").pop().expect("a variant");
    let purchase =
        GetPurchase::new(PURCHASE).read(&Reply::new(200, Vec::new(), by_customer)).expect("a purchase");
    assert_eq!(purchase.outcome(), Outcome::ActionRequired);
    assert_eq!(purchase.charge_outcome(), Outcome::Declined);
    let answer = charge().read(&Reply::new(200, Vec::new(), body)).expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Declined);
    let code = answer.decline().and_then(|decline| decline.code);
    assert_eq!(code.as_deref(), Some("insufficient_funds"));
}

#[tokio::test]
async fn a_purchase_that_cannot_be_charged_any_more_may_be_paid() {
    let case = "revio/charge-purchase/wrong-status";
    let error = charged(case, case).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Unknown));
    insta::assert_debug_snapshot!(error);
}

#[tokio::test]
async fn refusals_in_the_gateways_own_shape_are_proof() {
    let error = read("revio/any/authentication-failed").await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    assert_eq!(error.api().and_then(|api| api.code()), Some("authentication_failed"));
    insta::assert_debug_snapshot!(error);

    // The request that provokes it cannot be built here: a purchase always has exactly one payer.
    let case = Case::load("revio/create-purchase/client-or-id-required");
    let request = first("Monthly plan");
    let body = request.request().expect("valid").body_bytes().expect("a body").to_vec();
    let (server, mock) = server_for(&case, Some(body), case.response_body()).await;
    let error = client(&server.url()).create_purchase(&request).await.expect_err("refused");
    mock.assert_async().await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused))
    );
    assert_eq!(error.api().and_then(|api| api.code()), Some("purchase_client_or_id_required"));
}

#[tokio::test]
async fn a_client_is_created_and_read() {
    let case = Case::load("revio/create-client/created");
    let request = CreateClient::new("customer@example.com");
    case.assert_request_body(request.request().expect("valid").body_bytes().expect("a body"));
    let (mut server, mock) = server_for(&case, Some(case.request_body()), case.response_body()).await;
    let created = client(&server.url()).create_client(&request).await.expect("a client");
    mock.assert_async().await;
    insta::assert_debug_snapshot!(created);

    let mock = server
        .mock("GET", format!("/api/v1/clients/{CLIENT}/").as_str())
        .match_header("authorization", format!("Bearer {KEY}").as_str())
        .match_header("content-type", "application/json")
        .match_body(Matcher::Missing)
        .with_body(case.response_body())
        .create_async()
        .await;
    let read = client(&server.url()).get_client(&created.id).await.expect("a client");
    mock.assert_async().await;
    assert_eq!(read.email.as_deref(), Some("customer@example.com"));
}

#[tokio::test]
async fn the_stored_cards_of_a_client() {
    let case = Case::load("revio/list-recurring-tokens/documented");
    let (server, mock) = server_for(&case, None, case.response_body()).await;
    let page = client(&server.url()).list_recurring_tokens(CLIENT, None).await.expect("a page");
    mock.assert_async().await;
    assert!(page.next.is_none());
    assert_eq!(page.results.first().map(|token| token.id.expose()), Some(TOKEN));
    insta::assert_debug_snapshot!(page);
}

#[tokio::test]
async fn a_stored_card_is_deleted() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("DELETE", format!("/api/v1/clients/{CLIENT}/recurring_tokens/{TOKEN}/").as_str())
        .match_header("authorization", format!("Bearer {KEY}").as_str())
        .match_header("accept", "application/json")
        .match_body(Matcher::Missing)
        .with_status(204)
        .expect(1)
        .create_async()
        .await;
    let token = Secret::new(TOKEN);
    client(&server.url()).delete_recurring_token(CLIENT, &token).await.expect("deleted");
    mock.assert_async().await;
}

#[test]
fn optional_members_follow_those_of_the_source_document() {
    let products = vec![
        Product::new("Plan", 100).with_quantity("2").with_discount(1).with_category("digital"),
        Product::new("Setup", 0),
    ];
    let person =
        ClientDetails::new("ann@example.org").with_full_name("Ann").with_phone("+27 1").with_country("ZA");
    let request = CreatePurchase::new(BRAND, Payer::Details(person), products)
        .with_currency(Currency::from_code("ZAR").expect("ZAR"))
        .with_total_override(150)
        .with_reference("renewal-2")
        .with_success_redirect("https://shop.example/done")
        .with_failure_redirect("https://shop.example/failed")
        .with_cancel_redirect("https://shop.example/back")
        .with_success_callback("https://shop.example/hook")
        .with_send_receipt(true)
        .with_skip_capture(false)
        .with_payment_method_whitelist(["visa", "mastercard"])
        .with_due(1_663_425_652);
    let body = |request: &CreatePurchase| {
        let request = request.request().expect("valid");
        String::from_utf8_lossy(request.body_bytes().expect("a body")).into_owned()
    };
    insta::assert_snapshot!(body(&request));
    let short = CreatePurchase::one_product(BRAND, Payer::email("ann@example.org"), "Plan", rand(4000));
    assert_eq!(
        body(&short),
        format!(
            r#"{{"purchase":{{"products":[{{"name":"Plan","price":4000}}],"currency":"ZAR"}},"brand_id":"{BRAND}","client":{{"email":"ann@example.org"}}}}"#
        )
    );
}

/// Every answer again with an unknown member, and with every status replaced by a new one.
#[test]
fn new_members_and_new_values_do_no_harm() {
    let purchases: [(&str, ReadPurchase); 5] = [
        ("revio/create-purchase/created", Box::new(|reply| first("Monthly plan").read(reply))),
        ("revio/get-purchase/paid", Box::new(|reply| GetPurchase::new(PURCHASE).read(reply))),
        ("revio/get-purchase/error-with-attempts", Box::new(|reply| GetPurchase::new(PURCHASE).read(reply))),
        ("revio/charge-purchase/paid", Box::new(charged_purchase)),
        ("revio/charge-purchase/pending-charge", Box::new(charged_purchase)),
    ];
    for (name, read) in purchases {
        let body = Case::load(name).response_body();
        let unknown = variants::with_unknown_member(&body);
        assert!(unknown.len() > 5, "{name}");
        for body in unknown {
            let _ = read(&Reply::new(200, Vec::new(), body)).expect(name);
        }
        let known = read(&Reply::new(200, Vec::new(), body.clone())).expect(name).status;
        for value in [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})] {
            for body in variants::with_member_replaced(&body, "status", value) {
                let purchase = read(&Reply::new(200, Vec::new(), body)).expect(name);
                assert!(purchase.status == known || purchase.outcome() == Outcome::Pending, "{name}");
            }
        }
        // An amount that cannot be read is not passed over.
        for body in variants::with_member_replaced(&body, "payment", serde_json::json!(7)) {
            let read = read(&Reply::new(200, Vec::new(), body));
            assert!(read.map_or(true, |purchase| purchase.unreadable_amount() == Some("amount")), "{name}");
        }
        for member in ["transaction_data", "attempts", "products", "error", "paid_on", "due"] {
            for value in [serde_json::json!(null), serde_json::json!("text"), serde_json::json!(7)] {
                for body in variants::with_member_replaced(&body, member, value) {
                    assert_eq!(read(&Reply::new(200, Vec::new(), body)).expect(name).status, known);
                }
            }
        }
    }
    let body = Case::load("revio/list-recurring-tokens/documented").response_body();
    for body in variants::with_unknown_member(&body) {
        let page = ListRecurringTokens::new(CLIENT).read(&Reply::new(200, Vec::new(), body));
        assert_eq!(page.expect("a page").results.len(), 1);
    }
    for member in ["payment_method", "description", "created_on", "type", "next", "previous"] {
        for body in variants::with_member_replaced(&body, member, serde_json::json!({"a": 1})) {
            let page = ListRecurringTokens::new(CLIENT).read(&Reply::new(200, Vec::new(), body));
            assert_eq!(page.expect("a page").results.len(), 1);
        }
    }
    let body = Case::load("revio/create-client/created").response_body();
    for body in variants::with_unknown_member(&body) {
        GetClient::new(CLIENT).read(&Reply::new(200, Vec::new(), body)).expect("a client");
    }
}

type ReadPurchase = Box<dyn Fn(&Reply) -> Result<Purchase, revio::Error>>;

fn charged_purchase(reply: &Reply) -> Result<Purchase, revio::Error> {
    charge().read(reply).map(|answer| answer.purchase().expect("a purchase").clone())
}
