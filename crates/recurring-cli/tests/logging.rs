//! What the program logs when it is asked to, and that no secret is in it.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Sandbox, pay};
use recurring_fixtures::redaction::forms;
use serde_json::json;

impl Sandbox {
    /// Runs a command with a log: what it wrote to standard error.
    fn logged(&self, more: &[(&str, &str)], input: &str, arguments: &[&str]) -> String {
        let mut command = self.command(arguments);
        command.env("RECURRING_JOURNAL", self.journal()).envs(more.iter().copied());
        command.env("RECURRING_JOURNAL_KEY", KEY);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        // A command that needs no input may have gone.
        let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        String::from_utf8(output.stderr).expect("UTF-8")
    }
}

const KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const PAN: &str = "4012001037141112";

#[test]
fn trace_shows_no_secret() {
    let sandbox = Sandbox::recording("trace");
    let credential = sandbox.file("credential.json");
    let token = sandbox.credential()["vault_token"].as_str().expect("a token").to_owned();
    std::fs::remove_file(sandbox.file("pending.json")).expect("removed");
    let stored = sandbox.card_stored();
    let amount = ["--amount", "40.00", "--currency", "EUR"];
    let charge = [&["charge", &credential, "--attempt", "a"][..], &amount].concat();
    let card = json!({"pan": PAN, "expiry": "2031-04", "cvv": "987", "cardholder_name": "Ann Canary"});
    let schedule = ["schedule", "--provider", "ngenius", "--attempt", "s", "--amount", "40.00"];
    let schedule =
        [&schedule[..], &["--currency", "AED", "--frequency", "MONTHLY", "--email", "a@example.org"]]
            .concat();
    let due =
        json!({"attempt": "b", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    let mut log = String::new();
    for (input, words) in [
        ("", charge),
        (&card.to_string(), schedule),
        ("", vec!["resume", &stored]),
        (&due.to_string(), vec!["run", "-"]),
        ("", vec!["journal", "reconcile"]),
        ("", vec!["cards", "c-1", "--provider", "tokenpay-signed"]),
    ] {
        let trace = [("RUST_LOG", "trace")];
        let verbose = sandbox.logged(&[], input, &[&words[..], &["-vv"]].concat());
        assert!(verbose.contains("sent a request to the gateway"), "{words:?}: {verbose}");
        log += &verbose;
        log += &sandbox.logged(&trace, input, &words);
    }
    let omno = ["status", "omno:1", "-vv"];
    log += &sandbox.logged(&[], "", &omno);
    let mut secrets = vec![KEY, PAN, "987", "Ann Canary", &token];
    let settings = sandbox.settings();
    for name in
        ["EMSPAY_API_KEY", "NGENIUS_API_KEY", "OMNO_CLIENT_SECRET", "REVIO_API_KEY", "NGENIUS_WEBHOOK_SECRET"]
    {
        secrets.push(&settings.iter().find(|(known, _)| known == name).expect(name).1);
    }
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.len() > 20, "{log}");
    for secret in secrets {
        // The digits of a short one may be in a time.
        let forms = forms(secret).into_iter().filter(|(_, form)| form.len() > 3);
        for (_, form) in forms {
            let found = lines.iter().find(|line| line.contains(&form));
            assert_eq!(found, None, "{secret}");
        }
    }
    for span in ["recurring.charge{", "recurring.reconcile{", "recurring.http{", "recurring.read{"] {
        assert!(log.contains(span), "{span}: {log}");
    }
    assert!(!log.contains("Bearer") && !log.contains("PRIVATE KEY"), "{log}");
}

#[test]
fn log_is_silent_unless_asked_for() {
    let sandbox = Sandbox::start("silent");
    let (_, lines) = sandbox.run(&sandbox.to_the_page());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let cards = ["cards", "c-1", "--provider", "tokenpay-signed"];
    let log = |more: &[(&str, &str)], words: &[&str]| sandbox.logged(more, "", words);
    assert_eq!(log(&[], &cards), "");
    assert!(log(&[("RUST_LOG", "recurring_gateway=debug")], &cards).contains("status=200"));
    assert_eq!(log(&[("RUST_LOG", "off")], &cards), "");
    // Other crates are never logged: they were not written to show no secret.
    assert_eq!(log(&[("RUST_LOG", "hyper=trace,tokio_postgres=trace")], &cards), "");
    assert!(log(&[], &["-v", "cards", "c-1", "--provider", "tokenpay-signed"]).contains("DEBUG"));
    let refused = log(&[("RUST_LOG", "recurring=loud")], &cards);
    assert!(refused.contains("cannot use RUST_LOG"), "{refused}");
}
