//! The documented spans and their fields are those of the code, and what goes wrong is a warning.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use recurring_facade::{
    Authenticity, PaymentRef, ProviderId, RawNotification, ReceivedNotification, RefundRequest,
};
use recurring_fixtures::logs::Capture;
use recurring_journal::State;
use recurring_sandbox::FaultKind;
use world::common::{GOOD_CARD, attempt};
use world::{World, charging, request};

/// The spans of the table in the documentation.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../../docs/operations/traces.md");
    let rows = page.lines().filter(|line| line.starts_with("| `recurring."));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let fields = cells[2].split(", ").map(|field| field.trim_matches('`').to_owned()).collect();
        (cells[1].trim_matches('`').to_owned(), fields)
    })
    .collect()
}

/// The lines of a span, of a level, or of an event.
fn lines<'a>(log: &'a str, parts: &[&str]) -> Vec<&'a str> {
    log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).collect()
}

#[tokio::test]
async fn documented_spans_are_those_of_the_code() {
    let logs = Capture::start();
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let paid = world.journal.charge(&world.facade, request(&credential, "paid-1")).await.unwrap();
    assert_eq!(paid.record.state, State::Pending);
    let charged = lines(&logs.text(), &["recurring.charge{", "attempt=\"paid-1\"", "close"]).join("\n");
    for field in [
        "provider=\"emspay\"",
        "operation=\"charge\"",
        "outcome=\"pending\"",
        "state=\"pending\"",
        "elapsed=",
    ] {
        assert!(charged.contains(field), "{field}: {charged}");
    }
    // One span for an attempt: the facade uses that of the journal.
    let opened = logs.text();
    let of_charge = |line: &&str| !line.contains("recurring.http{");
    let opened_spans = lines(&opened, &["paid-1", "recurring.charge{", "observe: new"]);
    assert_eq!(opened_spans.into_iter().filter(of_charge).count(), 1, "{opened}");
    assert!(!lines(&opened, &["recurring.charge{", "paid-1", "recurring.http{", "status=201"]).is_empty());
    assert!(lines(&opened, &["WARN"]).is_empty(), "{opened}");

    world.sandbox.inject(charging(&ProviderId::EMSPAY, FaultKind::Reset)).unwrap();
    let lost = world.journal.charge(&world.facade, request(&credential, "lost-1")).await.unwrap();
    assert_eq!(lost.record.state, State::Unknown);
    let warned = logs.text();
    assert_eq!(lines(&warned, &["WARN", "lost-1", "the outcome is unknown"]).len(), 1, "{warned}");
    assert!(!lines(&warned, &["lost-1", "effect=unknown", "close"]).is_empty(), "{warned}");

    let refund = RefundRequest::new(attempt("back-1"), paid.record.payment.clone().unwrap());
    let _ = world.journal.refund(&world.facade, &ProviderId::EMSPAY, refund).await.unwrap();
    let raw = RawNotification::new([("a", "b")], b"{}".to_vec()).unwrap();
    assert!(world.facade.receive(&ProviderId::EMSPAY, raw).await.is_err());
    let mut received = ReceivedNotification::new(ProviderId::EMSPAY, Authenticity::Unsigned, "n");
    received.payment = Some(PaymentRef::new("p-1"));
    world.journal.notified(&world.facade, &(&received).into()).await.unwrap();
    world.reconciled().await;
    let settled = logs.text();
    assert!(
        !lines(&settled, &["recurring.reconcile{", "lost-1", "outcome=\"settled\""]).is_empty(),
        "{settled}"
    );
    let _ = world.facade.status(&ProviderId::EMSPAY, &PaymentRef::new("p-1")).await;

    assert_eq!(logs.spans("recurring."), documented());
}
