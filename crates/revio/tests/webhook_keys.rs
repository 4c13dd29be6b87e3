//! The key that notifications are checked with: asked for when needed, and not more often than once a minute.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::{KeyPair, client, raw};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::redaction::assert_absent;
use revio::notification::{Authenticated, NotificationError, WebhookKeys};
use tokio::task::JoinSet;

const BODY: &[u8] = br#"{"id":"1","event_type":"purchase.paid"}"#;

/// A gateway whose answer to the question for the key can be changed.
struct Gateway {
    server: FaultServer,
    answer: Arc<Mutex<Behavior>>,
}

impl Gateway {
    async fn start(answer: Behavior) -> Gateway {
        let answer = Arc::new(Mutex::new(answer));
        let shared = Arc::clone(&answer);
        let server = FaultServer::start(move |request, _| {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/api/v1/public_key/"));
            shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
        .await;
        Gateway { server, answer }
    }

    fn now_answers(&self, answer: Behavior) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn keys(&self) -> WebhookKeys {
        WebhookKeys::fetched(client(&self.server.url()))
    }

    fn asked(&self) -> usize {
        self.server.requests()
    }
}

fn key(pair: &KeyPair) -> Behavior {
    Behavior::Reply(RawReply::json(200, serde_json::Value::from(pair.pem.as_str()).to_string()))
}

/// A failure after which a read is not repeated, so that one question is one request.
fn failure() -> Behavior {
    Behavior::Reply(RawReply::json(403, r#"{"__all__":[{"code":"permission_denied"}]}"#))
}

async fn deliver(keys: &WebhookKeys, signature: &str) -> Result<Authenticated, NotificationError> {
    keys.verify(raw(&[("X-Signature", signature)], BODY).expect("a body")).await
}

fn refused(answer: Result<Authenticated, NotificationError>) -> String {
    match answer {
        Err(NotificationError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Lets time pass for this program, not in the world.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Many deliveries under way at once; answers how many were accepted.
async fn at_once(keys: &Arc<WebhookKeys>, signature: &str) -> usize {
    let mut running = JoinSet::new();
    for _ in 0..32 {
        let (keys, signature) = (Arc::clone(keys), signature.to_owned());
        running.spawn(async move { deliver(&keys, &signature).await.is_ok() });
    }
    running.join_all().await.into_iter().filter(|accepted| *accepted).count()
}

async fn configured_key_is_not_fetched() {
    let keys = WebhookKeys::configured(KeyPair::first().public());
    assert!(deliver(&keys, &KeyPair::first().sign(BODY)).await.is_ok());
    refused(deliver(&keys, &KeyPair::second().sign(BODY)).await);
}

async fn the_key_is_asked_for_once() {
    let gateway = Gateway::start(key(KeyPair::first())).await;
    let keys = gateway.keys();
    assert_eq!(gateway.server.connections(), 0, "nothing before the first notification");
    refused(keys.verify(raw(&[], BODY).expect("a body")).await);
    assert_eq!(gateway.server.connections(), 0, "nothing for one without a signature");
    let good = KeyPair::first().sign(BODY);
    for _ in 0..5 {
        assert!(deliver(&keys, &good).await.is_ok());
    }
    pass(10_000).await;
    assert!(deliver(&keys, &good).await.is_ok());
    assert_eq!(gateway.asked(), 1);
}

async fn one_question_serves_all_who_wait() {
    let gateway = Gateway::start(key(KeyPair::first())).await;
    let keys = Arc::new(gateway.keys());
    assert_eq!(at_once(&keys, &KeyPair::first().sign(BODY)).await, 32);
    assert_eq!(gateway.asked(), 1);
}

async fn a_new_key_is_found_after_a_minute_at_the_latest() {
    let gateway = Gateway::start(key(KeyPair::first())).await;
    let keys = Arc::new(gateway.keys());
    let (old, new) = (KeyPair::first().sign(BODY), KeyPair::second().sign(BODY));
    assert!(deliver(&keys, &old).await.is_ok());
    gateway.now_answers(key(KeyPair::second()));
    refused(deliver(&keys, &new).await);
    pass(59).await;
    // The test itself takes less than the last second.
    refused(deliver(&keys, &new).await);
    assert_eq!(gateway.asked(), 1);
    pass(1).await;
    assert_eq!(at_once(&keys, &new).await, 32);
    assert_eq!(gateway.asked(), 2, "one question for all of them");
    refused(deliver(&keys, &old).await);
    assert_eq!(gateway.asked(), 2);
}

async fn a_flood_of_forgeries_asks_once_a_minute_and_good_ones_pass() {
    let gateway = Gateway::start(key(KeyPair::first())).await;
    let keys = Arc::new(gateway.keys());
    let (good, forged) = (KeyPair::first().sign(BODY), KeyPair::second().sign(BODY));
    for minute in 1..=3 {
        assert_eq!(at_once(&keys, &forged).await, 0);
        assert_eq!(at_once(&keys, &good).await, 32);
        assert_eq!(at_once(&keys, &forged).await, 0);
        assert_eq!(gateway.asked(), minute);
        pass(60).await;
    }
}

async fn missing_key_refuses_and_names_the_cause() {
    let gateway = Gateway::start(failure()).await;
    let keys = Arc::new(gateway.keys());
    let good = KeyPair::first().sign(BODY);
    assert!(refused(deliver(&keys, &good).await).contains("cannot obtain the key"));
    assert_eq!(at_once(&keys, &good).await, 0);
    assert!(refused(deliver(&keys, &good).await).contains("cannot obtain the key"));
    assert_eq!(gateway.asked(), 1);
    gateway.now_answers(key(KeyPair::first()));
    pass(60).await;
    assert!(deliver(&keys, &good).await.is_ok());
    assert_eq!(gateway.asked(), 2);
}

async fn answer_that_is_not_a_key_is_not_kept() {
    let gateway = Gateway::start(Behavior::Reply(RawReply::json(200, r#""hello""#))).await;
    let keys = gateway.keys();
    let good = KeyPair::first().sign(BODY);
    assert!(refused(deliver(&keys, &good).await).contains("cannot obtain the key"));
    assert_eq!(gateway.asked(), 1);
}

async fn old_key_is_kept_while_the_new_one_is_unavailable() {
    let gateway = Gateway::start(key(KeyPair::first())).await;
    let keys = Arc::new(gateway.keys());
    let (old, new) = (KeyPair::first().sign(BODY), KeyPair::second().sign(BODY));
    assert!(deliver(&keys, &old).await.is_ok());
    gateway.now_answers(failure());
    pass(60).await;
    for _ in 0..2 {
        assert!(refused(deliver(&keys, &new).await).contains("cannot obtain the key"));
        assert!(deliver(&keys, &old).await.is_ok());
    }
    assert_eq!(gateway.asked(), 2);
    gateway.now_answers(key(KeyPair::second()));
    pass(60).await;
    assert!(deliver(&keys, &new).await.is_ok());
    assert_eq!(gateway.asked(), 3);
}

async fn delivery_dropped_during_a_fetch_keeps_the_limit() {
    let gateway = Gateway::start(Behavior::StaySilent).await;
    let keys = Arc::new(gateway.keys());
    let good = KeyPair::first().sign(BODY);
    let asking = tokio::spawn({
        let (keys, good) = (Arc::clone(&keys), good.clone());
        async move { deliver(&keys, &good).await.is_ok() }
    });
    while gateway.asked() == 0 {
        tokio::task::yield_now().await;
    }
    asking.abort();
    assert!(asking.await.expect_err("aborted").is_cancelled());
    gateway.now_answers(key(KeyPair::first()));
    assert!(refused(deliver(&keys, &good).await).contains("cannot obtain the key"));
    assert_eq!(gateway.asked(), 1);
    pass(60).await;
    assert!(deliver(&keys, &good).await.is_ok());
}

async fn no_secret_is_shown() {
    let quoting = RawReply::json(401, format!(r#"{{"__all__":[{{"message":"bad {}"}}]}}"#, common::KEY));
    let gateway = Gateway::start(Behavior::Reply(quoting)).await;
    let keys = gateway.keys();
    let mut shown = format!("{keys:?}");
    shown += &refused(deliver(&keys, &KeyPair::first().sign(BODY)).await);
    shown += &format!("{keys:?}");
    assert!(shown.contains("bad [redacted]"), "{shown}");
    assert_absent(&[common::KEY], &shown, "what is shown of the keys");
}

recurring_fixtures::tests! {
    needs OpenSsl: async [
        configured_key_is_not_fetched,
        the_key_is_asked_for_once,
        one_question_serves_all_who_wait,
        a_new_key_is_found_after_a_minute_at_the_latest,
        a_flood_of_forgeries_asks_once_a_minute_and_good_ones_pass,
        missing_key_refuses_and_names_the_cause,
        answer_that_is_not_a_key_is_not_kept,
        old_key_is_kept_while_the_new_one_is_unavailable,
        delivery_dropped_during_a_fetch_keeps_the_limit,
        no_secret_is_shown,
    ];
}
