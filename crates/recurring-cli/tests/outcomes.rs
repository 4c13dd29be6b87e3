//! What a payment says of its money reaches the exit code: 0 only for money that was taken and is still there.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{Sandbox, program};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What `recurring status` says of a purchase that the gateway answers with.
fn status(runtime: &Runtime, purchase: &Value) -> (i32, Value, String) {
    let body = purchase.to_string();
    let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone())));
    let server = runtime.block_on(server);
    let output = program()
        .args(["status", "--provider", "revio", "--payment", "p1", "--json"])
        .envs([("REVIO_API_KEY", "test"), ("REVIO_BRAND_ID", "brand")])
        .env("REVIO_BASE_URL", server.url())
        .output()
        .expect("it runs");
    let (code, lines) = common::read(&output);
    (code, lines[0].clone(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn status_of_money_that_went_back_is_not_exit_zero() {
    let runtime = Runtime::new().expect("a runtime");
    let purchase =
        |status: &str| json!({"id": "p1", "status": status, "purchase": {"total": 4000, "currency": "ZAR"}});
    for (word, code, outcome, effect) in [
        ("paid", 0, "paid", json!("applied")),
        ("hold", 14, "authorized", json!("applied")),
        ("chargeback", 1, "paid", json!("applied")),
        ("charged_back", 1, "paid", json!("applied")),
        ("refunded", 1, "paid", json!("applied")),
        ("pending_refund", 1, "paid", json!("applied")),
        ("cancelled", 13, "canceled", json!("not_applied")),
        ("expired", 13, "canceled", json!("not_applied")),
        ("released", 13, "canceled", json!("not_applied")),
        ("pending_charge", 10, "pending", Value::Null),
    ] {
        let (exit, line, errors) = status(&runtime, &purchase(word));
        assert_eq!(
            (exit, &line["outcome"], &line["effect"]),
            (code, &json!(outcome), &effect),
            "{word}: {line}"
        );
        assert_eq!(errors.contains("has gone back or is disputed since"), code == 1, "{word}: {errors}");
        assert_eq!(line["captured"].is_null(), outcome != "paid", "{word}: {line}");
    }
    let (_, line, _) = status(&runtime, &purchase("charged_back"));
    assert_eq!((&line["captured"], &line["disputed"]), (&json!("40.00"), &json!("unstated")));
}

#[test]
fn test_payment_says_so_in_json_and_text() {
    let runtime = Runtime::new().expect("a runtime");
    let mut purchase = json!({"id": "p1", "status": "paid", "purchase": {"total": 4000, "currency": "ZAR"}});
    assert!(status(&runtime, &purchase).1["test"].is_null());
    purchase["is_test"] = json!(true);
    let (code, line, errors) = status(&runtime, &purchase);
    assert_eq!((code, &line["test"]), (0, &json!(true)), "{line}");
    assert!(errors.contains("this is a test at the gateway: no money moves"), "{errors}");
}

#[test]
fn status_shows_held_captured_and_refunded_money() {
    let sandbox = Sandbox::start("held");
    let held = sandbox.held("deposit");
    let words = ["status", "--provider", "revio", "--payment", &held];
    let (code, lines) = sandbox.run(&words);
    assert_eq!((code, &lines[0]["outcome"]), (14, &json!("authorized")), "{lines:?}");
    let capture = ["capture", "--provider", "revio", "--payment", &held, "--attempt", "c", "--no-journal"];
    assert_eq!(sandbox.run(&capture).0, 0);
    let (code, lines) = sandbox.run(&words);
    assert_eq!((code, &lines[0]["captured"]), (0, &json!("40.00")), "{lines:?}");
    let refund = ["refund", "--provider", "revio", "--payment", &held, "--no-journal"];
    let part = ["--attempt", "r-1", "--amount", "30.00", "--currency", "ZAR"];
    assert_eq!(sandbox.run(&[&refund[..], &part].concat()).0, 0);
    let (code, lines) = sandbox.run(&words);
    assert_eq!((code, &lines[0]["refunded"]), (0, &json!("30.00")), "{lines:?}");
    // Without an amount: what is left.
    assert_eq!(sandbox.run(&[&refund[..], &["--attempt", "r-2"]].concat()).0, 0);
    let (code, lines) = sandbox.run(&words);
    assert_eq!((code, &lines[0]["refunded"]), (1, &json!("40.00")), "{lines:?}");
    let given_back: i64 = sandbox
        .control("GET", "ledger", None)
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["kind"] == "refund")
        .map(|entry| entry["amount_minor"].as_i64().expect("a number").abs())
        .sum();
    assert_eq!(given_back, 4000);
}
