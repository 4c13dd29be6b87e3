//! What the wire does not carry is compared before money moves, and what a rule cannot read is refused: nothing is
//! sent. Against servers that count, and the sandbox, whose ledger of the money really moved is the judge.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::time::Duration;

use common::{GOOD_CARD, attempt, credential, enrol_request, enrolled, facade_at, price, sandbox, settings};
use recurring_facade::{
    CaptureRequest, ChargeRequest, Currency, Effect, ErrorKind, Facade, Money, Operation, Outcome,
    PaymentRef, Proof, ProviderId, RefundRequest, StoredCredential, Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::{LedgerKind, Sandbox};

const COMPARING: [ProviderId; 2] = [ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED];

fn money(text: &str, code: &str) -> Money {
    Money::parse(text, Currency::from_code(code).expect(code)).expect(text)
}

fn refunds(sandbox: &Sandbox) -> Vec<i64> {
    let ledger = sandbox.ledger().into_iter().filter(|entry| entry.kind == LedgerKind::Refund);
    ledger.map(|entry| entry.amount_minor.abs()).collect()
}

/// A payment of 40.00 that was taken.
async fn paid(facade: &Facade, id: &ProviderId, name: &str) -> PaymentRef {
    let credential = enrolled(facade, id, name, GOOD_CARD).await;
    let request = ChargeRequest::new(attempt(&format!("{name}-renewal")), credential, price(id));
    let charged = facade.charge(request).await.expect("charged");
    charged.payment.expect("a payment")
}

async fn refund(
    facade: &Facade,
    id: &ProviderId,
    payment: &PaymentRef,
    amount: Option<Money>,
) -> Result<recurring_facade::Payment, recurring_facade::Error> {
    let mut request = RefundRequest::new(attempt("r-1"), payment.clone());
    request.amount = amount;
    facade.refund(id, request).await
}

#[tokio::test]
async fn refund_in_another_currency_sends_nothing() {
    let (sandbox, facade) = sandbox().await;
    for id in &COMPARING {
        let payment = paid(&facade, id, &format!("{id}-fx")).await;
        for amount in [
            money("30.000", "KWD"),
            money("500", "JPY"),
            money("1.000", "KWD"),
            money("41.00", price(id).currency().code()),
        ] {
            let error = refund(&facade, id, &payment, Some(amount)).await.expect_err("another currency");
            assert_eq!(error.effect(), Effect::NotApplied(Proof::Local), "{error}");
            assert!(error.to_string().contains("`amount` must be"), "{error}");
        }
        assert_eq!(refunds(&sandbox), Vec::<i64>::new(), "{id}");
    }
}

#[tokio::test]
async fn refund_of_the_rest_is_whole_or_refused() {
    let (sandbox, facade) = sandbox().await;
    for id in &COMPARING {
        let before = refunds(&sandbox).len();
        let whole = paid(&facade, id, &format!("{id}-whole")).await;
        let named = paid(&facade, id, &format!("{id}-named")).await;
        for (payment, amount) in [(&whole, None), (&named, Some(price(id)))] {
            let answer = refund(&facade, id, payment, amount).await.expect("all of it");
            assert_eq!((answer.outcome, answer.amount), (Outcome::Paid, Some(price(id))), "{id}");
        }
        let part = paid(&facade, id, &format!("{id}-part")).await;
        let thirty = money("30.00", price(id).currency().code());
        let _ = refund(&facade, id, &part, Some(thirty)).await.expect("a part");
        let error = refund(&facade, id, &part, None).await.expect_err("the rest is not known");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local), "{error}");
        assert_eq!(refunds(&sandbox).split_at(before).1, [4000, 4000, 3000], "{id}");
    }
    // EMS takes a further part, by an amount that is named.
    let id = ProviderId::EMSPAY;
    let part = paid(&facade, &id, "further").await;
    for amount in ["30.00", "10.00"] {
        let _ = refund(&facade, &id, &part, Some(money(amount, "EUR"))).await.expect(amount);
    }
}

#[tokio::test]
async fn emspay_capture_is_of_the_whole_order() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::EMSPAY;
    for (amount, sent) in [(None, true), (Some("40.00"), true), (Some("30.00"), false)] {
        let server = FaultServer::start(|request: &Received, _| match request.method.as_str() {
            "GET" => Behavior::Reply(RawReply::json(
                200,
                r#"{"id":"o1","status":"processing","amount":4000,"currency":"EUR",
                    "transactions":[{"id":"t1","status":"accepted","is_capturable":true}]}"#,
            )),
            _ => Behavior::CloseAfterReading,
        })
        .await;
        let mut request = CaptureRequest::new(attempt("c-1"), PaymentRef::new("o1"));
        request.amount = amount.map(|amount| money(amount, "EUR"));
        let error = facade_at(&id, &server.url(), &sandbox).capture(&id, request).await.expect_err("lost");
        let writes = server.received().iter().filter(|call| call.method != "GET").count();
        assert_eq!((error.effect().is_unknown(), writes), (sent, usize::from(sent)), "{amount:?}: {error}");
    }
}

/// The effect of an operation is that of its writes.
#[tokio::test]
async fn read_that_fails_before_the_write_is_never_sent() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for behavior in [
        Behavior::CloseAfterReading,
        Behavior::Reply(RawReply::html(502, "<html>")),
        Behavior::Reply(RawReply::json(200, "{}")),
        Behavior::Reply(RawReply::json(404, r#"{"error":{"type":"NotFoundError","value":"no"}}"#)),
    ] {
        let server = FaultServer::start(move |_, _| behavior.clone()).await;
        for id in &COMPARING {
            let facade = facade_at(id, &server.url(), &sandbox);
            let error = refund(&facade, id, &PaymentRef::new("5803"), None).await.expect_err("unread");
            assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "{id}: {error}");
            if facade.capabilities(id).expect("set up").has(Operation::Capture) {
                let request = CaptureRequest::new(attempt("c-1"), PaymentRef::new("5803"));
                let error = facade.capture(id, request).await.expect_err("unread");
                assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "{id}: {error}");
            }
        }
        let id = ProviderId::TOKENPAY_SIGNED;
        let facade = facade_at(&id, &server.url(), &sandbox);
        let error = facade.enrol(&id, enrol_request(&id, "unread")).await.expect_err("unread");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "{error}");
        let pending = r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"u","amount_minor":4000,"currency":"USD","known_tokens":[]}"#;
        let error = facade.resume(serde_json::from_str(pending).expect("pending")).await.expect_err("unread");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent), "{error}");
        let write = |request: &Received| request.path.ends_with("/sale") || request.path.contains("refund");
        assert!(!server.received().iter().any(write));
    }
}

#[tokio::test]
async fn tokenpay_charge_in_another_currency_sends_nothing() {
    let (sandbox, facade) = sandbox().await;
    let id = ProviderId::TOKENPAY_SIGNED;
    let credential = enrolled(&facade, &id, "account", GOOD_CARD).await;
    let StoredCredential::TokenpaySigned(token) = &credential else { panic!("another gateway") };
    assert_eq!(token.currency.map(Currency::code), Some("USD"));
    let seen = sandbox.exchanges().len();
    let charge = async |facade: &Facade, credential: &StoredCredential, amount| {
        let request = ChargeRequest::new(attempt("fx"), credential.clone(), amount);
        facade.charge(request).await
    };
    let error = charge(&facade, &credential, money("3000", "JPY")).await.expect_err("JPY on a USD account");
    assert!(error.to_string().contains("must be in USD"), "{error}");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    // The settings name another account than the credential's.
    let elsewhere = settings(&sandbox).set("TOKENPAY_CURRENCY", "HKD").expect("a known name");
    let elsewhere = elsewhere.facade_of(&id).expect("a facade");
    for amount in [price(&id), money("40.00", "HKD")] {
        let error = charge(&elsewhere, &credential, amount).await.expect_err("another account");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local), "{error}");
    }
    let mut first = enrol_request(&id, "yen");
    first.amount = money("3000", "JPY");
    facade.enrol(&id, first).await.expect_err("JPY on a USD account");
    let pending = r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"u","amount_minor":3000,"currency":"JPY","known_tokens":[]}"#;
    let pending = serde_json::from_str(pending).expect("pending");
    facade.resume(pending).await.expect_err("JPY on a USD account");
    assert_eq!(sandbox.exchanges().len(), seen);
}

#[tokio::test]
async fn tokenpay_without_the_accounts_currency_moves_nothing() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::TOKENPAY_SIGNED;
    let all = sandbox.settings().into_iter().filter(|(name, _)| *name != "TOKENPAY_CURRENCY");
    let settings = recurring_facade::Settings::new().set_all(all).expect("known names");
    let facade = settings.clone().facade_of(&id).expect("reads need no currency");
    let request = ChargeRequest::new(attempt("a-1"), credential(&id), price(&id));
    let error = facade.charge(request).await.expect_err("no currency");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
    assert!(error.to_string().contains("TOKENPAY_CURRENCY"), "{error}");
    assert!(sandbox.exchanges().is_empty());
    let odd = settings.set("TOKENPAY_CURRENCY", "dollars").expect("a known name");
    let error = odd.facade_of(&id).expect_err("no currency");
    assert!(error.to_string().contains("TOKENPAY_CURRENCY must be an ISO 4217 code"), "{error}");
}

async fn charge_emspay(
    facade: &Facade,
    members: &str,
) -> Result<recurring_facade::Payment, recurring_facade::Error> {
    let json = format!(r#"{{"provider":"emspay","vault_token":"t"{members}}}"#);
    let credential = serde_json::from_str(&json).expect(&json);
    let request = ChargeRequest::new(attempt("a-1"), credential, price(&ProviderId::EMSPAY));
    facade.charge(request).await
}

#[tokio::test]
async fn series_rule_that_cannot_be_read_is_refused() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let server = FaultServer::start(|_, _| Behavior::CloseAfterReading).await;
    let facade = facade_at(&ProviderId::EMSPAY, &server.url(), &sandbox);
    let series = r#","first_amount_minor":4000,"currency":"EUR""#;
    for (members, field) in [
        (format!(r#"{series},"first_created":"2020-01-01""#), "series"),
        (format!(r#"{series},"first_created":"2020-01-01T10:00:00""#), "series"),
        (format!(r#"{series},"first_created":"2020-01-01 10:00:00""#), "series"),
        (format!(r#"{series},"first_created":"01/01/2020""#), "first_created"),
        (format!(r#"{series},"first_created":"""#), "first_created"),
        (format!(r#"{series},"first_created":"soon""#), "first_created"),
        (format!(r#"{series},"first_created":"1577836800000""#), "first_created"),
        // The year is counted also where the amount is not kept.
        (r#","first_created":"2020-01-01T10:00:00Z""#.to_owned(), "series"),
        (r#","first_amount_minor":4000"#.to_owned(), "currency"),
        (r#","currency":"EUR""#.to_owned(), "first_amount_minor"),
        (r#","first_amount_minor":0,"currency":"EUR""#.to_owned(), "first_amount_minor"),
        (r#","first_amount_minor":-4000,"currency":"EUR""#.to_owned(), "first_amount_minor"),
    ] {
        let error = charge_emspay(&facade, &members).await.expect_err(&members);
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local), "{members}: {error}");
        assert!(error.to_string().contains(&format!("`{field}`")), "{members}: {error}");
    }
    assert_eq!(server.requests(), 0);
    // A date of this year is read, and the charge goes out.
    let day = (Timestamp::now() - Duration::from_secs(90 * 24 * 60 * 60)).to_string();
    let (day, _) = day.split_once('T').expect("a date and a time");
    let members = format!(r#"{series},"first_created":"{day}""#);
    charge_emspay(&facade, &members).await.expect_err("lost");
    assert_eq!(server.requests(), 1);
}

#[test]
fn credential_naming_a_member_twice_is_refused() {
    for json in [
        r#"{"provider":"emspay","vault_token":"a","vault_token":"b"}"#,
        r#"{"provider":"emspay","vault_token":"a","provider":"emspay"}"#,
        r#"{"provider":"emspay","vault_token":"a","currency":"EUR","currency":"USD"}"#,
        r#"{"provider":"tokenpay-signed","user_id":"u","token_id":"1","token_id":"2","parent_order_id":1}"#,
        r#"{"provider":"omno","customer_id":"a","customer_id":"b","card_token":"t","billing":{}}"#,
    ] {
        let error = serde_json::from_str::<StoredCredential>(json).expect_err(json);
        assert!(error.to_string().contains("duplicate field"), "{error}");
    }
}

#[tokio::test]
async fn test_payment_says_that_it_is_one() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for (flags, test) in [(r#","flags":["is-test"]"#, Some(true)), (r#","flags":[]"#, None), ("", None)] {
        let body = format!(
            r#"{{"id":"o1","amount":4000,"currency":"EUR","merchant_order_id":"a-1","status":"completed",
                "transactions":[{{"id":"t1","amount":4000,"currency":"EUR","status":"completed",
                "payment_method_details":{{"recurring_type":"recurring","vault_token":"t"}}}}]{flags}}}"#
        );
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(201, body.clone()))).await;
        let facade = facade_at(&ProviderId::EMSPAY, &server.url(), &sandbox);
        let payment = charge_emspay(&facade, "").await.expect("paid");
        assert_eq!((payment.outcome, payment.test), (Outcome::Paid, test), "{flags}");
        let status = facade.status(&ProviderId::EMSPAY, &PaymentRef::new("o1")).await;
        assert_eq!(status.expect("a status").payment.test, test);
    }
}
