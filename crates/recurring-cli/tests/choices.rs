//! What a command is about may be named in more than one way.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{Sandbox, pay, program};
use serde_json::json;

#[test]
fn gateway_comes_from_the_files_and_the_reference() {
    let sandbox = Sandbox::start("choices");
    sandbox.create_journal();
    let (pending, credential) = (sandbox.file("p.json"), sandbox.file("c.json"));
    let enrol =
        ["enrol", "--provider", "emspay", "--attempt", "first", "--amount", "40.00", "--currency", "EUR"];
    let (_, lines) = sandbox.run(&[&enrol[..], &["--pending", &pending]].concat());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let (code, lines) = sandbox.run(&["resume", &pending, "--credential", &credential]);
    assert_eq!((code, &lines[0]["provider"]), (0, &json!("emspay")), "{lines:?}");
    let charge = ["charge", &credential, "--attempt", "second", "--amount", "40.00", "--currency", "EUR"];
    let (code, lines) = sandbox.recorded(&charge);
    assert_eq!((code, &lines[0]["provider"]), (10, &json!("emspay")), "{lines:?}");
    let payment = lines[0]["payment"].as_str().expect("a payment").to_owned();
    let named = format!("emspay:{payment}");
    assert_eq!(sandbox.recorded(&["journal", "reconcile", "second"]).0, 0);
    assert_eq!(sandbox.recorded(&["journal", "show", "second"]).1[0]["attempt"], "second");
    for words in [
        &["status", &named][..],
        &["status", "--payment", &named],
        &["status", &payment, "--provider", "emspay"],
        &["status", &named, "--payment", &named, "--provider", "emspay"],
    ] {
        let (code, lines) = sandbox.run(words);
        assert_eq!((code, &lines[0]["payment"]), (0, &json!(payment)), "{words:?}: {lines:?}");
    }
    let (code, lines) = sandbox.recorded(&["refund", &named, "--attempt", "back", "--amount", "10.00"]);
    assert_eq!((code, &lines[0]["provider"]), (0, &json!("emspay")), "{lines:?}");
    // Several gateways are configured, and the reference names none.
    let (code, lines) = sandbox.run(&["status", &payment]);
    let message = lines[0]["message"].as_str().expect("a reason");
    assert!(code == 2 && message.contains("--provider") && message.contains("emspay:ID"), "{message}");
    // With one alone, it is that one; a part of the money has gone back.
    let mut command = program();
    let own = sandbox.settings().into_iter().filter(|(name, _)| name.starts_with("EMSPAY_"));
    let output = command.args(["status", &payment, "--json"]).envs(own).output().expect("it runs");
    assert_eq!(common::read(&output).0, 1);
}

#[test]
fn names_that_disagree_are_refused_with_both() {
    let sandbox = Sandbox::recording("disagree");
    let (pending, credential) = (sandbox.file("pending.json"), sandbox.file("credential.json"));
    let attempt = ["--attempt", "a", "--amount", "40.00", "--currency", "EUR", "--no-journal"];
    let charge = [&["charge", &credential, "--provider", "revio"][..], &attempt].concat();
    for (words, says) in [
        (&["status", "emspay:1", "--provider", "revio"][..], ["emspay", "revio"]),
        (&["resume", &pending, "--provider", "omno"], ["emspay", "omno"]),
        (&charge, ["emspay", "revio"]),
        (&["status", "emspay:1", "--payment", "emspay:2"], ["REF", "--payment"]),
        (&["journal", "show", "a", "--attempt", "b"], ["ID", "--attempt"]),
        (&["resume", &pending, "--pending", &credential], ["FILE", "--pending"]),
        (&["run", "a.jsonl", "--input", "b.jsonl"], ["FILE", "--input"]),
        (&["run", "a.jsonl", "--planned"], ["FILE", "--planned"]),
    ] {
        let (code, lines) = sandbox.recorded(words);
        let message = lines[0]["message"].as_str().expect("a reason");
        assert_eq!(code, 2, "{words:?}: {message}");
        assert!(says.iter().all(|part| message.contains(part)), "{words:?}: {message}");
    }
    assert_eq!(sandbox.moved(), 1);
}

#[test]
fn global_options_work_before_and_after_the_command() {
    let sandbox = Sandbox::recording("global");
    let journal = sandbox.journal();
    for words in [
        &["--journal", &journal, "journal", "info"][..],
        &["journal", "--journal", &journal, "info"],
        &["journal", "info", "--journal", &journal],
        &["--timeout", "30s", "--journal", &journal, "journal", "info"],
        &["journal", "info", "--journal", &journal, "--timeout", "30s"],
    ] {
        assert_eq!(sandbox.run(words).0, 0, "{words:?}");
    }
    let credential = sandbox.file("credential.json");
    let charge = ["charge", &credential, "--attempt", "a", "--amount", "40.00", "--currency", "EUR"];
    let (code, lines) = sandbox.run(&[&["--journal", &journal][..], &charge, &["--no-journal"]].concat());
    assert_eq!(code, 2, "{lines:?}");
    let (code, lines) = sandbox.run(&[&["--journal", &journal][..], &charge].concat());
    assert_eq!((code, &lines[0]["state"]), (10, &json!("pending")), "{lines:?}");
}

#[test]
fn missing_options_and_settings_are_named_at_once() {
    let sandbox = Sandbox::start("missing");
    let attempt = ["--attempt", "a", "--amount", "40.00"];
    let says = |words: &[&str]| {
        let (code, lines) = sandbox.run(words);
        assert_eq!(code, 2, "{lines:?}");
        lines[0]["message"].as_str().expect("a reason").to_owned()
    };
    let enrol = [&["enrol", "--provider", "tokenpay-signed", "--currency", "USD"][..], &attempt].concat();
    let wanted = "tokenpay-signed needs --customer, --success-url, --failure-url, --notification-url";
    assert_eq!(says(&enrol), wanted);
    let enrol = [&["enrol", "--provider", "omno", "--currency", "EUR"][..], &attempt].concat();
    assert_eq!(says(&enrol), "omno needs --billing, --customer");
    let enrol = [&["enrol", "--provider", "revio", "--currency", "ZAR"][..], &attempt].concat();
    assert_eq!(says(&enrol), "revio needs --email");
    let output = program().args(["status", "revio:1", "--json"]).output().expect("it runs");
    let (code, lines) = common::read(&output);
    let message = lines[0]["message"].as_str().expect("a reason");
    for part in
        ["REVIO_BASE_URL", "REVIO_API_KEY", "REVIO_BRAND_ID", "base_url", "api_key", "brand_id", "[revio]"]
    {
        assert!(code == 2 && message.contains(part), "{part}: {message}");
    }
}

#[test]
fn malformed_payment_names_the_option() {
    let sandbox = Sandbox::start("malformed");
    for provider in ["omno", "ngenius", "tokenpay-signed", "revio", "emspay"] {
        for payment in ["", "a b", "a/b"] {
            let (code, lines) = sandbox.run(&["status", "--provider", provider, "--payment", payment]);
            let message = lines[0]["message"].as_str().expect("a reason");
            assert!(code == 2 && message.contains("--payment"), "{provider} {payment:?}: {message}");
            assert!(!message.contains('`'), "{message}");
        }
    }
}
