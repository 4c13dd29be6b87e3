//! Every operation that can move money, through the facade, under a limit that passes before its write: what was sent
//! until then, and what is claimed about the money.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{attempt, billing, credential, facade_at, good, price, settings};
use recurring_facade::{
    CaptureRequest, ChargeRequest, Error, Facade, NotAfter, PaymentRef, PendingEnrolment, ProviderId,
    RefundRequest, ScheduleRequest, Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::Sandbox;

const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Charge,
    Schedule,
    Resume,
    Refund,
    Capture,
}

fn payment(id: &ProviderId) -> PaymentRef {
    PaymentRef::new(match id.as_str() {
        "ngenius" => "o-1:p-1",
        "tokenpay-signed" => "5803",
        _ => "p-1",
    })
}

fn pending(id: &ProviderId) -> PendingEnrolment {
    let json = match id.as_str() {
        "emspay" => r#"{"provider":"emspay","order_id":"p-1"}"#.to_owned(),
        "revio" => r#"{"provider":"revio","client_id":"c","purchase_id":"p-1"}"#.to_owned(),
        "omno" => {
            let billing = serde_json::to_string(&billing()).expect("JSON");
            format!(r#"{{"provider":"omno","payment_id":"p-1","customer_id":"c","billing":{billing}}}"#)
        }
        _ => r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"user1","amount_minor":4000,
            "currency":"USD","known_tokens":["436"]}"#
            .to_owned(),
    };
    serde_json::from_str(&json).expect("a pending enrolment")
}

/// Runs an operation, with a limit or without one.
async fn run(
    facade: &Facade,
    id: &ProviderId,
    operation: Operation,
    limit: Option<NotAfter>,
) -> Result<(), Error> {
    let facade = match limit {
        Some(limit) => facade.with_not_after(limit),
        None => facade.clone(),
    };
    match operation {
        Operation::Charge => {
            let request = ChargeRequest::new(attempt("a-1"), credential(id), price(id));
            facade.charge(request).await.map(drop)
        }
        Operation::Schedule => {
            let card = r#"{"pan":"4012001037141112","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}"#;
            let request = ScheduleRequest::new(attempt("a-1"), price(id), "MONTHLY", "ann@example.org", card);
            facade.schedule(id, request).await.map(drop)
        }
        Operation::Resume => facade.resume(pending(id)).await.map(drop),
        Operation::Refund => {
            let request = RefundRequest::new(attempt("r-1"), payment(id));
            facade.refund(id, request).await.map(drop)
        }
        Operation::Capture => {
            let request = CaptureRequest::new(attempt("c-1"), payment(id));
            facade.capture(id, request).await.map(drop)
        }
    }
}

/// What goes well before the write that moves money. That write itself is answered by 500.
fn answer(request: &Received) -> RawReply {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/token") => good("omno/token/granted"),
        ("POST", "/identity/auth/access-token") => good("ngenius/access-token/granted"),
        ("POST", "/tokenization/query-token") => good("tokenpay-signed/query-token/two-cards"),
        ("POST", path) if path.contains("query") => RawReply::json(
            200,
            r#"{"responseCode":"0000","message":"Success","order":{"id":5803,"status":"PURCHASED",
                "amount":"40.00","currency":"USD","merchantReference":"a-1"}}"#,
        ),
        ("POST", "/purchases/") => RawReply::json(200, r#"{"id":"p-1","status":"created"}"#),
        ("GET", "/purchases/p-1/") => RawReply::json(
            200,
            r#"{"id":"p-1","status":"hold","purchase":{"total":4000,"currency":"ZAR"},"refundable_amount":1000}"#,
        ),
        // An order of N-Genius with one payment, of which a part was captured.
        ("GET", path) if path.ends_with("/orders/o-1") => RawReply::json(
            200,
            r#"{"reference":"o-1","_embedded":{"payment":[{"reference":"p-1","state":"PARTIALLY_CAPTURED",
                "amount":{"currencyCode":"AED","value":4000},"_embedded":{"cnp:capture":[{"_id":"urn:capture:c-1",
                "state":"SUCCESS","amount":{"currencyCode":"AED","value":3000}}]}}]}}"#,
        ),
        ("GET", path) if path.contains("/orders/") => RawReply::json(
            200,
            r#"{"id":"p-1","status":"completed","amount":4000,"currency":"EUR",
                "transactions":[{"id":"t-1","status":"completed"}]}"#,
        ),
        _ => RawReply::new(500),
    }
}

/// Each operation, with how many requests go before its first one that moves money, or that is not answered well.
async fn no_write_after_the_limit(id: ProviderId, operations: &[(Operation, usize)]) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for &(operation, before) in operations {
        for passing in 0..=before {
            let passed = Arc::new(AtomicBool::new(passing == 0));
            let (passes, passed) = (Arc::clone(&passed), passed);
            let server = FaultServer::start(move |request, earlier| {
                passes.store(earlier + 1 >= passing, Ordering::SeqCst);
                Behavior::Reply(answer(request))
            })
            .await;
            let start = Timestamp::UNIX_EPOCH;
            // The first reading makes the limit; a limit that has passed by then is none.
            let made = AtomicBool::new(false);
            let clock = move || {
                let late = made.swap(true, Ordering::SeqCst) && passed.load(Ordering::SeqCst);
                if late { start + 2 * HOUR } else { start }
            };
            let limit = NotAfter::within_by(HOUR, Arc::new(clock));
            let facade = facade_at(&id, &server.url(), &sandbox);
            let error = run(&facade, &id, operation, Some(limit)).await.expect_err("too late");
            let moment = format!("{operation:?} after {passing} requests: {error}");
            assert!(error.effect().is_not_applied(), "{moment}");
            assert!(error.to_string().contains("the time limit of this call has passed"), "{moment}");
            assert_eq!(server.requests(), passing, "{moment}");
        }
        // Negative control: without the limit, the operation goes on to its write.
        let server = FaultServer::start(|request, _| Behavior::Reply(answer(request))).await;
        let facade = facade_at(&id, &server.url(), &sandbox);
        let result = run(&facade, &id, operation, None).await;
        assert!(server.requests() > before, "{operation:?}: {result:?}");
    }
}

#[tokio::test]
async fn omno_after_the_limit_sends_no_write() {
    no_write_after_the_limit(ProviderId::OMNO, &[(Operation::Charge, 1), (Operation::Resume, 1)]).await;
}

#[tokio::test]
async fn ngenius_after_the_limit_sends_no_write() {
    let operations = [(Operation::Schedule, 1), (Operation::Refund, 2), (Operation::Capture, 2)];
    no_write_after_the_limit(ProviderId::NGENIUS, &operations).await;
}

#[tokio::test]
async fn tokenpay_signed_after_the_limit_sends_no_write() {
    let operations = [(Operation::Charge, 0), (Operation::Resume, 1), (Operation::Refund, 1)];
    no_write_after_the_limit(ProviderId::TOKENPAY_SIGNED, &operations).await;
}

#[tokio::test]
async fn revio_after_the_limit_sends_no_write() {
    let operations =
        [(Operation::Charge, 1), (Operation::Resume, 0), (Operation::Refund, 1), (Operation::Capture, 1)];
    no_write_after_the_limit(ProviderId::REVIO, &operations).await;
}

#[tokio::test]
async fn emspay_after_the_limit_sends_no_write() {
    let operations =
        [(Operation::Charge, 0), (Operation::Resume, 0), (Operation::Refund, 1), (Operation::Capture, 1)];
    no_write_after_the_limit(ProviderId::EMSPAY, &operations).await;
}

/// Each adapter counts its own requests; here they are counted once more, with 60 s for each, 10 s to connect, three
/// sends and waits of 5 s: 190 s for a read and 90 s for a write.
#[tokio::test]
async fn longest_operation_counts_every_request() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let facade = settings(&sandbox).facade().expect("a facade");
    for (id, reads, writes) in [
        (ProviderId::OMNO, 5, 2),
        (ProviderId::NGENIUS, 6, 2),
        (ProviderId::TOKENPAY_SIGNED, 1, 1),
        (ProviderId::REVIO, 2, 2),
        (ProviderId::EMSPAY, 2, 1),
    ] {
        let longest = facade.provider(&id).expect("a provider").longest_operation();
        assert_eq!(longest, Some(Duration::from_secs(reads * 190 + writes * 90)), "{id}");
    }
}
