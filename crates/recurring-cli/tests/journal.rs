//! The journal as a user has it: charges that are killed, looked up, decided by an operator; billing runs.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::Write;
use std::process::{Child, Stdio};

use common::{Sandbox, read};
use serde_json::{Value, json};

impl Sandbox {
    fn charged(&self, attempt: &str) -> (i32, Value) {
        let (code, mut lines, errors) = self.charged_in(&self.journal(), attempt);
        (code, lines.pop().expect(&errors))
    }

    /// A charge that is under way.
    fn charging(&self, attempt: &str) -> Child {
        let words = self.charge(attempt);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.command(&words);
        command.env("RECURRING_JOURNAL", self.journal()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it runs")
    }

    fn state(&self, attempt: &str) -> String {
        let (_, lines) = self.recorded(&["journal", "list"]);
        let own = lines.iter().find(|line| line["attempt"] == attempt);
        own.map(|line| line["state"].as_str().expect("a state").to_owned()).unwrap_or_default()
    }
}

#[test]
fn charge_killed_is_looked_up_and_never_sent_again() {
    let sandbox = Sandbox::recording("killed");
    for (attempt, when, taken) in [("k-after", "after_acting", 1), ("k-before", "before_acting", 0)] {
        let fault = json!({"kind": "silent", "when": when, "operation": "POST /emspay/v1/orders/"});
        sandbox.control("POST", "faults", Some(&fault));
        let mut child = sandbox.charging(attempt);
        // The call has arrived once its fault is used up.
        while sandbox.control("GET", "faults", None).as_array().is_some_and(|faults| !faults.is_empty()) {
            std::thread::yield_now();
        }
        assert_eq!(sandbox.state(attempt), "armed", "its owner is alive");
        child.kill().expect("SIGKILL");
        child.wait().expect("it ended");
        assert_eq!(sandbox.state(attempt), "unknown", "its owner is gone");
        let (code, line) = sandbox.charged(attempt);
        assert_eq!((code, &line["effect"], &line["again"]), (30, &json!("unknown"), &json!(true)), "{line}");
        assert_eq!(sandbox.ledger(attempt), taken);
    }
    let (code, lines) = sandbox.recorded(&["journal", "reconcile"]);
    assert_eq!(code, 30, "{lines:#?}");
    let found = lines.iter().find(|line| line["attempt"] == "k-after").expect("looked up");
    assert_eq!((&found["before"], &found["state"]), (&json!("unknown"), &json!("paid")), "{found}");
    // Nothing was found of the other, which proves nothing here: an operator decides, and that is kept.
    assert_eq!(sandbox.state("k-before"), "unknown");
    let resolve = |decision: &str, more: &[&str]| {
        let words = ["journal", "resolve", "--attempt", "k-before", "--as", decision, "--by", "ann"];
        // That another gateway lacks a setting does not matter.
        let journal = sandbox.journal();
        let settings = [("RECURRING_JOURNAL", journal.as_str()), ("REVIO_API_KEY", "")];
        let (code, lines, _) =
            sandbox.told(&settings, &[&words[..], &["--why", "not in the portal"], more].concat());
        (code, lines)
    };
    // Nothing is there yet; the call may still be under way.
    let (code, lines) = resolve("not-applied", &[]);
    assert_eq!((code, &lines[0]["state"]), (2, &json!("unknown")), "{lines:?}");
    assert!(lines[0]["message"].as_str().expect("a reason").contains("under way"), "{lines:?}");
    assert!(lines[0]["looked"].is_string(), "{lines:?}");
    let (code, _) = sandbox.charged("k-before");
    assert_eq!((code, sandbox.ledger("k-before")), (30, 0), "it was not freed");
    let (code, lines) = resolve("not-applied", &["--force"]);
    assert_eq!((code, &lines[0]["state"]), (0, &json!("not_applied")), "{lines:?}");
    assert_eq!(resolve("paid", &["--force"]).0, 2);
    let (_, shown) = sandbox.recorded(&["journal", "show", "--attempt", "k-before"]);
    let events = shown[0]["events"].as_array().expect("a log");
    assert_eq!(events.first().expect("a line")["what"], "armed");
    assert_eq!(events.last().expect("a line")["note"], "ann: not in the portal");
    // Now it may be made.
    let (code, _) = sandbox.charged("k-before");
    assert_eq!((code, sandbox.ledger("k-before"), sandbox.ledger("k-after")), (10, 1, 1));
}

#[test]
fn resolve_that_the_gateway_contradicts_is_refused() {
    let sandbox = Sandbox::recording("resolve");
    let resolve = |attempt: &str, decision: &str| {
        let words =
            ["journal", "resolve", "--attempt", attempt, "--as", decision, "--by", "ann", "--why", "seen"];
        sandbox.recorded(&words)
    };
    for (attempt, decision, expected) in
        [("r-1", "paid", 0), ("r-2", "declined", 2), ("r-3", "not-applied", 2)]
    {
        assert_eq!(sandbox.charged(attempt).0, 10);
        // The gateway has completed it since: that decides, whatever the operator says.
        let (code, lines) = resolve(attempt, decision);
        assert_eq!((code, &lines[0]["state"]), (expected, &json!("paid")), "{lines:?}");
        assert!(lines[0]["looked"].as_str().expect("a look").contains("completed"), "{lines:?}");
        assert_eq!(lines[0].get("message").is_some(), expected == 2, "{lines:?}");
    }
    assert_eq!(resolve("missing", "paid").0, 5);
}

#[test]
fn attempt_with_another_amount_is_refused() {
    let sandbox = Sandbox::recording("needs");
    let words = sandbox.charge("a");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(sandbox.charged("a").0, 10);
    let mut dearer = words.clone();
    let amount = dearer.iter().position(|word| *word == "40.00").expect("an amount");
    dearer[amount] = "41.00";
    let (code, lines) = sandbox.recorded(&dearer);
    assert_eq!((code, &lines[0]["kind"]), (2, &json!("conflict")), "{lines:?}");
    assert!(lines[0]["message"].as_str().expect("a text").contains("another amount"));
    // The configuration's file names it too.
    let config = sandbox.file("recurring.toml");
    std::fs::write(&config, format!("journal = {:?}\n", sandbox.journal())).expect("written");
    let mut again = words.clone();
    again.extend(["--config", &config]);
    let (code, lines) = sandbox.run(&again);
    assert_eq!((code, &lines[0]["again"], sandbox.ledger("a")), (10, &json!(true), 1));
    let (_, lines) = sandbox.recorded(&["journal", "list", "--state", "paid"]);
    assert_eq!(lines.len(), 0);
    let (_, lines) = sandbox.recorded(&["journal", "list", "--provider", "emspay", "--limit", "1"]);
    assert_eq!(lines.len(), 1);
    assert_eq!(sandbox.recorded(&["journal", "list", "--state", "approved"]).0, 2);
    assert_eq!(sandbox.recorded(&["journal", "show", "--attempt", "missing"]).0, 5);
}

#[test]
fn run_given_the_same_lines_again_charges_nothing() {
    let sandbox = Sandbox::recording("run");
    let credential = sandbox.credential();
    let mut file = std::fs::File::create(sandbox.file("due.jsonl")).expect("a file");
    for number in 0..40 {
        let line = json!({"attempt": format!("r-{number}"), "amount": "40.00", "currency": "EUR", "credential": credential});
        writeln!(file, "{line}").expect("written");
    }
    writeln!(file, "\nnot JSON\n{{\"attempt\":\"x\",\"amount\":\"40.00\",\"currency\":\"EUR\"}}")
        .expect("written");
    writeln!(
        file,
        "{}",
        json!({"attempt": "y", "amount": "40.005", "currency": "EUR", "credential": credential})
    )
    .expect("written");
    let input = sandbox.file("due.jsonl");
    let run = || {
        let mut command = sandbox.command(&["run", "--input", &input, "--concurrency", "4"]);
        let output = command.env("RECURRING_JOURNAL", sandbox.journal()).output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let (code, lines) = read(&output);
        (code, lines, errors)
    };
    let (code, lines, errors) = run();
    // Refused lines must be corrected: that outranks what is pending.
    assert_eq!((code, lines.len()), (2, 43), "{errors}");
    assert!(errors.contains("40 pending, 3 refused"), "{errors}");
    assert!(errors.contains("next: recurring journal reconcile"), "{errors}");
    let problems: Vec<_> = lines.iter().filter(|line| line["outcome"] == "error").collect();
    let token = credential["vault_token"].as_str().expect("a token");
    for (problem, expected) in
        problems.iter().zip(["line 42: not valid JSON", "line 43: `credential` is missing", "line 44: "])
    {
        let text = problem["message"].as_str().expect("a text");
        assert!(text.contains(expected) && !text.contains(token), "{text}");
    }
    let (_, lines, errors) = run();
    assert!(errors.contains("40 already processed: 40 pending"), "{errors}");
    assert_eq!(lines.iter().filter(|line| line["again"] == true).count(), 40);
    assert_eq!(sandbox.recorded(&["journal", "reconcile"]).0, 0);
    assert_eq!((0..40).map(|number| sandbox.ledger(&format!("r-{number}"))).max(), Some(1));
}

/// Runs these lines: the exit code, the lines out, and what was said on standard error.
fn run_lines(sandbox: &Sandbox, input: &[u8]) -> (i32, Vec<Value>, String) {
    std::fs::write(sandbox.file("due.jsonl"), input).expect("written");
    sandbox
        .told(&[("RECURRING_JOURNAL", &sandbox.journal())], &["run", "--input", &sandbox.file("due.jsonl")])
}

#[test]
fn line_that_cannot_be_read_costs_no_other_line() {
    let sandbox = Sandbox::recording("bad-byte");
    let line = |attempt: &str, more: Value| {
        let mut line = json!({"attempt": attempt, "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
        line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        line.to_string().into_bytes()
    };
    let bad = [&b"{\"attempt\":\"\xE9\"}"[..]].concat();
    let lines = [
        line("b-1", json!({})),
        bad,
        line("b-3", json!({})),
        line("b-4", json!({"not_before": "2040-01-01"})),
    ];
    let (code, out, errors) = run_lines(&sandbox, &lines.join(&b'\n'));
    assert_eq!((code, out.len()), (2, 4), "{errors}");
    let says =
        |part: &str| out.iter().any(|line| line["message"].as_str().is_some_and(|text| text.contains(part)));
    assert!(says("line 2: not UTF-8") && says("line 4: `not_before`"), "{out:?}");
    assert_eq!(["b-1", "b-3", "b-4"].map(|name| sandbox.ledger(name)), [1, 1, 0]);
}

#[test]
fn byte_order_mark_costs_no_customer() {
    let sandbox = Sandbox::recording("mark");
    let line = |attempt: &str| json!({"attempt": attempt, "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    let input = format!("\u{feff}{}\r\n{}\r\n", line("m-1"), line("m-2"));
    let (code, out, errors) = run_lines(&sandbox, input.as_bytes());
    assert_eq!((code, out.len()), (10, 2), "{errors}");
    assert_eq!(["m-1", "m-2"].map(|name| sandbox.ledger(name)), [1, 1]);
}

#[test]
fn run_without_a_line_says_so() {
    let sandbox = Sandbox::recording("no-line");
    let (code, out, errors) = run_lines(&sandbox, b"\n\n");
    assert_eq!((code, out.len()), (0, 0), "{errors}");
    assert!(errors.contains("the input has no line"), "{errors}");
}

#[cfg(unix)]
#[test]
fn full_disk_sends_nothing() {
    let sandbox = Sandbox::recording("full");
    assert_eq!(sandbox.charged("before").0, 10);
    // A file may not grow any more, as on a full disk.
    let words = sandbox.charge("full");
    let script = "trap '' XFSZ; ulimit -f 40; exec \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_recurring"), "--json"]).args(&words);
    command.env_clear().envs(sandbox.settings()).env("RECURRING_JOURNAL", sandbox.journal());
    let output = command.output().expect("it runs");
    let (code, text) = (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(code, Some(6), "{text} {errors}");
    assert_eq!(sandbox.ledger("full"), 0);
    // With room again, the attempt is as if it had never been.
    assert_eq!(sandbox.charged("full").0, 10);
    assert_eq!(sandbox.ledger("full"), 1);
}

#[test]
fn eight_processes_on_one_name_send_once() {
    let sandbox = Sandbox::recording("eight");
    common::eight_at_once(&sandbox, "in-sqlite", &sandbox.journal());
}

#[cfg(unix)]
#[test]
fn run_stopped_by_a_signal_is_resumed_by_the_same_lines() {
    let sandbox = Sandbox::recording("signal");
    let credential = sandbox.credential();
    let lines: String = (0..40)
        .map(|number| {
            let line = json!({"attempt": format!("s-{number}"), "amount": "40.00", "currency": "EUR", "credential": credential});
            format!("{line}\n")
        })
        .collect();
    let input = sandbox.file("due.jsonl");
    std::fs::write(&input, lines).expect("written");
    let run = |more: &[&str]| {
        let words: Vec<&str> = ["run", "--input", &input].into_iter().chain(more.iter().copied()).collect();
        let mut command = sandbox.command(&words);
        command.env("RECURRING_JOURNAL", sandbox.journal()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it runs")
    };
    let taken = || (0..40).map(|number| sandbox.ledger(&format!("s-{number}"))).collect::<Vec<_>>();
    let before = sandbox.moved();
    let child = run(&["--concurrency", "1", "--rate", "1"]);
    while sandbox.moved() == before {
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.expect("kill").success());
    let output = child.wait_with_output().expect("it ended");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code().is_some(), "it ended by itself: {errors}");
    assert!(taken().iter().sum::<usize>() < 40, "{errors}");
    let output = run(&["--concurrency", "4"]).wait_with_output().expect("it ended");
    assert!(output.status.code().is_some());
    assert_eq!(taken(), vec![1; 40]);
}

#[test]
fn enrolment_reserves_its_name() {
    let sandbox = Sandbox::recording("names");
    let enrol = |attempt: &str, amount: &str| {
        let words =
            ["enrol", "--provider", "emspay", "--attempt", attempt, "--amount", amount, "--currency", "EUR"];
        sandbox.recorded(&words)
    };
    assert_eq!(enrol("n-1", "40.00").0, 0);
    let (code, line) = sandbox.charged("n-1");
    assert_eq!((code, sandbox.ledger("n-1")), (2, 0), "{line}");
    assert!(line["message"].as_str().expect("a reason").contains("another operation"), "{line}");
    // Once more is a new page; with another amount it is another enrolment.
    assert_eq!(enrol("n-1", "40.00").0, 0);
    let (code, lines) = enrol("n-1", "41.00");
    assert_eq!((code, &lines[0]["effect"]), (2, &json!("not_applied")), "{lines:?}");
    assert!(
        lines[0]["message"].as_str().expect("a reason").contains("another amount (40.00 EUR"),
        "{lines:?}"
    );
    // It is shown, and nothing is open because of it.
    let (_, lines) = sandbox.recorded(&["journal", "list"]);
    assert_eq!((&lines[0]["operation"], &lines[0]["state"]), (&json!("enrolment"), &json!("pending")));
    for words in [&["journal", "reconcile"][..], &["journal", "reconcile", "--due"]] {
        assert_eq!(sandbox.recorded(words), (0, Vec::new()), "{words:?}");
    }
    // The name of a charge begins no enrolment, and no file is left behind.
    assert_eq!(sandbox.charged("n-2").0, 10);
    let pending = sandbox.file("n-2.json");
    let words =
        ["enrol", "--provider", "emspay", "--attempt", "n-2", "--amount", "40.00", "--currency", "EUR"];
    let (code, lines) = sandbox.recorded(&[&words[..], &["--pending", &pending]].concat());
    assert_eq!(code, 2, "{lines:?}");
    assert!(!std::path::Path::new(&pending).exists());
    // Without a journal it is as it was.
    assert_eq!(sandbox.recorded(&[&words[..], &["--no-journal"]].concat()).0, 0);
}

#[test]
fn archived_attempts_are_in_the_file_and_not_charged_again() {
    let sandbox = Sandbox::recording("archive");
    let file = sandbox.file("old.jsonl");
    for attempt in ["a-1", "a-2"] {
        assert_eq!(sandbox.charged(attempt).0, 10);
    }
    assert_eq!(sandbox.recorded(&["journal", "reconcile"]).0, 0);
    assert_eq!(sandbox.charged("a-3").0, 10, "it is pending");
    std::thread::sleep(std::time::Duration::from_millis(5));
    let now = recurring_core::Timestamp::now().to_string();
    let archive = |before: &str, to: &str| {
        let journal = sandbox.journal();
        sandbox
            .told(&[("RECURRING_JOURNAL", &journal)], &["journal", "archive", "--before", before, "--to", to])
    };
    let (code, lines, errors) = archive(&now, &file);
    assert_eq!((code, &lines[0]["archived"], &lines[0]["stayed"]), (0, &json!(2), &json!(0)), "{errors}");
    let text = std::fs::read_to_string(&file).expect("the file");
    let names: Vec<Value> = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).expect(line)["attempt"]["attempt"].clone())
        .collect();
    assert_eq!(names, ["a-1", "a-2"]);
    assert!(!text.contains(sandbox.credential()["vault_token"].as_str().expect("a token")), "a secret");
    let (_, shown) = sandbox.recorded(&["journal", "show", "a-1"]);
    assert!(shown[0]["archived"].is_string() && shown[0]["state"] == "paid", "{shown:?}");
    assert_eq!(shown[0]["events"].as_array().expect("a log").len(), 1);
    let (code, line) = sandbox.charged("a-1");
    assert_eq!((code, &line["again"], sandbox.ledger("a-1")), (0, &json!(true), 1), "{line}");
    // What is open stays as it is, and the same command goes on.
    assert_eq!(sandbox.state("a-3"), "pending");
    assert_eq!(archive(&now, &file).1[0]["archived"], 0);
    for (before, to, says) in [
        ("2020-01-01", file.as_str(), "name a new file"),
        ("2999-01-01", file.as_str(), "cannot use --before: it must not be in the future"),
        ("soon", file.as_str(), "a day such as 2026-11-28"),
        ("2020-01-01", "/nowhere/old.jsonl", "cannot archive to /nowhere/old.jsonl"),
    ] {
        let (code, _, errors) = archive(before, to);
        assert!(code == 2 && errors.contains(says), "{code}: {errors}");
    }
}

#[test]
fn lines_of_one_period_are_charged_once() {
    let sandbox = Sandbox::recording("series");
    let line = |number: u32| {
        let name = format!("sub-1.2026-11.{number}");
        json!({"attempt": name, "amount": "40.00", "currency": "EUR", "credential": sandbox.credential(),
            "series": "sub-1", "period": "2026-11", "try": number})
    };
    let (code, lines) = sandbox.recorded_with(&format!("{}\n{}\n", line(1), line(2)), &["run", "-"]);
    assert_eq!(code, 2, "{lines:?}");
    let of = |number: u32| {
        let name = format!("sub-1.2026-11.{number}");
        lines.iter().find(|line| line["attempt"] == name.as_str()).expect("a line").clone()
    };
    assert!(of(2)["message"].as_str().expect("why").contains("another try of the same period"), "{lines:?}");
    assert_eq!((sandbox.ledger("sub-1.2026-11.1"), sandbox.ledger("sub-1.2026-11.2")), (1, 0));
    let (_, listed) = sandbox.recorded(&["journal", "list", "--series", "sub-1"]);
    assert_eq!((listed.len(), &listed[0]["period"], &listed[0]["try"]), (1, &json!("2026-11"), &json!(1)));
    assert_eq!(sandbox.recorded(&["journal", "list", "--series", "sub-2"]).1.len(), 0);
}
