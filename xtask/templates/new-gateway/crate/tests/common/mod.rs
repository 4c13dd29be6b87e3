#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::time::Duration;

use new_gateway::{Client, CreatePayment, Currency, Environment, HttpOptions, Money, Secret};

pub const KEY: &str = "sentinel-api-key-4711";
pub const TOKEN: &str = "sentinel-card-token-0815";

/// The payment of the examples.
pub fn payment() -> CreatePayment {
    let euro = Currency::from_code("EUR").expect("EUR");
    CreatePayment::new("order-2", Money::from_minor(4000, euro).expect("money"), Secret::new(TOKEN))
}

/// A client of the server at `url`, with time-outs for tests.
pub fn client(url: &str) -> Client {
    let http = HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450));
    Client::builder(Environment::Custom(format!("{url}/v1")), KEY).with_http(http).build().expect("a client")
}
