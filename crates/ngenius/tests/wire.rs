//! What goes over the wire, and what is made of what comes back: against `fixtures/ngenius`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{ORDER, OUTLET, builder, client, dirham, documented, mock_of, outlet, server_with_token};
use mockito::{Matcher, Server};
use ngenius::{
    Action, CreateRecurringPayment, DeclineReason, Effect, ErrorKind, Frequency, GetOrder, Operation as _,
    Outcome, PaymentState, PreparedRequest, Proof, RecurringPayment, RecurringState, Reply, Secret,
};
use recurring_fixtures::{Case, variants};

fn body_of(request: &PreparedRequest) -> &[u8] {
    request.body_bytes().expect("a body")
}

async fn create(case: &Case, request: &CreateRecurringPayment) -> Result<RecurringPayment, ngenius::Error> {
    let prepared = outlet().operation(request).request().expect("valid");
    let (mut server, token) = server_with_token(case).await;
    let mock = mock_of(&mut server, case, Some(body_of(&prepared))).create_async().await;
    let answer = client(&server.url()).create_recurring_payment(request).await;
    token.assert_async().await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn documented_recurring_payment() {
    let case = Case::load("ngenius/create-recurring-payment/documented");
    let request = documented();
    let prepared = outlet().operation(&request).request().expect("valid");
    case.assert_request_body(body_of(&prepared));
    let payment = create(&case, &request).await.expect("a recurring payment");
    assert_eq!((payment.outcome(), payment.decline_reason()), (Outcome::Paid, None));
    insta::assert_debug_snapshot!(payment);
}

#[tokio::test]
async fn a_refused_payment_is_an_answer_not_an_error() {
    let case = Case::load("ngenius/create-recurring-payment/failed");
    case.assert_request_body(body_of(&outlet().operation(&documented()).request().expect("valid")));
    let payment = create(&case, &documented()).await.expect("a recurring payment");
    assert_eq!((payment.outcome(), &payment.state), (Outcome::Declined, &RecurringState::Failed));
    assert_eq!(payment.decline_reason(), Some(DeclineReason::Other));
    insta::assert_debug_snapshot!(payment);
}

#[tokio::test]
async fn a_refusal_in_the_gateways_own_shape_is_proof() {
    let case = Case::load("ngenius/create-recurring-payment/refused");
    let error = create(&case, &documented()).await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused))
    );
    insta::assert_debug_snapshot!(error);
}

#[tokio::test]
async fn a_wrong_key_or_realm_is_refused_before_the_payment_is_sent() {
    let case = Case::load("ngenius/access-token/bad-token-request");
    let mut server = Server::new_async().await;
    let token = mock_of(&mut server, &case, Some(&case.request_body())).create_async().await;
    let payment =
        server.mock("POST", Matcher::Regex("recurring-payment".into())).expect(0).create_async().await;
    let error = client(&server.url()).create_recurring_payment(&documented()).await.expect_err("refused");
    token.assert_async().await;
    payment.assert_async().await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    insta::assert_debug_snapshot!(error);
}

#[tokio::test]
async fn without_a_realm_the_token_is_asked_for_with_an_empty_body() {
    let mut server = Server::new_async().await;
    let token = server
        .mock("POST", "/identity/auth/access-token")
        .match_header("authorization", "Basic bm90LWEtcmVhbC1rZXk=")
        .match_header("content-type", "application/vnd.ni-identity.v1+json")
        .match_header("accept", "application/vnd.ni-identity.v1+json")
        .match_body(Matcher::Missing)
        .with_body(Case::load("ngenius/access-token/granted").response_body())
        .create_async()
        .await;
    let order = server
        .mock("GET", format!("/transactions/outlets/{OUTLET}/orders/{ORDER}").as_str())
        .with_body(Case::load("ngenius/get-order/two-payments").response_body())
        .create_async()
        .await;
    let client = builder(&server.url()).without_realm().build().expect("a client");
    let _ = client.get_order(ORDER).await.expect("an order");
    token.assert_async().await;
    order.assert_async().await;
}

#[tokio::test]
async fn an_order_holds_a_payment_for_each_charge() {
    let case = Case::load("ngenius/get-order/two-payments");
    let (mut server, token) = server_with_token(&case).await;
    let mock = mock_of(&mut server, &case, None).create_async().await;
    let order = client(&server.url()).get_order(ORDER).await.expect("an order");
    token.assert_async().await;
    mock.assert_async().await;
    let outcomes: Vec<_> = order.payments.iter().map(|payment| payment.outcome()).collect();
    assert_eq!(outcomes, [Outcome::Paid, Outcome::Declined]);
    let reasons: Vec<_> = order.payments.iter().map(|payment| payment.decline_reason()).collect();
    assert_eq!(reasons, [None, Some(DeclineReason::InsufficientFunds)]);
    // The second is named only by its long identifier.
    assert_eq!(order.payments[1].reference.as_deref(), Some("00000000-0000-4000-8000-0000000000b2"));
    let saved = order.payments[0].saved_card.as_ref().expect("a saved card");
    assert_eq!(saved.card_token.as_ref().map(Secret::expose), Some("not-a-real-card-token"));
    insta::assert_debug_snapshot!(order);
}

#[test]
fn optional_members_follow_those_of_the_source_document() {
    let request = CreateRecurringPayment::new(dirham(1), Frequency::Daily, "ann@example.org", common::card())
        .with_action(Action::Purchase)
        .with_merchant_order_reference("attempt-0001")
        .with_billing_address(serde_json::json!({"countryCode": "AE"}))
        .with_merchant_attributes(serde_json::json!({"plan": "gold"}));
    let request = outlet().operation(&request).request().expect("valid");
    insta::assert_snapshot!(String::from_utf8_lossy(body_of(&request)));
}

#[test]
fn minor_units_follow_the_currency() {
    for (text, code, minor) in [("1.234", "KWD", 1234), ("500", "JPY", 500), ("500", "UGX", 500)] {
        let currency = ngenius::Currency::from_code(code).expect(code);
        let money = ngenius::Money::parse(text, currency).expect(text);
        let request =
            CreateRecurringPayment::new(money, Frequency::Yearly, "ann@example.org", common::card());
        let request = outlet().operation(&request).request().expect("valid");
        let amount = format!(r#""amount":{{"currencyCode":"{code}","value":{minor}}}"#);
        assert!(String::from_utf8_lossy(body_of(&request)).contains(&amount), "{code}");
    }
}

/// Every answer again with an unknown member, and with every state replaced by a new one.
#[test]
fn new_members_and_new_values_do_no_harm() {
    let new = [serde_json::json!("UNHEARD_OF"), serde_json::json!(7), serde_json::json!({"a": 1})];
    let reply = |body| Reply::new(200, Vec::new(), body);

    let body = Case::load("ngenius/create-recurring-payment/documented").response_body();
    let read = |body| outlet().operation(&documented()).read(&reply(body)).expect("a recurring payment");
    for body in variants::with_unknown_member(&body) {
        assert_eq!(read(body).outcome(), Outcome::Paid);
    }
    for value in &new {
        for body in variants::with_member_replaced(&body, "state", value.clone()) {
            assert_eq!(read(body).outcome(), Outcome::Pending, "{value}");
        }
    }
    for member in ["reference", "orderReference", "frequency", "outletId", "startTime", "nextPaymentOn"] {
        for body in variants::with_member_null(&body, member)
            .into_iter()
            .chain(variants::with_member_removed(&body, member))
            .chain(variants::with_member_replaced(&body, member, serde_json::json!([{"a": 1}])))
        {
            assert_eq!(read(body).outcome(), Outcome::Paid, "{member}");
        }
    }

    let body = Case::load("ngenius/get-order/two-payments").response_body();
    let read = |body| outlet().operation(&GetOrder::new(ORDER)).read(&reply(body)).expect("an order");
    let unknown = variants::with_unknown_member(&body);
    assert!(unknown.len() > 20);
    for body in unknown {
        assert_eq!(read(body).payments.len(), 2);
    }
    for value in new {
        for body in variants::with_member_replaced(&body, "state", value.clone()) {
            for payment in read(body).payments {
                let known = matches!(payment.state, PaymentState::Captured | PaymentState::Failed);
                assert!(known || payment.outcome() == Outcome::Pending, "{value}");
            }
        }
        for member in ["amount", "authResponse", "savedCard", "paymentMethod", "action", "type", "_links"] {
            for body in variants::with_member_replaced(&body, member, value.clone()) {
                assert_eq!(read(body).payments.len(), 2, "{member}");
            }
        }
    }
    for body in variants::with_member_null(&body, "payment") {
        assert!(read(body).payments.is_empty());
    }
}
