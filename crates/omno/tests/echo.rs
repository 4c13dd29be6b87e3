//! A gateway that quotes the secrets of the request in every form, in every member of success and error answers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{TOKEN_PATH, addresses, billing, euro, quick};
use omno::{Client, CreatePayment, Credentials, Effect, Environment, Secret};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};

const ID: &str = "canary-client/id-1234";
const SECRET: &str = "canary/client+secret-4711";
const ACCESS: &str = "canary/access-token-2342";
const CARD: &str = "canary/card-token-0815";

const TEMPLATES: [&str; 4] = [
    r#"{"paymentId":"ID","paymentUrl":"https://pay.example/ECHO","paymentUrlIframe":"ECHO","status":"ECHO","orderId":"ID"}"#,
    r#"{"id":"ID","status":"ECHO","customerId":"ID","psp":"ECHO","masterPsp":"ECHO","cardMask":"ECHO","cardholder":"ECHO",
    "expirationDate":"ECHO","country":"ECHO","cardBrand":"ECHO","paymentResult":"ECHO","createdAt":"ECHO","currency":"ECHO","amount":"ECHO"}"#,
    r#"{"cards":[{"cardToken":"other-token-1","cardMask":"ECHO","cardBrand":"ECHO","expirationDate":"ECHO","cardholder":"ECHO"}]}"#,
    r#"{"message":"ECHO","error":"ECHO","error_description":"ECHO","status":400}"#,
];

fn client(url: &str) -> Client {
    Client::builder(Environment::Custom(url.to_owned()), Credentials::client(ID, SECRET))
        .with_token_url(format!("{url}{TOKEN_PATH}"))
        .with_http(quick())
        .build()
        .expect("a client")
}

fn grant(path: &str) -> Option<RawReply> {
    (path == TOKEN_PATH).then(|| RawReply::json(200, format!(r#"{{"access_token":"{ACCESS}"}}"#)))
}

fn payment() -> CreatePayment {
    CreatePayment::new(euro(1), billing(), addresses()).with_card_token(Secret::new(CARD))
}

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let mut shown = String::new();
    let server = EchoServer::start(grant).await;
    let client = client(&server.url());
    for reply in echoes(ACCESS, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.get_payment("1").await);
        shown += &show(&client.list_cards("1").await);
        shown += &show(&client.create_payment(&payment()).await);
    }
    for reply in echoes(CARD, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.create_payment(&payment()).await);
    }
    // The key is known where its token was granted.
    for reply in echoes(SECRET, &TEMPLATES).iter().step_by(2) {
        server.answer(reply);
        shown += &show(&client.get_payment("1").await);
        shown += &show(&client.create_payment(&payment()).await);
    }
    let server = EchoServer::start(|_| None).await;
    let refused = self::client(&server.url());
    for secret in [ID, SECRET] {
        for reply in echoes(secret, &TEMPLATES[3..]) {
            server.answer(&reply);
            shown += &show(&refused.get_payment("1").await);
        }
        // A granted token is kept by the client, so that each needs its own.
        for reply in echoes(secret, &[r#"{"access_token":"ECHO","expires_in":"ECHO"}"#]).iter().step_by(11) {
            server.answer(reply);
            shown += &show(&self::client(&server.url()).get_payment("1").await);
        }
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[ACCESS, CARD, ID, SECRET], &shown, "what is shown");
    assert_absent(&[ACCESS, CARD, ID, SECRET], &logs.text(), "the log");
}

#[tokio::test]
async fn access_token_as_payment_id_is_not_an_id() {
    let server = EchoServer::start(grant).await;
    server.answer(&RawReply::json(200, format!(r#"{{"paymentId":"{ACCESS}"}}"#)));
    let error = client(&server.url()).create_payment(&payment()).await.expect_err("not an id");
    assert_eq!(error.effect(), Effect::Unknown);
    assert!(error.to_string().contains("no usable identifier in `paymentId`"), "{error}");
    assert_absent(&[ACCESS], &show::<(), _>(&Err(error)), "the error");
}

#[tokio::test]
async fn cards_that_quote_a_secret_are_cleared() {
    let server = EchoServer::start(grant).await;
    server.answer(&RawReply::json(
        200,
        format!(
            r#"[{{"cardToken":"{CARD}","cardMask":"of {CARD}","cardBrand":"{ACCESS}","cardholder":"Ann"}}]"#
        ),
    ));
    let cards = client(&server.url()).list_cards("1").await;
    let shown = show(&cards);
    assert!(shown.contains("of [redacted]") && shown.contains("Ann"), "{shown}");
    assert_absent(&[ACCESS, CARD], &shown, "the cards");
    assert_eq!(
        cards.expect("cards").first().expect("a card").card_token.expose(),
        CARD,
        "the token itself is kept"
    );
}
