//! Whose answer it is: only what proves to be about this payment settles it. Against servers that answer for another
//! payment, and the sandbox.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::time::Duration;

use common::{GOOD_CARD, attempt, credential, enrolled, facade_at, good, price, sandbox};
use recurring_facade::{
    Agreement, AttemptId, ChargeRequest, DeclineReason, Effect, Error, ErrorKind, Facade, Found, LostCharge,
    Outcome, Payment, PaymentRef, PendingEnrolment, ProviderId, RetryAdvice, StoredCredential, Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::Sandbox;

async fn charge(facade: &Facade, id: &ProviderId, name: &str) -> Result<Payment, Error> {
    let request = ChargeRequest::new(attempt(name), credential(id), price(id));
    facade.charge(request).await
}

fn assert_unknown(answer: Result<Payment, Error>, case: &str) -> Error {
    let error = answer.expect_err(case);
    assert_eq!(error.effect(), Effect::Unknown, "{case}: {error}");
    error
}

const CREATED: &str = "FEDCBA9876543210FEDCBA9876543210";

/// Omno, which creates the payment and then reads it as `read` says.
async fn omno(read: RawReply) -> FaultServer {
    FaultServer::start(move |request: &Received, _| {
        Behavior::Reply(match (request.method.as_str(), request.path.as_str()) {
            (_, "/token") => good("omno/token/granted"),
            ("POST", _) => RawReply::json(
                200,
                format!(
                    r#"{{"paymentId":"{CREATED}","status":"Success","paymentUrl":"https://pay.example/1"}}"#
                ),
            ),
            _ => read.clone(),
        })
    })
    .await
}

fn read_as(members: &str) -> RawReply {
    RawReply::json(200, format!(r#"{{"id":"{CREATED}",{members}}}"#))
}

#[tokio::test]
async fn omno_charge_is_settled_by_the_payment_it_made() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::OMNO;
    let ours = r#""orderId":"a-1","amount":40.0,"currency":"EUR""#;
    let converted =
        r#""orderId":"a-1","amount":44.1,"currency":"USD","initialAmount":40,"initialCurrency":"EUR""#;
    for (members, outcome) in [
        (format!(r#"{ours},"status":"Success""#), Outcome::Paid),
        (format!(r#"{ours},"status":"Declined""#), Outcome::Declined),
        (format!(r#"{converted},"status":"Success""#), Outcome::Paid),
        (r#""status":"Created""#.to_owned(), Outcome::Pending),
        (
            r#""status":"Pending3DS","3dsRedirectUrl":"https://bank.example/1""#.to_owned(),
            Outcome::ActionRequired,
        ),
    ] {
        let server = omno(read_as(&members)).await;
        let payment = charge(&facade_at(&id, &server.url(), &sandbox), &id, "a-1").await.expect(&members);
        assert_eq!(payment.outcome, outcome, "{members}");
        let page = match outcome {
            Outcome::ActionRequired => Some("https://bank.example/1"),
            Outcome::Pending => Some("https://pay.example/1"),
            _ => None,
        };
        assert_eq!(payment.redirect.as_deref(), page, "{members}");
        assert_eq!(payment.payment.as_ref().map(PaymentRef::as_str), Some(CREATED));
        assert_eq!(server.requests(), 3, "a token, the charge, one read");
    }
    for reply in [
        read_as(r#""status":"Success""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":40"#),
        read_as(r#""status":"Success","orderId":"a-2","amount":40,"currency":"EUR""#),
        read_as(r#""status":"Declined","orderId":"a-2","amount":40,"currency":"EUR""#),
        read_as(r#""status":"Created","orderId":"a-2""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":40.01,"currency":"EUR""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":"40,00","currency":"EUR""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":4e1,"currency":"EUR""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":[40],"currency":"EUR""#),
        read_as(r#""status":"Success","orderId":"a-1","amount":40,"currency":"USD""#),
        RawReply::json(200, r#"{"status":"Success","orderId":"a-1","amount":40,"currency":"EUR"}"#),
        RawReply::json(
            200,
            r#"{"id":"another","status":"Success","orderId":"a-1","amount":40,"currency":"EUR"}"#,
        ),
        RawReply::json(404, r#"{"message":"Payment not found"}"#),
        RawReply::html(502, "<html>"),
    ] {
        let case = format!("{reply:?}");
        let server = omno(reply).await;
        let error = assert_unknown(charge(&facade_at(&id, &server.url(), &sandbox), &id, "a-1").await, &case);
        assert_eq!(error.payment().map(PaymentRef::as_str), Some(CREATED), "{case}");
        let sent = server.received().iter().filter(|request| request.path.ends_with("/create")).count();
        assert_eq!(sent, 1, "{case}");
    }
}

/// Later payments are made with the card that paid the first.
#[tokio::test]
async fn omno_enrolment_takes_the_card_that_paid() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::OMNO;
    let billing = serde_json::to_string(&common::billing()).expect("JSON");
    let pending =
        format!(r#"{{"provider":"omno","payment_id":"{CREATED}","customer_id":"c","billing":{billing}}}"#);
    let pending: PendingEnrolment = serde_json::from_str(&pending).expect("a pending enrolment");
    let paid = read_as(
        r#""status":"Success","orderId":"a-1","amount":40,"currency":"EUR","cardMask":"411111******1111""#,
    );
    let card = |token: &str, mask: &str| format!(r#"{{"cardToken":"{token}","cardMask":"{mask}"}}"#);
    let (same, other) = ("411111******1111", "555555******4444");
    for (cards, token) in [
        (vec![card("t-1", same)], Some("t-1")),
        (vec![card("t-1", other), card("t-2", same)], Some("t-2")),
        (vec![card("t-1", same), card("t-2", same)], None),
        (vec![card("t-1", other), card("t-2", other)], None),
        (vec![card("t-1", same), card("t-2", "")], Some("t-1")),
        (vec![card("t-1", other), card("t-2", "")], None),
        (vec![card("t-1", other)], None),
        (vec![card("t-1", "4111 11** **** 1111")], Some("t-1")),
        (vec![card("t-1", "")], Some("t-1")),
        (vec![], None),
    ] {
        let (list, paid) = (format!("[{}]", cards.join(",")), paid.clone());
        let server = FaultServer::start(move |request: &Received, _| {
            Behavior::Reply(match request.path.as_str() {
                "/token" => good("omno/token/granted"),
                path if path.ends_with("/cards") => RawReply::json(200, list.as_bytes()),
                _ => paid.clone(),
            })
        })
        .await;
        let facade = facade_at(&id, &server.url(), &sandbox);
        let enrolment = facade.resume(pending.clone()).await.expect("read");
        assert_eq!(enrolment.payment.outcome, Outcome::Paid, "{cards:?}");
        let found = match &enrolment.agreement {
            Some(Agreement::ChargeOnDemand(StoredCredential::Omno(found))) => Some(found.card_token.expose()),
            None => None,
            other => panic!("{cards:?}: {other:?}"),
        };
        assert_eq!(found, token, "{cards:?}");
    }
}

/// A proxy that answers the second charge with the first's reply.
#[tokio::test]
async fn first_charges_answer_does_not_settle_the_second() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let tokenpay = r#"{"responseCode":"0000","message":"Success",
        "order":{"id":5803,"merchantReference":"a-1","currency":"USD","amount":40,"status":"SUCCESS"},
        "transaction":{"id":1,"type":"SALE","amount":40,"currency":"USD","status":"SUCCESS"}}"#;
    let emspay =
        r#"{"id":"o-1","merchant_order_id":"a-1","currency":"EUR","amount":4000,"status":"completed"}"#;
    for (id, body) in [(ProviderId::TOKENPAY_SIGNED, tokenpay), (ProviderId::EMSPAY, emspay)] {
        let reply = RawReply::json(200, body);
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let facade = facade_at(&id, &server.url(), &keys);
        assert_eq!(charge(&facade, &id, "a-1").await.expect("ours").outcome, Outcome::Paid);
        assert_unknown(charge(&facade, &id, "a-2").await, body);
    }
    let id = ProviderId::OMNO;
    let server = omno(read_as(r#""status":"Success","orderId":"a-1","amount":40,"currency":"EUR""#)).await;
    let facade = facade_at(&id, &server.url(), &keys);
    assert_eq!(charge(&facade, &id, "a-1").await.expect("ours").outcome, Outcome::Paid);
    assert_unknown(charge(&facade, &id, "a-2").await, "omno");
}

#[tokio::test]
async fn refusal_in_an_undocumented_shape_is_unknown() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    for (id, body) in [
        (ProviderId::OMNO, r#"{"message":"Forbidden"}"#),
        (ProviderId::OMNO, r#"{"error":"Forbidden"}"#),
        (ProviderId::EMSPAY, r#"{"error":"Forbidden"}"#),
        (ProviderId::EMSPAY, r#"{"message":"Forbidden"}"#),
        (ProviderId::TOKENPAY_SIGNED, r#"{"message":"Forbidden"}"#),
    ] {
        for status in [400, 403, 422] {
            let reply = RawReply::json(status, body);
            let server = FaultServer::start(move |request: &Received, _| {
                let token = (request.path == "/token").then(|| good("omno/token/granted"));
                Behavior::Reply(token.unwrap_or_else(|| reply.clone()))
            })
            .await;
            assert_unknown(charge(&facade_at(&id, &server.url(), &keys), &id, "a-1").await, body);
        }
    }
}

/// A dead token is one event with one meaning.
#[tokio::test]
async fn dead_token_is_declined_at_every_gateway() {
    let (sandbox, facade) = sandbox().await;
    for (id, member) in [
        (ProviderId::EMSPAY, "vault_token"),
        (ProviderId::OMNO, "card_token"),
        (ProviderId::TOKENPAY_SIGNED, "token_id"),
    ] {
        let alive = enrolled(&facade, &id, &format!("{id}-alive"), GOOD_CARD).await;
        let mut json = serde_json::to_value(&alive).expect("JSON");
        json[member] = "999999".into();
        let dead: StoredCredential = serde_json::from_value(json).expect("a credential");
        let taken = sandbox.ledger().len();
        let request = ChargeRequest::new(attempt(&format!("{id}-dead")), dead, price(&id));
        let refused = facade.charge(request).await.expect("an answer");
        let decline = refused.decline.expect("a reason");
        assert_eq!((refused.outcome, decline.reason), (Outcome::Declined, DeclineReason::InvalidCredential));
        assert_eq!(decline.reason.advice(), RetryAdvice::NeedsCustomer, "{id}");
        assert!(decline.message.is_some(), "{id}: the gateway's words are kept");
        assert_eq!(sandbox.ledger().len(), taken, "{id}");
    }
}

/// Only a refusal that names the token says that it is dead.
#[tokio::test]
async fn emspay_refusal_of_another_member_is_an_error() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::EMSPAY;
    for (status, member, refused) in [
        (400, "amount", true),
        (400, "transactions.0.payment_method_details.vault_token", true),
        (503, "vault_token", false),
    ] {
        let reply = RawReply::json(
            status,
            format!(
                r#"{{"error":{{"status":{status},"type":"ValidationError","value":"no","property_path":"{member}"}}}}"#
            ),
        );
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let credential = r#"{"provider":"emspay","vault_token":"0f3a1c52-9d1b"}"#;
        let credential = serde_json::from_str(credential).expect("a credential");
        let request = ChargeRequest::new(attempt("a-1"), credential, price(&id));
        let answer = facade_at(&id, &server.url(), &keys).charge(request).await;
        match (member.contains("vault_token"), refused) {
            (true, true) => assert_eq!(answer.expect("declined").outcome, Outcome::Declined, "{member}"),
            (_, refused) => assert_eq!(answer.expect_err(member).effect().is_not_applied(), refused),
        }
    }
}

#[tokio::test]
async fn tokenpay_sale_with_a_dead_token_is_declined() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::TOKENPAY_SIGNED;
    let server = FaultServer::start(|request: &Received, _| {
        let cards = r#"{"responseCode":"0000","message":"Success","list":[{"tokenId":2,"userId":"u"}]}"#;
        Behavior::Reply(match request.path.contains("query-token") {
            true => RawReply::json(200, cards),
            false => RawReply::json(400, r#"{"responseCode":"2001","message":"Token not found"}"#),
        })
    })
    .await;
    let pending = r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"u","amount_minor":4000,
        "currency":"USD","known_tokens":[]}"#;
    let pending = serde_json::from_str(pending).expect("a pending enrolment");
    let enrolment = facade_at(&id, &server.url(), &keys).resume(pending).await.expect("an answer");
    let reason = enrolment.payment.decline.map(|decline| decline.reason);
    assert_eq!(
        (enrolment.payment.outcome, reason),
        (Outcome::Declined, Some(DeclineReason::InvalidCredential))
    );
}

fn lost(id: &ProviderId, name: &AttemptId) -> LostCharge {
    let now = Timestamp::now();
    LostCharge::new(name.clone(), price(id), now - Duration::from_secs(60), now)
}

/// The order of the first payment has the name that was also used for the renewal.
#[tokio::test]
async fn look_up_never_takes_the_first_order() {
    let (_sandbox, facade) = sandbox().await;
    let id = ProviderId::EMSPAY;
    let credential = enrolled(&facade, &id, "same", GOOD_CARD).await;
    let name = attempt("same-first");
    let look = async || facade.look_up(&id, &lost(&id, &name)).await;
    assert!(matches!(look().await, Ok(Found::Nothing)));
    let request = ChargeRequest::new(name.clone(), credential, price(&id));
    let renewal = facade.charge(request).await.expect("charged");
    let Ok(Found::Payment(found)) = look().await else { panic!("not the renewal") };
    assert_eq!((found.outcome, found.payment), (Outcome::Paid, renewal.payment));
}

/// What is found must say that it is the charge: missing or unreadable is not agreement.
#[tokio::test]
async fn look_up_of_what_proves_nothing_is_an_error() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let now = Timestamp::now();
    let emspay = format!(
        r#"[{{"id":"o-1","merchant_order_id":"a-1","amount":4000,"currency":"EUR","created":"{now}","status":"completed",
        "transactions":[{{"status":"completed","payment_method_details":{{"recurring_type":"recurring"}}}}]}}]"#
    );
    let tokenpay = r#"{"responseCode":"0000","message":"Success","order":{"id":5803,"merchantReference":"a-1",
        "amount":40,"currency":"USD","status":"SUCCESS"},"transaction":{"type":"SALE","status":"SUCCESS"}}"#;
    for (id, body, changes) in [
        (
            ProviderId::EMSPAY,
            emspay,
            &[
                (r#""amount":4000"#, r#""amount":9e9"#),
                (r#""amount":4000"#, r#""amount":null"#),
                (r#""currency":"EUR""#, r#""currency":{}"#),
                (r#""created""#, r#""made""#),
                (r#""recurring_type":"recurring""#, r#""recurring_type":7"#),
                (r#"[{"status":"completed""#, r#"[{"status":"error""#),
                (r#"[{"status":"completed""#, r#"[{"amount":4001,"status":"completed""#),
            ][..],
        ),
        (
            ProviderId::TOKENPAY_SIGNED,
            tokenpay.to_owned(),
            &[
                (r#""amount":40"#, r#""amount":"40,00""#),
                (r#""amount":40"#, r#""amount":1e400"#),
                (r#""amount":40"#, r#""amount":[40]"#),
                (r#""currency":"USD""#, r#""currency":null"#),
                (r#""type":"SALE","status":"SUCCESS""#, r#""type":"SALE","status":"DECLINED""#),
                (r#""type":"SALE""#, r#""type":"SALE","amount":41"#),
                (r#""type":"SALE""#, r#""type":"SALE","currency":"HKD""#),
            ][..],
        ),
    ] {
        let look = async |body: String| {
            let server =
                FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
            let facade = facade_at(&id, &server.url(), &keys);
            facade.look_up(&id, &lost(&id, &attempt("a-1"))).await
        };
        assert!(matches!(look(body.clone()).await, Ok(Found::Payment(_))), "{id}");
        for (from, to) in changes {
            let changed = body.replacen(from, to, 1);
            assert_ne!(changed, body, "{from}");
            let error = look(changed).await.expect_err(to);
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{id} {to}");
        }
    }
}

#[tokio::test]
async fn tokenpay_answer_that_proves_nothing_is_unknown() {
    let keys = Sandbox::builder().start().await.expect("a sandbox");
    let id = ProviderId::TOKENPAY_SIGNED;
    let ours = r#""merchantReference":"a-1","currency":"USD","amount":40"#;
    for (order, transaction) in [
        (r#""currency":"USD","amount":40"#, ""),
        (r#""merchantReference":"a-1","amount":40"#, ""),
        (r#""merchantReference":"a-1","currency":"USD""#, ""),
        (r#""merchantReference":"a-1","currency":"USD","amount":[40]"#, ""),
        (r#""merchantReference":"a-1","currency":"USD","amount":true"#, ""),
        (r#""merchantReference":"a-1","currency":"USD","amount":"40,00""#, ""),
        (ours, r#","transaction":{"status":"DECLINED"}"#),
        (ours, r#","transaction":{"amount":"40.001"}"#),
        (ours, r#","transaction":{"type":"REFUND","status":"SUCCESS"}"#),
    ] {
        for status in ["SUCCESS", "FAILURE"] {
            let body = format!(
                r#"{{"responseCode":"0000","message":"m","order":{{"id":5803,{order},"status":"{status}"}}{transaction}}}"#
            );
            if status == "FAILURE" && transaction.contains("DECLINED") {
                continue;
            }
            let reply = RawReply::json(200, body.clone());
            let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
            assert_unknown(charge(&facade_at(&id, &server.url(), &keys), &id, "a-1").await, &body);
        }
    }
}
