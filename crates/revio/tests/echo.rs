//! A gateway that quotes the secrets of the request in every form, in every member of success and error answers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::time::Duration;

use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};
use revio::{
    ChargePurchase, Client, CreatePurchase, Environment, HttpOptions, Payer, Product, RetryPolicy, Secret,
};

const KEY: &str = "canary/api-key-4711";

const TEMPLATES: [&str; 4] = [
    r#"{"id":"ID","status":"ECHO","checkout_url":"https://pay.example/ECHO","client_id":"ID","brand_id":"ID","reference":"ECHO",
    "purchase":{"currency":"ZAR","products":[{"name":"ECHO","quantity":"ECHO","category":"ECHO"}]},"payment":{"payment_type":"ECHO","currency":"ECHO"},
    "transaction_data":{"payment_method":"ECHO","attempts":[{"type":"ECHO","payment_method":"ECHO","error":{"code":"ECHO","message":"ECHO"}}]}}"#,
    r#"{"id":"ID","email":"ECHO","full_name":"ECHO","phone":"ECHO","country":"ECHO"}"#,
    r#"{"next":null,"results":[{"id":"other-token","payment_method":"ECHO","description":"ECHO","type":"ECHO"}]}"#,
    r#"{"__all__":[{"message":"ECHO","code":"ECHO"}],"ECHO":{"message":"ECHO","code":"ECHO"}}"#,
];

fn client(url: &str) -> Client {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(2));
    Client::builder(Environment::Custom(url.to_owned()), KEY)
        .with_http(HttpOptions::new().with_retry(quick))
        .build()
        .expect("a client")
}

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let mut shown = String::new();
    let server = EchoServer::start(|_| None).await;
    let client = client(&server.url());
    let create = CreatePurchase::new("b", Payer::email("a@b"), vec![Product::new("Plan", 1)]);
    for reply in echoes(KEY, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.create_purchase(&create).await);
        shown +=
            &show(&client.charge_purchase(&ChargePurchase::new("1", Secret::new("t-1"))).await.map(|_| ()));
        shown += &show(&client.get_purchase("1").await);
        shown += &show(&client.list_recurring_tokens("c", None).await);
        shown += &show(&client.delete_client("c").await);
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[KEY], &shown, "what is shown");
    assert_absent(&[KEY], &logs.text(), "the log");
}

#[tokio::test]
async fn cards_that_quote_a_secret_are_cleared() {
    let server = EchoServer::start(|_| None).await;
    let card = format!(
        r#"{{"id":"canary-token-0815","description":"of canary-token-0815","payment_method":"{KEY}"}}"#
    );
    server.answer(&RawReply::json(200, format!(r#"{{"next":null,"results":[{card}]}}"#)));
    let page = client(&server.url()).list_recurring_tokens("c", None).await;
    let shown = show(&page);
    assert!(shown.contains("of [redacted]"), "{shown}");
    assert_absent(&[KEY, "canary-token-0815"], &shown, "the cards");
    assert_eq!(page.expect("cards").results.first().expect("a card").id.expose(), "canary-token-0815");
}
