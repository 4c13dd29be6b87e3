//! Every command that moves money: refused without a journal, once through it, and never silent about what it did.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{Sandbox, pay};
use serde_json::{Value, json};

const CARD: &str = r#"{"pan":"4012001037141112","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}"#;

const SCHEDULE: [&str; 13] = [
    "schedule",
    "--provider",
    "ngenius",
    "--attempt",
    "s-1",
    "--amount",
    "1.50",
    "--currency",
    "AED",
    "--frequency",
    "MONTHLY",
    "--email",
    "ann@example.org",
];

/// A door as a user meets it: refused without a journal, and moving money once through one.
fn moves_once(sandbox: &Sandbox, words: &[&str], input: &str) -> Vec<Value> {
    let before = sandbox.moved();
    let (code, lines) = sandbox.run_with(input, words);
    assert_eq!((code, sandbox.moved()), (2, before), "{words:?}: {lines:?}");
    assert_eq!(lines[0]["kind"], "configuration", "{words:?}: {lines:?}");
    let (code, first) = sandbox.recorded_with(input, words);
    assert_eq!((code, sandbox.moved()), (0, before + 1), "{words:?}: {first:?}");
    let (code, again) = sandbox.recorded_with(input, words);
    assert_eq!(
        (code, &again[0]["again"], sandbox.moved()),
        (0, &json!(true), before + 1),
        "{words:?}: {again:?}"
    );
    first
}

#[test]
fn refusal_without_a_journal_says_what_to_do() {
    let sandbox = Sandbox::start("says");
    let (code, lines, errors) = sandbox.told(&[], &SCHEDULE);
    assert_eq!((code, &lines[0]["effect"], sandbox.moved()), (2, &json!("not_applied"), 0), "{errors}");
    for word in ["RECURRING_JOURNAL", "--journal", "journal create", "--no-journal", "nothing was sent"] {
        assert!(errors.contains(word), "{errors}");
    }
}

#[test]
fn schedule_and_refund_repeated_move_money_once() {
    let sandbox = Sandbox::start("schedule-once");
    sandbox.create_journal();
    let scheduled = moves_once(&sandbox, &SCHEDULE, CARD);
    let payment = scheduled[0]["payment"].as_str().expect("a payment");
    let refund =
        ["refund", "--provider", "ngenius", "--attempt", "r-1", "--payment", payment, "--amount", "0.50"];
    moves_once(&sandbox, &refund, "");
}

#[test]
fn capture_repeated_moves_money_once() {
    let sandbox = Sandbox::start("capture-once");
    sandbox.create_journal();
    let held = sandbox.held("deposit-1");
    let capture = ["capture", "--provider", "revio", "--payment", &held, "--attempt", "c-1"];
    let part = ["--amount", "10.00", "--currency", "ZAR"];
    let captured = moves_once(&sandbox, &[&capture[..], &part].concat(), "");
    assert_eq!((&captured[0]["outcome"], &captured[0]["amount"]), (&json!("paid"), &json!("10.00")));
    // Without a journal when that is asked for; all of it when no amount is named.
    let held = sandbox.held("deposit-2");
    let capture = ["capture", "--provider", "revio", "--payment", &held, "--attempt", "c-2", "--no-journal"];
    assert_eq!(sandbox.run(&capture).0, 0);
    let ledger = sandbox.control("GET", "ledger", None);
    let amounts: Vec<_> =
        ledger.as_array().expect("a list").iter().map(|entry| &entry["amount_minor"]).collect();
    assert_eq!(amounts, [&json!(1000), &json!(4000)]);
}

#[test]
fn resume_that_takes_money_takes_it_once() {
    let sandbox = Sandbox::start("resume-once");
    sandbox.create_journal();
    let pending = sandbox.card_stored();
    let resume = ["resume", "--provider", "tokenpay-signed", "--pending", &pending];
    let taken = moves_once(&sandbox, &resume, "");
    assert_eq!(taken[0]["credential"]["provider"], "tokenpay-signed", "{taken:?}");
    let other = ["resume", "--provider", "emspay", "--pending", &pending, "--no-journal"];
    assert_eq!((sandbox.run(&other).0, sandbox.moved()), (2, 1));
}

#[test]
fn resume_repeated_has_the_credential_under_a_key() {
    let sandbox = Sandbox::start("resume-key");
    sandbox.create_journal();
    let (pending, kept) = (sandbox.card_stored(), sandbox.file("kept.json"));
    let (journal, key) = (sandbox.journal(), "0123456789abcdef".repeat(4));
    let settings = [("RECURRING_JOURNAL", journal.as_str()), ("RECURRING_JOURNAL_KEY", &key)];
    let resume = ["resume", "--provider", "tokenpay-signed", "--pending", &pending];
    let (code, first, errors) = sandbox.told(&settings, &resume);
    assert_eq!(code, 0, "{errors}");
    let (code, again, errors) = sandbox.told(&settings, &[&resume[..], &["--credential", &kept]].concat());
    assert_eq!((code, &again[0]["again"], sandbox.moved()), (0, &json!(true), 1), "{errors}");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(kept).expect("a file")).expect("JSON");
    assert_eq!(kept, first[0]["credential"]);
}

#[test]
fn resume_before_the_customer_can_be_repeated() {
    let sandbox = Sandbox::start("resume-early");
    sandbox.create_journal();
    let (pending, page) = sandbox.sent_to_the_page();
    let resume = ["resume", "--provider", "tokenpay-signed", "--pending", &pending];
    for _ in 0..2 {
        let (code, lines) = sandbox.recorded(&resume);
        assert_eq!(
            (code, &lines[0]["outcome"], sandbox.moved()),
            (11, &json!("action_required"), 0),
            "{lines:?}"
        );
    }
    pay(&page, "4111111111111111");
    let (code, lines) = sandbox.recorded(&resume);
    assert_eq!((code, &lines[0]["state"], sandbox.moved()), (0, &json!("paid"), 1), "{lines:?}");
}

#[test]
fn resume_that_reads_needs_no_journal() {
    let sandbox = Sandbox::start("resume-reads");
    // A journal that is set but was not created does not matter for what only reads.
    let pending = sandbox.file("pending.json");
    let enrol =
        ["enrol", "--provider", "emspay", "--attempt", "first", "--amount", "40.00", "--currency", "EUR"];
    let (_, lines) = sandbox.run(&[&enrol[..], &["--pending", &pending]].concat());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let (code, lines) = sandbox.recorded(&["resume", "--provider", "emspay", "--pending", &pending]);
    assert_eq!((code, &lines[0]["outcome"]), (0, &json!("paid")), "{lines:?}");
}

#[test]
fn time_out_beyond_the_lease_sends_nothing() {
    let sandbox = Sandbox::recording("long");
    let words = sandbox.charge("long");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let due =
        json!({"attempt": "long", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    std::fs::write(sandbox.file("due.jsonl"), due.to_string()).expect("written");
    let run = ["run", "--input", &sandbox.file("due.jsonl")];
    for words in [&words[..], &run] {
        let (code, lines) = sandbox.recorded(&[words, &["--timeout", "60m"]].concat());
        assert_eq!((code, &lines[0]["effect"], sandbox.moved()), (2, &json!("not_applied"), 1), "{lines:?}");
        assert!(lines[0]["message"].as_str().expect("a reason").contains("--timeout"), "{lines:?}");
    }
    assert_eq!((sandbox.recorded(&words).0, sandbox.ledger("long")), (10, 1));
}
