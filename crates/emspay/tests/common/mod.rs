#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::time::Duration;

use emspay::{
    CaptureTransaction, Client, CreateOrder, Currency, Environment, HttpOptions, ListOrders, Money,
    RefundOrder, RetryPolicy, Secret, UpdateOrder,
};

pub const TOKEN: &str = "0c8fd8ab-25ec-4109-ac8f-495804aa5026";
pub const ORDER: &str = "3da62f95-c934-470c-a8a1-a4123e362501";
pub const TRANSACTION: &str = "bb6ffac8-09c3-4143-bad0-e4bfd56c8f15";

pub fn euro(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("EUR").expect("EUR")).expect("money")
}

/// A client of the server at `url`, with the source document's own key and time-outs for tests.
pub fn client(url: &str) -> Client {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let http = HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450))
        .with_retry(quick);
    Client::builder(Environment::Custom(format!("{url}/v1")), "hunter2")
        .with_http(http)
        .build()
        .expect("a client")
}

/// The two orders that the source document prints.
pub fn documented_first() -> CreateOrder {
    CreateOrder::first("1", euro(4000)).with_description("Credit card order - First recurring")
}

pub fn documented_recurring() -> CreateOrder {
    CreateOrder::recurring("2", euro(4000), Secret::new(TOKEN))
        .with_description("Credit card order - Actual recurring")
}

/// The other requests of the fixtures.
pub fn refund() -> RefundOrder {
    RefundOrder::new(ORDER, euro(1500)).with_description("One month given back")
}

pub fn list() -> ListOrders {
    ListOrders::created_between("2017-11-27T12:00:00+01:00", "2017-11-27T12:00:00.5Z")
}

pub fn update() -> UpdateOrder {
    UpdateOrder::new(ORDER)
        .with_merchant_order_id("1-renamed")
        .with_description("Gold plan")
        .with_return_url("https://shop.example/done")
        .with_failure_url("https://shop.example/failed")
        .with_webhook_url("https://shop.example/hook")
        .with_extra(serde_json::json!({"plan": "gold"}))
}

pub fn capture() -> CaptureTransaction {
    CaptureTransaction::new(ORDER, TRANSACTION)
}
