//! A gateway that quotes the secrets of the request in every form, in every member of success and error answers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::time::Duration;

use common::quick;
use ngenius::{Card, Client, CreateRecurringPayment, Currency, Environment, Frequency, Money};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};

/// base64 of `canary-user-4711:canary-password/2342`
const KEY: &str = "Y2FuYXJ5LXVzZXItNDcxMTpjYW5hcnktcGFzc3dvcmQvMjM0Mg==";
const ACCESS: &str = "canary/access-token-0815";
const PAN: &str = "4012001037141112";

const STATE: &str = r#""_id":"ID","reference":"ID","state":"ECHO","outletId":"ID","orderReference":"ID","authResponse":{"resultMessage":"ECHO",
    "resultCode":"ECHO","authorizationCode":"ECHO","rrn":"ECHO","mid":"ECHO"},"paymentMethod":{"name":"ECHO","cardholderName":"ECHO","expiry":"ECHO","pan":"ECHO"},
    "savedCard":{"scheme":"ECHO","cardholderName":"ECHO","expiry":"ECHO","maskedPan":"ECHO"}"#;
const ERROR: &str = r#"{"message":"ECHO","code":"ECHO","errors":[{"message":"ECHO","localizedMessage":"ECHO","errorCode":"ECHO","domain":"ECHO"}]}"#;

fn templates() -> [String; 3] {
    [
        format!(r#"{{{STATE},"merchantOrderReference":"ECHO","startTime":"ECHO","frequency":"ECHO"}}"#),
        format!(
            r#"{{"reference":"ID","_id":"ID","type":"ECHO","action":"ECHO","outletId":"ID","emailAddress":"ECHO",
            "merchantOrderReference":"ECHO","createDateTime":"ECHO","_embedded":{{"payment":[{{{STATE}}}]}}}}"#
        ),
        ERROR.to_owned(),
    ]
}

fn client(url: &str) -> Client {
    Client::builder(Environment::Custom(url.to_owned()), KEY, "outlet")
        .with_http(quick(Duration::from_secs(5)))
        .build()
        .expect("a client")
}

fn payment() -> CreateRecurringPayment {
    let money = Money::from_minor(1, Currency::from_code("AED").expect("AED")).expect("money");
    let card = Card::new(PAN, "2999-07", "987", "Ann Example").expect("a card");
    CreateRecurringPayment::new(money, Frequency::Monthly, "ann@example.org", card)
}

fn grant(path: &str) -> Option<RawReply> {
    path.ends_with("/access-token")
        .then(|| RawReply::json(200, format!(r#"{{"access_token":"{ACCESS}","expires_in":300}}"#)))
}

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let mut shown = String::new();
    let server = EchoServer::start(grant).await;
    let client = client(&server.url());
    let templates = templates();
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    for secret in [KEY, ACCESS, PAN] {
        for reply in echoes(secret, &templates) {
            server.answer(&reply);
            shown += &show(&client.create_recurring_payment(&payment()).await);
            if secret != PAN {
                shown += &show(&client.get_order("1").await);
            }
        }
    }
    let server = EchoServer::start(|_| None).await;
    for reply in echoes(KEY, &[ERROR]) {
        server.answer(&reply);
        shown += &show(&self::client(&server.url()).get_order("1").await);
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[KEY, ACCESS, PAN], &shown, "what is shown");
    assert_absent(&[KEY, ACCESS, PAN], &logs.text(), "the log");
}

#[tokio::test]
async fn decoded_user_and_password_are_not_shown() {
    let server = EchoServer::start(grant).await;
    let client = client(&server.url());
    server.answer(&RawReply::json(400, r#"{"message":"x","code":"400","errors":[{"message":"no canary-user-4711 with canary-password/2342"}]}"#));
    let shown = show(&client.create_recurring_payment(&payment()).await);
    assert!(shown.contains("no [redacted] with [redacted]"), "{shown}");
    // Where it would be stored: the reference of the payment.
    server.answer(&RawReply::json(200, r#"{"state":"CAPTURED","reference":"canary-user-4711"}"#));
    let shown = show(&client.create_recurring_payment(&payment()).await);
    assert!(shown.contains("no usable identifier in `reference`") && !shown.contains("canary"), "{shown}");
}
