//! What goes wrong, and the effect on the money.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{client, payment};
use new_gateway::Effect;
use recurring_fixtures::Case;
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};

#[tokio::test]
async fn create_payment_every_fault() {
    let good = RawReply::json(200, Case::load("new-gateway/create-payment/paid").response_body());
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        client(&url).create_payment(&payment()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn create_payment_other_echo_is_unknown() {
    for (amount, currency, reference) in
        [(4001, "EUR", "order-2"), (4000, "USD", "order-2"), (4000, "EUR", "x")]
    {
        let body = format!(
            r#"{{"id":"1","status":"paid","amount":{amount},"currency":"{currency}","reference":"{reference}"}}"#
        );
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
        let error = client(&server.url()).create_payment(&payment()).await.expect_err("not ours");
        assert_eq!(error.effect(), Effect::Unknown, "{error}");
    }
}
