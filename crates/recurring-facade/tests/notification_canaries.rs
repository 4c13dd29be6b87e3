//! Notifications that quote the credentials of a client in every form: nothing of them in what the facade returns or logs.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use recurring_facade::{Facade, ProviderId, RawNotification, Settings};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::{assert_absent, forms, show};

const KEY: &str = "canary/api-key-4711";
/// base64 of `canary-user-4711:canary-password/2342`
const BASIC: &str = "Y2FuYXJ5LXVzZXItNDcxMTpjYW5hcnktcGFzc3dvcmQvMjM0Mg==";
const ACCESS: &str = "canary/access-token-0815";
const CLIENT_SECRET: &str = "canary/client-secret-9876";
const HEADER: &str = "canary/webhook-secret-5512-abcde";

/// A gateway that grants an access token, and has nothing else.
async fn gateway() -> FaultServer {
    FaultServer::start(|request, _| {
        let body = format!(r#"{{"access_token":"{ACCESS}","expires_in":300}}"#);
        let is_token = request.path.ends_with("/access-token") || request.path.ends_with("/token");
        Behavior::Reply(if is_token { RawReply::json(200, body) } else { RawReply::json(404, "{}") })
    })
    .await
}

fn facade(url: &str) -> Facade {
    let token_url = format!("{url}/token");
    let settings = [
        ("EMSPAY_BASE_URL", url),
        ("EMSPAY_API_KEY", KEY),
        ("OMNO_BASE_URL", url),
        ("OMNO_TOKEN_URL", &token_url),
        ("OMNO_CLIENT_ID", "client"),
        ("OMNO_CLIENT_SECRET", CLIENT_SECRET),
        ("NGENIUS_BASE_URL", url),
        ("NGENIUS_API_KEY", BASIC),
        ("NGENIUS_OUTLET", "outlet"),
        ("NGENIUS_WEBHOOK_HEADER", "X-Key"),
        ("NGENIUS_WEBHOOK_SECRET", HEADER),
    ];
    Settings::new().set_all(settings).expect("known names").facade().expect("a facade")
}

/// Notifications with `ECHO` in each member that is shown or stored, and in one of them at a time.
const BODIES: [(&str, &str); 11] = [
    ("emspay", r#"{"event":"ECHO","order_id":"o-1","project_id":"ECHO"}"#),
    ("emspay", r#"{"event":"status_changed","order_id":"ECHO"}"#),
    ("omno", r#"{"id":"p-1","status":"ECHO","orderId":"o-1","paymentResult":"ECHO"}"#),
    ("omno", r#"{"id":"ECHO","status":"Success"}"#),
    ("omno", r#"{"id":"p-1","status":"Success","orderId":"ECHO","customerId":"ECHO"}"#),
    ("ngenius", r#"{"eventName":"ECHO","eventId":"e-1","order":{"reference":"o-1"}}"#),
    ("ngenius", r#"{"eventName":"CAPTURED","eventId":"ECHO","order":{"reference":"o-1"}}"#),
    ("ngenius", r#"{"eventName":"CAPTURED","order":{"reference":"ECHO"}}"#),
    ("ngenius", r#"{"eventName":"CAPTURED","order":{"reference":"o-1","merchantOrderReference":"ECHO"}}"#),
    (
        "ngenius",
        r#"{"eventName":"CAPTURED","order":{"reference":"o-1","_embedded":{"payment":[{"reference":"ECHO","updateDateTime":"ECHO"}]}}}"#,
    ),
    (
        "ngenius",
        r#"{"eventName":"CAPTURED","_embedded":{"payment":[{"reference":"p-1","orderReference":"ECHO"}]}}"#,
    ),
];

#[tokio::test]
async fn credential_quoted_by_a_notification_is_not_shown() {
    let logs = Capture::start();
    let server = gateway().await;
    let facade = facade(&server.url());
    for id in [ProviderId::OMNO, ProviderId::NGENIUS] {
        // Fetches the access token.
        drop(facade.status(&id, &recurring_facade::PaymentRef::new("1")).await);
    }
    let secrets = |id: &str| match id {
        "emspay" => vec![KEY],
        "omno" => vec![CLIENT_SECRET, ACCESS],
        _ => vec![BASIC, ACCESS, HEADER],
    };
    let (mut cleared, mut refused) = (0, 0);
    for (id, body) in BODIES {
        for secret in secrets(id) {
            for (form, text) in forms(secret) {
                let quoted = text.replace('\\', "\\\\");
                let body = body.replace("ECHO", &quoted);
                let headers = [("Content-Type", "application/json"), ("X-Key", HEADER)];
                let raw = RawNotification::new(headers, body).expect("small");
                let shown = show(&facade.receive(&ProviderId::new(id), raw).await);
                assert_absent(&[secret], &shown, &format!("{id}, {form}"));
                cleared += usize::from(shown.contains("redacted"));
                refused += usize::from(shown.contains("cannot be read"));
            }
        }
    }
    assert!(cleared > 100 && refused > 100, "{cleared} cleared, {refused} refused");
    assert_absent(&[KEY, BASIC, ACCESS, CLIENT_SECRET, HEADER], &logs.text(), "the log");
}

/// What a gateway sends of its own accord is not changed where it quotes nothing.
#[tokio::test]
async fn notification_without_a_credential_is_as_before() {
    let server = gateway().await;
    let facade = facade(&server.url());
    for (id, body, event, key) in [
        ("emspay", r#"{"event":"status_changed","order_id":"o-1"}"#, "status_changed", "status_changed:o-1"),
        ("omno", r#"{"id":"p%1","status":"half paid"}"#, "half paid", ""),
        ("omno", r#"{"id":"p-1","status":"half paid"}"#, "half paid", "p-1:half%20paid"),
        ("ngenius", r#"{"eventName":"CAPTURED","eventId":"e 1%/\u00e9"}"#, "CAPTURED", "e 1%/é"),
    ] {
        let raw = RawNotification::new([("X-Key", HEADER)], body).expect("small");
        let received = facade.receive(&ProviderId::new(id), raw).await;
        if key.is_empty() {
            received.expect_err("not an identifier");
            continue;
        }
        let received = received.expect(id);
        assert_eq!((received.event.as_deref(), received.dedupe_key.as_str()), (Some(event), key));
    }
}
