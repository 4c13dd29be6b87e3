use crate::ngenius::order;
use crate::omno::payment;
use crate::receiver::Receiver;
use crate::{GOOD_CARD, JSON, World, emspay};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A charge of a saved emspay card, byte by byte: the head and the body.
struct Raw {
    head: String,
    body: String,
}

impl World {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.sandbox.url().trim_start_matches("http://")).await.unwrap()
    }

    /// A vault token, paid for; the ledger holds that first payment.
    async fn raw_charge(&self) -> Raw {
        let body = emspay::later(&self.emspay_token(GOOD_CARD).await, "charge");
        let key = STANDARD.encode(format!("{}:", self.setting("EMSPAY_API_KEY")));
        let head = format!(
            "POST /emspay/v1/orders/ HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Raw { head, body }
    }

    /// How often the customer was charged by [`Raw`].
    fn charges(&self) -> usize {
        self.money().iter().filter(|entry| entry.starts_with("charge ")).count()
    }

    fn inject(&self, fault: Fault) {
        self.sandbox.inject(fault).unwrap();
    }
}

/// Sends and reads to the end: what came, and how the connection ended.
async fn talk(mut stream: TcpStream, parts: &[&str]) -> (Vec<u8>, Option<ErrorKind>) {
    for part in parts {
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    let mut seen = Vec::new();
    let end = stream.read_to_end(&mut seen).await;
    (seen, end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn reset_before_and_after_acting_moves_money_once() {
    let world = World::start().await;
    let raw = world.raw_charge().await;
    let mut charges = 0;
    for (kind, end) in [(FaultKind::Reset, Some(ErrorKind::ConnectionReset)), (FaultKind::Close, None)] {
        let fault = |when| {
            Fault::new(kind.clone())
                .with_gateway("emspay")
                .with_operation("POST /emspay/v1/orders/")
                .with_moment(when)
        };
        // Nothing of the body is waited for.
        world.inject(fault(Moment::BeforeReading));
        assert_eq!(talk(world.connect().await, &[&raw.head]).await, (vec![], end));
        assert_eq!(world.charges(), charges);

        // The whole body is waited for: after the head alone, nothing has happened yet.
        world.inject(fault(Moment::BeforeActing));
        let mut stream = world.connect().await;
        stream.write_all(raw.head.as_bytes()).await.unwrap();
        while !world.sandbox.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.emspay("GET", "/orders/", "").await.status, 200);
        assert_eq!(stream.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(talk(stream, &[&raw.body]).await, (vec![], end));
        assert_eq!(world.charges(), charges);

        world.inject(fault(Moment::AfterActing));
        assert_eq!(talk(world.connect().await, &[&raw.head, &raw.body]).await, (vec![], end));
        charges += 1;
        assert_eq!(world.charges(), charges);
        assert!(world.sandbox.faults().is_empty());
    }
    let (seen, end) = talk(world.connect().await, &[&raw.head, &raw.body]).await;
    assert!(seen.starts_with(b"HTTP/1.1 201 Created\r\n") && end.is_none());
}

#[tokio::test]
async fn silence_before_and_after_acting() {
    for (when, charges) in [(Moment::BeforeReading, 0), (Moment::BeforeActing, 0), (Moment::AfterActing, 1)] {
        let world = World::start().await;
        let raw = world.raw_charge().await;
        let before = world.sandbox.exchanges().len();
        world.inject(Fault::new(FaultKind::Silent).with_moment(when));
        let mut stream = world.connect().await;
        stream.write_all(format!("{}{}", raw.head, raw.body).as_bytes()).await.unwrap();
        while world.sandbox.exchanges().len() == before {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.emspay("GET", "/orders/", "").await.status, 200, "others are answered");
        assert_eq!(stream.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(world.charges(), charges, "{when:?}");
        // Only the end of the sandbox ends it, still without a byte.
        drop(world);
        let mut seen = Vec::new();
        drop(stream.read_to_end(&mut seen).await);
        assert!(seen.is_empty());
    }
}

#[tokio::test]
async fn reply_is_cut_at_any_byte() {
    let world = World::start().await;
    let raw = world.raw_charge().await;
    let (whole, _) = talk(world.connect().await, &[&raw.head, &raw.body]).await;
    for (sent, at) in [0, 1, 12, 200, whole.len() - 1, whole.len(), whole.len() + 1].into_iter().enumerate() {
        world.inject(Fault::new(FaultKind::Cut { at }));
        let (seen, end) = talk(world.connect().await, &[&raw.head, &raw.body]).await;
        assert_eq!((seen.len(), end), (at.min(whole.len()), None));
        assert_eq!(seen[..at.min(12)], whole[..at.min(12)]);
        assert_eq!(world.charges(), sent + 2);
    }
}

#[tokio::test]
async fn connections_are_refused() {
    let world = World::start().await;
    world.inject(Fault::new(FaultKind::RefuseConnection).with_times(2));
    for _ in 0..2 {
        let end = world.connect().await.read(&mut [0]).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    let ledger = format!("{}/_sandbox/ledger", world.sandbox.url());
    assert_eq!(world.call("GET", &ledger, &[], "").await.status, 200);

    // A port that is closed proves to a client that nothing was sent.
    world.inject(Fault::new(FaultKind::ClosePort { millis: 600_000 }));
    let fresh = World { sandbox: Sandbox::builder().start().await.unwrap(), http: reqwest::Client::new() };
    assert!(fresh.http.get(&ledger).send().await.unwrap_err().is_connect());
    world.sandbox.clear_faults();
    assert_eq!(fresh.call("GET", &ledger, &[], "").await.status, 200);
    // It opens by itself, too.
    world.inject(Fault::new(FaultKind::ClosePort { millis: 1 }));
    while TcpStream::connect(world.sandbox.url().trim_start_matches("http://")).await.is_err() {}
    assert_eq!(fresh.call("GET", &ledger, &[], "").await.status, 200);
}

#[tokio::test]
async fn fault_replies_replace_the_gateways() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    let to = "http://127.0.0.1:1/elsewhere".to_owned();
    let status = |status| FaultKind::Status { status, retry_after: None };
    let slow_down = FaultKind::Status { status: 429, retry_after: Some(7) };
    let mut charges = 0;
    for (kind, status, content_type, text) in [
        (FaultKind::Redirect { status: 307, to: to.clone() }, 307, "text/plain; charset=utf-8", ""),
        (FaultKind::Redirect { status: 302, to: to.clone() }, 302, "text/plain; charset=utf-8", ""),
        (status(408), 408, "text/plain; charset=utf-8", "408 Request Timeout\n"),
        (slow_down, 429, "text/plain; charset=utf-8", "429 Too Many Requests\n"),
        (status(500), 500, "text/plain; charset=utf-8", "500 Internal Server Error\n"),
        (status(502), 502, "text/html; charset=utf-8", "<!doctype html>"),
        (status(503), 503, "text/plain; charset=utf-8", "503 Service Unavailable\n"),
        (FaultKind::Garbage, 200, "application/json", "{\"status\": \u{fffd}"),
        (FaultKind::HugeBody { bytes: 3_000_000 }, 200, "application/json", "\"xxxx"),
    ] {
        for (when, taken) in [(Moment::BeforeActing, 0), (Moment::AfterActing, 1)] {
            world.inject(Fault::new(kind.clone()).with_moment(when));
            let order = emspay::later(&token, "charge");
            let reply = world.emspay("POST", "/orders/", &order).await;
            assert_eq!((reply.status, reply.content_type.as_str()), (status, content_type), "{kind:?}");
            assert!(reply.text.starts_with(text), "{kind:?}");
            assert_eq!(reply.location, matches!(kind, FaultKind::Redirect { .. }).then(|| to.clone()));
            if let FaultKind::HugeBody { bytes } = kind {
                assert_eq!((reply.text.len(), reply.json().is_string()), (bytes, true));
            }
            charges += taken;
            assert_eq!(world.charges(), charges, "{kind:?} {when:?}");
        }
    }
    let raw = world.raw_charge().await;
    world.inject(Fault::new(FaultKind::Status { status: 429, retry_after: Some(7) }));
    let (seen, _) = talk(world.connect().await, &[&raw.head, &raw.body]).await;
    assert!(String::from_utf8(seen).unwrap().contains("\r\nretry-after: 7\r\n"));
}

#[tokio::test]
async fn fault_changes_the_gateways_reply() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    for (kind, amount, status, content_type) in [
        (FaultKind::OtherAmount, 4001, "processing", "application/json"),
        (FaultKind::UnknownStatus, 4000, "sandbox_unknown", "application/json"),
        (FaultKind::WrongContentType, 4000, "processing", "text/html; charset=utf-8"),
        (FaultKind::Delay { millis: 1 }, 4000, "processing", "application/json"),
    ] {
        world.inject(Fault::new(kind));
        let reply = world.emspay("POST", "/orders/", &emspay::later(&token, "charge")).await;
        let order = reply.json();
        assert_eq!((reply.status, reply.content_type.as_str()), (201, content_type));
        assert_eq!((&order["amount"], &order["status"]), (&json!(amount), &json!(status)));
        assert_eq!(order["transactions"][0]["amount"], amount);
    }
    assert_eq!(world.money()[1..], vec!["charge 4000 EUR"; 4]);

    let waiting = World::with(Sandbox::builder().with_emspay_wait(Duration::from_millis(1))).await;
    let token = waiting.emspay_token(GOOD_CARD).await;
    assert_eq!(waiting.emspay("POST", "/orders/", &emspay::later(&token, "charge")).await.status, 201);
}

#[tokio::test]
async fn access_tokens_expire_early() {
    let world = World::start().await;
    let (omno, ngenius) = (world.omno_token().await, world.ngenius_token().await);
    world.inject(Fault::new(FaultKind::TokenExpired).with_times(2));
    // A call without a token, and asking for one, are not hit.
    let before = world.sandbox.faults();
    assert_eq!(world.omno("none", "GET", "/reporting/payments/1", "").await.status, 401);
    world.omno_token().await;
    assert_eq!(world.sandbox.faults(), before);
    let refused = world.omno(&omno, "POST", "/transaction/create", &payment("1", None).to_string()).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, r#"{"message":"Unauthorized"}"#));
    let path = format!("/recurring-payment/outlets/{}/orders", world.setting("NGENIUS_OUTLET"));
    let body = order("MONTHLY", GOOD_CARD).to_string();
    assert_eq!(world.ngenius(&ngenius, "POST", &path, &body).await.status, 401);
    assert!(world.money().is_empty() && world.sandbox.faults().is_empty());
    assert_eq!(world.ngenius(&world.ngenius_token().await, "POST", &path, &body).await.status, 200);
}

#[tokio::test]
async fn notification_faults() {
    let receiver = Receiver::start().await;
    let world = World::with(Sandbox::builder().with_webhook("ngenius", &receiver.url)).await;
    let events = || -> Vec<String> {
        receiver.take().iter().map(|heard| heard.json()["eventName"].as_str().unwrap().to_owned()).collect()
    };
    for (kind, wanted) in [
        (FaultKind::NotificationDuplicated, vec!["AUTHORISED", "AUTHORISED", "CAPTURED"]),
        (FaultKind::NotificationReordered, vec!["CAPTURED", "AUTHORISED"]),
        (FaultKind::NotificationDropped, vec!["CAPTURED"]),
    ] {
        world.inject(Fault::new(kind).with_gateway("ngenius"));
        world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
        world.sandbox.settle().await;
        assert_eq!(events(), wanted);
    }
    let dropped: Vec<String> = world.sandbox.deliveries().into_iter().filter_map(|one| one.problem).collect();
    assert_eq!(dropped, ["not sent: dropped by a fault"]);

    world.inject(Fault::new(FaultKind::NotificationForged));
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!(heard.len(), 3);
    let secret = world.setting("NGENIUS_WEBHOOK_SECRET");
    let proofs: Vec<bool> = heard.iter().map(|one| one.header("x-sandbox-webhook") == secret).collect();
    assert_eq!(proofs, [false, true, true]);
    assert_ne!(heard[0].json()["order"]["amount"], heard[1].json()["order"]["amount"]);

    // What is held back for nothing to follow goes out when the faults are cleared.
    world.inject(Fault::new(FaultKind::NotificationReordered).with_times(2));
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    world.sandbox.settle().await;
    assert!(events().is_empty());
    world.sandbox.clear_faults();
    world.sandbox.settle().await;
    assert_eq!(events(), ["AUTHORISED", "CAPTURED"]);
}

#[tokio::test]
async fn faults_are_armed_and_cleared_over_http() {
    let fault = Fault::new(FaultKind::Reset).with_gateway("revio").with_times(3);
    let world = World::with(Sandbox::builder().with_fault(fault.clone())).await;
    let url = format!("{}/_sandbox/faults", world.sandbox.url());
    let listed = world.call("GET", &url, &[], "").await.json();
    assert_eq!(listed, json!([{"kind": "reset", "when": "before_acting", "gateway": "revio", "times": 3}]));
    assert_eq!(world.sandbox.faults(), [fault]);

    let body = r#"{"kind":"status","status":503,"retry_after":2,"gateway":"omno","probability":100}"#;
    let added = world.call("POST", &url, &[JSON], body).await;
    assert_eq!((added.status, &added.json()["when"]), (201, &json!("before_acting")));
    for _ in 0..3 {
        let refused = world.omno_ask("grant_type=client_credentials").await;
        assert_eq!((refused.status, refused.text.as_str()), (503, "503 Service Unavailable\n"));
    }
    assert_eq!(world.call("DELETE", &url, &[], "").await.status, 204);
    assert_eq!(world.omno_ask("grant_type=client_credentials").await.status, 401);
    for slip in ["", "{}", "[]", r#"{"kind":"reset","time":2}"#, r#"{"kind":"reset","gateway":"x"}"#] {
        let refused = world.call("POST", &url, &[JSON], slip).await;
        assert!(refused.status == 400 && refused.json()["message"].is_string(), "{slip}");
    }
    assert!(world.sandbox.faults().is_empty());
    let wrong = Sandbox::builder().with_fault(Fault::new(FaultKind::Reset).with_times(0)).start().await;
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidInput);
}
