//! What the gateway sends of its own accord: unsigned, so it is read with care and believed in nothing.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::ORDER;
use emspay::notification::{self, Notification, NotificationError, NotificationEvent, RawNotification};
use recurring_core::notification::LARGEST_BODY;
use recurring_fixtures::redaction::assert_absent;
use recurring_fixtures::{Case, variants};
use serde_json::{Value, json};

fn read(body: impl Into<Vec<u8>>) -> Result<Notification, NotificationError> {
    let raw = RawNotification::new([("Content-Type", "application/json")], body)?;
    notification::parse(&notification::accept(raw))
}

#[test]
fn a_good_one_names_the_order_to_read() {
    for (case, event) in [
        ("emspay/notification/status-changed", NotificationEvent::StatusChanged),
        ("emspay/notification/transaction-status-changed", NotificationEvent::TransactionStatusChanged),
    ] {
        let notification = read(Case::load(case).request_body()).expect(case);
        assert_eq!((&notification.event, notification.order_id.as_str()), (&event, ORDER));
        assert_eq!(notification.dedupe_key(), format!("{event}:{ORDER}"));
        insta::assert_debug_snapshot!(case.replace('/', "_"), notification);
    }
}

#[test]
fn no_header_is_asked_for() {
    let body = Case::load("emspay/notification/status-changed").request_body();
    let none: [(&str, &str); 0] = [];
    for headers in [none.as_slice(), &[("a", "1"), ("A", "2")], &[("content-type", "text/plain")]] {
        let raw = RawNotification::new(headers.iter().copied(), body.clone()).expect("read");
        assert_eq!(notification::parse(&notification::accept(raw)).expect("read").order_id, ORDER);
    }
}

#[test]
fn body_of_another_shape_is_refused() {
    let deep = format!(r#"{{"order_id":"1","a":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let large = format!(r#"{{"order_id":"1","a":"{}"}}"#, "x".repeat(LARGEST_BODY));
    let bad: Vec<Vec<u8>> = [
        "",
        "{",
        "[]",
        "null",
        r#"["status_changed","1","2"]"#,
        "<html>",
        r#"{"order_id":"1"}{"order_id":"2"}"#,
        r#"{"order_id":"1","order_id":"2"}"#,
        r#"{"order_id":"1","order\u005fid":"2"}"#,
        r#"{"event":"status_changed"}"#,
        r#"{"order_id":null}"#,
        r#"{"order_id":""}"#,
        r#"{"order_id":{}}"#,
        r#"{"order_id":["1"]}"#,
        r#"{"order_id":".."}"#,
        r#"{"order_id":"../merchants"}"#,
        r#"{"order_id":"a b"}"#,
        r#"{"order_id":"a\u0000"}"#,
        &deep,
        &large,
    ]
    .into_iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([b"{\"order_id\":\"\xff\"}".to_vec()])
    .collect();
    for body in bad {
        let error = read(body.clone()).expect_err("refused");
        assert!(matches!(error, NotificationError::Unreadable(_)), "{error}");
    }
}

#[test]
fn changed_byte_never_keeps_an_odd_identifier() {
    let body = Case::load("emspay/notification/status-changed").request_body();
    for at in 0..body.len() {
        for bit in 0..8 {
            let changed: Vec<u8> = body
                .iter()
                .enumerate()
                .map(|(place, byte)| if place == at { byte ^ (1 << bit) } else { *byte })
                .collect();
            if let Ok(notification) = read(changed) {
                let odd = |c: char| c.is_whitespace() || c.is_control() || "/\\%?#".contains(c);
                assert!(!notification.order_id.is_empty() && !notification.order_id.contains(odd));
            }
        }
    }
}

#[test]
fn members_of_other_types_do_no_harm() {
    let body = Case::load("emspay/notification/status-changed").request_body();
    for value in [json!(7), json!("x"), json!(null), json!([1]), json!({"a": 1}), json!(true)] {
        for member in ["event", "project_id"] {
            for body in variants::with_member_replaced(&body, member, value.clone()) {
                assert_eq!(read(body).expect(member).order_id, ORDER);
            }
        }
        for body in variants::with_member_replaced(&body, "order_id", value.clone()) {
            let usable = matches!(value, Value::Number(_) | Value::String(_) | Value::Bool(_));
            assert_eq!(read(body).is_ok(), usable, "{value}");
        }
    }
    for member in ["event", "project_id"] {
        for body in variants::with_member_removed(&body, member) {
            assert_eq!(read(body).expect(member).order_id, ORDER);
        }
    }
    for body in variants::with_unknown_member(&body) {
        assert_eq!(read(body).expect("read").event, NotificationEvent::StatusChanged);
    }
}

#[test]
fn unknown_event_is_kept() {
    let notification = read(r#"{"event":"order_forgotten","order_id":"1"}"#).expect("read");
    assert_eq!(notification.event, NotificationEvent::from("order_forgotten"));
}

#[test]
fn dedupe_key_differs_only_between_events() {
    let key = |event: &str, order: &str| {
        let body = json!({"event": event, "order_id": order, "project_id": "p"}).to_string();
        read(body).expect("read").dedupe_key()
    };
    assert_eq!(key("status_changed", "1"), key("status_changed", "1"));
    let reordered = read(r#" { "order_id" : "1", "event":"status\u005fchanged" } "#).expect("read");
    assert_eq!(reordered.dedupe_key(), key("status_changed", "1"));
    let mut keys: Vec<String> = [
        ("status_changed", "1"),
        ("status_changed", "2"),
        ("transaction_status_changed", "1"),
        ("other", "1"),
        ("other:1", "2"),
        ("other", "1:2"),
        ("", "1"),
    ]
    .map(|(event, order)| key(event, order))
    .to_vec();
    keys.sort();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all, "{keys:?}");
}

#[test]
fn no_error_quotes_what_was_sent() {
    const SENTINEL: &str = "sentinel-4711";
    let mut shown = String::new();
    for body in [
        format!(r#"{{"order_id":"{SENTINEL}/"}}"#),
        format!(r#"{{"order_id":{{"{SENTINEL}":"{SENTINEL}"}}}}"#),
        format!(r#"{{"{SENTINEL}":1,"{SENTINEL}":2}}"#),
        format!("{{{SENTINEL}"),
    ] {
        let error = read(body).expect_err("refused");
        shown += &format!("{error} {error:?}");
    }
    let raw =
        RawNotification::new([("X-Key", SENTINEL)], format!(r#"{{"order_id":"1","token":"{SENTINEL}"}}"#))
            .expect("read");
    let unsigned = notification::accept(raw);
    shown += &format!("{unsigned:?} {:?}", notification::parse(&unsigned));
    assert_absent(&[SENTINEL], &shown, "what is shown");
}
