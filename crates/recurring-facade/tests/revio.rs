//! Revio: a refused charge is looked at, what approves must prove its amount, and what the wire does not carry is compared
//! before money moves.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{attempt, facade_at, price};
use recurring_facade::{
    CaptureRequest, ChargeRequest, Currency, DeclineReason, Error, ErrorKind, Facade, Money, Outcome,
    Payment, PaymentRef, ProviderId, RefundRequest,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::Sandbox;

const ID: ProviderId = ProviderId::REVIO;
/// `revio-refused-charge-that-is-paid/reply-400.json`
const REFUSED: &str = r#"{"__all__": [{"message": "no", "code": "purchase_charge_error"}]}"#;
/// `revio-refused-charge-that-is-paid/purchase.json`
const PAID: &str = r#"{"id": "p1", "status": "paid", "purchase": {"total": 4000, "currency": "ZAR"}}"#;

fn json(status: u16, body: &str) -> Behavior {
    Behavior::Reply(RawReply::json(status, body))
}

/// A gateway that creates the purchase `p1`; `write` answers the call that moves money, `reads` each read in turn, the
/// last one again and again.
async fn gateway(write: Behavior, reads: &[&str]) -> FaultServer {
    let reads: Vec<String> = reads.iter().map(|read| (*read).to_owned()).collect();
    let read = std::sync::atomic::AtomicUsize::new(0);
    FaultServer::start(move |request: &Received, _| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/purchases/") => {
            json(201, r#"{"id":"p1","status":"created","purchase":{"total":4000,"currency":"ZAR"}}"#)
        }
        ("POST", _) => write.clone(),
        _ => {
            let place =
                read.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(reads.len().saturating_sub(1));
            json(200, reads.get(place).map_or("{}", String::as_str))
        }
    })
    .await
}

async fn facade(server: &FaultServer) -> Facade {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    facade_at(&ID, &server.url(), &keys)
}

async fn charge(write: Behavior, read: &str) -> (Result<Payment, Error>, FaultServer) {
    let server = gateway(write, &[read]).await;
    let credential = r#"{"provider":"revio","client_id":"c","recurring_token":"82e6eb62"}"#;
    let credential = serde_json::from_str(credential).expect("a credential");
    let request = ChargeRequest::new(attempt("a-1"), credential, price(&ID));
    let result = facade(&server).await.charge(request).await;
    (result, server)
}

fn with_try(status: &str, code: &str) -> String {
    format!(
        r#"{{"id":"p1","status":"{status}","purchase":{{"total":4000,"currency":"ZAR"}},
            "transaction_data":{{"attempts":[{{"successful":false,"error":{{"code":"{code}","message":"m"}}}}]}}}}"#
    )
}

#[tokio::test]
async fn charge_refused_reads_the_purchase_once() {
    for (purchase, outcome) in [
        (PAID.to_owned(), Some(Outcome::Paid)),
        (PAID.replace("paid", "pending_charge"), Some(Outcome::Pending)),
        (with_try("error", "stolen_card"), Some(Outcome::Declined)),
        (r#"{"id":"p1","status":"error"}"#.to_owned(), Some(Outcome::Declined)),
        (with_try("error", "timeout_acquirer_status_check"), None),
        (with_try("error", "timeout"), None),
        (PAID.replace("4000", "\"40,00\""), None),
        ("<html>".to_owned(), None),
        ("{}".to_owned(), None),
    ] {
        let (result, server) = charge(json(400, REFUSED), &purchase).await;
        let reads = server.received().iter().filter(|call| call.method == "GET").count();
        assert_eq!(reads, 1, "{purchase}");
        match (result, outcome) {
            (Ok(payment), Some(outcome)) => assert_eq!(payment.outcome, outcome, "{purchase}"),
            (Err(error), None) => {
                assert!(error.effect().is_unknown(), "{purchase}: {error}");
                assert_eq!(error.payment(), Some(&PaymentRef::new("p1")));
            }
            other => panic!("{purchase}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn charge_refused_has_the_reason_of_the_purchase() {
    for (code, reason) in [
        ("stolen_card", DeclineReason::StolenOrLost),
        ("insufficient_funds", DeclineReason::InsufficientFunds),
        ("3ds_authentication_failed", DeclineReason::AuthenticationRequired),
        ("recurring_token_expired", DeclineReason::InvalidCredential),
        ("validation_cvc_invalid", DeclineReason::Setup),
    ] {
        let payment = charge(json(400, REFUSED), &with_try("error", code)).await.0.expect("declined");
        let decline = payment.decline.expect("a reason");
        assert_eq!((decline.reason, decline.code.as_deref()), (reason, Some(code)));
    }
}

#[tokio::test]
async fn charge_with_unreadable_amount_is_unknown() {
    // An answer of this shape with a good amount approves, also as text and with a fraction of nothing.
    for (total, approved) in [
        ("4000", true),
        ("4000.0", true),
        ("\"4000\"", true),
        ("9e9", false),
        ("\"40,00\"", false),
        ("1e400", false),
        ("[999999]", false),
        ("true", false),
        ("null", false),
        ("4001", false),
    ] {
        for odd in [
            format!(r#"{{"id":"p1","status":"paid","purchase":{{"total":{total},"currency":"ZAR"}}}}"#),
            format!(
                r#"{{"id":"p1","status":"paid","purchase":{{"total":4000,"currency":"ZAR"}},
                    "payment":{{"amount":{total},"currency":"ZAR"}}}}"#
            ),
        ] {
            // What the total itself proves needs no second member.
            let approved = approved || (total == "null" && odd.contains("payment"));
            let (result, server) = charge(json(200, &odd), &odd).await;
            match result {
                Ok(payment) => {
                    assert!(approved, "{odd}: {payment:?}");
                    assert_eq!((payment.outcome, payment.amount), (Outcome::Paid, Some(price(&ID))), "{odd}");
                }
                Err(error) => {
                    assert!(!approved && error.effect().is_unknown(), "{odd}: {error}");
                    let looked = server.received().iter().any(|call| call.method == "GET");
                    assert!(looked, "it is looked up");
                }
            }
        }
    }
    // The look-up settles it.
    let odd = PAID.replace("4000", "\"40,00\"");
    let payment = charge(json(200, &odd), PAID).await.0.expect("settled by the read");
    assert_eq!(payment.outcome, Outcome::Paid);
}

#[tokio::test]
async fn charge_refused_by_a_proxy_is_unknown() {
    for (status, body) in [
        (403, r#"{"__all__":[{"message":"Forbidden","code":"blocked_by_policy"}]}"#),
        (403, r#"{"error":{"message":"Forbidden","code":"forbidden"}}"#),
        (401, r#"{"proxy":[{"message":"Who are you?","code":"authentication_failed"}]}"#),
        (400, r#"{"recurring_token":[{"message":"no"}]}"#),
    ] {
        let created = PAID.replace("paid", "created");
        let error = charge(json(status, body), &created).await.0.expect_err(body);
        assert!(error.effect().is_unknown(), "{body}: {error}");
    }
    let refused = r#"{"__all__":[{"message":"Invalid token.","code":"authentication_failed"}]}"#;
    let error = charge(json(401, refused), PAID).await.0.expect_err("refused");
    assert!(error.effect().is_not_applied(), "{error}");
}

/// A refund (or a capture) of `p1`, and how many writes it made.
async fn change(
    amount: Option<Money>,
    captures: bool,
    write: Behavior,
    reads: &[&str],
) -> (Result<Payment, Error>, Vec<Received>) {
    let server = gateway(write, reads).await;
    let facade = facade(&server).await;
    let result = if captures {
        let mut request = CaptureRequest::new(attempt("c-1"), PaymentRef::new("p1"));
        request.amount = amount;
        facade.capture(&ID, request).await
    } else {
        let mut request = RefundRequest::new(attempt("r-1"), PaymentRef::new("p1"));
        request.amount = amount;
        facade.refund(&ID, request).await
    };
    (result, server.received().into_iter().filter(|call| call.method == "POST").collect())
}

fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, Currency::from_code(code).expect(code)).expect("money")
}

const LEFT: &str =
    r#"{"id":"p1","status":"refunded","purchase":{"total":4000,"currency":"ZAR"},"refundable_amount":1000}"#;
const HELD: &str =
    r#"{"id":"p1","status":"hold","purchase":{"total":4000,"currency":"ZAR"},"refundable_amount":0}"#;

#[tokio::test]
async fn refund_of_more_than_is_left_is_not_sent() {
    let unreadable = PAID.replace("\"ZAR\"", "[]");
    for (amount, captures, purchase, words) in [
        (Some(money(30_000, "KWD")), false, LEFT, "currency"),
        (Some(money(500, "JPY")), true, HELD, "currency"),
        (Some(money(1001, "ZAR")), false, LEFT, "10.00 ZAR"),
        (Some(money(4001, "ZAR")), true, HELD, "40.00 ZAR"),
        (None, false, HELD, "nothing left"),
        (Some(money(4001, "ZAR")), false, PAID, "40.00 ZAR"),
        (Some(money(1, "ZAR")), false, unreadable.as_str(), "currency"),
        (Some(money(1, "ZAR")), false, r#"{"id":"p1","status":"paid"}"#, "currency"),
        (Some(money(1, "ZAR")), true, "<html>", ""),
    ] {
        let (result, writes) = change(amount, captures, json(500, ""), &[purchase]).await;
        let error = result.expect_err(words);
        assert!(error.effect().is_not_applied() && error.to_string().contains(words), "{error}");
        assert_eq!(writes.len(), 0, "{error}");
    }
}

#[tokio::test]
async fn refund_is_of_the_amount_or_the_rest() {
    for (asked, sent) in [(None, 1000), (Some(money(1000, "ZAR")), 1000), (Some(money(999, "ZAR")), 999)] {
        let done = format!(
            r#"{{"id":"r-9","type":"payment","related_to":{{"type":"purchase","id":"p1"}},
            "payment":{{"amount":{sent},"currency":"ZAR"}}}}"#
        );
        let (result, writes) = change(asked, false, json(200, &done), &[LEFT]).await;
        let refunded = result.expect("refunded");
        assert_eq!((refunded.outcome, refunded.amount), (Outcome::Paid, Some(money(sent, "ZAR"))));
        let bodies: Vec<_> = writes.iter().map(|write| String::from_utf8_lossy(&write.body)).collect();
        assert_eq!(bodies, [format!(r#"{{"amount":{sent}}}"#)]);
    }
}

#[tokio::test]
async fn refund_whose_answer_proves_nothing_is_unknown() {
    for odd in [
        r#"{"id":"r-9","type":"payment"}"#,
        r#"{"id":"r-9","type":"payment","related_to":{"id":"p1"},"payment":{"amount":"10,00","currency":"ZAR"}}"#,
        r#"{"id":"r-9","type":"payment","related_to":{"id":"p1"},"payment":{"amount":1000}}"#,
        r#"{"id":"r-9","type":"payment","related_to":{"id":"p2"},"payment":{"amount":1000,"currency":"ZAR"}}"#,
        r#"{"id":"p1","type":"purchase","status":"refunded"}"#,
    ] {
        let error = change(None, false, json(200, odd), &[LEFT]).await.0.expect_err(odd);
        assert_eq!(
            (error.kind(), error.effect().is_unknown()),
            (ErrorKind::Protocol, true),
            "{odd}: {error}"
        );
    }
}

#[tokio::test]
async fn change_refused_has_the_reason_of_the_purchase() {
    for (captures, code, before) in
        [(false, "purchase_refund_error", LEFT), (true, "purchase_capture_error", HELD)]
    {
        let refusal = format!(r#"{{"__all__":[{{"message":"no","code":"{code}"}}]}}"#);
        let tried = |code: &str| {
            let attempts = format!(
                r#","transaction_data":{{"attempts":[{{"successful":false,"error":{{"code":"{code}"}}}}]}}}}"#
            );
            format!("{}{attempts}", before.trim_end_matches('}'))
        };
        let own = tried("stolen_card");
        let refused = change(None, captures, json(400, &refusal), &[before, &own]).await.0.expect("declined");
        let decline = refused.decline.expect("a reason");
        assert_eq!(
            (decline.reason, decline.code.as_deref()),
            (DeclineReason::StolenOrLost, Some("stolen_card"))
        );
        let open = tried("timeout");
        let changed = before.replace("1000", "0").replace("hold", "paid");
        for unclear in [open.as_str(), changed.as_str(), "<html>"] {
            let error =
                change(None, captures, json(400, &refusal), &[before, unclear]).await.0.expect_err(unclear);
            assert!(error.effect().is_unknown(), "{error}");
        }
        // A try that was there before is not this one.
        for same in [before, own.as_str(), open.as_str()] {
            let refused =
                change(None, captures, json(400, &refusal), &[same, same]).await.0.expect("declined");
            assert_eq!(refused.decline.expect("a reason").code.as_deref(), Some(code), "{same}");
        }
    }
}

#[tokio::test]
async fn enrol_without_a_page_is_an_error() {
    let server = gateway(json(500, ""), &[PAID]).await;
    let mut request = common::enrol_request(&ID, "page");
    request.customer.gateway_id = Some("c".to_owned());
    let result = facade(&server).await.enrol(&ID, request).await;
    let error = result.expect_err("the customer cannot pay");
    assert!(error.to_string().contains("checkout_url"), "{error}");
}
