//! Reading what has been verified. Only this crate can take a notification for genuine without a signature.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use proptest::prelude::*;
use recurring_fixtures::variants;
use serde_json::{Value, json};

use super::*;
use crate::status::OrderStatus;

const GOOD: &str = r#"{"orderId":"5804","amount":"30.00","cardType":"VISA","status":"SUCCESS","merchantReference":"merRef0002","maskedPan":"470534XXXXXX8101","updateTime":"2022-07-05T03:25:01.200+00:00","signature":"AAAA"}"#;

fn read(body: &str) -> Result<Notification, NotificationError> {
    parse(&Authenticated(RawNotification::new([("Content-Type", "application/json")], body)?))
}

#[test]
fn odd_members_do_no_harm_unless_the_order_is_missing() {
    let body = GOOD.as_bytes();
    for member in
        ["merchantReference", "status", "amount", "cardType", "maskedPan", "updateTime", "signature"]
    {
        for odd in [json!(7), json!("x"), json!(null), json!([1]), json!({"a": 1}), json!(true)] {
            for body in variants::with_member_replaced(body, member, odd) {
                let read = read(str::from_utf8(&body).expect("UTF-8")).expect(member);
                assert_eq!(read.order_id, "5804", "{member}");
            }
        }
        for body in variants::with_member_removed(body, member) {
            assert_eq!(read(str::from_utf8(&body).expect("UTF-8")).expect(member).order_id, "5804");
        }
    }
    for body in variants::with_unknown_member(body) {
        assert_eq!(read(str::from_utf8(&body).expect("UTF-8")).expect("more").order_id, "5804");
    }
    for odd in [json!(null), json!(""), json!([1]), json!({"a": 1})] {
        for body in variants::with_member_replaced(body, "orderId", odd) {
            assert!(read(str::from_utf8(&body).expect("UTF-8")).is_err());
        }
    }
    for (body, order, amount) in [
        (r#"{"orderId":5804,"amount":699.00}"#, "5804", Some("699.00")),
        (r#"{"orderId":"5804","amount":"699.00"}"#, "5804", Some("699.00")),
        (r#"{"orderId":"A-1","amount":null}"#, "A-1", None),
    ] {
        let read = read(body).expect(body);
        assert_eq!((read.order_id.as_str(), read.amount.as_deref()), (order, amount));
        assert_eq!(read.status, OrderStatus::default());
    }
    let named = read(r#"{"orderId":"A-1","merchantReference":"r-1"}"#).expect("readable");
    assert_eq!(named.order_key(), Some(OrderKey::MerchantReference("r-1".to_owned())));
    for body in [r#"{"orderId":"A-1"}"#, r#"{"orderId":"0"}"#, r#"{"orderId":"-3"}"#] {
        assert_eq!(read(body).expect(body).order_key(), None);
    }
}

#[test]
fn one_event_has_one_key() {
    let key = |members: Value| {
        let mut body: Value = serde_json::from_str(GOOD).expect("JSON");
        let object = body.as_object_mut().expect("an object");
        for (name, value) in members.as_object().expect("an object") {
            object.insert(name.clone(), value.clone());
        }
        read(&body.to_string()).expect("readable").dedupe_key()
    };
    assert_eq!(key(json!({})), "5804:SUCCESS");
    // A repetition, as far as it is known what one looks like.
    for same in [
        json!({"updateTime": "2022-07-05T09:00:00.000+00:00"}),
        json!({"signature": "AAAA"}),
        json!({"orderId": 5804}),
        json!({"amount": 30, "unheardOf": 1}),
    ] {
        assert_eq!(key(same), "5804:SUCCESS");
    }
    let mut keys: Vec<String> =
        ["SUCCESS", "SETTLED", "REFUNDED", "PARTIALLY_REFUNDED", "VOIDED", "UNHEARD_OF", ""]
            .map(|status| key(json!({"status": status})))
            .to_vec();
    keys.push(key(json!({"orderId": "5805"})));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 8);
    let unknown = read(r#"{"orderId":1,"status":"UNHEARD_OF"}"#).expect("readable");
    assert_eq!(unknown.status, OrderStatus::from("UNHEARD_OF"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_content_panics(name in "\\PC{0,8}", value in "\\PC{0,20}") {
        let _ = read(&json!({"orderId": 1, name: value}).to_string());
    }
}
