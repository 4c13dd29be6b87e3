//! What the gateway sends of its own accord, signed by the `openssl` program in the gateway's stead.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Folder, key, openssl, openssl_text};
use proptest::prelude::*;
use recurring_core::notification::LARGEST_BODY;
use recurring_fixtures::redaction::assert_absent;
use serde_json::{Value, json};
use tokenpay_signed::notification::{self, Authenticated, NotificationError, RawNotification};
use tokenpay_signed::{OrderKey, OrderStatus, PublicKey};

/// Sorted by key, as the gateway sorts them.
const TEXT: &str = "amount=30.00&cardType=VISA&maskedPan=470534XXXXXX8101&merchantReference=merRef0002\
                    &orderId=5804&status=SUCCESS&updateTime=2022-07-05T03:25:01.200+00:00";

/// The members in another order than the signed text.
const MEMBERS: &str = r#""orderId":"5804","amount":"30.00","cardType":"VISA","status":"SUCCESS","merchantReference":"merRef0002","maskedPan":"470534XXXXXX8101","updateTime":"2022-07-05T03:25:01.200+00:00""#;

fn gateway_key() -> &'static PublicKey {
    static KEY: OnceLock<PublicKey> = OnceLock::new();
    KEY.get_or_init(|| PublicKey::parse(&openssl_text(&["pkey", "-pubout"], key())).expect("a public key"))
}

fn sign(text: &str) -> String {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = Folder::new(&format!("notification-{count}"));
    let private = folder.write("key.pem", key().as_bytes());
    STANDARD.encode(openssl(&["dgst", "-sha256", "-sign", &private], text.as_bytes()))
}

/// A body of these members and the signature over this text.
fn signed(members: &str, text: &str) -> String {
    format!(r#"{{{members},"signature":"{}"}}"#, sign(text))
}

/// The notification of `MEMBERS`, signed once for the whole program.
fn good() -> &'static str {
    static BODY: OnceLock<String> = OnceLock::new();
    BODY.get_or_init(|| signed(MEMBERS, TEXT))
}

fn raw(body: impl Into<Vec<u8>>) -> Result<RawNotification, NotificationError> {
    RawNotification::new([("Content-Type", "application/json")], body)
}

fn verify(body: impl Into<Vec<u8>>) -> Result<Authenticated, NotificationError> {
    notification::verify(raw(body)?, gateway_key())
}

fn assert_refused(body: &str, says: &str) {
    match verify(body).expect_err(says) {
        NotificationError::Refused(why) => assert!(why.contains(says), "{why}"),
        other => panic!("{says}: {other}"),
    }
}

fn a_genuine_notification_is_read() {
    let read = notification::parse(&verify(good()).expect("genuine")).expect("readable");
    assert_eq!((read.order_id.as_str(), &read.status), ("5804", &OrderStatus::Success));
    assert_eq!(read.merchant_reference.as_deref(), Some("merRef0002"));
    assert_eq!((read.amount.as_deref(), read.card_type.as_deref()), (Some("30.00"), Some("VISA")));
    assert_eq!(read.masked_pan.as_deref(), Some("470534XXXXXX8101"));
    assert!(read.update_time.as_ref().is_some_and(|time| time.instant().is_some()));
    assert_eq!(read.order_key(), Some(OrderKey::OrderId(5804)));
    assert_eq!(notification::ANSWER, "OK");
}

fn signed_text_has_the_content_of_each_member() {
    for (members, text) in [
        // White space and the order of the members do not count, the letters of a number do.
        (" \"status\" : \"SUCCESS\" , \"amount\" : 699.00 ", "amount=699.00&status=SUCCESS"),
        (r#""amount":3e1"#, "amount=3e1"),
        (r#""amount":-0.50,"recurring":true,"test":false"#, "amount=-0.50&recurring=true&test=false"),
        (
            r#""orderId":"5804","a":"Gr\u00f6\u00dfe \"x\" \/ \\ \ud83d\ude00""#,
            "a=Größe \"x\" / \\ 😀&orderId=5804",
        ),
        // By the bytes of the key: capital letters first, then small ones, then what is not ASCII.
        (r#""é":"5","b":"4","a":"2","Z":"1","aa":"3""#, "Z=1&a=2&aa=3&b=4&é=5"),
        (r#""note":"Tea & cake","x":"a=b==","y":"""#, "note=Tea & cake&x=a=b==&y="),
        (r#""unheardOf":"is signed too","orderId":1"#, "orderId=1&unheardOf=is signed too"),
    ] {
        verify(signed(members, text)).unwrap_or_else(|error| panic!("{members}: {error}"));
        let other = signed(members, &format!("{text} "));
        assert_refused(&other, "does not belong");
    }
    assert_refused(&signed(r#""amount":30.0"#, "amount=30"), "does not belong");
    assert_refused(&signed(r#""b":"1","a":"2""#, "b=1&a=2"), "does not belong");
}

fn one_flipped_bit_is_refused_wherever_it_is() {
    let mut body = good().as_bytes().to_vec();
    verify(body.clone()).expect("genuine");
    for at in 0..body.len() {
        for bit in 0..8 {
            body[at] ^= 1 << bit;
            let error = verify(body.clone()).map(drop).expect_err("changed");
            assert!(!error.to_string().is_empty(), "byte {at}, bit {bit}");
            body[at] ^= 1 << bit;
        }
    }
    verify(body).expect("genuine again");
}

fn without_a_signature_of_this_key_nothing_is_accepted() {
    let body = |signature: &str| format!(r#"{{{MEMBERS},"signature":{signature}}}"#);
    assert_refused(&format!("{{{MEMBERS}}}"), "carries no signature");
    assert_refused(r#"{"a":1}"#, "carries no signature");
    assert_refused("{}", "carries no signature");
    for odd in ["null", "7", "true", "[]", "{}", r#"["AAAA"]"#] {
        assert_refused(&body(odd), "carries no signature");
    }
    let genuine = sign(TEXT);
    for odd in
        ["", "AAAA", "not base64", &genuine[4..], &genuine[..340], &format!("AAAA{genuine}"), &genuine[..343]]
    {
        assert_refused(&body(&format!("{odd:?}")), "does not belong");
    }
    // Encoded twice, and with a line break: neither is how the gateway writes it.
    for odd in [STANDARD.encode(&genuine), format!("{genuine}\\n")] {
        assert_refused(&body(&format!("\"{odd}\"")), "does not belong");
    }
    // The signature of one notification does not fit another one.
    assert_refused(&good().replace("5804", "5805"), "does not belong");
    assert_refused(&good().replace("30.00", "31.00"), "does not belong");
    assert_refused(&good().replace("\"orderId\":\"5804\",", ""), "does not belong");
    assert_refused(&good().replace('{', "{\"more\":1,"), "does not belong");

    let other = openssl_text(&["genrsa", "2048"], "");
    let other = PublicKey::parse(&openssl_text(&["pkey", "-pubout"], &other)).expect("a key");
    let error = notification::verify(raw(good()).expect("JSON"), &other).expect_err("another key");
    assert!(matches!(error, NotificationError::Refused(_)));
    // Headers prove nothing here, however often they come.
    let unsigned =
        RawNotification::new([("signature", &genuine), ("Signature", &genuine)], format!("{{{MEMBERS}}}"));
    assert!(notification::verify(unsigned.expect("JSON"), gateway_key()).is_err());
}

fn content_without_one_signed_text_is_refused() {
    for (members, text) in [
        (r#""a":null"#, "a=null"),
        (r#""a":null"#, "a="),
        (r#""a":null"#, ""),
        (r#""a":[]"#, "a=[]"),
        (r#""a":{}"#, "a={}"),
    ] {
        assert_refused(&signed(members, text), "how it is signed is not documented");
    }
    // The text of a genuine notification, cut into other members.
    let cut = r#""amount":"30.00&cardType=VISA&maskedPan=470534XXXXXX8101&merchantReference=merRef0002","orderId":"5804","status":"SUCCESS","updateTime":"2022-07-05T03:25:01.200+00:00""#;
    assert_refused(&signed(cut, TEXT), "more than one way");
    for (members, text) in [
        (r#""a":"1&b=2""#, "a=1&b=2"),
        (r#""a":"1&x&=2""#, "a=1&x&=2"),
        (r#""a=1&b":"2""#, "a=1&b=2"),
        (r#""a=b":"c""#, "a=b=c"),
        (r#""a&b":"c""#, "a&b=c"),
    ] {
        assert_refused(&signed(members, text), "more than one way");
    }
}

fn what_two_readers_could_see_differently_is_not_read_at_all() {
    let twice = good().replace("\"status\":\"SUCCESS\"", "\"status\":\"SUCCESS\",\"status\":\"FAILURE\"");
    let hidden =
        good().replace("\"status\":\"SUCCESS\"", "\"status\":\"SUCCESS\",\"\\u0073tatus\":\"FAILURE\"");
    let two_signatures = good().replace('{', "{\"signature\":\"AAAA\",");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(LARGEST_BODY));
    let lone = r#"{"a":"\ud800","signature":"AAAA"}"#.to_owned();
    for body in [twice, hidden, two_signatures, deep, large, lone, "[]".into(), "null".into(), String::new()]
    {
        let error = verify(body).expect_err("unreadable");
        assert!(matches!(error, NotificationError::Unreadable(_)), "{error}");
    }
    let mut not_utf8 = good().as_bytes().to_vec();
    not_utf8[3] = 0xff;
    assert!(matches!(verify(not_utf8), Err(NotificationError::Unreadable(_))));
}

fn shown_text_holds_no_signature_and_no_refused_body() {
    const SENTINEL: &str = "sentinel-0815";
    let genuine = verify(good()).expect("genuine");
    let mut shown = format!("{genuine:?} {:?}", notification::parse(&genuine).expect("readable"));
    for body in [
        format!(r#"{{"a":"{SENTINEL}"}}"#),
        format!(r#"{{"a":"{SENTINEL}","signature":"{SENTINEL}"}}"#),
        format!(r#"{{"{SENTINEL}":null,"signature":"{SENTINEL}"}}"#),
        format!(r#"{{"{SENTINEL}":"&{SENTINEL}=","signature":"{SENTINEL}"}}"#),
        format!(r#"{{"a":"{SENTINEL}"#),
    ] {
        let error = verify(body).expect_err("refused");
        shown += &format!("{error} {error:?}");
    }
    let no_order =
        verify(signed(&format!(r#""a":"{SENTINEL}""#), &format!("a={SENTINEL}"))).expect("genuine");
    let error = notification::parse(&no_order).expect_err("no order");
    shown += &format!("{error} {error:?}");
    assert!(shown.contains("5804"));
    let signature: Value = serde_json::from_str(good()).expect("JSON");
    let signature = signature.get("signature").and_then(Value::as_str).expect("a signature");
    assert_absent(&[SENTINEL, signature], &shown, "what is shown");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    fn no_body_is_accepted_or_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        name in "\\PC{0,8}",
        value in "\\PC{0,20}",
        signature in "[A-Za-z0-9+/=]{0,344}",
    ) {
        prop_assert!(verify(bytes).is_err());
        let body = json!({"orderId": 1, name: value, "signature": signature}).to_string();
        prop_assert!(verify(body).is_err());
    }
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        a_genuine_notification_is_read,
        signed_text_has_the_content_of_each_member,
        one_flipped_bit_is_refused_wherever_it_is,
        without_a_signature_of_this_key_nothing_is_accepted,
        content_without_one_signed_text_is_refused,
        what_two_readers_could_see_differently_is_not_read_at_all,
        shown_text_holds_no_signature_and_no_refused_body,
        no_body_is_accepted_or_panics,
    ];
}
