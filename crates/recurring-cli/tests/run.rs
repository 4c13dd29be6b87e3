//! Billing runs against a gateway that refuses every charge, or asks to be called less often.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::Sandbox;
use serde_json::{Value, json};

/// Runs so many lines, named by their number: the exit code, the lines out, and standard error.
fn run(sandbox: &Sandbox, count: usize, more: &[(&str, &str)]) -> (i32, Vec<Value>, String) {
    let credential = sandbox.credential();
    let line = |number| json!({"attempt": format!("a-{number}"), "amount": "40.00", "currency": "EUR", "credential": credential});
    let lines: String = (0..count).map(|number| format!("{}\n", line(number))).collect();
    let (input, journal) = (sandbox.file("due.jsonl"), sandbox.journal());
    std::fs::write(&input, lines).expect("written");
    let settings = [&[("RECURRING_JOURNAL", journal.as_str())], more].concat();
    sandbox.told(&settings, &["run", "--input", &input])
}

fn count(lines: &[Value], outcome: &str) -> usize {
    lines.iter().filter(|line| line["outcome"] == outcome).count()
}

fn taken(sandbox: &Sandbox, count: usize) -> Vec<usize> {
    (0..count).map(|number| sandbox.ledger(&format!("a-{number}"))).collect()
}

#[test]
fn run_ended_by_a_refused_key_is_resumed_by_the_same_lines() {
    let sandbox = Sandbox::recording("refused-key");
    let (code, lines, errors) = run(&sandbox, 20, &[("EMSPAY_API_KEY", "another")]);
    assert_eq!((code, lines.len()), (20, 20), "{errors}");
    assert_eq!((count(&lines, "error"), count(&lines, "left")), (3, 17), "{lines:?}");
    assert!(
        lines.iter().filter(|line| line["outcome"] == "error").all(|line| line["effect"] == "not_applied")
    );
    let next = "the API key is refused: set it right, then give the same lines again";
    assert!(errors.contains("emspay") && errors.contains(next), "{errors}");
    let (code, lines, errors) = run(&sandbox, 20, &[]);
    assert_eq!((code, count(&lines, "pending")), (10, 20), "{errors}");
    assert_eq!(taken(&sandbox, 20), vec![1; 20]);
}

#[test]
fn run_of_one_line_with_a_refused_key_is_not_done() {
    let sandbox = Sandbox::recording("refused-line");
    let (code, lines, errors) = run(&sandbox, 1, &[("EMSPAY_API_KEY", "another")]);
    assert_eq!((code, count(&lines, "error")), (20, 1), "{errors}");
    assert!(errors.contains("the API key is refused"), "{errors}");
}

#[test]
fn run_with_one_line_not_applied_is_done() {
    let sandbox = Sandbox::recording("one-line");
    let line = |attempt: &str, currency: &str| json!({"attempt": attempt, "amount": "40.00", "currency": currency, "credential": sandbox.credential()});
    // A series is in the currency of its first payment.
    let lines = [line("a-1", "EUR"), line("a-2", "USD"), line("a-3", "EUR")];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (code, out) = sandbox.recorded_with(&lines, &["run", "--input", "-"]);
    assert_eq!((code, count(&out, "pending"), count(&out, "error")), (10, 2, 1), "{out:?}");
    assert_eq!(sandbox.recorded(&["journal", "reconcile"]).0, 0);
    let (code, out) = sandbox.recorded_with(&lines, &["run", "--input", "-"]);
    assert_eq!((code, count(&out, "paid"), count(&out, "error")), (0, 2, 1), "{out:?}");
}

#[test]
fn unknown_line_outranks_a_refused_key() {
    let sandbox = Sandbox::recording("worst");
    let lost = json!({"kind": "close", "operation": "POST /emspay/v1/orders/", "when": "after_acting"});
    sandbox.control("POST", "faults", Some(&lost));
    let (code, _, errors) = run(&sandbox, 1, &[]);
    assert_eq!(code, 30, "{errors}");
    let (code, lines, errors) = run(&sandbox, 5, &[("EMSPAY_API_KEY", "another")]);
    assert_eq!((code, count(&lines, "left")), (30, 1), "{errors}");
    assert!(errors.contains("the API key is refused"), "{errors}");
}

#[test]
fn gateway_that_asks_for_a_long_wait_is_left() {
    let sandbox = Sandbox::recording("long-wait");
    let slow =
        json!({"kind": "status", "status": 429, "retry_after": 3600, "operation": "POST /emspay/v1/orders/"});
    sandbox.control("POST", "faults", Some(&slow));
    let (code, lines, errors) = run(&sandbox, 20, &[]);
    assert_eq!((code, count(&lines, "error"), count(&lines, "left")), (30, 1, 19), "{errors}");
    let why =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("asks to wait 3600 s"));
    assert!(lines.iter().filter(|line| line["outcome"] == "left").all(why), "{lines:?}");
    assert!(errors.contains("charges at emspay were left: the gateway asks to wait 3600 s"), "{errors}");
}

#[test]
fn closed_port_ends_the_run() {
    let sandbox = Sandbox::recording("closed-port");
    let closed = recurring_fixtures::fault::refused_url();
    let (code, lines, errors) = run(&sandbox, 10, &[("EMSPAY_BASE_URL", &closed)]);
    assert_eq!((code, count(&lines, "error"), count(&lines, "left")), (20, 3, 7), "{errors}");
    assert!(errors.contains("emspay cannot be reached"), "{errors}");
    assert_eq!(run(&sandbox, 10, &[]).0, 10);
    assert_eq!(taken(&sandbox, 10), vec![1; 10]);
}

#[test]
fn planned_lines_are_charged_later() {
    let sandbox = Sandbox::recording("plan");
    let credential = sandbox.credential();
    let line =
        |name| json!({"attempt": name, "amount": "40.00", "currency": "EUR", "credential": credential});
    let (input, journal) = (sandbox.file("due.jsonl"), sandbox.journal());
    std::fs::write(&input, format!("{}\n{}\n", line("a-0"), line("a-1"))).expect("written");
    let plan = ["run", &input, "--plan"];

    let without_key = [("RECURRING_JOURNAL", journal.as_str())];
    let (code, _, errors) = sandbox.told(&without_key, &plan);
    assert!(code == 2 && errors.contains("RECURRING_JOURNAL_KEY is not set"), "{code} {errors}");

    let key = "0123456789abcdef".repeat(4);
    let settings = [("RECURRING_JOURNAL", journal.as_str()), ("RECURRING_JOURNAL_KEY", key.as_str())];
    for _ in 0..2 {
        let (code, lines, errors) = sandbox.told(&settings, &plan);
        assert_eq!((code, lines.len()), (0, 2), "{errors}");
        assert!(lines.iter().all(|line| line["state"] == "planned"), "{lines:?}");
        for line in &lines {
            assert_eq!((&line["outcome"], &line["amount"]), (&json!("planned"), &json!("40.00")), "{line}");
            assert!(line.get("effect").is_none() && line.get("kind").is_none(), "{line}");
        }
    }
    let (code, shown, _) = sandbox.told(&settings, &["journal", "show", "a-0"]);
    assert_eq!((code, &shown[0]["outcome"]), (10, &json!("planned")), "{shown:?}");
    assert_eq!(taken(&sandbox, 2), [0, 0]);
    let (code, lines, errors) = sandbox.told(&settings, &["run", "--planned"]);
    assert_eq!((code, lines.len()), (10, 2), "{errors}");
    assert_eq!(taken(&sandbox, 2), [1, 1]);
    let (code, lines, _) = sandbox.told(&settings, &plan);
    assert_eq!((code, &lines[0]["state"]), (0, &json!("pending")));
}

#[test]
fn plan_of_an_unknown_charge_exits_30() {
    let sandbox = Sandbox::recording("plan-unknown");
    let lost = json!({"kind": "close", "operation": "POST /emspay/v1/orders/", "when": "after_acting"});
    sandbox.control("POST", "faults", Some(&lost));
    let key = "0123456789abcdef".repeat(4);
    let more = [("RECURRING_JOURNAL_KEY", key.as_str())];
    assert_eq!(run(&sandbox, 1, &more).0, 30);
    let journal = sandbox.journal();
    let settings = [("RECURRING_JOURNAL", journal.as_str()), more[0]];
    let (code, lines, errors) = sandbox.told(&settings, &["run", &sandbox.file("due.jsonl"), "--plan"]);
    assert_eq!((code, &lines[0]["state"]), (30, &json!("unknown")), "{lines:?}");
    assert!(errors.contains("a-0 was made before and is unknown"), "{errors}");
    assert_eq!(sandbox.ledger("a-0"), 1);
}
