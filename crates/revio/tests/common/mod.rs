#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::time::Duration;

use revio::{
    ChargePurchase, Client, CreatePurchase, Currency, Environment, HttpOptions, Money, Payer, Product,
    RetryPolicy, Secret,
};

pub const KEY: &str = "not-a-real-key";
pub const BRAND: &str = "5c523a6d-cad0-462e-b9bb-79b16495f3b9";
pub const CLIENT: &str = "98e9cf98-dbd4-4a84-a304-dffbda2bef19";
pub const TOKEN: &str = "82e6eb62-90e8-405c-9ec9-d43affba41d2";
pub const PURCHASE: &str = "00000000-0000-4000-8000-0000000000a1";

pub fn rand(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("ZAR").expect("ZAR")).expect("money")
}

/// A client of the server at `url`, with time-outs for tests.
pub fn client(url: &str) -> Client {
    let quick = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    let http = HttpOptions::new()
        .timeout(Duration::from_millis(500))
        .connect_timeout(Duration::from_millis(250))
        .retry(quick);
    Client::builder(KEY)
        .environment(Environment::Custom(format!("{url}/api/v1")))
        .http(http)
        .build()
        .expect("a client")
}

/// A purchase of one product that saves the card, as the source document prints it when the product is `test`.
pub fn first(product: &str) -> CreatePurchase {
    CreatePurchase::new(BRAND, Payer::client_id(CLIENT), vec![Product::new(product, 100)]).force_recurring()
}

/// The charge that the source document prints.
pub fn charge() -> ChargePurchase {
    ChargePurchase::new(PURCHASE, Secret::new(TOKEN))
}
