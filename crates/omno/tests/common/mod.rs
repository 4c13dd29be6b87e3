#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::time::Duration;

use omno::{
    Addresses, Billing, Client, CreatePayment, Credentials, Currency, Environment, HttpOptions, Money,
    RetryPolicy, Secret,
};
use recurring_fixtures::Case;
use recurring_fixtures::fault::{RawReply, Received};

pub const PAYMENT: &str = "0123456789ABCDEF0123456789ABCDEF";
pub const CARD_TOKEN: &str = "retrieved_card_token";
pub const TOKEN_PATH: &str = "/realms/omno/protocol/openid-connect/token";

pub fn euro(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("EUR").expect("EUR")).expect("money")
}

/// Time-outs for tests.
pub fn quick() -> HttpOptions {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450))
        .with_retry(quick)
}

/// A client of the gateway and the token service at `url`.
pub fn client(url: &str) -> Client {
    client_with_tokens_of(url, url)
}

pub fn client_with_tokens_of(url: &str, token_url: &str) -> Client {
    Client::builder(
        Environment::Custom(url.to_owned()),
        Credentials::client("not-a-real-client", "not-a-real-secret"),
    )
    .with_token_url(format!("{token_url}{TOKEN_PATH}"))
    .with_http(quick())
    .build()
    .expect("a client")
}

/// A client with the source document's own token.
pub fn bearer_client(url: &str) -> Client {
    Client::builder(Environment::Custom(url.to_owned()), Credentials::bearer("your_bearer_token"))
        .with_http(quick())
        .build()
        .expect("a client")
}

pub fn billing() -> Billing {
    Billing {
        first_name: "Test".to_owned(),
        last_name: "Customer".to_owned(),
        address1: "1 Example Street".to_owned(),
        city: "Tallinn".to_owned(),
        state: "Harju".to_owned(),
        country: "EE".to_owned(),
        postal_code: "10111".to_owned(),
        phone: "+3725550100".to_owned(),
        email: "customer@example.com".to_owned(),
        ..Billing::default()
    }
}

pub fn addresses() -> Addresses {
    Addresses {
        hook_url: "https://shop.example/hooks/omno".to_owned(),
        callback: "https://shop.example/paid".to_owned(),
        callback_fail: "https://shop.example/failed".to_owned(),
    }
}

/// The two payments of the fixtures.
pub fn with_page() -> CreatePayment {
    CreatePayment::new(euro(4999), billing(), addresses()).with_lang("en").with_order_id("attempt-0001")
}

pub fn with_card() -> CreatePayment {
    CreatePayment::new(euro(4999), billing(), addresses())
        .with_lang("en")
        .with_order_id("attempt-0002")
        .with_card_token(Secret::new(CARD_TOKEN))
}

/// Grants a token to every request for one; `None` for every other request.
pub fn grant(request: &Received) -> Option<RawReply> {
    (request.path == TOKEN_PATH)
        .then(|| RawReply::json(200, Case::load("omno/token/granted").response_body()))
}
