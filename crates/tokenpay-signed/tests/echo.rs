//! A gateway that quotes the secrets of the request in every form, in every member of success and error answers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{client, dollars, signer};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};
use tokenpay_signed::{Recurring, Sale, Secret, TokenId};

const TOKEN: &str = "canary-token-0815";

const TEMPLATES: [&str; 3] = [
    r#"{"responseCode":"0000","message":"ECHO","order":{"id":1,"status":"ECHO","merchantId":"3","merchantReference":"r-1","currency":"USD","amount":"1",
    "netAmount":"ECHO","cardType":"ECHO","email":"ECHO","createTime":"ECHO","transactions":[{"id":"ID","type":"ECHO","status":"ECHO","maskedPan":"ECHO","stan":"ECHO"}]}}"#,
    r#"{"responseCode":"ECHO","message":"ECHO"}"#,
    r#"{"responseCode":"1","message":"ECHO","order":{"id":1,"status":"ECHO","merchantReference":"ID"}}"#,
];

async fn echoed_token_is_shown_in_no_form() {
    let logs = Capture::start();
    let mut shown = String::new();
    let server = EchoServer::start(|_| None).await;
    let client = client(&server.url(), signer());
    let token = || TokenId::text(Secret::new(TOKEN));
    for reply in echoes(TOKEN, &TEMPLATES) {
        server.answer(&reply);
        shown += &show(&client.recurring(&Recurring::new("user1", token(), dollars("1"), "r-1", 7)).await);
        shown += &show(&client.sale(&Sale::new("user1", token(), dollars("1"), "r-1")).await);
        shown += &show(&client.delete_token("user1", &token()).await);
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[TOKEN], &shown, "what is shown");
    assert_absent(&[TOKEN], &logs.text(), "the log");
}

async fn cards_that_quote_their_token_are_cleared() {
    let server = EchoServer::start(|_| None).await;
    let card = format!(r#"{{"tokenId":"{TOKEN}","maskedPan":"of {TOKEN}","cardBrand":"{TOKEN}"}}"#);
    server.answer(&RawReply::json(200, format!(r#"{{"responseCode":"0000","list":[{card}]}}"#)));
    let shown = show(&client(&server.url(), signer()).query_token("user1").await);
    assert!(shown.contains("of [redacted]"), "{shown}");
    assert_absent(&[TOKEN], &shown, "the cards");
}

recurring_fixtures::tests! {
    needs OpenSsl: async [
        echoed_token_is_shown_in_no_form,
        cards_that_quote_their_token_are_cleared,
    ];
}
