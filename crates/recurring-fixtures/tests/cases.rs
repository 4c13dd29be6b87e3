//! The examples themselves, and how a body is compared with one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use recurring_fixtures::{Case, minify};

const PROVIDERS: [&str; 5] = ["omno", "ngenius", "tokenpay-signed", "revio", "emspay"];

fn message(check: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("a panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn every_case_loads_and_has_something_to_compare() {
    for provider in PROVIDERS {
        let cases = Case::all(provider);
        assert!(cases.iter().any(|case| case.meta.documented), "{provider}");
        assert!(cases.is_sorted_by(|a, b| a.name < b.name));
        for case in cases {
            let request = case.meta.request.as_ref().unwrap_or_else(|| panic!("{}: no request", case.name));
            assert!(request.path.starts_with('/'), "{}", case.name);
            if case.meta.response.as_ref().is_some_and(|response| !response.headers.is_empty()) {
                minify(&case.response_body()).unwrap();
            }
        }
    }
}

#[test]
fn files_are_read_without_their_last_line_break() {
    let case = Case::load("ngenius/access-token/granted");
    assert_eq!(case.request_body(), br#"{"realmName":"ni"}"#);
    assert!(
        Case::load("omno/token/granted").text("request.txt").ends_with("client_secret=not-a-real-secret")
    );
}

#[test]
fn white_space_between_members_is_ignored() {
    let case = Case::load("revio/charge-purchase/documented");
    case.assert_request_body(br#"{"recurring_token":"82e6eb62-90e8-405c-9ec9-d43affba41d2"}"#);
}

#[test]
fn every_other_difference_is_found() {
    let case = Case::load("emspay/create-order/recurring");
    let printed = String::from_utf8(minify(&case.request_body()).unwrap()).unwrap();
    case.assert_request_body(printed.as_bytes());
    for (old, new) in [
        (r#""merchant_order_id":"2","amount":4000"#, r#""amount":4000,"merchant_order_id":"2""#),
        ("4000", "4000.0"),
        ("EUR", "\\u0045UR"),
        ("Credit card", "Credit  card"),
        (r#","currency":"EUR""#, ""),
    ] {
        let changed = printed.replace(old, new);
        assert_ne!(changed, printed);
        let difference = message(|| case.assert_request_body(changed.as_bytes()));
        assert!(difference.contains("the body differs") && difference.contains("\n- "), "{difference}");
    }
    assert!(message(|| case.assert_request_body(b"")).contains("not JSON"));
}

#[test]
fn signed_text_is_compared_byte_for_byte() {
    let case = Case::load("tokenpay-signed/recurring/documented");
    let printed = String::from_utf8(case.request_body()).unwrap();
    case.assert_request_body(printed.replace('\n', "").as_bytes());
    let spaced = printed.replace(r#"\"amount\":30"#, r#"\"amount\": 30"#);
    assert_ne!(spaced, printed);
    assert!(message(|| case.assert_request_body(spaced.as_bytes())).contains("the body differs"));
}

#[test]
fn exact_case_is_compared_byte_for_byte() {
    let mut case = Case::load("ngenius/access-token/granted");
    case.meta.exact = true;
    case.assert_request_body(br#"{"realmName":"ni"}"#);
    assert!(message(|| case.assert_request_body(br#"{"realmName": "ni"}"#)).contains("byte for byte"));
}

#[test]
fn missing_case_is_named() {
    assert!(message(|| drop(Case::load("emspay/no-such/case"))).contains("emspay/no-such/case"));
    assert!(
        message(|| drop(Case::load("emspay/create-order/first").text("absent.txt"))).contains("absent.txt")
    );
}
