#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "only tests use it")]

use std::time::Duration;

use mockito::{Matcher, Mock, Server, ServerGuard};
use ngenius::{
    Card, Client, ClientBuilder, CreateRecurringPayment, Currency, Environment, Frequency, GetOrder,
    HttpOptions, Money, Operation as _, Order, Outlet, PayWithSavedCard, RefundPayment, Reply, RetryPolicy,
    SavedCard,
};
use recurring_fixtures::Case;
use recurring_fixtures::fault::{RawReply, Received};

pub const KEY: &str = "bm90LWEtcmVhbC1rZXk=";
pub const TOKEN: &str = "not-a-real-access-token";
pub const OUTLET: &str = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
pub const ORDER: &str = "5787d6d7-765f-4716-b19f-0b6482aa802d";
pub const PAYMENT: &str = "00000000-0000-4000-8000-0000000000b1";
/// Where the links of the examples lead.
pub const HOME: &str = "https://api-gateway.sandbox.ngenius-payments.com";
pub const TOKEN_PATH: &str = "/identity/auth/access-token";

pub fn dirham(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("AED").expect("AED")).expect("money")
}

/// The outlet of the examples, at the address where their links lead.
pub fn outlet() -> Outlet {
    Outlet::new(&Environment::UaeSandbox, OUTLET).expect("an outlet")
}

/// A client of the server at `url`, with the realm of the examples and time-outs for tests.
pub fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}

pub fn builder(url: &str) -> ClientBuilder {
    Client::builder(Environment::Custom(url.to_owned()), KEY, OUTLET)
        .with_realm("ni")
        .with_http(quick(Duration::from_millis(500)))
}

pub fn quick(timeout: Duration) -> HttpOptions {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    HttpOptions::new().with_timeout(timeout).with_connect_timeout(timeout / 2).with_retry(quick)
}

pub fn card() -> Card {
    Card::new("4012001037141112", "2025-04", "123", "Test Customer").expect("a card")
}

/// The payment that the source document prints; the e-mail address is hidden there.
pub fn documented() -> CreateRecurringPayment {
    CreateRecurringPayment::new(dirham(150), Frequency::Monthly, "[email protected]", card())
}

pub fn granted() -> RawReply {
    RawReply::json(200, Case::load("ngenius/access-token/granted").response_body())
}

/// Grants a token, so that the request itself is what goes wrong.
pub fn grant_token(request: &Received) -> Option<RawReply> {
    (request.path == TOKEN_PATH).then(granted)
}

/// The order of an example, with links that lead to `url`.
pub fn order_at(case: &str, url: &str) -> Order {
    let body = Case::load(case).text("response.json").replace(HOME, url);
    outlet()
        .operation(&GetOrder::new(ORDER))
        .read(&Reply::new(200, Vec::new(), body.into_bytes()))
        .expect("an order")
}

/// A part of the first payment of the order with two, which was captured.
pub fn refund_at(url: &str) -> RefundPayment {
    let order = order_at("ngenius/get-order/two-payments", url);
    RefundPayment::of(&order.payments[0], ORDER, dirham(50)).expect("a refund")
}

pub fn saved_card() -> SavedCard {
    SavedCard::new("not-a-real-card-token", "2025-04", "Test Customer")
}

/// The order that waits for its payment, paid with the saved card.
pub fn saved_card_payment_at(url: &str) -> PayWithSavedCard {
    let order = order_at("ngenius/get-order/started", url);
    PayWithSavedCard::new(&order, &saved_card(), dirham(150)).expect("a payment")
}

/// Takes exactly the stored request, with the body that was built, and answers the stored response.
pub fn mock_of(server: &mut ServerGuard, case: &Case, body: Option<&[u8]>) -> Mock {
    let request = case.meta.request.as_ref().expect("a request");
    let response = case.meta.response.as_ref().expect("a response");
    // The source document leaves a gap in the path for the merchant's own outlet.
    let path = request.path.replace("[your-outlet-reference]", OUTLET);
    let mut mock = server.mock(&request.method, path.as_str());
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    mock = match body {
        Some(body) => mock.match_body(std::str::from_utf8(body).expect("text")),
        None => mock.match_body(Matcher::Missing),
    };
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    mock.with_status(response.status.into()).with_body(case.response_body()).expect(1)
}

/// A server that grants, for exactly the stored request, the access token that the case is stored with.
pub async fn server_with_token(case: &Case) -> (ServerGuard, Mock) {
    let mut server = Server::new_async().await;
    let granted = Case::load("ngenius/access-token/granted");
    let headers = &case.meta.request.as_ref().expect("a request").headers;
    let token = headers.get("Authorization").and_then(|value| value.strip_prefix("Bearer "));
    let answer = granted.text("response.json").replace(TOKEN, token.expect("a bearer token"));
    let mock = mock_of(&mut server, &granted, Some(&granted.request_body()));
    let mock = mock.with_body(answer).create_async().await;
    (server, mock)
}
