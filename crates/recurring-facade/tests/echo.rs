//! A gateway that quotes the keys of a call in every form: nothing of them in what the facade returns or logs.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use recurring_facade::{PaymentRef, ProviderId, Settings};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{EchoServer, assert_absent, echoes, show};

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

#[tokio::test]
async fn echoed_secret_is_shown_in_no_form() {
    let logs = Capture::start();
    let server = EchoServer::start(grant).await;
    let url = server.url();
    let settings = [
        ("EMSPAY_BASE_URL", url.as_str()),
        ("EMSPAY_API_KEY", KEY),
        ("REVIO_BASE_URL", &url),
        ("REVIO_API_KEY", KEY),
        ("REVIO_BRAND_ID", "brand"),
        ("OMNO_BASE_URL", &url),
        ("OMNO_BEARER_TOKEN", KEY),
        ("NGENIUS_BASE_URL", &url),
        ("NGENIUS_API_KEY", BASIC),
        ("NGENIUS_OUTLET", "outlet"),
    ];
    let settings = Settings::new().set_all(settings).expect("known names");
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
