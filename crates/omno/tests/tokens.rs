//! Access tokens: fetched once, renewed once, and what it means for the money when there is none.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{PAYMENT, TOKEN_PATH, bearer_client, client, client_with_tokens_of, with_card};
use omno::{Effect, ErrorKind, NotAfter, Outcome, Proof};
use recurring_core::Timestamp;
use recurring_fixtures::Case;
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received, refused_url, rows};

/// Grants `token-1`, `token-2`, ... in turn, and answers everything else by `answer`.
async fn server(answer: impl Fn(&Received) -> RawReply + Send + Sync + 'static) -> FaultServer {
    let granted = Arc::new(AtomicUsize::new(0));
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

fn refused() -> RawReply {
    RawReply::json(401, r#"{"message":"Unauthorized"}"#)
}

/// The requests for tokens, and the others.
fn split(server: &FaultServer) -> (Vec<Received>, Vec<Received>) {
    server.received().into_iter().partition(|request| request.path == TOKEN_PATH)
}

#[tokio::test]
async fn sixty_four_calls_at_once_fetch_one_token() {
    let good = RawReply::json(200, Case::load("omno/get-payment/success").response_body());
    let server = server(move |_| good.clone()).await;
    let client = client(&server.url());
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get_payment(PAYMENT).await.map(|payment| payment.outcome()) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").expect("a payment"), Outcome::Paid);
    }
    let (tokens, others) = split(&server);
    assert_eq!((tokens.len(), others.len()), (1, 64));
    assert!(others.iter().all(|request| request.header("authorization") == Some("Bearer token-1")));
}

#[tokio::test]
async fn expired_token_is_renewed_once_with_the_same_bytes() {
    let good = RawReply::json(200, Case::load("omno/create-payment/with-card-token").response_body());
    let server = server(move |request| match request.header("authorization") {
        Some("Bearer token-1") => refused(),
        _ => good.clone(),
    })
    .await;
    let client = client(&server.url());
    let _ = client.create_payment(&with_card()).await.expect("a payment");
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (2, 2));
    let [first, second] = payments.as_slice() else { panic!("two payments") };
    assert_eq!(first.body, second.body);
    assert_eq!(second.header("authorization"), Some("Bearer token-2"));
    let _ = client.create_payment(&with_card()).await.expect("a payment");
    assert_eq!(split(&server).0.len(), 2, "the new token is kept");
}

#[tokio::test]
async fn a_second_refusal_stops() {
    let server = server(|_| refused()).await;
    let client = client(&server.url());
    for error in [
        client.create_payment(&with_card()).await.expect_err("refused"),
        client.get_payment(PAYMENT).await.map(drop).expect_err("refused"),
    ] {
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
        );
    }
    let (tokens, calls) = split(&server);
    // The token that was refused last is still the current one for the next call, which renews it once.
    assert_eq!((tokens.len(), calls.len()), (3, 4));
}

#[tokio::test]
async fn after_a_renewal_a_lost_answer_is_unknown() {
    let server =
        FaultServer::start(|request, _| match (request.path.as_str(), request.header("authorization")) {
            (TOKEN_PATH, _) => {
                Behavior::Reply(RawReply::json(200, r#"{"access_token":"t","expires_in":"300"}"#))
            }
            _ => Behavior::CloseAfterReading,
        })
        .await;
    let error = client(&server.url()).create_payment(&with_card()).await.expect_err("lost");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Transport, Effect::Unknown));
    assert_eq!(split(&server).1.len(), 1);
}

#[tokio::test]
async fn refusal_in_html_is_not_an_expired_token() {
    let server = server(|_| RawReply::html(401, "<html>Unauthorized</html>")).await;
    let error = client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Authentication, Effect::Unknown));
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (1, 1));
}

#[tokio::test]
async fn a_token_of_the_callers_own_is_not_renewed() {
    let server = server(|_| refused()).await;
    let error = bearer_client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (0, 1));
}

#[tokio::test]
async fn without_a_token_the_payment_is_never_sent() {
    let gateway = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let granted = RawReply::json(200, Case::load("omno/token/granted").response_body());
    for row in rows(granted) {
        let service = match row.behavior {
            None => None,
            Some(behavior) => Some(FaultServer::start(move |_, _| behavior.clone()).await),
        };
        let url = service.as_ref().map_or_else(refused_url, FaultServer::url);
        let error = client_with_tokens_of(&gateway.url(), &url)
            .create_payment(&with_card())
            .await
            .expect_err(row.name);
        assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "{}", row.name);
        assert!(error.message().starts_with("could not obtain an access token: "), "{error}");
        assert!(service.is_none_or(|service| (1..=3).contains(&service.requests())), "{}", row.name);
    }
    assert_eq!(gateway.connections(), 0);
}

#[tokio::test]
async fn token_not_renewed_keeps_the_first_refusal() {
    let server = FaultServer::start(|request, before| match (request.path.as_str(), before) {
        (TOKEN_PATH, 0) => Behavior::Reply(RawReply::json(200, r#"{"access_token":"t"}"#)),
        (TOKEN_PATH, _) => Behavior::Reply(RawReply::new(503)),
        _ => Behavior::Reply(refused()),
    })
    .await;
    let error = client(&server.url()).create_payment(&with_card()).await.expect_err("no token");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::NotApplied(Proof::NeverSent))
    );
    assert_eq!(split(&server).1.len(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error_with_either_status() {
    for status in [400, 401] {
        let service = FaultServer::start(move |_, _| {
            Behavior::Reply(RawReply::json(status, r#"{"error":"invalid_client","error_description":"no"}"#))
        })
        .await;
        let error = client(&service.url()).create_payment(&with_card()).await.expect_err("refused");
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused)),
            "{status}"
        );
        assert_eq!(service.requests(), 1);
    }
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
    let server = FaultServer::start(move |_, _| {
        passed.store(true, Ordering::SeqCst);
        Behavior::Reply(RawReply::json(200, r#"{"access_token":"t","expires_in":300}"#))
    })
    .await;
    let client = client(&server.url());
    let error = client.with_not_after(limit).create_payment(&with_card()).await.expect_err("too late");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::NotApplied(Proof::NeverSent))
    );
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (1, 0));
    // The token that came too late for this call serves the next one.
    let _ = client.get_payment(PAYMENT).await;
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (1, 1));
}

#[tokio::test]
async fn limit_passing_before_a_new_token_stops_the_repeat() {
    let passed = Arc::new(AtomicBool::new(false));
    let limit = passes_when(&passed);
    let server = server(move |_| {
        passed.store(true, Ordering::SeqCst);
        refused()
    })
    .await;
    let limited = client(&server.url()).with_not_after(limit);
    let error = limited.create_payment(&with_card()).await.expect_err("too late");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent));
    let (tokens, payments) = split(&server);
    assert_eq!((tokens.len(), payments.len()), (1, 1));
}

#[tokio::test]
async fn limited_client_shares_the_token() {
    let good = RawReply::json(200, Case::load("omno/get-payment/success").response_body());
    let server = server(move |_| good.clone()).await;
    let client = client(&server.url());
    let _ = client.get_payment(PAYMENT).await.expect("a payment");
    let limited = client.with_not_after(NotAfter::within(Duration::from_secs(60)));
    let _ = limited.get_payment(PAYMENT).await.expect("a payment");
    assert_eq!((split(&server).0.len(), server.connections()), (1, 1));
    assert_eq!(limited.http_options().timeout(), client.http_options().timeout());
}
