//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use emspay::{Client, CreateOrder, Currency, Environment, Money, Order, Secret};
use recurring_fixtures::fault::{Behaviour, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;

const KEY: &str = "sentinel-api-key-4711";
const TOKEN: &str = "sentinel-vault-token-0815";

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let logs = Capture::start();
    let mut shown = String::new();
    // A gateway that quotes everything it was sent, and the token of its own accord.
    let replies = [
        RawReply::json(
            201,
            format!(
                r#"{{"id":"1","transactions":[{{"payment_method_details":{{"vault_token":"{TOKEN}"}},"reason":"no {TOKEN}"}}]}}"#
            ),
        ),
        RawReply::json(
            400,
            format!(r#"{{"error":{{"type":"{KEY}","value":"bad {TOKEN}","property_path":"{TOKEN}"}}}}"#),
        ),
        RawReply::json(401, format!(r#"{{"error":"{KEY}"}}"#)),
        RawReply::json(500, format!("{TOKEN} {KEY}")),
        RawReply::json(201, format!(r#"{{"id":{{"{TOKEN}":"{KEY}"}}}}"#)),
        RawReply::json(201, format!(r#"["{TOKEN}""#)),
    ];
    for reply in replies {
        let server = FaultServer::start(move |_, _| Behaviour::Reply(reply.clone())).await;
        let builder = Client::builder(KEY).environment(Environment::Custom(server.url()));
        shown += &format!("{builder:?}");
        let client = builder.build().expect("a client");
        let money = Money::from_minor(1, Currency::from_code("EUR").expect("EUR")).expect("money");
        let request = CreateOrder::recurring("1", money, Secret::new(TOKEN));
        shown += &format!("{client:?} {request:?} {:?}", request.to_request());
        let answer: Result<Order, emspay::Error> = client.create_order(&request).await;
        if let Err(error) = &answer {
            shown += &format!("{error} {:?} {:?}", error.api(), error.reply());
        }
        shown += &format!("{answer:?}");
    }
    for bad in [format!("{KEY}\n"), format!("{KEY}:")] {
        shown += &format!("{:?}", Client::builder(bad).build());
    }
    assert!(shown.contains("bad [redacted]"), "{shown}");
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    let logged = logs.text();
    assert!(logged.contains("create order"), "something is logged");
    assert_absent(&[KEY, TOKEN], &logged, "the log");
}

#[test]
fn an_address_that_is_refused_may_hold_a_password() {
    let builder =
        Client::builder(KEY).environment(Environment::Custom(format!("https://user:{TOKEN}@a.example")));
    let shown = format!("{builder:?} {:?}", builder.clone().build());
    assert_absent(&[KEY, TOKEN], &shown, "a builder");
}
