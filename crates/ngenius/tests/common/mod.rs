#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::time::Duration;

use ngenius::{
    Card, Client, ClientBuilder, CreateRecurringPayment, Currency, Environment, Frequency, HttpOptions,
    Money, RetryPolicy,
};
use recurring_fixtures::Case;
use recurring_fixtures::fault::{RawReply, Received};

pub const KEY: &str = "bm90LWEtcmVhbC1rZXk=";
pub const TOKEN: &str = "not-a-real-access-token";
pub const OUTLET: &str = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
pub const ORDER: &str = "5787d6d7-765f-4716-b19f-0b6482aa802d";
pub const TOKEN_PATH: &str = "/identity/auth/access-token";

pub fn dirham(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("AED").expect("AED")).expect("money")
}

/// A client of the server at `url`, with the realm of the examples and time-outs for tests.
pub fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}

pub fn builder(url: &str) -> ClientBuilder {
    Client::builder(KEY, OUTLET)
        .environment(Environment::Custom(url.to_owned()))
        .realm("ni")
        .http(quick(Duration::from_millis(500)))
}

pub fn quick(timeout: Duration) -> HttpOptions {
    let quick = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    HttpOptions::new().timeout(timeout).connect_timeout(timeout / 2).retry(quick)
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
