//! The access token: fetched once, renewed once, and never a reason to doubt what happened to the money.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{ORDER, TOKEN_PATH, builder, client, documented, granted, quick};
use ngenius::{Client, Effect, Error, ErrorKind, NotAfter, Proof};
use recurring_core::Timestamp;
use recurring_fixtures::Case;
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Received};

const REFUSED: &str = r#"{"message":"Unauthorized","code":401,"errors":[{"message":"Unauthorized"}]}"#;

fn active() -> RawReply {
    RawReply::json(200, Case::load("ngenius/create-recurring-payment/documented").response_body())
}

/// A server that grants `token-1`, `token-2`, ... and asks `answer` about everything else.
async fn numbering_tokens(answer: impl Fn(&Received) -> RawReply + Send + Sync + 'static) -> FaultServer {
    let granted = AtomicUsize::new(0);
    FaultServer::start(move |request, _| {
        if request.path != TOKEN_PATH {
            return Behavior::Reply(answer(request));
        }
        let number = granted.fetch_add(1, Ordering::SeqCst) + 1;
        let body = format!(r#"{{"access_token":"token-{number}","expires_in":300,"token_type":"Bearer"}}"#);
        Behavior::Reply(RawReply::json(200, body))
    })
    .await
}

fn split(server: &FaultServer) -> (usize, Vec<Received>) {
    let (tokens, others): (Vec<_>, Vec<_>) =
        server.received().into_iter().partition(|request| request.path == TOKEN_PATH);
    (tokens.len(), others)
}

async fn pay(client: &Client) -> Result<(), Error> {
    client.create_recurring_payment(&documented()).await.map(drop)
}

#[tokio::test]
async fn many_calls_at_once_fetch_one_token() {
    let order = RawReply::json(200, Case::load("ngenius/get-order/two-payments").response_body());
    let server = numbering_tokens(move |_| order.clone()).await;
    // Not a test of speed: the time-out is long.
    let client = builder(&server.url()).with_http(quick(Duration::from_secs(20))).build().expect("a client");
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (client, start) = (client.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                client.get_order(ORDER).await.map(drop)
            })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic").expect("an order");
    }
    let (tokens, orders) = split(&server);
    assert_eq!((tokens, orders.len()), (1, 64));
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_same_bytes_go_out() {
    let server = numbering_tokens(|request| match request.header("authorization") {
        Some("Bearer token-1") => RawReply::json(401, REFUSED),
        _ => active(),
    })
    .await;
    let client = client(&server.url());
    pay(&client).await.expect("paid with the second token");
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (2, 2));
    assert_eq!(payments[0].body, payments[1].body);
    assert_eq!((&payments[0].method, &payments[0].path), (&payments[1].method, &payments[1].path));
    let tokens: Vec<_> = payments.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(tokens, [Some("Bearer token-1"), Some("Bearer token-2")]);

    // The new token is kept.
    pay(&client).await.expect("paid");
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (2, 3));
}

#[tokio::test]
async fn a_second_refusal_of_the_token_stops() {
    let server = numbering_tokens(|_| RawReply::json(401, REFUSED)).await;
    let error = pay(&client(&server.url())).await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (2, 2));
}

#[tokio::test]
async fn refusal_by_another_machine_is_not_repeated() {
    for reply in [
        RawReply::html(401, "<html>Unauthorized</html>"),
        RawReply::json(401, r#"{"error":"unauthorized"}"#),
        RawReply::json(401, r#"["Unauthorized"]"#),
        RawReply::new(401),
    ] {
        let server = numbering_tokens(move |_| reply.clone()).await;
        let error = pay(&client(&server.url())).await.expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Authentication, Effect::Unknown));
        let (tokens, payments) = split(&server);
        assert_eq!((tokens, payments.len()), (1, 1));
    }
}

/// Whatever goes wrong with the token, the payment never left, and that is proven.
#[tokio::test]
async fn without_a_token_the_payment_is_never_sent() {
    for row in fault::rows(granted()) {
        let Some(behavior) = row.behavior else { continue };
        let payments = Arc::new(AtomicUsize::new(0));
        let seen = payments.clone();
        let server = FaultServer::start(move |request, _| {
            if request.path == TOKEN_PATH {
                return behavior.clone();
            }
            seen.fetch_add(1, Ordering::SeqCst);
            Behavior::Reply(active())
        })
        .await;
        let error = pay(&client(&server.url())).await.expect_err(row.name);
        assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "row `{}`", row.name);
        assert!(error.to_string().contains("could not obtain an access token"), "{error}");
        assert_eq!(payments.load(Ordering::SeqCst), 0, "row `{}`", row.name);
        assert!((1..=3).contains(&server.requests()), "row `{}`", row.name);
    }
}

#[tokio::test]
async fn wrong_key_or_realm_is_authentication_error() {
    for (status, code) in [(400, "badTokenRequest"), (404, "realmNameNotAvailable"), (401, "unauthorized")] {
        let body = format!(r#"{{"message":"no","errors":[{{"message":"no","errorCode":"{code}"}}]}}"#);
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body.clone()))).await;
        let error = pay(&client(&server.url())).await.expect_err("refused");
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused)),
            "{status}"
        );
        assert!(error.api().is_some(), "the gateway's words are kept");
        assert_eq!(server.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn second_token_unavailable_is_not_applied() {
    let granted_once = AtomicUsize::new(0);
    let server = FaultServer::start(move |request, _| {
        if request.path != TOKEN_PATH {
            return Behavior::Reply(RawReply::json(401, REFUSED));
        }
        match granted_once.fetch_add(1, Ordering::SeqCst) {
            0 => Behavior::Reply(granted()),
            _ => Behavior::Reply(RawReply::new(503)),
        }
    })
    .await;
    let error = pay(&client(&server.url())).await.expect_err("no token");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent));
    assert_eq!(split(&server).1.len(), 1);
}

/// An hour by a clock that jumps two hours ahead once the flag is set.
fn passes_when(passed: &Arc<AtomicBool>) -> NotAfter {
    let (passed, hour) = (Arc::clone(passed), Duration::from_secs(60 * 60));
    let clock = move || {
        let ahead = if passed.load(Ordering::SeqCst) { 2 * hour } else { Duration::ZERO };
        Timestamp::UNIX_EPOCH + ahead
    };
    NotAfter::within_by(hour, Arc::new(clock))
}

#[tokio::test]
async fn limit_passing_during_the_token_sends_no_payment() {
    let passed = Arc::new(AtomicBool::new(false));
    let limit = passes_when(&passed);
    let server = FaultServer::start(move |request, _| {
        passed.store(true, Ordering::SeqCst);
        Behavior::Reply(if request.path == TOKEN_PATH { granted() } else { active() })
    })
    .await;
    let client = client(&server.url());
    let error = pay(&client.with_not_after(limit)).await.expect_err("too late");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::NotApplied(Proof::NeverSent))
    );
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (1, 0));
    // The token that came too late for this call serves the next one.
    pay(&client).await.expect("paid");
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (1, 1));
}

#[tokio::test]
async fn limit_passing_before_a_new_token_stops_the_repeat() {
    let passed = Arc::new(AtomicBool::new(false));
    let limit = passes_when(&passed);
    let server = numbering_tokens(move |_| {
        passed.store(true, Ordering::SeqCst);
        RawReply::json(401, REFUSED)
    })
    .await;
    let error = pay(&client(&server.url()).with_not_after(limit)).await.expect_err("too late");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent));
    let (tokens, payments) = split(&server);
    assert_eq!((tokens, payments.len()), (1, 1));
}

#[tokio::test]
async fn token_without_a_realm_announces_an_empty_body() {
    let server = numbering_tokens(|_| active()).await;
    let client = builder(&server.url()).without_realm().build().expect("a client");
    pay(&client).await.expect("paid");
    let received = server.received();
    let token = received.first().expect("a request for a token");
    assert_eq!((token.path.as_str(), token.header("content-length")), (TOKEN_PATH, Some("0")));
}
