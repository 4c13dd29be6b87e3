//! What goes over the wire, and what is made of what comes back: against `fixtures/omno`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{CARD_TOKEN, PAYMENT, addresses, bearer_client, billing, client, euro, with_card, with_page};
use mockito::{Matcher, Mock, Server, ServerGuard};
use omno::{
    Card, CreatePayment, CreatedPayment, DeclineReason, Effect, ErrorKind, GetPayment, ListCards,
    Operation as _, Outcome, Payment, PaymentStatus, Proof, Reply,
};
use recurring_fixtures::{Case, variants};

/// Makes the server take exactly the stored request, once, and answer the stored response.
async fn expect(server: &mut ServerGuard, case: &Case) -> Mock {
    let request = case.meta.request.as_ref().expect("a request");
    let response = case.meta.response.as_ref().expect("a response");
    let mut mock = server.mock(&request.method, request.path.as_str());
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    if request.method == "GET" {
        mock = mock.match_body(Matcher::Missing);
    }
    if case.name.starts_with("omno/token/") {
        mock = mock.match_body(Matcher::Exact(case.text("request.txt")));
    }
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    mock.with_status(response.status.into()).with_body(case.response_body()).expect(1).create_async().await
}

/// A server that grants a token and then takes the request of the case.
async fn server_for(case: &str) -> (ServerGuard, [Mock; 2]) {
    let mut server = Server::new_async().await;
    let token = expect(&mut server, &Case::load("omno/token/granted")).await;
    let mock = expect(&mut server, &Case::load(case)).await;
    (server, [token, mock])
}

async fn create(case: &str, request: &CreatePayment) -> CreatedPayment {
    Case::load(case).assert_request_body(request.request().expect("valid").body_bytes().expect("a body"));
    let (server, mocks) = server_for(case).await;
    let created = client(&server.url()).create_payment(request).await.expect("a payment");
    for mock in mocks {
        mock.assert_async().await;
    }
    created
}

#[tokio::test]
async fn payment_with_a_page() {
    let created = create("omno/create-payment/page", &with_page()).await;
    assert_eq!(created.outcome(), Outcome::ActionRequired);
    assert_eq!(
        created.payment_address().as_deref(),
        Some("https://pay.example/0123456789ABCDEF0123456789ABCDEF")
    );
    insta::assert_debug_snapshot!(created);
}

#[tokio::test]
async fn payment_with_a_saved_card_is_not_paid_by_being_created() {
    let created = create("omno/create-payment/with-card-token", &with_card()).await;
    assert_eq!(created.outcome(), Outcome::Pending);
    assert!(created.payment_address().is_none());
    insta::assert_debug_snapshot!(created);
}

#[tokio::test]
async fn payment_read_back() {
    for (case, outcome) in
        [("omno/get-payment/success", Outcome::Paid), ("omno/get-payment/declined", Outcome::Declined)]
    {
        let (server, mocks) = server_for(case).await;
        let payment = client(&server.url()).get_payment(PAYMENT).await.expect("a payment");
        for mock in mocks {
            mock.assert_async().await;
        }
        assert_eq!(payment.outcome(), outcome);
        let reason = (outcome == Outcome::Declined).then_some(DeclineReason::InsufficientFunds);
        assert_eq!(payment.decline_reason(), reason);
        insta::assert_debug_snapshot!(case.replace('/', "_"), payment);
    }
}

#[test]
fn a_reason_belongs_to_a_refused_payment_only() {
    for status in PaymentStatus::KNOWN.iter().copied().chain(["unheard-of"]) {
        let body = format!(r#"{{"id":"{PAYMENT}","status":"{status}","paymentResult":"Expired card"}}"#);
        let payment = GetPayment::new(PAYMENT).read(&Reply::new(200, Vec::new(), body.into())).expect(status);
        let declined = payment.outcome() == Outcome::Declined;
        assert_eq!(payment.decline_reason(), declined.then_some(DeclineReason::ExpiredCard), "{status}");
        let echo = r#""amount":49.99,"currency":"EUR","orderId":"attempt-0002""#;
        let created = created(&with_card(), &format!(r#"{{"paymentId":"1",{echo},"status":"{status}"}}"#));
        assert_eq!(created.decline_reason(), declined.then_some(DeclineReason::Other), "{status}");
    }
    assert_eq!(created(&with_page(), r#"{"paymentId":"1"}"#).decline_reason(), None);
}

#[tokio::test]
async fn saved_cards_in_every_shape_that_is_understood() {
    for case in ["omno/list-cards/array", "omno/list-cards/under-cards", "omno/list-cards/under-data"] {
        let (server, mocks) = server_for(case).await;
        let cards = client(&server.url()).list_cards("customer_id").await.expect("cards");
        for mock in mocks {
            mock.assert_async().await;
        }
        let tokens: Vec<&str> = cards.iter().map(|card| card.card_token.expose()).collect();
        let expected = [CARD_TOKEN, "another_card_token"];
        assert_eq!(tokens.as_slice(), expected.split_at(tokens.len()).0, "{case}");
        assert!(cards.iter().all(|card| card.raw().contains(card.card_token.expose())));
        insta::assert_debug_snapshot!(case.replace('/', "_"), cards);
    }
}

#[tokio::test]
async fn the_requests_that_the_source_document_prints() {
    let case = Case::load("omno/list-cards/documented");
    let printed = case.meta.request.expect("a request");
    let mut server = Server::new_async().await;
    let mut mock = server.mock(&printed.method, printed.path.replace("{customerId}", "customer_id").as_str());
    for (name, value) in &printed.headers {
        mock = mock.match_header(name.as_str(), value.replace("<token>", "your_bearer_token").as_str());
    }
    let mock = mock.match_body(Matcher::Missing).with_body("[]").expect(1).create_async().await;
    assert!(bearer_client(&server.url()).list_cards("customer_id").await.expect("a list").is_empty());
    mock.assert_async().await;

    // The printed body is a template that is not JSON: what it says is the name and the value of one member.
    let case = Case::load("omno/create-payment/documented");
    assert_eq!(
        case.text("printed.txt"),
        "{{'cardToken': '{cardToken}', /* Other necessary payment fields */ }}"
    );
    let printed = case.meta.request.expect("a request");
    let mut mock = server.mock(&printed.method, printed.path.as_str());
    for (name, value) in &printed.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    let mock = mock
        .match_body(Matcher::PartialJson(serde_json::json!({ "cardToken": CARD_TOKEN })))
        .with_body(r#"{"paymentId":"1"}"#)
        .expect(1)
        .create_async()
        .await;
    let created = bearer_client(&server.url()).create_payment(&with_card()).await.expect("a payment");
    mock.assert_async().await;
    assert_eq!(created.outcome(), Outcome::Pending, "no status, and a card token was sent");
}

#[tokio::test]
async fn refused_credentials_are_proof_that_nothing_was_sent() {
    let mut server = Server::new_async().await;
    let token = expect(&mut server, &Case::load("omno/token/refused")).await;
    let payment = server.mock("POST", "/transaction/create").expect(0).create_async().await;
    let error = client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
    token.assert_async().await;
    payment.assert_async().await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    insta::assert_debug_snapshot!(error);
}

#[test]
fn members_have_one_order_and_exact_amounts() {
    let mut billing = billing();
    billing.external_user_id = Some("user-1".to_owned());
    billing.date_of_birth = Some("1990-01-31".to_owned());
    let request = CreatePayment::new(euro(3000), billing, addresses())
        .with_lang("en")
        .with_order_id("7")
        .with_card_token(CARD_TOKEN.into())
        .with_merchant_transaction_id("7-1");
    let request = request.request().expect("valid");
    insta::assert_snapshot!(String::from_utf8_lossy(request.body_bytes().expect("a body")));
}

#[test]
fn an_identifier_is_one_segment_of_the_path() {
    let request = ListCards::new("ann@example.org|7").request().expect("valid");
    assert_eq!(request.path(), "/transaction/customer/ann%40example.org%7C7/cards");
}

fn created(request: &CreatePayment, body: &str) -> CreatedPayment {
    request.read(&Reply::new(200, Vec::new(), body.into())).expect(body)
}

#[test]
fn a_status_decides_and_without_one_a_page_needs_the_customer() {
    let page = r#""paymentUrl":"https://pay.example/1""#;
    let echo = r#""amount":49.99,"currency":"EUR","orderId":"attempt-0002""#;
    for (request, body, expected) in [
        (with_page(), format!(r#"{{"paymentId":"1",{page}}}"#), Outcome::ActionRequired),
        (with_page(), format!(r#"{{"paymentId":"1",{page},"status":null}}"#), Outcome::ActionRequired),
        (with_page(), r#"{"paymentId":"1"}"#.to_owned(), Outcome::Pending),
        (with_page(), r#"{"paymentId":"1","paymentUrl":"http://pay.example"}"#.to_owned(), Outcome::Pending),
        (with_card(), format!(r#"{{"paymentId":"1",{page}}}"#), Outcome::Pending),
        // Without an echo it may be the answer to another call: the payment has to be read.
        (with_card(), r#"{"paymentId":"1","status":"SUCCESS"}"#.to_owned(), Outcome::Pending),
        (with_card(), r#"{"paymentId":"1","status":"declined"}"#.to_owned(), Outcome::Pending),
        (with_card(), format!(r#"{{"paymentId":"1",{echo},"status":"SUCCESS"}}"#), Outcome::Paid),
        (with_card(), format!(r#"{{"paymentId":"1",{echo},"status":"declined"}}"#), Outcome::Declined),
        (with_card(), r#"{"paymentId":"1","status":"Pending3DS"}"#.to_owned(), Outcome::ActionRequired),
        (with_page(), format!(r#"{{"paymentId":"1",{page},"status":"unheard-of"}}"#), Outcome::Pending),
    ] {
        assert_eq!(created(&request, &body).outcome(), expected, "{body}");
    }
}

#[test]
fn the_same_amount_may_be_written_in_another_way() {
    for amount in ["49.99", "49.990", r#""49.99""#, "null"] {
        let body =
            format!(r#"{{"paymentId":"1","amount":{amount},"currency":"eur","orderId":"attempt-0002"}}"#);
        let _ = created(&with_card(), &body);
    }
    let nameless = CreatePayment::new(euro(4999), billing(), addresses());
    assert_eq!(
        created(&nameless, r#"{"paymentId":"1","orderId":"theirs"}"#).order_id.as_deref(),
        Some("theirs")
    );
}

#[test]
fn amounts_read_back_keep_their_text() {
    let body = br#"{"status":"Created","amount":49.990,"id":"01234567-89ab-cdef-0123-456789abcdef"}"#;
    let payment =
        GetPayment::new(PAYMENT).read(&Reply::new(200, Vec::new(), body.to_vec())).expect("a payment");
    assert_eq!(payment.amount.as_deref(), Some("49.990"));
    let body = br#"{"status":"Pending3DS","3dsRedirectUrl":"https://acs.example/1"}"#;
    let payment =
        GetPayment::new(PAYMENT).read(&Reply::new(200, Vec::new(), body.to_vec())).expect("a payment");
    assert_eq!(payment.payment_address().as_deref(), Some("https://acs.example/1"));
    assert_eq!(payment.outcome(), Outcome::ActionRequired);
}

/// Every answer again with an unknown member, and with every status replaced by a new one.
#[test]
fn new_members_and_new_values_do_no_harm() {
    let create = |case: &str, request: CreatePayment, body: Vec<u8>| {
        request.read(&Reply::new(200, Vec::new(), body)).expect(case)
    };
    let get = |body: Vec<u8>| -> Payment {
        GetPayment::new(PAYMENT).read(&Reply::new(200, Vec::new(), body)).expect("a payment")
    };
    let cards = |case: &str, body: Vec<u8>| -> Vec<Card> {
        ListCards::new("customer_id").read(&Reply::new(200, Vec::new(), body)).expect(case)
    };
    for body in variants::with_unknown_member(&Case::load("omno/create-payment/page").response_body()) {
        assert_eq!(create("page", with_page(), body).outcome(), Outcome::ActionRequired);
    }
    for case in ["omno/list-cards/array", "omno/list-cards/under-cards", "omno/list-cards/under-data"] {
        let body = Case::load(case).response_body();
        let whole = cards(case, body.clone()).len();
        let unknown = variants::with_unknown_member(&body);
        assert!(unknown.len() >= whole, "{case}");
        for body in unknown {
            assert_eq!(cards(case, body).len(), whole);
        }
        for body in variants::with_member_null(&body, "cardMask") {
            assert_eq!(cards(case, body).len(), whole);
        }
    }
    let success = Case::load("omno/get-payment/success").response_body();
    for body in variants::with_unknown_member(&success) {
        assert_eq!(get(body).outcome(), Outcome::Paid);
    }
    let with_status = Case::load("omno/create-payment/with-card-token").response_body();
    for value in [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})] {
        for body in variants::with_member_replaced(&success, "status", value.clone()) {
            let payment = get(body);
            assert_eq!(payment.outcome(), Outcome::Pending);
            assert!(matches!(payment.status, PaymentStatus::Other(_)));
        }
        for body in variants::with_member_replaced(&with_status, "status", value) {
            assert_eq!(create("card", with_card(), body).outcome(), Outcome::Pending);
        }
    }
    for member in ["amount", "createdAt", "cardMask", "isApm", "3dsRedirectUrl", "paymentLog"] {
        for body in variants::with_member_replaced(&success, member, serde_json::json!({"odd": []})) {
            assert_eq!(get(body).outcome(), Outcome::Paid, "{member}");
        }
    }
}
