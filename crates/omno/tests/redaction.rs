//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{TOKEN_PATH, addresses, billing, euro, quick};
use omno::{Client, CreatePayment, Credentials, Environment, GetPayment, ListCards, Operation as _, Secret};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;

const ID: &str = "sentinel-client-id-1234";
const SECRET: &str = "sentinel/client+secret-4711";
const ENCODED: &str = "sentinel%2Fclient%2Bsecret-4711";
const BEARER: &str = "sentinel-bearer-token-2342";
const CARD: &str = "sentinel-card-token-0815";
const SENTINELS: [&str; 6] = [ID, SECRET, ENCODED, BEARER, CARD, "sentinel-person"];

/// A gateway that quotes what it was sent (`quoted`, the card token of a payment, and the bearer token), and gives
/// out tokens of its own accord.
fn replies(quoted: &str) -> Vec<RawReply> {
    let texts = [
        (200, format!(r#"{{"paymentId":"1","status":"no {quoted} {BEARER}"}}"#)),
        (200, format!(r#"{{"status":"bad {BEARER}","paymentResult":"bad Bearer {BEARER}"}}"#)),
        (200, format!(r#"[{{"cardToken":"{CARD}","cardMask":"4000****0044"}}]"#)),
        (200, format!(r#"[{{"cardToken":"{CARD}"}},{{"{CARD}":"{BEARER}"}}]"#)),
        (200, format!(r#"{{"{CARD}":{{"{BEARER}":"{CARD}"}}}}"#)),
        (
            400,
            format!(r#"{{"message":"bad {quoted}","error":"bad {BEARER}","error_description":"{quoted}"}}"#),
        ),
        (401, format!(r#"{{"error":"bad {BEARER}"}}"#)),
        (500, format!("{CARD} {BEARER}")),
        (200, format!(r#"["{CARD}""#)),
        (200, format!(r#"{{"paymentId":{{"{CARD}":"{BEARER}"}}}}"#)),
    ];
    texts.into_iter().map(|(status, body)| RawReply::json(status, body)).collect()
}

fn token_replies() -> Vec<RawReply> {
    vec![
        RawReply::json(200, format!(r#"{{"access_token":"{BEARER}","expires_in":300}}"#)),
        RawReply::json(401, format!(r#"{{"error":"bad {SECRET}","error_description":"bad {ENCODED}"}}"#)),
        RawReply::json(400, format!(r#"{{"error":"invalid_client","error_description":"bad {SECRET}"}}"#)),
        RawReply::json(200, format!(r#"{{"access_token":"{BEARER}\n"}}"#)),
        RawReply::json(500, format!("{SECRET} {ENCODED}")),
    ]
}

fn show<T: std::fmt::Debug>(answer: &Result<T, omno::Error>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error} {error:?} {:?} {:?}", error.api(), error.reply()),
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let logs = Capture::start();
    let mut shown = String::new();
    for credentials in [Credentials::client(ID, SECRET), Credentials::bearer(BEARER)] {
        shown += &format!("{credentials:?}");
        for token in token_replies() {
            for (to_payment, to_read) in replies(CARD).into_iter().zip(replies("")) {
                let token = token.clone();
                let server = FaultServer::start(move |request, _| {
                    let reply = match request.path.as_str() {
                        TOKEN_PATH => &token,
                        "/transaction/create" => &to_payment,
                        _ => &to_read,
                    };
                    Behavior::Reply(reply.clone())
                })
                .await;
                let builder = Client::builder(Environment::Custom(server.url()), credentials.clone())
                    .with_token_url(format!("{}{TOKEN_PATH}", server.url()))
                    .with_http(quick());
                shown += &format!("{builder:?}");
                let client = builder.build().expect("a client");
                let mut billing = billing();
                billing.email = "sentinel-person@example.com".to_owned();
                let request =
                    CreatePayment::new(euro(1), billing, addresses()).with_card_token(Secret::new(CARD));
                shown += &format!("{client:?} {request:?} {:?}", request.request());
                shown += &format!("{:?} {:?}", GetPayment::new("1").request(), ListCards::new("1").request());
                shown += &show(&client.create_payment(&request).await);
                shown += &show(&client.get_payment("1").await);
                shown += &show(&client.list_cards("1").await);
            }
        }
    }
    for bad in [
        Credentials::client(format!("{ID}\n"), SECRET),
        Credentials::client(ID, format!("{SECRET}\n")),
        Credentials::bearer(format!("{BEARER}\n")),
    ] {
        shown += &format!("{:?}", Client::builder(Environment::Live, bad).build());
    }
    assert!(shown.contains("bad [redacted]"), "what is quoted back is shown without the secret");
    assert_absent(&SENTINELS, &shown, "what is shown");
    let logged = logs.text();
    assert!(
        logged.contains("create payment") && logged.contains("fetch access token"),
        "something is logged"
    );
    assert_absent(&SENTINELS, &logged, "the log");
}

#[test]
fn an_address_that_is_refused_may_hold_a_password() {
    let address = "https://user:sentinel-password@a.example";
    let custom = Client::builder(Environment::Custom(address.to_owned()), Credentials::client(ID, SECRET));
    let token_url =
        Client::builder(Environment::Live, Credentials::client(ID, SECRET)).with_token_url(address);
    for builder in [custom, token_url] {
        let shown = format!("{builder:?} {:?}", builder.clone().build());
        assert_absent(&["sentinel-password"], &shown, "a builder");
    }
}

#[test]
fn serialized_answers_hold_no_token() {
    let reply = |body: &str| omno::Reply::new(200, Vec::new(), body.into());
    let body = r#"[{"cardToken":"canary-0815","cardMask":"400000****0044","odd":"canary-odd"}]"#;
    let cards = omno::ListCards::new("c").read(&reply(body)).expect("cards");
    let json = serde_json::to_string(&cards).expect("JSON");
    assert_absent(&["canary", "cardToken"], &json, "JSON");
    assert!(json.contains("400000****0044"), "{json}");
    let body = r#"{"id":"0a","status":"Unheard","paymentLog":"canary-log"}"#;
    let payment = omno::GetPayment::new("0a").read(&reply(body)).expect("a payment");
    let raw = omno::notification::RawNotification::new([("a", "b")], body).expect("small");
    let notification = omno::notification::parse(&omno::notification::accept(raw)).expect("a notification");
    for json in [serde_json::to_string(&payment), serde_json::to_string(&notification)] {
        let json = json.expect("JSON");
        assert_absent(&["canary"], &json, "JSON");
        assert!(json.contains(r#""status":"Unheard""#), "{json}");
    }
}
