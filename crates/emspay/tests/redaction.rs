//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use emspay::{
    CaptureTransaction, Client, CreateOrder, Currency, Environment, ListOrders, Money, Operation as _, Order,
    RefundOrder, Secret, UpdateOrder,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;

const KEY: &str = "sentinel-api-key-4711";
const TOKEN: &str = "sentinel-vault-token-0815";

/// The calls that send no token: what they know of one is in the answer alone.
#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret_of_the_answer() {
    let logs = Capture::start();
    let mut shown = String::new();
    let order = format!(
        r#"{{"id":"1","transactions":[{{"payment_method_details":{{"vault_token":"{TOKEN}"}},"reason":"no {TOKEN} {KEY}"}}]}}"#
    );
    for (status, body) in [
        (200, order.clone()),
        (200, format!("[{order}]")),
        (200, format!(r#"{{"orders":[{order},{{"{TOKEN}":1}}]}}"#)),
        (200, format!(r#"{{"payment_methods":"{TOKEN}"}}"#)),
        (400, format!(r#"{{"error":{{"type":"{KEY}","value":"bad {KEY}","property_path":"{KEY}"}}}}"#)),
        (401, format!(r#"{{"error":"bad {KEY}"}}"#)),
        (404, format!("{TOKEN} {KEY}")),
    ] {
        let reply = RawReply::json(status, body);
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let client = Client::builder(Environment::Custom(server.url()), KEY).build().expect("a client");
        let money = Money::from_minor(1, Currency::from_code("EUR").expect("EUR")).expect("money");
        let refund = RefundOrder::new("2", money);
        let update = UpdateOrder::new("1").with_description("x");
        let capture = CaptureTransaction::new("1", "1");
        let list = ListOrders::created_between("2017-01-01T00:00:00Z", "2017-01-02T00:00:00Z");
        shown += &format!("{:?} {:?}", refund.request(), update.request());
        shown += &format!("{:?} {:?}", capture.request(), list.request());
        shown += &show(client.get_order("1").await);
        shown += &show(client.cancel_order("1").await);
        shown += &show(client.refund_order(&refund).await);
        shown += &show(client.update_order(&update).await);
        shown += &show(client.capture_transaction(&capture).await);
        shown += &show(client.list_orders(&list).await);
        shown += &show(client.currencies().await);
    }
    assert!(shown.contains("bad [redacted]") && shown.contains("no [redacted] [redacted]"), "{shown}");
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    let logged = logs.text();
    assert!(logged.contains("refund order") && logged.contains("list orders"), "something is logged");
    assert_absent(&[KEY, TOKEN], &logged, "the log");
}

fn show<T: std::fmt::Debug>(answer: Result<T, emspay::Error>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error} {error:?} {:?} {:?}", error.api(), error.reply()),
    }
}

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
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let builder = Client::builder(Environment::Custom(server.url()), KEY);
        shown += &format!("{builder:?}");
        let client = builder.build().expect("a client");
        let money = Money::from_minor(1, Currency::from_code("EUR").expect("EUR")).expect("money");
        let request = CreateOrder::recurring("1", money, Secret::new(TOKEN));
        shown += &format!("{client:?} {request:?} {:?}", request.request());
        let answer: Result<Order, emspay::Error> = client.create_order(&request).await;
        if let Err(error) = &answer {
            shown += &format!("{error} {:?} {:?}", error.api(), error.reply());
        }
        shown += &format!("{answer:?}");
    }
    for bad in [format!("{KEY}\n"), format!("{KEY}:")] {
        shown += &format!("{:?}", Client::builder(Environment::Live, bad).build());
    }
    assert!(shown.contains("bad [redacted]"), "{shown}");
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    let logged = logs.text();
    assert!(logged.contains("create order"), "something is logged");
    assert_absent(&[KEY, TOKEN], &logged, "the log");
}

#[test]
fn an_address_that_is_refused_may_hold_a_password() {
    let builder = Client::builder(Environment::Custom(format!("https://user:{TOKEN}@a.example")), KEY);
    let shown = format!("{builder:?} {:?}", builder.clone().build());
    assert_absent(&[KEY, TOKEN], &shown, "a builder");
}

#[test]
fn serialized_answers_hold_no_token() {
    let card = r#"{"recurring_type":"first","vault_token":"canary-0815","card_expiry":"012030"}"#;
    let transaction = format!(r#"{{"status":"half-done","payment_method_details":{card}}}"#);
    let body =
        format!(r#"{{"id":"o-1","status":"unheard-of","amount":4000,"transactions":[{transaction}]}}"#);
    let order: emspay::Order = serde_json::from_str(&body).expect("an order");
    let refund: emspay::Refund = serde_json::from_str(&body).expect("a refund");
    for json in [serde_json::to_string(&order), serde_json::to_string(&refund)] {
        let json = json.expect("JSON");
        assert_absent(&["canary", "vault_token"], &json, "JSON");
        for shown in ["o-1", r#""status":"unheard-of""#, r#""status":"half-done""#, "012030"] {
            assert!(json.contains(shown), "{shown}: {json}");
        }
    }
}
