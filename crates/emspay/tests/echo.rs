//! A gateway that quotes the secrets of the request in every form, in every member of success and error answers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::time::Duration;

use emspay::{
    Client, CreateOrder, Currency, Environment, HttpOptions, ListOrders, Money, RefundOrder, RetryPolicy,
    Secret,
};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};

const KEY: &str = "canary-api-key/4711";
const TOKEN: &str = "canary/vault-token-0815";

const TEMPLATES: [&str; 3] = [
    r#"{"id":"ID","status":"ECHO","currency":"EUR","merchant_order_id":"ECHO","description":"ECHO","merchant_id":"ID","project_id":"ID",
    "order_url":"https://pay.example/ECHO","flags":["ECHO"],"related_order_id":"ID","created":"ECHO","transactions":[{"id":"ID","status":"ECHO",
    "payment_method":"ECHO","payment_url":"//pay.example/ECHO","reason":"ECHO","customer_message":"ECHO","payment_method_brand":"ECHO",
    "payment_method_details":{"cardholder_name":"ECHO","truncated_pan":"ECHO","card_expiry":"ECHO","recurring_type":"ECHO"}}]}"#,
    r#"{"error":{"type":"ECHO","value":"ECHO","property_path":"ECHO"}}"#,
    r#"{"error":"ECHO"}"#,
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

fn cent() -> Money {
    Money::from_minor(1, Currency::from_code("EUR").expect("EUR")).expect("money")
}

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let mut shown = String::new();
    let server = EchoServer::start(|_| None).await;
    let client = client(&server.url());
    let renewal = CreateOrder::recurring("1", cent(), Secret::new(TOKEN));
    for reply in echoes(KEY, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.create_order(&renewal).await);
        shown += &show(&client.get_order("1").await);
        shown += &show(&client.refund_order(&RefundOrder::new("1", cent())).await);
        shown += &show(&client.currencies().await);
    }
    for reply in echoes(TOKEN, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.create_order(&renewal).await);
    }
    for reply in echoes(KEY, &[&format!(r#"{{"orders":[{}]}}"#, TEMPLATES[0])]) {
        server.answer(&reply);
        let list = ListOrders::created_between("2017-01-01T00:00:00Z", "2017-01-02T00:00:00Z");
        shown += &show(&client.list_orders(&list).await);
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    assert_absent(&[KEY, TOKEN], &logs.text(), "the log");
}

#[tokio::test]
async fn base64_of_key_is_not_shown() {
    // What follows `Basic` in the header: of `canary-api-key/4711:`.
    let basic = "Y2FuYXJ5LWFwaS1rZXkvNDcxMTo=";
    let server = EchoServer::start(|_| None).await;
    server.answer(&RawReply::json(401, format!(r#"{{"error":{{"value":"bad {basic}"}}}}"#)));
    let shown = show(&client(&server.url()).get_order("1").await);
    assert!(shown.contains("bad [redacted]") && !shown.contains("Y2FuYXJ5"), "{shown}");
}
