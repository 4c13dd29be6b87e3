//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{KEY, TOKEN, client, payment};
use new_gateway::Operation as _;
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;

#[tokio::test]
async fn secrets_are_never_shown_or_logged() {
    let logs = Capture::start();
    let mut shown = format!("{:?} {:?}", payment(), payment().request());
    // A gateway that quotes everything it was sent.
    for (status, body) in [
        (400, format!(r#"{{"error":{{"code":"{KEY}","message":"bad {TOKEN}"}}}}"#)),
        (500, format!("{TOKEN} {KEY}")),
        (200, format!(r#"{{"id":{{"{TOKEN}":"{KEY}"}}}}"#)),
    ] {
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body.clone()))).await;
        let client = client(&server.url());
        let error = client.create_payment(&payment()).await.expect_err("an error");
        shown += &format!("{client:?} {error} {error:?} {:?} {:?}", error.api(), error.reply());
    }
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    assert_absent(&[KEY, TOKEN], &logs.text(), "the log");
}
