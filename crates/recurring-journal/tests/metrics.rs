//! What is counted, and that the documented names and labels are those of the code, both ways.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll};

use fake::{Fake, Means, lost, payment};
use futures_core::Stream;
use recurring_facade::{ChargeRequest, Facade, Outcome, ProviderId, RawNotification};
use recurring_fixtures::metrics::Recorded;
use recurring_journal::{BillingRun, State, StoreError, UnreadableLine, describe_metrics};
use recurring_sandbox::FaultKind;
use world::common::{FADING_CARD, GOOD_CARD, attempt, credential, settings};
use world::{World, charging, request};

/// The names, kinds and labels of the table in the documentation.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = include_str!("../../../docs/operations/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").map(|label| label.trim_matches('`').to_owned()).collect();
        (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels))
    })
    .collect()
}

/// One stream of charges.
struct Due(std::vec::IntoIter<Result<ChargeRequest, UnreadableLine>>);

impl Stream for Due {
    type Item = Result<ChargeRequest, UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// Charges at two gateways of the sandbox: paid, asked again, declined, with a lost answer.
async fn charges(world: &World, recorded: &Recorded) {
    let omno = world.credential(&ProviderId::OMNO, GOOD_CARD).await;
    let emspay = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let fading = world.credential(&ProviderId::EMSPAY, FADING_CARD).await;
    for _ in 0..2 {
        let _ = world.journal.charge(&world.facade, request(&omno, "omno-1")).await.unwrap();
    }
    let is = |name: &str, labels: &[(&str, &str)]| recorded.value(name, labels);
    let omno = [("provider", "omno"), ("operation", "charge")];
    assert_eq!(is("recurring.operations.started", &omno), 1.0);
    assert_eq!(is("recurring.journal.duplicates", &omno), 1.0);
    let _ = world.journal.charge(&world.facade, request(&fading, "fading-1")).await.unwrap();
    world.sandbox.inject(charging(&ProviderId::EMSPAY, FaultKind::Reset)).unwrap();
    let unknown = world.journal.charge(&world.facade, request(&emspay, "lost-1")).await.unwrap();
    assert_eq!(unknown.record.state, State::Unknown);
    let unknown = [("provider", "emspay"), ("operation", "charge"), ("outcome", "unknown")];
    assert_eq!(is("recurring.operations.ended", &unknown), 1.0);
    assert!(is("recurring.journal.arming.duration", &[("store", "sqlite")]) >= 3.0);
    assert!(is("http.client.request.duration", &[("error.type", "connection_lost")]) >= 1.0);
    assert!(is("http.client.request.duration", &[("http.request.method", "POST")]) > 5.0);
}

/// What is unsettled is in the gauges, on every machine, until it is settled.
async fn gauges(world: &World, recorded: &Recorded) {
    let unknown = [("provider", "emspay"), ("state", "unknown")];
    let unsettled = || recorded.value("recurring.journal.unsettled", &unknown);
    world.journal.update_gauges().await.unwrap();
    assert_eq!(unsettled(), 1.0);
    world.clock.advance(std::time::Duration::from_secs(600));
    world.another().await.update_gauges().await.unwrap();
    assert_eq!(unsettled(), 1.0);
    let age = recorded.value("recurring.journal.unsettled.age", &unknown);
    assert!((600.0..660.0).contains(&age), "{age}");
    world.reconciled().await;
    world.journal.update_gauges().await.unwrap();
    assert_eq!(unsettled(), 0.0);
    assert_eq!(recorded.value("recurring.journal.unsettled.age", &unknown), 0.0);
    assert!(recorded.value("recurring.look_ups", &[("provider", "emspay")]) >= 1.0);
    assert!(recorded.value("recurring.declines", &[("provider", "emspay")]) >= 1.0);
}

/// A worker that is stopped for longer than its lease, and reports late.
async fn late(world: &World, recorded: &Recorded) {
    let paid = Ok(payment(Outcome::Paid, Some("p-late"), "late"));
    let (fake, facade) = Fake::new(Means::LookUp).answers([paid]).facade();
    let held = fake.gate.lock().await;
    let worker = {
        let (journal, facade) = (world.journal.clone(), facade.clone());
        let request = request(&credential(&ProviderId::EMSPAY), "late");
        tokio::spawn(async move { journal.charge(&facade, request).await.unwrap() })
    };
    while fake.left() > 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance((world.journal.policy().lease + world.journal.policy().settle_time) * 2);
    let record = world.another().await.attempt(&attempt("late")).await.unwrap();
    assert_eq!(record.state, State::Unknown);
    drop(held);
    assert_eq!(worker.await.unwrap().unrecorded, Some(StoreError::Fenced));
    for name in ["leases_lost", "fenced", "late_results"] {
        assert_eq!(recorded.value(&format!("recurring.journal.{name}"), &[]), 1.0, "{name}");
    }
    assert_eq!(recorded.value("recurring.journal.unrecorded", &[]), 0.0);
}

/// The store is gone when a charge ends.
async fn unrecorded(recorded: &Recorded) {
    let world = World::new().await;
    let (fake, facade) = Fake::new(Means::LookUp).answers([Err(lost(None))]).facade();
    let held = fake.gate.lock().await;
    let worker = {
        let (journal, facade) = (world.journal.clone(), facade.clone());
        let request = request(&credential(&ProviderId::EMSPAY), "unrecorded");
        tokio::spawn(async move { journal.charge(&facade, request).await.unwrap() })
    };
    while fake.left() > 0 {
        tokio::task::yield_now().await;
    }
    world.journal.clone().close().await.unwrap();
    drop(held);
    assert!(worker.await.unwrap().unrecorded.is_some());
    let emspay = [("provider", "emspay"), ("operation", "charge")];
    assert_eq!(recorded.value("recurring.journal.unrecorded", &emspay), 1.0);
    assert_eq!(recorded.value("recurring.journal.store_failures", &[("store", "sqlite")]), 1.0);
}

/// A gateway that refuses the key of every charge.
async fn breaker(world: &World, recorded: &Recorded) {
    let settings = settings(&world.sandbox).set("EMSPAY_API_KEY", "a-wrong-key").unwrap();
    let facade: Facade = settings.facade().unwrap();
    let credential = credential(&ProviderId::EMSPAY);
    let due: Vec<_> = (0..9).map(|number| Ok(request(&credential, &format!("wrong-{number}")))).collect();
    let summary = BillingRun::new(&world.journal, &facade).run(Due(due.into_iter()), |_| {}).await.unwrap();
    assert_eq!(summary.refusing.len(), 1);
    let refusing = [("provider", "emspay"), ("cause", "refusing")];
    assert_eq!(recorded.value("recurring.journal.breaker_opened", &refusing), 1.0);
}

async fn webhooks(world: &World, recorded: &Recorded) {
    let raw =
        || RawNotification::new([("X-Signature".to_owned(), "AAAA".to_owned())], b"{}".to_vec()).unwrap();
    assert!(world.facade.receive(&ProviderId::REVIO, raw()).await.is_err());
    let webhooks = recorded.value("recurring.webhooks", &[("provider", "revio"), ("verdict", "refused")]);
    assert_eq!(webhooks, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_metrics_are_those_of_the_code() {
    let recorded = Recorded::install();
    describe_metrics();
    let world = World::new().await;
    charges(&world, &recorded).await;
    gauges(&world, &recorded).await;
    late(&world, &recorded).await;
    unrecorded(&recorded).await;
    breaker(&world, &recorded).await;
    webhooks(&world, &recorded).await;

    let documented = documented();
    assert!(documented.len() > 15, "{documented:?}");
    let kinds: BTreeMap<_, _> =
        documented.iter().map(|(name, (kind, _))| (name.clone(), kind.clone())).collect();
    assert_eq!(recorded.described(), kinds);
    let emitted: BTreeMap<_, _> = recorded
        .emitted()
        .into_iter()
        .map(|(name, (kind, labels))| (name, (kind.to_owned(), labels)))
        .collect();
    let documented: BTreeMap<_, _> = documented
        .into_iter()
        .map(|(name, (kind, labels))| (name, (kind.replace(" in seconds", ""), labels)))
        .collect();
    assert_eq!(emitted, documented);
    // No label names an attempt.
    for attempt in ["omno-1", "wrong-1", "fading-1", "lost-1", "p-late"] {
        assert!(!recorded.text().contains(attempt), "{attempt}");
    }
}
