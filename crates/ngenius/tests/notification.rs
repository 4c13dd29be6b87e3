//! Notifications: accepted only with the secret header, and never more than a hint.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{ORDER, OUTLET};
use ngenius::notification::{
    self, Authenticated, EventName, Notification, NotificationError, RawNotification,
};
use ngenius::{Outcome, Secret};
use recurring_fixtures::redaction::assert_absent;
use recurring_fixtures::{Case, variants};
use serde_json::{Value, json};

const HEADER: &str = "X-Merchant-Secret";
const SECRET: &str = "not-a-real-shared-value";

fn raw(headers: &[(&str, &str)], body: &[u8]) -> Result<RawNotification, NotificationError> {
    RawNotification::new(headers.iter().copied(), body)
}

fn verified(body: &[u8]) -> Authenticated {
    let raw = raw(&[("x-merchant-secret", SECRET)], body).expect("readable");
    notification::verify(raw, HEADER, &Secret::new(SECRET)).expect("verified")
}

fn parsed(body: &[u8]) -> Result<Notification, NotificationError> {
    notification::parse(&verified(body))
}

fn is_refused(headers: &[(&str, &str)], header: &str, secret: &str) -> bool {
    let raw = raw(headers, b"{\"eventName\":\"CAPTURED\"}").expect("readable");
    let error = match notification::verify(raw, header, &Secret::new(secret)) {
        Ok(_) => return false,
        Err(error) => error,
    };
    for value in headers.iter().map(|(_, value)| *value).chain([secret]).filter(|value| value.len() > 3) {
        assert!(!format!("{error} {error:?}").contains(value), "{error}");
    }
    matches!(error, NotificationError::Refused(_))
}

#[test]
fn a_notification_with_the_header_of_the_portal() {
    let case = Case::load("ngenius/notification/captured");
    let request = case.meta.request.as_ref().expect("a request");
    let raw = RawNotification::new(request.headers.clone(), case.request_body()).expect("readable");
    let secret = Secret::new(request.headers[HEADER].as_str());
    let verified = notification::verify(raw, &HEADER.to_lowercase(), &secret).expect("verified");
    let read = notification::parse(&verified).expect("a notification");
    assert_eq!((&read.event, read.outlet_id.as_deref()), (&EventName::Captured, Some(OUTLET)));
    let order = read.order.as_ref().expect("an order");
    assert_eq!((order.reference.as_deref(), order.payments.len()), (Some(ORDER), 1));
    assert_eq!(order.payments[0].outcome(), Outcome::Paid);
    assert_eq!(read.dedupe_key(), "00000000-0000-4000-8000-0000000000e1");
    let card = order.payments[0].saved_card.as_ref().and_then(|card| card.card_token.as_ref());
    assert_eq!(card.map(Secret::expose), Some("not-a-real-card-token"));
    assert_absent(&["not-a-real-card-token", SECRET], &format!("{read:?} {verified:?}"), "a notification");
    insta::assert_debug_snapshot!(read);
}

#[test]
fn payments_beside_the_order_belong_to_it() {
    let body = Case::load("ngenius/notification/embedded-at-root").request_body();
    let read = parsed(&body).expect("a notification");
    let order = read.order.as_ref().expect("an order");
    assert_eq!((order.reference.as_deref(), order.payments.len()), (Some(ORDER), 1));
    // Also without an order, or with one that has no name; and a payment in both places is one payment.
    let payment = r#"{"reference":"p","orderReference":"o","state":"CAPTURED"}"#;
    let other = r#"{"reference":"q"}"#;
    for (body, count) in [
        (format!(r#"{{"_embedded":{{"payment":[{payment}]}}}}"#), 1),
        (format!(r#"{{"order":{{}},"_embedded":{{"payment":{payment}}}}}"#), 1),
        (
            format!(
                r#"{{"order":{{"_embedded":{{"payment":[{payment}]}}}},"_embedded":{{"payment":[{payment}]}}}}"#
            ),
            1,
        ),
        (
            format!(
                r#"{{"order":{{"_embedded":{{"payment":[{other}]}}}},"_embedded":{{"payment":[{payment}]}}}}"#
            ),
            2,
        ),
        (r#"{"order":{"reference":"o"},"_embedded":{"payment":[{},{}]}}"#.to_owned(), 2),
    ] {
        let order = parsed(body.as_bytes()).expect(&body).order.expect("an order");
        assert_eq!((order.reference.as_deref(), order.payments.len()), (Some("o"), count), "{body}");
    }
}

#[test]
fn only_the_right_header_passes() {
    assert!(!is_refused(&[(HEADER, SECRET)], HEADER, SECRET));
    assert!(!is_refused(&[("other", SECRET), ("X-MERCHANT-SECRET", SECRET)], HEADER, SECRET));
    // Every single bit counts.
    for place in 0..SECRET.len() {
        for bit in 0..7 {
            let mut bytes = SECRET.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(is_refused(&[(HEADER, &changed)], HEADER, SECRET), "{changed:?}");
            assert!(is_refused(&[(HEADER, SECRET)], HEADER, &changed), "{changed:?}");
        }
        assert!(is_refused(&[(HEADER, &SECRET[..place])], HEADER, SECRET));
        assert!(is_refused(&[(HEADER, SECRET)], HEADER, &SECRET[..place]));
    }
    let longer = format!("{SECRET}x");
    for (headers, header, secret) in [
        (&[][..], HEADER, SECRET),
        (&[("X-Other", SECRET)], HEADER, SECRET),
        (&[(HEADER, SECRET), ("x-merchant-secret", SECRET)], HEADER, SECRET),
        (&[(HEADER, &longer)], HEADER, SECRET),
        (&[(HEADER, &SECRET.to_uppercase())], HEADER, SECRET),
        (&[(HEADER, "")], HEADER, SECRET),
        // An empty secret would accept every notification.
        (&[(HEADER, "")], HEADER, ""),
        (&[("", SECRET)], "", SECRET),
    ] {
        assert!(is_refused(headers, header, secret), "{headers:?} {header} {secret}");
    }
}

#[test]
fn genuine_notification_unreadable_is_not_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let large = format!("{{\"eventName\":\"{}\"}}", "x".repeat(1024 * 1024));
    for body in [
        &b""[..],
        b"[]",
        b"7",
        b"{\"eventName\":\"\xff\"}",
        b"{\"eventName\":\"CAPTURED\",\"eventName\":\"REFUNDED\"}",
        b"{\"order\":{\"reference\":\"a\",\"reference\":\"b\"}}",
        b"{\"eventName\":\"CAPTURED\"",
        deep.as_bytes(),
        large.as_bytes(),
    ] {
        let read = raw(&[(HEADER, SECRET)], body)
            .and_then(|raw| notification::verify(raw, HEADER, &Secret::new(SECRET)))
            .and_then(|verified| notification::parse(&verified));
        match read.expect_err("unreadable") {
            NotificationError::VerifiedUnreadable(_) => {}
            // Too large or empty: not even the header was looked at.
            NotificationError::Unreadable(_) => assert!(body.is_empty() || body.len() > 1024 * 1024),
            refused => panic!("{refused}"),
        }
    }
    for nothing in ["{}", r#"{"eventName":""}"#, r#"{"eventName":null,"order":7}"#, r#"{"eventId":"1"}"#] {
        let error = parsed(nothing.as_bytes()).expect_err(nothing);
        assert!(error.is_verified(), "{error}");
    }
}

#[test]
fn an_unknown_event_is_kept() {
    for name in EventName::KNOWN {
        let read = parsed(format!(r#"{{"eventName":"{name}"}}"#).as_bytes()).expect(name);
        assert_eq!(read.event.as_str(), *name);
        assert!(!matches!(read.event, EventName::Other(_)), "{name}");
    }
    let read = parsed(br#"{"eventName":"GATEWAY_RISK_PRE_AUTH_REJECTED","new":[1]}"#).expect("kept");
    assert_eq!(read.event, EventName::from("GATEWAY_RISK_PRE_AUTH_REJECTED"));
}

#[test]
fn odd_members_never_panic_and_hide_no_payment() {
    let body = Case::load("ngenius/notification/captured").request_body();
    let whole: Value = serde_json::from_slice(&body).expect("JSON");
    let mut members = std::collections::BTreeSet::new();
    names(&whole, &mut members);
    assert!(members.len() > 30, "{members:?}");
    // A payment, a capture or a refund that cannot be read must not be passed over.
    let lists = ["payment", "cnp:capture"];
    for value in [json!(7), json!("text"), Value::Null, json!([7]), json!({"a": 1}), json!(true)] {
        for member in &members {
            for body in variants::with_member_replaced(&body, member, value.clone()) {
                match parsed(&body) {
                    Ok(read) => assert!(!read.dedupe_key().is_empty(), "{member} {value}"),
                    Err(error) => {
                        assert!(lists.contains(&member.as_str()), "{member} {value}: {error}");
                        assert!(!error.to_string().contains("text"), "{error}");
                    }
                }
            }
        }
    }
    for body in variants::with_unknown_member(&body) {
        let order = parsed(&body).expect("a notification").order.expect("an order");
        assert_eq!((order.payments.len(), order.payments[0].captures.len()), (1, 1));
    }
}

fn names(value: &Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name.clone());
                names(value, into);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| names(entry, into)),
        _ => {}
    }
}

#[test]
fn the_same_event_has_one_name_and_another_event_another() {
    let key = |body: &str| parsed(body.as_bytes()).expect(body).dedupe_key();
    let with_id =
        |id: &str| format!(r#"{{"eventId":"{id}","eventName":"CAPTURED","order":{{"reference":"o"}}}}"#);
    assert_eq!(key(&with_id("1")), "1");
    assert_ne!(key(&with_id("1")), key(&with_id("2")));
    let without = |event: &str, order: &str, payment: &str, time: &str| {
        key(&format!(
            r#"{{"eventId":"","eventName":"{event}","order":{{"reference":"{order}","_embedded":{{"payment":[
            {{"reference":"{payment}","updateDateTime":"{time}"}}]}}}}}}"#
        ))
    };
    let all = [
        without("CAPTURED", "o", "p", "1"),
        without("REFUNDED", "o", "p", "1"),
        without("CAPTURED", "x", "p", "1"),
        without("CAPTURED", "o", "x", "1"),
        without("CAPTURED", "o", "p", "2"),
    ];
    assert_eq!(all[0], "CAPTURED|o|p|1");
    assert_eq!(all[0], without("CAPTURED", "o", "p", "1"));
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
}

#[test]
fn nothing_secret_is_shown() {
    let body = r#"{"eventName":"CAPTURED","order":{"reference":"o","_embedded":{"payment":[{
        "_links":{"payment:saved-card":{"href":"https://a.example/?token=sentinel-1"}},
        "paymentMethod":{"pan":"4012001037141112"},
        "savedCard":{"cardToken":"sentinel-2","maskedPan":"4012001037141112"}}]}}}"#;
    let secrets = ["sentinel-1", "sentinel-2", "4012001037141112", SECRET];
    let verified = verified(body.as_bytes());
    let read = notification::parse(&verified).expect("a notification");
    assert_absent(&secrets, &format!("{verified:?} {read:?}"), "a notification");
    let broken = body.replace(r#"[{"#, r#"["sentinel-2",{"#);
    let error = parsed(broken.as_bytes()).expect_err("an odd payment");
    assert_absent(&secrets, &format!("{error} {error:?}"), "an error");
}

const KEY: &str = "0123456789abcdef0123456789ABCDEF";

/// As the gateway's guide describes it: base64 of 16 bytes and AES-256-CBC with PKCS#5 padding.
fn encrypted(body: &[u8], key: &str) -> String {
    use aes::Aes256;
    use base64::Engine as _;
    use cbc::Encryptor;
    use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _, block_padding::Pkcs7};
    let vector = *b"a vector of 16 b";
    let mut buffer = body.to_vec();
    buffer.resize(body.len() + 16, 0);
    let cipher = Encryptor::<Aes256>::new_from_slices(key.as_bytes(), &vector).expect("a key");
    let text = cipher.encrypt_padded_mut::<Pkcs7>(&mut buffer, body.len()).expect("room");
    base64::engine::general_purpose::STANDARD.encode([&vector[..], text].concat())
}

fn received(body: &str, secret: &str) -> Result<Notification, NotificationError> {
    let headers = [("Content-Type", "text/plain;charset=UTF-8"), ("X-Webhook-Secret", secret)];
    let raw = raw(&headers, body.as_bytes())?;
    notification::parse(&notification::verify(raw, "X-Webhook-Secret", &Secret::new(KEY))?)
}

#[test]
fn notification_encrypted_is_read() {
    let case = Case::load("ngenius/notification/captured");
    let read = received(&encrypted(&case.request_body(), KEY), KEY).expect("a notification");
    assert_eq!((read.event, read.outlet_id.as_deref()), (EventName::Captured, Some(OUTLET)));
    let order = read.order.expect("an order");
    assert_eq!((order.reference.as_deref(), order.payments.len()), (Some(ORDER), 1));
    // A line break at the end, and a body in the clear under the same media type.
    let broken_line = format!("{}\r\n", encrypted(br#"{"eventName":"CAPTURED"}"#, KEY));
    for body in [broken_line.as_str(), r#"{"eventName":"CAPTURED"}"#] {
        assert_eq!(received(body, KEY).expect(body).event, EventName::Captured);
    }
}

/// The guide's cipher, computed elsewhere: `openssl enc -aes-256-cbc -K <key> -iv 00..0f`.
#[test]
fn notification_encrypted_elsewhere_is_read() {
    let body = "AAECAwQFBgcICQoLDA0OD8dO5XEHlExCDoRKHS43W6xqmAVu7Iqy889Jgdfq9tuU";
    assert_eq!(received(body, KEY).expect("a notification").event, EventName::Captured);
}

#[test]
fn notification_encrypted_unreadable_is_genuine() {
    let good = encrypted(br#"{"eventName":"CAPTURED"}"#, KEY);
    let other_key = encrypted(br#"{"eventName":"CAPTURED"}"#, &KEY.to_lowercase());
    let no_json = encrypted(b"hunter2", KEY);
    let nothing = encrypted(b"", KEY);
    let short = "AAAA".to_owned();
    let cut = good[..good.len() - 8].to_owned();
    for body in [other_key, no_json, nothing, short, cut, "not base64 hunter2".to_owned()] {
        let error = received(&body, KEY).expect_err(&body);
        assert!(error.is_verified(), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let error = received(&good, "another value").expect_err("refused");
    assert!(matches!(error, NotificationError::Refused(_)), "{error}");
    // A secret that is not a key.
    let headers = [("Content-Type", "text/plain"), (HEADER, SECRET)];
    let raw = raw(&headers, good.as_bytes()).expect("small enough");
    let error = notification::verify(raw, HEADER, &Secret::new(SECRET)).expect_err("no key");
    assert!(error.is_verified() && error.to_string().contains("32 characters"), "{error}");
}

#[test]
fn order_of_a_schedule_of_years_is_read() {
    let mut body: Value =
        serde_json::from_slice(&Case::load("ngenius/notification/captured").request_body()).expect("JSON");
    let payment = body["order"]["_embedded"]["payment"][0].clone();
    body["order"]["_embedded"]["payment"] = vec![payment; 300].into();
    let read = parsed(body.to_string().as_bytes()).expect("a notification");
    assert_eq!(read.order.expect("an order").payments.len(), 300);
}
