//! What goes over the wire, and what is made of what comes back: against `fixtures/new-gateway`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{client, payment};
use mockito::Server;
use new_gateway::{Effect, Operation as _, Outcome, Payment, Proof};
use recurring_core::Reply;
use recurring_fixtures::{Case, variants};

/// Sends the payment to a server that takes exactly the stored request and answers the stored response.
async fn create(case: &str) -> Result<Payment, new_gateway::Error> {
    let case = Case::load(case);
    case.assert_request_body(payment().request().expect("valid").body_bytes().expect("a body"));
    let (request, response) =
        (case.meta.request.as_ref().expect("a request"), case.meta.response.as_ref().expect("a response"));
    let mut server = Server::new_async().await;
    let mut mock = server.mock(&request.method, request.path.as_str());
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    let mock = mock.with_status(response.status.into()).with_body(case.response_body()).create_async().await;
    let answer = client(&server.url()).create_payment(&payment()).await;
    mock.assert_async().await;
    answer
}

#[tokio::test]
async fn create_payment_paid() {
    let paid = create("new-gateway/create-payment/paid").await.expect("a payment");
    assert_eq!((paid.outcome(), paid.id.as_str()), (Outcome::Paid, "payment-1"));
}

#[tokio::test]
async fn create_payment_refused_is_not_applied() {
    let error = create("new-gateway/create-payment/refused").await.expect_err("refused");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::Refused));
}

#[test]
fn create_payment_unknown_members_do_no_harm() {
    let body = Case::load("new-gateway/create-payment/paid").response_body();
    for body in variants::with_unknown_member(&body) {
        let reply = Reply::new(200, Vec::new(), body);
        assert_eq!(payment().read(&reply).expect("a payment").outcome(), Outcome::Paid);
    }
}
