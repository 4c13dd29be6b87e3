//! What happens to a charge when the caller goes away, or the answer does.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::any::Any;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::{attempt, price};
use recurring_facade::{
    AttemptId, Call, Capabilities, CaptureRequest, ChargeRequest, Error, Facade, Facts, Operation, Outcome,
    Payment, PaymentRef, Provider, ProviderId, Record, RecordError, RefundRequest, ScheduleRequest, Settings,
    StoredCredential,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use tokio::sync::Notify;

/// A gateway that answers when it is told to.
#[derive(Debug, Default, Clone)]
struct Slow {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

#[async_trait]
impl Provider for Slow {
    fn id(&self) -> ProviderId {
        ProviderId::REVIO
    }

    fn facts(&self) -> &'static Facts {
        static FACADE: std::sync::LazyLock<Facade> =
            std::sync::LazyLock::new(|| Settings::unreachable().expect("a facade"));
        FACADE.provider(&ProviderId::REVIO).expect("revio").facts()
    }

    fn native(&self) -> &dyn Any {
        self
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&[(Operation::Charge, "")])
    }

    async fn charge(&self, _: &ChargeRequest, _: &Call<'_>) -> Result<Payment, Error> {
        self.begun.notify_one();
        self.go_on.notified().await;
        Ok(Payment::new(ProviderId::REVIO, Outcome::Paid, "paid"))
    }
}

/// Remembers what it is told, and can refuse to.
#[derive(Debug, Default, Clone)]
struct Told {
    lines: Arc<Mutex<Vec<String>>>,
    finished: Arc<Notify>,
    full: bool,
}

#[async_trait]
impl Record for Told {
    async fn payment_created(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), RecordError> {
        self.lines.lock().expect("a lock").push(format!("{attempt} is {payment}"));
        if self.full { Err(RecordError::new("the disk is full")) } else { Ok(()) }
    }

    async fn finished(&self, attempt: &AttemptId, result: &Result<Payment, Error>) {
        let outcome = match result {
            Ok(payment) => payment.outcome.as_str(),
            Err(error) => error.effect().as_str(),
        };
        self.lines.lock().expect("a lock").push(format!("{attempt} ended: {outcome}"));
        self.finished.notify_one();
    }
}

fn credential() -> StoredCredential {
    serde_json::from_str(r#"{"provider":"revio","client_id":"98e9cf98-dbd4-4a84-a304-dffbda2bef19","recurring_token":"82e6eb62-90e8-405c-9ec9-d43affba41d2"}"#)
        .expect("a credential")
}

#[tokio::test]
async fn a_charge_goes_on_and_is_recorded_when_the_caller_goes_away() {
    let (slow, told) = (Slow::default(), Told::default());
    let facade = Facade::new().with_provider(slow.clone()).with_record(told.clone());
    let request = ChargeRequest::new(attempt("a-1"), credential(), price(&ProviderId::REVIO));
    let caller = tokio::spawn(async move { facade.charge(request).await });
    slow.begun.notified().await;
    caller.abort();
    assert!(caller.await.expect_err("aborted").is_cancelled());
    slow.go_on.notify_one();
    told.finished.notified().await;
    assert_eq!(*told.lines.lock().expect("a lock"), ["a-1 ended: paid"]);
}

const PURCHASE: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// Revio, whose answer to the charge is lost; `then` is the purchase as it reads afterwards.
async fn revio(then: &'static str) -> FaultServer {
    revio_with(then, "").await
}

async fn revio_with(then: &'static str, more: &'static str) -> FaultServer {
    FaultServer::start(move |request: &Received, _| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/purchases/") => Behavior::Reply(RawReply::json(201, purchase("created", ""))),
        ("POST", _) => Behavior::CloseAfterReading,
        _ => Behavior::Reply(RawReply::json(200, purchase(then, more))),
    })
    .await
}

fn purchase(status: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{PURCHASE}","type":"purchase","status":"{status}","purchase":{{"total":4000,"currency":"ZAR"}}{more}}}"#
    )
}

async fn charge_at(server: &FaultServer, told: &Told) -> Result<Payment, Error> {
    let facade = Settings::new()
        .set_all([
            ("REVIO_BASE_URL", server.url().as_str()),
            ("REVIO_API_KEY", "key"),
            ("REVIO_BRAND_ID", "5c523a6d-cad0-462e-b9bb-79b16495f3b9"),
        ])
        .expect("known names")
        .facade()
        .expect("a facade")
        .with_record(told.clone());
    let request = ChargeRequest::new(attempt("a-1"), credential(), price(&ProviderId::REVIO));
    facade.charge(request).await
}

fn charges_seen(server: &FaultServer) -> usize {
    server.received().iter().filter(|request| request.path.ends_with("/charge/")).count()
}

#[tokio::test]
async fn a_lost_answer_at_revio_is_settled_by_reading_the_purchase() {
    for (status, outcome) in
        [("paid", Outcome::Paid), ("pending_charge", Outcome::Pending), ("error", Outcome::Declined)]
    {
        let (server, told) = (revio(status).await, Told::default());
        let payment = charge_at(&server, &told).await.expect(status);
        assert_eq!(payment.outcome, outcome, "{status}");
        assert_eq!(charges_seen(&server), 1, "{status}");
        let anchored = told.lines.lock().expect("a lock").first().cloned();
        assert_eq!(anchored.as_deref(), Some(format!("a-1 is {PURCHASE}").as_str()));
    }
}

#[tokio::test]
async fn lost_answer_not_settled_stays_unknown_with_payment() {
    for status in ["created", "viewed", "something_new"] {
        let (server, told) = (revio(status).await, Told::default());
        let error = charge_at(&server, &told).await.expect_err(status);
        assert!(error.effect().is_unknown(), "{status}");
        assert_eq!(error.payment().map(PaymentRef::as_str), Some(PURCHASE), "{status}");
        assert_eq!(charges_seen(&server), 1, "{status}");
        assert_eq!(told.lines.lock().expect("a lock").last().map(String::as_str), Some("a-1 ended: unknown"));
    }
}

#[tokio::test]
async fn a_purchase_that_contradicts_the_charge_settles_nothing() {
    let (server, told) = (revio_with("paid", r#","reference":"another""#).await, Told::default());
    let error = charge_at(&server, &told).await.expect_err("another reference");
    assert!(error.effect().is_unknown(), "{error}");
    assert_eq!(error.payment().map(PaymentRef::as_str), Some(PURCHASE));
}

#[tokio::test]
async fn without_a_record_of_the_purchase_no_money_moves() {
    let server = revio("paid").await;
    let told = Told { full: true, ..Told::default() };
    let error = charge_at(&server, &told).await.expect_err("not recorded");
    assert!(error.effect().is_not_applied());
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(charges_seen(&server), 0);
}

#[tokio::test]
async fn record_of_a_call_replaces_that_of_the_facade() {
    let of_facade = Told::default();
    let facade = Settings::unreachable().expect("a facade").with_record(of_facade.clone());
    let own = Told::default();
    let shared = Arc::new(own.clone());
    let id = ProviderId::REVIO;
    let amount = price(&id);

    let recorded = facade.with_record(shared);
    recorded
        .charge(ChargeRequest::new(attempt("charge"), credential(), amount))
        .await
        .expect_err("unreachable");
    let refund = RefundRequest::new(attempt("refund"), PaymentRef::new(PURCHASE));
    recorded.refund(&id, refund).await.expect_err("unreachable");
    let capture = CaptureRequest::new(attempt("capture"), PaymentRef::new(PURCHASE));
    recorded.capture(&id, capture).await.expect_err("unreachable");
    let schedule = ScheduleRequest::new(attempt("schedule"), amount, "MONTHLY", "ann@example.org", "{}");
    recorded.schedule(&ProviderId::NGENIUS, schedule).await.expect_err("no card");

    let ended = ["charge", "refund", "capture", "schedule"].map(|name| format!("{name} ended: not_applied"));
    assert_eq!(*own.lines.lock().expect("a lock"), ended);
    assert!(of_facade.lines.lock().expect("a lock").is_empty());
}
