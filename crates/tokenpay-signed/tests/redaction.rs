//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{account, dollars, key, lost_order, part_of_an_order, signer, voided_order};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;
use tokenpay_signed::{
    Client, DeleteToken, Environment, Operation as _, QueryToken, Recurring, RsaSigner, Sale, Secret, TokenId,
};

const TOKEN: &str = "sentinel-token-0815";

async fn nothing_that_is_shown_holds_a_secret() {
    let logs = Capture::start();
    let (mut shown, mut of_orders) = (String::new(), String::new());
    let token = || TokenId::text(Secret::new(TOKEN));
    // A gateway that quotes everything it was sent.
    let order = r#""order":{"id":1,"status":"SUCCESS"}"#;
    let replies = [
        RawReply::json(200, format!(r#"{{"responseCode":"0000","message":"for {TOKEN}",{order}}}"#)),
        RawReply::json(200, format!(r#"{{"responseCode":"{TOKEN}","message":"bad {TOKEN}"}}"#)),
        RawReply::json(200, format!(r#"{{"responseCode":"1","message":"bad \"tokenId\":\"{TOKEN}\""}}"#)),
        RawReply::json(200, format!(r#"{{"responseCode":"1","message":"bad {TOKEN}",{order}}}"#)),
        RawReply::json(400, format!(r#"{{"responseCode":"1","message":"duplicate {TOKEN}"}}"#)),
        RawReply::json(401, format!(r#"{{"responseCode":"1","message":"no public key for {TOKEN}"}}"#)),
        RawReply::json(
            200,
            format!(
                r#"{{"responseCode":"0000","message":"{TOKEN}","list":[{{"tokenId":"{TOKEN}","userId":"user1"}}]}}"#
            ),
        ),
        RawReply::json(500, format!("{TOKEN} in words")),
        RawReply::json(200, format!(r#"["{TOKEN}""#)),
    ];
    for reply in replies {
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let builder = Client::builder(Environment::Custom(server.url()), "3", signer());
        shown += &format!("{builder:?}");
        let client = builder.build().expect("a client");
        let recurring = Recurring::new("user1", token(), dollars("1"), "r-1", 7);
        let sale = Sale::new("user1", token(), dollars("1"), "r-2");
        let unsigned = account().operation(&recurring).request().expect("valid");
        shown += &format!(
            "{client:?} {recurring:?} {sale:?} {unsigned:?} {:?}",
            tokenpay_signed::with_signature(unsigned.clone(), &[1])
        );
        shown += &format!("{:?} {:?}", DeleteToken::new("user1", token()), QueryToken::new("user1"));
        for answer in [client.recurring(&recurring).await, client.sale(&sale).await] {
            if let Err(error) = &answer {
                shown += &format!("{error} {:?} {:?}", error.api(), error.reply());
            }
            shown += &format!("{answer:?}");
        }
        let deleted = client.delete_token("user1", &token()).await;
        shown += &format!("{deleted:?} {:?}", deleted.as_ref().err().map(ToString::to_string));
        // These name no token, so one that the gateway quotes is shown; the key that signs them is not.
        let query = client.query_order(&lost_order()).await;
        let voided = client.void_order(&voided_order()).await;
        let refunded = client.refund_order(&part_of_an_order()).await;
        of_orders += &format!("{:?} {:?} {:?}", lost_order(), voided_order(), part_of_an_order());
        of_orders += &format!("{query:?} {voided:?} {refunded:?}");
        // Here nothing of the request is secret, but the answer is.
        if let Ok(cards) = client.query_token("user1").await {
            shown += &format!("{cards:?}");
        }
    }
    for bad in ["", "a b", "a/b", "a\n"] {
        let request = Recurring::new("user1", TokenId::text(format!("{TOKEN}{bad}")), dollars("1"), "r", 0);
        shown += &format!("{:?}", account().operation(&request).request());
    }
    let with_password = Environment::Custom("https://user:hunter2@a.example".to_owned());
    shown += &format!("{:?}", Client::builder(with_password, "3", signer()));
    shown += &format!("{:?}", RsaSigner::from_key(key().replace("END", "end")));
    assert!(shown.contains("bad [redacted]") && shown.contains("for [redacted]"), "{shown}");
    assert!(shown.contains("bits: 2048"), "{shown}");
    let key_lines: Vec<&str> =
        key().lines().filter(|line| line.len() > 20 && !line.starts_with('-')).collect();
    assert!(key_lines.len() > 20);
    let logged = logs.text();
    assert!(logged.contains("recurring"), "something is logged");
    assert!(of_orders.contains("Reversal") && of_orders.contains("Refused"), "{of_orders}");
    assert_absent(&key_lines, &of_orders, "what is shown of orders");
    for (text, what) in [(&shown, "what is shown"), (&logged, "the log")] {
        assert_absent(&[TOKEN, "hunter2"], text, what);
        assert_absent(&key_lines, text, what);
    }
}

recurring_fixtures::tests! {
    needs OpenSsl: async [
        nothing_that_is_shown_holds_a_secret,
    ];
}

#[test]
fn serialized_answers_hold_no_token() {
    let body = r#"{"responseCode":"0000","list":[{"tokenId":"canary-0815","maskedPan":"4***1"}]}"#;
    let reply = tokenpay_signed::Reply::new(200, Vec::new(), body.into());
    let cards = account().operation(&QueryToken::new("user1")).read(&reply).expect("cards");
    let json = serde_json::to_string(&cards).expect("JSON");
    assert_absent(&["canary", "tokenId"], &json, "JSON");
    assert!(json.contains("4***1"), "{json}");
    let body = r#"{"responseCode":"0000","order":{"id":5803,"status":"UNHEARD_OF"}}"#;
    let order: tokenpay_signed::TokenOrder = serde_json::from_str(body).expect("an order");
    let json = serde_json::to_string(&order).expect("JSON");
    assert!(json.contains(r#""status":"UNHEARD_OF""#) && json.contains("5803"), "{json}");
}
