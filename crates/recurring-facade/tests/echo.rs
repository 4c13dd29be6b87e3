//! A gateway that quotes the keys of a call in every form: nothing of them in what the facade returns or logs.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{attempt, enrol_request, facade_at, price, sandbox};
use recurring_core::Timestamp;
use recurring_facade::{
    CaptureRequest, ChargeRequest, Facade, LostCharge, PaymentRef, PendingEnrolment, ProviderId,
    RefundRequest, ScheduleRequest, Settings, StoredCredential,
};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, forms, show};
use serde_json::json;

const KEY: &str = "canary/api-key-4711";
/// base64 of `canary-user-4711:canary-password/2342`
const BASIC: &str = "Y2FuYXJ5LXVzZXItNDcxMTpjYW5hcnktcGFzc3dvcmQvMjM0Mg==";
const ACCESS: &str = "canary/access-token-0815";

const TEMPLATES: [&str; 4] = [
    r#"{"id":"ID","reference":"ID","orderId":"ID","status":"ECHO","paymentResult":"ECHO","psp":"ECHO","cardMask":"ECHO","amount":"ECHO","currency":"ECHO"}"#,
    r#"{"id":"ID","status":"ECHO","checkout_url":"https://pay.example/ECHO","client_id":"ID","reference":"ECHO","description":"ECHO",
    "transaction_data":{"attempts":[{"error":{"code":"ECHO","message":"ECHO"}}]},"transactions":[{"id":"ID","status":"ECHO","reason":"ECHO"}]}"#,
    r#"{"reference":"ID","_id":"ID","_embedded":{"payment":[{"reference":"ID","state":"ECHO","authResponse":{"resultMessage":"ECHO","resultCode":"ECHO"},
    "paymentMethod":{"pan":"ECHO","name":"ECHO"}}]}}"#,
    r#"{"message":"ECHO","code":"ECHO","error":{"type":"ECHO","value":"ECHO"},"errors":[{"message":"ECHO","errorCode":"ECHO"}],"__all__":[{"message":"ECHO","code":"ECHO"}]}"#,
];

fn grant(path: &str) -> Option<RawReply> {
    let body = format!(r#"{{"access_token":"{ACCESS}","expires_in":300}}"#);
    path.ends_with("/access-token").then(|| RawReply::json(200, body))
}

/// A new purchase of Revio, for the charge below.
fn created(path: &str) -> Option<RawReply> {
    let body = r#"{"id":"00000000-0000-4000-8000-0000000000a1","status":"created","client_id":"c","reference":"echo-1",
        "brand_id":"brand","purchase":{"total":4000,"currency":"ZAR"}}"#;
    path.ends_with("/purchases/").then(|| RawReply::json(201, body))
}

/// The settings of the gateways that send a key, for one address.
fn settings(url: &str) -> Settings {
    let settings = [
        ("EMSPAY_BASE_URL", url),
        ("EMSPAY_API_KEY", KEY),
        ("REVIO_BASE_URL", url),
        ("REVIO_API_KEY", KEY),
        ("REVIO_BRAND_ID", "brand"),
        ("OMNO_BASE_URL", url),
        ("OMNO_BEARER_TOKEN", KEY),
        ("NGENIUS_BASE_URL", url),
        ("NGENIUS_API_KEY", BASIC),
        ("NGENIUS_OUTLET", "outlet"),
    ];
    Settings::new().set_all(settings).expect("known names")
}

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let server = EchoServer::start(grant).await;
    let settings = settings(&server.url());
    let facade = settings.facade().expect("a facade");
    let mut shown = format!("{settings:?} {facade:?}");
    for (id, secret) in [
        (ProviderId::EMSPAY, KEY),
        (ProviderId::REVIO, KEY),
        (ProviderId::OMNO, KEY),
        (ProviderId::NGENIUS, BASIC),
        (ProviderId::NGENIUS, ACCESS),
    ] {
        // A 500 is repeated after a while, and the clients' own tests have it.
        for reply in echoes(secret, &TEMPLATES).iter().filter(|reply| reply.status != 500) {
            server.answer(reply);
            let (payment, before) = (PaymentRef::new("1"), shown.len());
            shown += &show(&facade.status(&id, &payment).await);
            assert!(shown.len() > before);
        }
    }
    assert!(shown.contains("[redacted]"), "something is quoted");
    assert_absent(&[KEY, BASIC, ACCESS], &shown, "what is shown");
    assert_absent(&[KEY, BASIC, ACCESS], &logs.text(), "the log");
}

const CARD_TOKEN: &str = "canary+card-token-1234";
const PAN: &str = "4012001037141112";
const CLIENT_SECRET: &str = "canary/client-secret-9876";

/// Every reply of one shape holds many forms: all operations are called with each.
fn crowded(secret: &str, id: &ProviderId) -> Vec<RawReply> {
    let all = forms(secret);
    let mut replies = Vec::new();
    for group in all.chunks(12) {
        let text = group.iter().map(|(_, form)| form.as_str()).collect::<Vec<_>>().join(" ");
        let literal = text.replace('\\', "\\\\").replace('"', "\\\"");
        for template in TEMPLATES.iter().copied().chain([matching(id)]) {
            let body = template.replace("\"ID\"", "\"1\"").replace("ECHO", &literal);
            replies.extend(
                [200, 400].map(|status| RawReply::json(status, body.clone()).header("X-Echo", &text)),
            );
        }
    }
    replies
}

/// An answer that agrees with the requests below, with an echo in each text that is free.
fn matching(id: &ProviderId) -> &'static str {
    match id.as_str() {
        "emspay" => {
            r#"{"id":"1","status":"completed","amount":4000,"currency":"EUR","merchant_order_id":"echo-1","description":"ECHO",
            "order_url":"https://pay.example/ECHO","transactions":[{"id":"t","status":"completed","amount":4000,"currency":"EUR",
            "reason":"ECHO","description":"ECHO","payment_method":"credit-card","payment_method_details":{"card_holder":"ECHO","truncated_pan":"ECHO"}}]}"#
        }
        "revio" => {
            r#"{"id":"1","status":"paid","client_id":"c","reference":"echo-1","checkout_url":"https://pay.example/ECHO",
            "purchase":{"total":4000,"currency":"ZAR","products":[{"name":"ECHO","price":4000}],"notes":"ECHO"},
            "payment":{"amount":4000,"currency":"ZAR","payment_type":"ECHO","description":"ECHO"},"client":{"email":"ECHO","full_name":"ECHO"},
            "transaction_data":{"attempts":[{"error":{"code":"ECHO","message":"ECHO"}}]},
            "results":[{"id":"r","payment_method":"ECHO","description":"ECHO"}]}"#
        }
        "ngenius" => {
            r#"{"reference":"1","orderReference":"1","state":"ECHO","frequency":"MONTHLY","outletId":"outlet","amount":{"value":4000,"currencyCode":"AED"},
            "_embedded":{"payment":[{"reference":"1","orderReference":"1","state":"FAILED","amount":{"value":4000,"currencyCode":"AED"},
            "authResponse":{"success":false,"resultMessage":"ECHO","resultCode":"ECHO"},"paymentMethod":{"pan":"ECHO","name":"ECHO"}}]}}"#
        }
        "omno" => {
            r#"{"paymentId":"1","id":"1","status":"Success","amount":"40.00","currency":"EUR","orderId":"echo-1","psp":"ECHO","masterPsp":"ECHO",
            "cardMask":"ECHO","cardholder":"ECHO","country":"ECHO","paymentUrl":"https://pay.example/ECHO",
            "cards":[{"cardToken":"t","cardMask":"ECHO","cardBrand":"ECHO","cardholder":"ECHO"}]}"#
        }
        _ => {
            r#"{"responseCode":"0000","message":"ECHO","data":"https://pay.example/ECHO","list":[{"tokenId":"9","userId":"u","maskedPan":"ECHO","cardBrand":"ECHO"}],
            "order":{"id":1,"merchantReference":"echo-1","currency":"USD","amount":"40.00","status":"SUCCESS","cardType":"ECHO"},
            "transaction":{"id":2,"status":"ECHO","message":"ECHO","maskedPan":"ECHO"}}"#
        }
    }
}

/// A stored credential with the canary.
fn credential(id: &ProviderId) -> StoredCredential {
    let json = match id.as_str() {
        "emspay" => json!({"provider": "emspay", "vault_token": CARD_TOKEN}),
        "revio" => json!({"provider": "revio", "client_id": "c", "recurring_token": CARD_TOKEN}),
        "omno" => {
            json!({"provider": "omno", "customer_id": "c", "card_token": CARD_TOKEN, "billing": common::billing()})
        }
        _ => {
            json!({"provider": "tokenpay-signed", "user_id": "u", "token_id": CARD_TOKEN, "parent_order_id": 1})
        }
    };
    serde_json::from_value(json).expect("a credential")
}

fn pending(id: &ProviderId) -> PendingEnrolment {
    let json = match id.as_str() {
        "emspay" => json!({"provider": "emspay", "order_id": "1"}),
        "revio" => json!({"provider": "revio", "client_id": "c", "purchase_id": "1"}),
        "omno" => {
            json!({"provider": "omno", "payment_id": "1", "customer_id": "c", "billing": common::billing()})
        }
        _ => json!({"provider": "tokenpay-signed", "attempt": "echo-1", "user_id": "u", "amount_minor": 4000,
            "currency": "USD", "known_tokens": [CARD_TOKEN]}),
    };
    serde_json::from_value(json).expect("begun")
}

/// What is answered to the operations that carry a card or its token.
async fn with_card(facade: &Facade, id: &ProviderId) -> String {
    let name = attempt("echo-1");
    let card = json!({"pan": PAN, "expiry": "2031-04", "cvv": "123", "cardholder_name": "Ann"}).to_string();
    let schedule = ScheduleRequest::new(name.clone(), price(id), "MONTHLY", "ann@example.org", card);
    if *id == ProviderId::NGENIUS {
        return show(&facade.schedule(id, schedule).await);
    }
    show(&facade.charge(ChargeRequest::new(name, credential(id), price(id))).await)
}

/// Everything that all operations of a gateway answer to the reply that the server has now. A notification answers
/// nothing that was sent, and has no secrets of a call to be cleared of.
async fn every_operation(facade: &Facade, id: &ProviderId) -> String {
    let (payment, name) = (PaymentRef::new("1"), || attempt("echo-1"));
    let now = Timestamp::now();
    let mut lost = LostCharge::new(name(), price(id), now, now);
    lost.payment = Some(payment.clone());
    let mut shown = with_card(facade, id).await;
    shown += &show(&facade.enrol(id, enrol_request(id, "echo-1")).await);
    shown += &show(&facade.resume(pending(id)).await);
    shown += &show(&facade.credential_of(&pending(id), Some(&payment)).await);
    shown += &show(&facade.stored_cards(id, "c").await);
    shown += &show(&facade.status(id, &payment).await);
    shown += &show(&facade.look_up(id, &lost).await);
    shown += &show(&facade.cancel_unpaid(id, &lost).await);
    shown += &show(&facade.refund(id, RefundRequest::new(name(), payment.clone())).await);
    shown += &show(&facade.capture(id, CaptureRequest::new(name(), payment)).await);
    shown
}

/// Calls every operation with every echo of these secrets; answers whether something was cleared.
async fn calls(server: &EchoServer, facade: &Facade, id: &ProviderId, secrets: &[&str]) -> bool {
    let mut is_cleared = false;
    for secret in secrets {
        let mut shown = String::new();
        for reply in crowded(secret, id) {
            server.answer(&reply);
            shown += &match *secret {
                CARD_TOKEN | PAN => with_card(facade, id).await,
                _ => every_operation(facade, id).await,
            };
        }
        is_cleared |= shown.contains("[redacted]");
        let what = format!("{id}: what is shown");
        for line in shown.lines() {
            assert_absent(&[secret], line, &what);
        }
    }
    is_cleared
}

#[tokio::test]
async fn secret_echoed_to_any_operation_is_shown_in_no_form() {
    let logs = Capture::start();
    let server = EchoServer::start(grant).await;
    let facade = settings(&server.url()).facade().expect("a facade");
    for (id, secrets) in [
        (ProviderId::EMSPAY, &[KEY, CARD_TOKEN][..]),
        (ProviderId::REVIO, &[KEY]),
        (ProviderId::OMNO, &[KEY, CARD_TOKEN]),
        (ProviderId::NGENIUS, &[BASIC, ACCESS]),
    ] {
        assert!(calls(&server, &facade, &id, secrets).await, "{id}: something is quoted");
    }
    calls(&server, &facade, &ProviderId::NGENIUS, &[PAN]).await;
    // A charge at Revio creates a purchase first, without the token: there is nothing to clear of it yet.
    let charging = EchoServer::start(created).await;
    let revio = settings(&charging.url()).facade().expect("a facade");
    assert!(calls(&charging, &revio, &ProviderId::REVIO, &[CARD_TOKEN]).await, "the charge is quoted");
    let (sandbox, _) = sandbox().await;
    let signed = facade_at(&ProviderId::TOKENPAY_SIGNED, &server.url(), &sandbox);
    calls(&server, &signed, &ProviderId::TOKENPAY_SIGNED, &[CARD_TOKEN]).await;
    let text = logs.text();
    assert!(text.contains("sent a request"), "the log has the calls");
    assert_absent(&[KEY, BASIC, ACCESS, CARD_TOKEN, PAN], &text, "the log");
}

#[tokio::test]
async fn secret_echoed_by_a_token_server_is_shown_in_no_form() {
    let logs = Capture::start();
    let server = EchoServer::start(|_| None).await;
    let omno = Settings::new()
        .set_all([
            ("OMNO_BASE_URL", server.url()),
            ("OMNO_TOKEN_URL", format!("{}/token", server.url())),
            ("OMNO_CLIENT_ID", "client".to_owned()),
            ("OMNO_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ])
        .expect("known names")
        .facade()
        .expect("a facade");
    calls(&server, &omno, &ProviderId::OMNO, &[CLIENT_SECRET]).await;
    let ngenius = settings(&server.url()).facade().expect("a facade");
    calls(&server, &ngenius, &ProviderId::NGENIUS, &[BASIC]).await;
    assert_absent(&[CLIENT_SECRET, BASIC], &logs.text(), "the log");
}
