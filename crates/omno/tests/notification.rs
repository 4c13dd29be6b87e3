//! What the gateway sends of its own accord: unsigned, so it is read with care and believed in nothing.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::PAYMENT;
use omno::PaymentStatus;
use omno::notification::{self, Notification, NotificationError, RawNotification};
use recurring_core::notification::LARGEST_BODY;
use recurring_fixtures::redaction::assert_absent;
use recurring_fixtures::{Case, minify, variants};
use serde_json::{Value, json};

fn read(body: impl Into<Vec<u8>>) -> Result<Notification, NotificationError> {
    let raw = RawNotification::new([("Content-Type", "application/json")], body)?;
    notification::parse(&notification::accept(raw))
}

fn success() -> Vec<u8> {
    Case::load("omno/notification/success").request_body()
}

#[test]
fn a_good_one_names_the_payment_to_read() {
    for (case, status) in [
        ("omno/notification/success", PaymentStatus::Success),
        ("omno/notification/declined", PaymentStatus::Declined),
    ] {
        let body = Case::load(case).request_body();
        let notification = read(body.clone()).expect(case);
        assert_eq!((notification.id.as_str(), &notification.status), (PAYMENT, &status));
        assert_eq!(notification.dedupe_key(), format!("{PAYMENT}:{status}"));
        assert_eq!(notification.raw().as_bytes(), body);
        insta::assert_debug_snapshot!(case.replace('/', "_"), notification);
    }
}

#[test]
fn no_header_is_asked_for() {
    let none: [(&str, &str); 0] = [];
    for headers in [none.as_slice(), &[("a", "1"), ("A", "2")], &[("content-type", "text/plain")]] {
        let raw = RawNotification::new(headers.iter().copied(), success()).expect("read");
        assert_eq!(notification::parse(&notification::accept(raw)).expect("read").id, PAYMENT);
    }
}

#[test]
fn body_of_another_shape_is_refused() {
    let deep = format!(r#"{{"id":"1","a":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let large = format!(r#"{{"id":"1","a":"{}"}}"#, "x".repeat(LARGEST_BODY));
    let bad: Vec<Vec<u8>> = [
        "",
        "{",
        "[]",
        "null",
        r#"["1","Success"]"#,
        "<html>",
        r#"{"id":"1"}{"id":"2"}"#,
        r#"{"id":"1","id":"2"}"#,
        r#"{"id":"1","i\u0064":"2"}"#,
        r#"{"id":"1","billingData":{"a":1,"a":2}}"#,
        r#"{"status":"Success"}"#,
        r#"{"id":null}"#,
        r#"{"id":""}"#,
        r#"{"id":{}}"#,
        r#"{"id":["1"]}"#,
        r#"{"id":".."}"#,
        r#"{"id":"../cards"}"#,
        r#"{"id":"a b"}"#,
        r#"{"id":"a\u0000"}"#,
        &deep,
        &large,
    ]
    .into_iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([b"{\"id\":\"\xff\"}".to_vec()])
    .collect();
    for body in bad {
        let error = read(body).expect_err("refused");
        assert!(matches!(error, NotificationError::Unreadable(_)), "{error}");
    }
}

#[test]
fn changed_byte_never_keeps_an_odd_identifier() {
    let body = success();
    for at in 0..body.len() {
        for bit in 0..8 {
            let changed: Vec<u8> = body
                .iter()
                .enumerate()
                .map(|(place, byte)| if place == at { byte ^ (1 << bit) } else { *byte })
                .collect();
            if let Ok(notification) = read(changed) {
                let odd = |c: char| c.is_whitespace() || c.is_control() || "/\\%?#".contains(c);
                assert!(!notification.id.is_empty() && !notification.id.contains(odd));
            }
        }
    }
}

#[test]
fn members_of_other_types_do_no_harm() {
    let body = success();
    let whole: serde_json::Map<String, Value> = serde_json::from_slice(&body).expect("JSON");
    assert!(whole.len() > 20);
    let usable = |value: &Value| matches!(value, Value::Number(_) | Value::String(_) | Value::Bool(_));
    for value in [json!(7), json!("x"), json!(null), json!([1]), json!({"a": 1}), json!(true)] {
        for member in whole.keys() {
            for body in variants::with_member_replaced(&body, member, value.clone()) {
                let read = read(body);
                if member == "id" {
                    assert_eq!(read.is_ok(), usable(&value), "{value}");
                } else {
                    assert_eq!(read.expect(member).id, PAYMENT);
                }
            }
        }
    }
    for member in whole.keys().filter(|member| *member != "id") {
        for body in variants::with_member_removed(&body, member) {
            assert_eq!(read(body).expect(member).id, PAYMENT);
        }
    }
    for body in variants::with_unknown_member(&body) {
        assert_eq!(read(body).expect("read").status, PaymentStatus::Success);
    }
}

#[test]
fn unknown_status_and_unread_members_are_kept() {
    let text = r#"{"id":"1","status":"Forgotten","paymentLog":[{"amount":49.990}]}"#;
    let notification = read(text).expect("read");
    assert_eq!(notification.status, PaymentStatus::from("Forgotten"));
    assert_eq!(notification.raw(), text);
    let amount = read(r#"{"id":"1","amount":49.990}"#).expect("read").amount;
    assert_eq!(amount.as_deref(), Some("49.990"), "the literal text");
}

#[test]
fn dedupe_key_differs_only_between_events() {
    let key = |id: &str, status: &str| {
        let body = json!({"id": id, "status": status, "orderId": "attempt-0001"}).to_string();
        read(body).expect("read").dedupe_key()
    };
    let printed = read(success()).expect("read");
    let compact = read(minify(&success()).expect("JSON")).expect("read");
    assert_eq!(printed.dedupe_key(), compact.dedupe_key());
    assert_eq!(key("1", "Success"), key("1", "SUCCESS"));
    let mut keys: Vec<String> = [
        ("1", "Created"),
        ("1", "Pending3DS"),
        ("1", "Success"),
        ("1", "Declined"),
        ("2", "Success"),
        ("1", "Refunded"),
        ("1", "new:word"),
        ("1:new", "word"),
        ("1", ""),
    ]
    .map(|(id, status)| key(id, status))
    .to_vec();
    keys.sort();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all, "{keys:?}");
}

#[test]
fn nothing_secret_is_shown() {
    const SENTINEL: &str = "sentinel-4711";
    let mut shown = String::new();
    for body in [
        format!(r#"{{"id":"{SENTINEL}/"}}"#),
        format!(r#"{{"id":{{"{SENTINEL}":"{SENTINEL}"}}}}"#),
        format!(r#"{{"{SENTINEL}":1,"{SENTINEL}":2}}"#),
        format!("{{{SENTINEL}"),
    ] {
        let error = read(body).expect_err("refused");
        shown += &format!("{error} {error:?}");
    }
    let body = json!({
        "id": "1",
        "paymentLog": [{"cardHash": SENTINEL, "brand": "VISA"}],
        "billingData": {"email": SENTINEL},
        "paymentTransactionRequests": [{"cardToken": SENTINEL}],
        "paymentSystemLog": [SENTINEL],
        "cardToken": SENTINEL,
    });
    let raw = RawNotification::new([("X-Key", SENTINEL)], body.to_string()).expect("read");
    let unsigned = notification::accept(raw);
    let notification = notification::parse(&unsigned).expect("read");
    assert!(notification.raw().contains(SENTINEL));
    shown += &format!("{unsigned:?} {notification:?} {:?}", notification.clone());
    assert_absent(&[SENTINEL], &shown, "what is shown");
}
