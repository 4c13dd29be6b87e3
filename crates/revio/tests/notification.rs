//! Notifications: their origin, their content, and what they do not show.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{KeyPair, PURCHASE, raw};
use recurring_fixtures::redaction::{assert_absent, forms, show};
use recurring_fixtures::{Case, variants};
use revio::notification::{
    Authenticated, EventType, Notification, NotificationError, NotifiedObject, PublicKey, parse,
    parse_cleared, verify,
};
use revio::{Outcome, Secret};

const SMALL: &[u8] = br#"{"id":"1","event_type":"purchase.paid"}"#;

fn check(headers: &[(&str, &str)], body: &[u8], key: &PublicKey) -> Result<Authenticated, NotificationError> {
    verify(raw(headers, body)?, key)
}

/// A body that the gateway has signed.
fn genuine(body: &[u8]) -> Authenticated {
    let pair = KeyPair::first();
    check(&[("X-Signature", &pair.sign(body))], body, &pair.public()).expect("genuine")
}

fn read(body: &[u8]) -> Result<Notification, NotificationError> {
    parse(&genuine(body))
}

fn is_refused(answer: Result<Authenticated, NotificationError>) -> bool {
    matches!(answer, Err(NotificationError::Refused(_)))
}

fn what_the_openssl_program_signed_verifies_and_is_read() {
    let body = Case::load("revio/notification/purchase-paid").request_body();
    let larger = KeyPair::new(3072);
    for pair in [KeyPair::first(), &larger] {
        let signature = pair.sign(&body);
        for name in ["X-Signature", "x-signature", "X-SIGNATURE"] {
            let headers = [("Content-Type", "application/json"), (name, signature.as_str())];
            let notification =
                parse(&check(&headers, &body, &pair.public()).expect("genuine")).expect("read");
            assert_eq!(notification.event, EventType::PurchasePaid);
            assert_eq!(notification.purchase_id(), Some(PURCHASE));
            let NotifiedObject::Purchase(purchase) = &notification.object else { panic!("{notification:?}") };
            assert_eq!(purchase.outcome(), Outcome::Paid);
            assert_eq!(purchase.recurring_token().as_ref().map(Secret::expose), Some(PURCHASE));
        }
    }
    insta::assert_debug_snapshot!(read(&body).expect("read"));
}

fn a_refund_names_the_purchase() {
    let body = Case::load("revio/notification/payment-refunded").request_body();
    let notification = read(&body).expect("read");
    assert_eq!(notification.event, EventType::PaymentRefunded);
    assert_eq!(notification.purchase_id(), Some(PURCHASE));
    assert_ne!(notification.object_id.expose(), PURCHASE);
    insta::assert_debug_snapshot!(notification);
}

fn the_event_can_differ_from_the_status() {
    let body = Case::load("revio/notification/purchase-settled").request_body();
    let notification = read(&body).expect("read");
    assert_eq!(notification.event, EventType::PurchaseSettled);
    let NotifiedObject::Purchase(purchase) = notification.object else { panic!("{notification:?}") };
    assert_eq!(purchase.status.as_str(), "paid");
}

fn one_flipped_bit_anywhere_refuses() {
    let (pair, key) = (KeyPair::first(), KeyPair::first().public());
    let signature = pair.sign(SMALL);
    assert!(check(&[("X-Signature", &signature)], SMALL, &key).is_ok());
    for place in 0..SMALL.len() {
        for bit in 0..8 {
            let mut body = SMALL.to_vec();
            if let Some(byte) = body.get_mut(place) {
                *byte ^= 1 << bit;
            }
            assert!(check(&[("X-Signature", &signature)], &body, &key).is_err(), "byte {place}, bit {bit}");
        }
    }
    for place in 0..signature.len() {
        let mut changed = signature.clone().into_bytes();
        if let Some(byte) = changed.get_mut(place) {
            *byte ^= 1;
        }
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(is_refused(check(&[("X-Signature", &changed)], SMALL, &key)), "character {place}");
    }
}

fn white_space_is_part_of_what_is_signed() {
    let (pair, key) = (KeyPair::first(), KeyPair::first().public());
    let spaced = br#"{ "id": "1", "event_type": "purchase.paid" }"#;
    let signature = pair.sign(spaced);
    assert!(check(&[("X-Signature", &signature)], spaced, &key).is_ok());
    assert!(is_refused(check(&[("X-Signature", &signature)], SMALL, &key)));
}

fn signature_of_another_kind_is_refused() {
    let key = KeyPair::first().public();
    let signature = KeyPair::first().sign(SMALL);
    let others = KeyPair::second().sign(SMALL);
    assert!(is_refused(check(&[], SMALL, &key)), "missing");
    let twice = [("X-Signature", signature.as_str()), ("x-signature", signature.as_str())];
    assert!(is_refused(check(&twice, SMALL, &key)), "twice");
    assert!(is_refused(check(&[("X-Signature", &others)], SMALL, &key)), "another key's");
    assert!(is_refused(check(&[("X-Signature", &signature)], SMALL, &KeyPair::second().public())));
    let unpadded = signature.trim_end_matches('=');
    let url_safe = signature.replace('+', "-").replace('/', "_");
    let twofold = format!("{signature},{signature}");
    for odd in ["", "AAAA", "%%%", unpadded, &url_safe, &format!(" {signature}"), &twofold, &"A".repeat(344)]
    {
        assert!(odd == signature || is_refused(check(&[("X-Signature", odd)], SMALL, &key)), "{odd}");
    }
}

fn genuine_body_unreadable_is_not_refused() {
    let deep = format!(r#"{{"id":{}{}}}"#, "[".repeat(40), "]".repeat(40)).into_bytes();
    let large = [br#"{"id":""#.as_slice(), &vec![b'x'; 1024 * 1024], b"\"}"].concat();
    for bad in [
        b"".as_slice(),
        b"[]",
        br#"["1","purchase.paid"]"#,
        b"{\"id\":\"\xff\"}",
        br#"{"id":"1","id":"2"}"#,
        br#"{"id":"1","purchase":{"total":1,"total":2}}"#,
        br#"{"id":"1"} {"id":"2"}"#,
        &deep,
        &large,
    ] {
        let signature = KeyPair::first().sign(bad);
        let verified = check(&[("X-Signature", &signature)], bad, &KeyPair::first().public());
        match verified.and_then(|verified| parse(&verified)).expect_err("unreadable") {
            NotificationError::VerifiedUnreadable(_) => {}
            // Too large or empty: not even the signature was looked at.
            NotificationError::Unreadable(_) => assert!(bad.is_empty() || bad.len() > 1024 * 1024),
            refused => panic!("{refused}"),
        }
    }
}

fn odd_members_do_no_harm_and_only_the_identifier_is_needed() {
    for case in [
        "revio/notification/purchase-paid",
        "revio/notification/purchase-settled",
        "revio/notification/payment-refunded",
    ] {
        let body = Case::load(case).request_body();
        let members: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let members = members.as_object().expect("an object");
        for body in variants::with_unknown_member(&body) {
            assert!(!matches!(read(&body).expect(case).object, NotifiedObject::Other), "{case}");
        }
        for member in members.keys().map(String::as_str).chain(["attempts", "products", "error", "total"]) {
            for value in [
                serde_json::json!(7),
                serde_json::json!("text"),
                serde_json::json!(null),
                serde_json::json!([7, "text"]),
                serde_json::json!({"a": [1]}),
            ] {
                for body in variants::with_member_replaced(&body, member, value.clone()) {
                    let usable = value.is_string() || value.is_number();
                    match read(&body) {
                        Ok(notification) => {
                            assert_eq!(notification.dedupe_key().len(), 64);
                            let shown = format!("{notification:?}");
                            assert!(shown.contains("Notification"), "{shown}");
                        }
                        Err(error) => assert!(member == "id" && !usable, "{case} {member} {value}: {error}"),
                    }
                }
            }
            for body in variants::with_member_removed(&body, member) {
                assert!(read(&body).is_ok() || member == "id", "{case} without {member}");
            }
        }
    }
    for id in ["null", "\"\"", "\"../7\"", "\"a b\"", "[]", "{}"] {
        let answer = read(format!(r#"{{"id":{id},"event_type":"purchase.paid"}}"#).as_bytes());
        assert!(matches!(answer, Err(NotificationError::VerifiedUnreadable(_))), "{id}");
    }
}

fn unknown_event_is_kept() {
    for known in EventType::KNOWN {
        assert_eq!(EventType::from(*known).as_str(), *known);
        assert!(!matches!(EventType::from(*known), EventType::Other(_)));
    }
    assert_eq!(EventType::KNOWN.len(), 29);
    let purchase = read(br#"{"id":"1","event_type":"purchase.unheard_of"}"#).expect("read");
    assert_eq!(purchase.event, EventType::from("purchase.unheard_of"));
    assert_eq!(purchase.purchase_id(), Some("1"), "without a type, the name of the event decides");
    let payment = read(br#"{"id":"1","event_type":"payment.refunded"}"#).expect("read");
    assert!(matches!(payment.object, NotifiedObject::Payment(_)));
    assert_eq!(payment.purchase_id(), None);
    let contradicting =
        br#"{"id":"1","type":"payment","event_type":"purchase.paid","related_to":{"id":"2"}}"#;
    assert_eq!(read(contradicting).expect("read").purchase_id(), Some("2"), "the object says what it is");
    for other in [
        br#"{"id":"1","type":"payout","event_type":"payout.success"}"#.as_slice(),
        br#"{"id":"1","event_type":"billing_template_client.subscription_billing_cancelled"}"#,
        br#"{"id":"1","type":"payment","event_type":"payment.refunded","related_to":{"type":"x","id":"2"}}"#,
        br#"{"id":"1"}"#,
        br#"{"id":"1","event_type":7}"#,
    ] {
        assert_eq!(read(other).expect("read").purchase_id(), None);
    }
}

fn deliveries_of_one_event_share_a_key_and_events_do_not() {
    let key = |id: &str, event: &str, updated_on: &str| {
        let body =
            format!(r#"{{"id":"{id}","event_type":"{event}","updated_on":{updated_on},"status":"paid"}}"#);
        read(body.as_bytes()).expect("read").dedupe_key()
    };
    let first = key("1", "purchase.paid", "1663425652");
    assert_eq!(first, key("1", "purchase.paid", "1663425652"));
    // What is written differently is the same: another order, a number as text.
    assert_eq!(first, key("1", "purchase.paid", r#""1663425652""#));
    let reordered = br#"{"x":[1],"updated_on":1663425652,"event_type":"purchase.paid","id":"1"}"#;
    assert_eq!(first, read(reordered).expect("read").dedupe_key());
    // A key is stored by the caller: it must not change from one version of this crate to the next.
    assert_eq!(first, "00755a01488fb61035be546ff41dd603bf25c3dffa4849afa1c51d2680d17b7f");
    let all: BTreeSet<String> = [
        first,
        key("2", "purchase.paid", "1663425652"),
        key("1", "purchase.settled", "1663425652"),
        key("1", "purchase.unheard_of", "1663425652"),
        key("1", "purchase.paid", "1663425653"),
        key("1", "purchase.paid", "null"),
        key("11", "purchase.paid", "663425652"),
        key("1", "purchase.paid1", "663425652"),
    ]
    .into();
    assert_eq!(all.len(), 8);
}

fn no_token_is_shown() {
    const TOKEN: &str = "sentinel-recurring-token-0815";
    let mut shown = String::new();
    for body in [
        format!(
            r#"{{"type":"purchase","id":"{TOKEN}","event_type":"purchase.paid","is_recurring_token":true,
            "recurring_token":"{TOKEN}","checkout_url":"https://g.example/p/{TOKEN}/",
            "transaction_data":{{"attempts":[{{"error":{{"code":"{TOKEN}","message":"bad {TOKEN}"}}}}]}}}}"#
        ),
        format!(r#"{{"type":"purchase","id":"1","event_type":"purchase.paid","recurring_token":"{TOKEN}"}}"#),
        format!(r#"{{"type":"payment","id":"1","related_to":{{"type":"purchase","id":"{TOKEN}"}}}}"#),
        format!(r#"{{"type":"payment","id":"1","related_to":{{"id":["{TOKEN}"]}}}}"#),
        format!(r#"{{"type":"client_recurring_token","id":"{TOKEN}","event_type":"x"}}"#),
        format!(r#"{{"id":["{TOKEN}"],"event_type":"purchase.paid"}}"#),
        format!(r#"{{"id":"a b {TOKEN}"}}"#),
    ] {
        let raw = raw(&[("X-Signature", TOKEN)], body.as_bytes()).expect("a body");
        shown += &format!("{raw:?} {:?}", verify(raw.clone(), &KeyPair::first().public()));
        let proven = genuine(raw.body());
        shown += &format!("{proven:?}");
        match parse(&proven) {
            Ok(notification) => shown += &format!("{notification:?} {}", notification.dedupe_key()),
            Err(error) => shown += &format!("{error} {error:?}"),
        }
    }
    assert_absent(&[TOKEN], &shown, "what is shown of a notification");
}

fn quoted_api_key_is_not_shown() {
    const KEY: &str = "canary/api-key-4711";
    let client = revio::Client::builder(revio::Environment::Live, KEY).build().expect("a client");
    let mut cleared = 0;
    for (_, form) in forms(KEY) {
        let quoted = form.replace('\\', "\\\\");
        for body in [
            r#"{"id":"p1","event_type":"ECHO"}"#,
            r#"{"id":"p1","event_type":"purchase.paid","updated_on":"ECHO"}"#,
            r#"{"id":"ECHO","event_type":"purchase.paid"}"#,
            r#"{"id":"p1","event_type":"purchase.paid","type":"purchase","reference":"ECHO","status":"ECHO","checkout_url":"https://a.example/ECHO","client_id":"c",
            "purchase":{"currency":"ECHO","products":[{"name":"ECHO"}]},"transaction_data":{"attempts":[{"error":{"code":"ECHO","message":"ECHO"}}]}}"#,
            r#"{"id":"p1","event_type":"payment.refunded","type":"payment","reference":"ECHO","related_to":{"type":"purchase","id":"ECHO"}}"#,
        ] {
            let answer = parse_cleared(&client, &genuine(body.replace("ECHO", &quoted).as_bytes()));
            if let Ok(notification) = &answer {
                let shown =
                    [notification.dedupe_key(), notification.purchase_id().unwrap_or_default().to_owned()];
                assert_absent(&[KEY], &shown.join(" "), "a key or reference");
            }
            let shown = show(&answer);
            cleared += usize::from(shown.contains("redacted"));
            assert_absent(&[KEY], &shown, "a notification");
        }
    }
    assert!(cleared > 40, "{cleared}");
}

/// `lone-surrogate-in-a-signed-webhook/body.json`: a name that was cut inside an emoji.
fn text_cut_inside_an_emoji_is_passed_over() {
    let body = br#"{"event_type":"purchase.paid","id":"p1","status":"paid","updated_on":1,"x":"a\ud83d"}"#;
    let notification = read(body).expect("read, as the same text in a reply is");
    assert_eq!((notification.event, notification.object_id.expose()), (EventType::PurchasePaid, "p1"));
    // In a member that is needed it makes a genuine notification unreadable, and never a refusal.
    let error = read(br#"{"event_type":"purchase.paid","id":"p1\ud83d"}"#).expect_err("no identifier");
    assert!(error.is_verified(), "{error}");
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        what_the_openssl_program_signed_verifies_and_is_read,
        a_refund_names_the_purchase,
        the_event_can_differ_from_the_status,
        one_flipped_bit_anywhere_refuses,
        white_space_is_part_of_what_is_signed,
        signature_of_another_kind_is_refused,
        genuine_body_unreadable_is_not_refused,
        odd_members_do_no_harm_and_only_the_identifier_is_needed,
        unknown_event_is_kept,
        deliveries_of_one_event_share_a_key_and_events_do_not,
        no_token_is_shown,
        quoted_api_key_is_not_shown,
        text_cut_inside_an_emoji_is_passed_over,
    ];
}
