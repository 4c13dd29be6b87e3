//! Exit codes and error objects, where a user meets them.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::process::Command;

use common::{Sandbox, read};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Runs the program with its standard output closed: its exit code, and standard error.
fn without_stdout(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" >&-", "sh", env!("CARGO_BIN_EXE_recurring")]).args(arguments);
    command.env_clear().envs(sandbox.settings()).env("RECURRING_JOURNAL", sandbox.journal());
    let output = command.output().expect("it runs");
    (output.status.code().expect("a code"), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn closed_standard_output_is_never_exit_zero() {
    let sandbox = Sandbox::recording("closed-stdout");
    let words = sandbox.charge("lost");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, errors) = without_stdout(&sandbox, &words);
    assert_eq!((code, sandbox.ledger("lost")), (10, 1), "{errors}");
    assert!(errors.contains("attempt lost, outcome pending"), "{errors}");
    let enrol =
        ["enrol", "--provider", "emspay", "--attempt", "new", "--amount", "40.00", "--currency", "EUR"];
    for words in
        [&["providers"][..], &["journal", "list", "--json"], &["journal", "info"], &["--help"], &enrol]
    {
        let (code, errors) = without_stdout(&sandbox, words);
        assert_eq!(code, 1, "{words:?}: {errors}");
        assert!(errors.contains("cannot write to standard output"), "{words:?}: {errors}");
    }
    // A standard output that is thrown away is not closed.
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").expect("the device");
    let status = sandbox.command(&["providers"]).stdout(null).status().expect("it runs");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn missing_payment_is_not_found() {
    let sandbox = Sandbox::start("missing");
    sandbox.create_journal();
    for (provider, payment) in [
        ("emspay", "11111111-1111-4111-8111-111111111111"),
        ("revio", "11111111-1111-4111-8111-111111111111"),
        ("ngenius", "11111111-1111-4111-8111-111111111111"),
    ] {
        let (code, lines) = sandbox.run(&["status", "--provider", provider, "--payment", payment]);
        assert_eq!((code, &lines[0]["kind"]), (5, &json!("not_found")), "{provider}: {lines:?}");
        let refund = ["refund", "--provider", provider, "--payment", payment, "--attempt", "r-1"];
        let (code, lines) = sandbox.recorded(&[&refund[..], &["--amount", "1.00"]].concat());
        assert_eq!((code, &lines[0]["effect"]), (5, &json!("not_applied")), "{provider}: {lines:?}");
    }
    assert_eq!(sandbox.recorded(&["journal", "show", "--attempt", "none"]).0, 5);
    assert_eq!(sandbox.recorded(&["journal", "reconcile", "--attempt", "none"]).0, 5);
}

/// What each command that names a payment ends with when there is none: not found, or refused before anything is sent
/// where the gateway has no such operation (2).
#[test]
fn unknown_payment_has_one_exit_code_at_every_gateway() {
    let sandbox = Sandbox::start("unknown");
    sandbox.create_journal();
    let id = "11111111-1111-4111-8111-111111111111";
    for (provider, payment, refund, capture) in [
        ("omno", id, 2, 2),
        ("ngenius", id, 5, 5),
        ("tokenpay-signed", "999999", 5, 2),
        ("tokenpay-signed", "no-such-attempt", 5, 2),
        ("revio", id, 5, 5),
        ("emspay", id, 5, 5),
    ] {
        let (code, lines) = sandbox.recorded(&["status", payment, "--provider", provider]);
        assert_eq!((code, &lines[0]["kind"]), (5, &json!("not_found")), "{provider}: {lines:?}");
        // Reading changes nothing, and "not found" proves nothing about money that was sent.
        assert_eq!(lines[0]["effect"], "unknown", "{provider}: {lines:?}");
        for (command, expected) in [("refund", refund), ("capture", capture)] {
            for (recorded, amount) in [(true, &[][..]), (false, &[][..]), (true, &["--amount", "1.00"][..])] {
                let attempt = format!("{provider}-{payment}-{command}-{recorded}-{}", amount.len());
                let words = [command, payment, "--provider", provider, "--attempt", &attempt];
                let words = [&words[..], amount].concat();
                let (code, lines) = if recorded {
                    sandbox.recorded(&words)
                } else {
                    sandbox.run(&[&words[..], &["--no-journal"]].concat())
                };
                assert_eq!(
                    (code, &lines[0]["effect"]),
                    (expected, &json!("not_applied")),
                    "{words:?}: {lines:?}"
                );
            }
        }
    }
    assert_eq!(sandbox.moved(), 0);
}

/// A 404 that is not the gateway's says nothing of the payment.
#[test]
fn missing_page_of_another_machine_is_not_a_missing_payment() {
    let runtime = Runtime::new().expect("a runtime");
    let server =
        FaultServer::start(|_, _| Behavior::Reply(RawReply::html(404, "<html>404 page not found</html>")));
    let server = runtime.block_on(server);
    for (provider, base, more) in [
        ("revio", "REVIO_BASE_URL", [("REVIO_API_KEY", "test"), ("REVIO_BRAND_ID", "brand")]),
        ("emspay", "EMSPAY_BASE_URL", [("EMSPAY_API_KEY", "test"), ("UNUSED", "")]),
        ("omno", "OMNO_BASE_URL", [("OMNO_BEARER_TOKEN", "test"), ("UNUSED", "")]),
    ] {
        for (words, expected) in [
            (&["status", "p-1"][..], (30, "unknown")),
            (&["refund", "p-1", "--attempt", "r", "--no-journal"], (20, "not_applied")),
        ] {
            if provider == "omno" && words[0] == "refund" {
                continue;
            }
            let mut command = common::program();
            command.args(words).args(["--provider", provider, "--json"]).envs(more).env(base, server.url());
            let (code, lines) = read(&command.output().expect("it runs"));
            assert_eq!((code, &lines[0]["effect"]), (expected.0, &json!(expected.1)), "{words:?}: {lines:?}");
            assert_eq!(lines[0]["kind"], "protocol", "{words:?}: {lines:?}");
        }
    }
}

/// What `recurring charge` says when the gateway answers a write like this.
fn charge(runtime: &Runtime, reply: RawReply) -> (i32, Value) {
    let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone()));
    let server = runtime.block_on(server);
    let credential = std::env::temp_dir().join(format!("recurring-exit-{}.json", std::process::id()));
    std::fs::write(&credential, r#"{"provider":"emspay","vault_token":"token"}"#).expect("written");
    let output = common::program()
        .args(["charge", "--provider", "emspay", "--attempt", "a-1", "--amount", "40.00"])
        .args(["--currency", "EUR", "--no-journal", "--json", "--credential"])
        .arg(&credential)
        .envs([("EMSPAY_API_KEY", "test"), ("EMSPAY_BASE_URL", &server.url())])
        .output()
        .expect("it runs");
    let (code, lines) = read(&output);
    (code, lines[0].clone())
}

#[test]
fn missing_answer_to_a_write_is_unknown() {
    let runtime = Runtime::new().expect("a runtime");
    let missing = json!({"error": {"status": 404, "type": "NotFoundError", "value": "no such thing"}});
    let (code, line) = charge(&runtime, RawReply::json(404, missing.to_string()));
    assert_eq!((code, &line["kind"], &line["effect"]), (30, &json!("not_found"), &json!("unknown")));
    let refused = json!({"error": {"status": 401, "type": "AuthenticationError", "value": "bad key"}});
    let (code, line) = charge(&runtime, RawReply::json(401, refused.to_string()));
    assert_eq!((code, &line["effect"], &line["exit"]), (20, &json!("not_applied"), &json!(20)), "{line}");
}

#[test]
fn store_that_fails_is_exit_six_and_sends_nothing() {
    let sandbox = Sandbox::recording("store");
    std::fs::write(sandbox.file("journal.db"), "not a database, and long enough to be read as one")
        .expect("written");
    let words = sandbox.charge("s-1");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let due =
        json!({"attempt": "s-1", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    std::fs::write(sandbox.file("due.jsonl"), due.to_string()).expect("written");
    for words in [&words[..], &["run", "--input", &sandbox.file("due.jsonl")], &["journal", "list"]] {
        let (code, lines) = sandbox.recorded(words);
        assert_eq!((code, &lines[0]["kind"]), (6, &json!("store")), "{words:?}: {lines:?}");
        assert_eq!((&lines[0]["outcome"], &lines[0]["exit"]), (&json!("error"), &json!(6)), "{lines:?}");
    }
    assert_eq!(sandbox.ledger("s-1"), 0);
}

#[test]
fn value_that_is_refused_here_is_usage_everywhere() {
    let sandbox = Sandbox::recording("local");
    let credential = sandbox.file("credential.json");
    let journal = sandbox.journal();
    for (words, part) in [
        (
            vec!["charge", "--provider", "emspay", "--attempt", "a b", "--credential", &credential],
            "--attempt",
        ),
        (
            vec!["charge", "--provider", "emspay", "--attempt", "a", "--credential", "/nowhere.json"],
            "/nowhere.json",
        ),
        (vec!["enrol", "--provider", "omno", "--attempt", "a"], "omno"),
        (
            vec!["charge", "--provider", "revio", "--attempt", "a", "--credential", &credential],
            "belongs to emspay",
        ),
    ] {
        let words = [&words[..], &["--amount", "40.00", "--currency", "EUR"]].concat();
        let (code, lines, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &words);
        assert_eq!((code, lines.len()), (2, 1), "{words:?}: {lines:?}");
        assert_eq!((&lines[0]["effect"], &lines[0]["exit"]), (&json!("not_applied"), &json!(2)), "{lines:?}");
        assert!(errors.contains(part), "{words:?}: {errors}");
    }
    let refund = ["refund", "--provider", "revio", "--payment", "p/../1", "--attempt", "r"];
    assert_eq!(sandbox.recorded(&refund).0, 2);
    assert_eq!(sandbox.run(&["cards", "--provider", "revio", "--customer", ".."]).0, 2);
    assert_eq!(
        sandbox.run(&["refund", "--provider", "omno", "--payment", "1", "--attempt", "r", "--no-journal"]).0,
        2
    );
}
