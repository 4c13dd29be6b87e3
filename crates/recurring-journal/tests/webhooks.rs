//! The handler without a server: stores that fail, gateways that hang, notifications that cannot be read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_core::Stream;
use recurring_facade::ProviderId;
use recurring_journal::{Journal, State, WebhookAnswer, Webhooks};
use recurring_sandbox::{Fault, FaultKind, Moment};
use world::common::{GOOD_CARD, attempt};
use world::layered::{Layer, Layered};
use world::{World, charging, request};

/// A body in one piece.
struct Body(Option<String>);

impl Stream for Body {
    type Item = Result<String, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

async fn post(webhooks: &Webhooks, id: &ProviderId, body: &str) -> WebhookAnswer {
    let headers = [("content-type", "application/json")];
    webhooks.receive(id.as_str(), "POST", headers, Body(Some(body.to_owned()))).await
}

fn order(id: &str) -> String {
    format!(r#"{{"event":"status_changed","order_id":"{id}","project_id":"p"}}"#)
}

/// Waits until the payment was read: one that EMS Online is still processing is pending then.
async fn known(journal: &Journal, name: &str) {
    let begun = Instant::now();
    while !matches!(journal.attempt(&attempt(name)).await.unwrap().state, State::Paid | State::Pending) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{name}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A charge of which the answer is lost, and the notification about it.
async fn lost(world: &World, id: &ProviderId, name: &str) -> String {
    let credential = world.credential(id, GOOD_CARD).await;
    world.sandbox.inject(charging(id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
    let charge = request(&credential, name).with_notification_url("https://shop.example/notify");
    let answer = world.journal.charge(&world.facade, charge).await.unwrap();
    assert_eq!(answer.record.state, State::Unknown, "{id}");
    world.sandbox.settle().await;
    let sent = world.sandbox.deliveries().into_iter().rfind(|sent| sent.gateway == id.as_str()).unwrap();
    assert!(id != &ProviderId::OMNO || sent.body.contains(name), "{sent:?}");
    sent.body
}

#[tokio::test(flavor = "multi_thread")]
async fn store_that_fails_asks_for_it_again() {
    let world = World::new().await;
    let another = world.another().await;
    let webhooks = Webhooks::new(another.clone(), world.facade.clone());
    another.close().await.unwrap();
    assert_eq!(post(&webhooks, &ProviderId::EMSPAY, &order("o-1")).await.status, 503);
    assert_eq!(world.journal.store().unhandled(9).await.unwrap(), []);
}

#[derive(Debug)]
struct Slow;

#[async_trait]
impl Layer for Slow {
    async fn before_write(&self) -> usize {
        tokio::time::sleep(Duration::from_secs(1)).await;
        0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_that_is_slow_asks_for_it_again() {
    let world = World::new().await;
    let store = Arc::new(Layered { inner: world.store().await, layer: Slow });
    let journal = Journal::builder().with_clock(world.clock.clone()).with_store(store).await.unwrap();
    let webhooks =
        Webhooks::new(journal, world.facade.clone()).with_storing_timeout(Duration::from_millis(100));
    let begun = Instant::now();
    assert_eq!(post(&webhooks, &ProviderId::EMSPAY, &order("o-1")).await.status, 503);
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    // It goes on, as it does when the gateway hangs up: one of them sends once only.
    while world.journal.store().unhandled(9).await.unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_is_stored_before_its_answer() {
    let world = World::new().await;
    let webhooks = Webhooks::new(world.journal.clone(), world.facade.clone());
    // Without a worker nothing else is done.
    assert_eq!(post(&webhooks, &ProviderId::EMSPAY, &order("o-1")).await.status, 200);
    assert_eq!(world.another().await.store().unhandled(9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_ones_do_not_starve_newer_ones() {
    let world = World::new().await;
    let webhooks = Webhooks::new(world.journal.clone(), world.facade.clone());
    for number in 0..70 {
        let answer = post(&webhooks, &ProviderId::EMSPAY, &order(&format!("made-up-{number}"))).await;
        assert_eq!(answer.status, 200);
    }
    let told = lost(&world, &ProviderId::EMSPAY, "emspay-1").await;
    // Those before were left by a process that has ended.
    let webhooks = Webhooks::new(world.journal.clone(), world.facade.clone());
    let worker = webhooks.start_worker();
    assert_eq!(post(&webhooks, &ProviderId::EMSPAY, &told).await.status, 200);
    known(&world.journal, "emspay-1").await;
    worker.shutdown().await;
    assert_eq!(world.taken("emspay-1"), 1);
    assert_eq!(world.journal.store().unhandled(99).await.unwrap().len(), 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_that_hangs_delays_no_other() {
    let world = World::new().await;
    let told = lost(&world, &ProviderId::OMNO, "omno-1").await;
    let hangs = Fault::new(FaultKind::Silent).with_operation("GET /emspay/**").until_cleared();
    world.sandbox.inject(hangs).unwrap();
    let webhooks = Webhooks::new(world.journal.clone(), world.facade.clone());
    let worker = webhooks.start_worker();
    for number in 0..3 {
        assert_eq!(post(&webhooks, &ProviderId::EMSPAY, &order(&format!("o-{number}"))).await.status, 200);
    }
    let begun = Instant::now();
    assert_eq!(post(&webhooks, &ProviderId::OMNO, &told).await.status, 200);
    known(&world.journal, "omno-1").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(world.journal.store().unhandled(9).await.unwrap().len(), 3);
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_is_read_again_after_a_backoff() {
    let world = World::new().await;
    let told = lost(&world, &ProviderId::OMNO, "omno-1").await;
    world.sandbox.inject(world::unreadable(&ProviderId::OMNO)).unwrap();
    let webhooks = Webhooks::new(world.journal.clone(), world.facade.clone())
        .with_max_backoff(Duration::from_millis(50));
    let worker = webhooks.start_worker();
    assert_eq!(post(&webhooks, &ProviderId::OMNO, &told).await.status, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.journal.attempt(&attempt("omno-1")).await.unwrap().state, State::Unknown);
    world.sandbox.clear_faults();
    known(&world.journal, "omno-1").await;
    worker.shutdown().await;
    assert_eq!(world.journal.store().unhandled(9).await.unwrap(), []);
}
