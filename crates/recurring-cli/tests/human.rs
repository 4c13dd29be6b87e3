//! What an operator reads on a terminal, and in the place of it.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::process::Command;

use common::{Sandbox, program};
use serde_json::{Value, json};

/// Runs a command without `--json`: its exit code, its output, and what it wrote to standard error.
fn read(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

impl Sandbox {
    fn shown(&self, arguments: &[&str]) -> (i32, String, String) {
        read(self.command(arguments).env("RECURRING_JOURNAL", self.journal()))
    }

    /// Runs a command on a terminal of 80 columns, which shows both outputs.
    fn on_a_terminal(&self, arguments: &str) -> String {
        let mut script = Command::new("script");
        let program = env!("CARGO_BIN_EXE_recurring");
        script.args(["-qec", &format!("stty cols 80 rows 24; '{program}' {arguments}"), "/dev/null"]);
        script.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm").env("SHELL", "/bin/sh");
        script.envs(self.settings()).env("RECURRING_JOURNAL", self.journal());
        read(script.stdin(std::process::Stdio::null())).1
    }
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or_default()
}

#[test]
fn refund_is_shown_as_refunded() {
    let sandbox = Sandbox::recording("refund-words");
    let words = sandbox.charge("paid");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, text, _) = sandbox.shown(&words);
    assert_eq!(code, 10, "{text}");
    assert!(text.starts_with("emspay: pending 40.00 EUR"), "{text}");
    // The gateway's answer to a renewal has a page, too, which no customer needs.
    assert!(!text.contains("send the customer") && !text.contains("http"), "{text}");
    let (_, lines) = sandbox.recorded(&words);
    assert_eq!(lines[0]["redirect"], Value::Null, "{lines:?}");
    sandbox.recorded(&["journal", "reconcile"]);
    let payment = format!("emspay:{}", lines[0]["payment"].as_str().expect("a payment"));
    let (code, text, _) = sandbox.shown(&["refund", &payment, "--attempt", "back"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("emspay: refunded 40.00 EUR") && !text.contains("paid"), "{text}");
    let (_, text, _) = sandbox.shown(&["status", &payment]);
    assert!(!text.contains("unstated"), "{text}");
    let (_, text, _) = sandbox.shown(&["journal", "list"]);
    assert!(text.contains("refunded") && widest(&text) <= 80, "{text}");
}

#[test]
fn empty_list_says_so() {
    let sandbox = Sandbox::start("empty");
    sandbox.create_journal();
    for (words, says) in [
        (&["journal", "list"][..], "no attempts"),
        (&["journal", "list", "--state", "review"], "no attempts"),
        (&["journal", "reconcile"], "nothing to look up"),
        (&["journal", "reconcile", "--due"], "nothing is due"),
        (&["cards", "unknown-1", "--provider", "omno"], "no stored cards"),
    ] {
        let (code, text, errors) = sandbox.shown(words);
        assert!(code == 0 && text.contains(says), "{words:?}: {text}{errors}");
        let (code, lines) = sandbox.recorded(words);
        assert_eq!((code, lines), (0, Vec::new()), "{words:?}");
    }
}

#[test]
fn wrong_file_says_what_it_is() {
    let sandbox = Sandbox::recording("wrong-file");
    let (pending, credential) = (sandbox.file("pending.json"), sandbox.file("credential.json"));
    let none = sandbox.file("none/file.json");
    let charge = |file: &str| {
        ["charge", file, "--attempt", "a", "--amount", "40.00", "--currency", "EUR"]
            .map(str::to_owned)
            .to_vec()
    };
    let resume = |file: &str| vec!["resume".to_owned(), file.to_owned()];
    let enrol = |file: &str| {
        let words =
            ["enrol", "--provider", "emspay", "--attempt", "b", "--amount", "40.00", "--currency", "EUR"];
        words.into_iter().chain(["--pending", file]).map(str::to_owned).collect()
    };
    let journal = |file: &str| {
        ["journal", "create", "--journal", &format!("sqlite:{file}")].map(str::to_owned).to_vec()
    };
    let backup = vec!["journal".to_owned(), "backup".to_owned(), none.clone()];
    let folder = sandbox.file("");
    for (words, says) in [
        (charge(&pending), "it holds a pending enrolment; once the customer has paid, `recurring resume"),
        (resume(&credential), "it holds a stored credential; charge it with `recurring charge"),
        (resume(&none), "there is no such file"),
        (charge(&folder), "it is a folder"),
        (enrol(&pending), "it exists already; name a new file"),
        (enrol(&none), "there is no folder"),
        (journal(&none), "there is no folder"),
        (backup, "there is no folder"),
        (resume(r#"{"provider":"emspay","order_id":"hunter2"}"#), "JSON was given where the name of a file"),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, text, errors) = sandbox.shown(&words);
        assert!(code == 2 && errors.contains(says), "{words:?}: {code} {text}{errors}");
        assert!(!errors.contains("hunter2") && !errors.contains("os error"), "{errors}");
    }
    assert_eq!(sandbox.moved(), 1);
}

#[test]
fn demo_is_on_standard_output_in_money() {
    let (code, text, errors) = read(program().arg("demo"));
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    assert!(text.contains("40.00 EUR  for demo-emspay-renewal") && !text.contains(" 4000 "), "{text}");
    assert!(widest(&text) <= 80, "{text}");
}

#[test]
fn tables_fit_80_columns() {
    let sandbox = Sandbox::start("tables");
    let (_, text, _) = sandbox.shown(&["providers"]);
    assert!(widest(&text) <= 80 && text.contains("tokenpay-signed"), "{text}");
    let (_, text, _) = read(program().args(["providers"]).env("OMNO_CLIENT_ID", "i"));
    assert!(widest(&text) <= 80 && text.contains("OMNO_BASE_URL"), "{text}");
}

#[test]
fn run_on_a_terminal_shows_a_bar_and_no_json() {
    let sandbox = Sandbox::recording("bar");
    let credential = sandbox.credential();
    let line = |number: usize| {
        let amount = if number == 3 { "forty" } else { "40.00" };
        json!({"attempt": format!("o-{number}"), "amount": amount, "currency": "EUR", "credential": credential})
            .to_string()
    };
    let lines: Vec<String> = (0..20).map(line).collect();
    std::fs::write(sandbox.file("due.jsonl"), lines.join("\n")).expect("written");
    let shown = sandbox.on_a_terminal(&format!("run '{}'", sandbox.file("due.jsonl")));
    assert!(shown.contains("/20") && shown.contains("19 pending, 1 refused"), "{shown}");
    assert!(!shown.contains('{') && shown.contains("line 4: "), "{shown}");
    assert!(shown.replace('\r', "\n").lines().all(|line| line.chars().count() < 400), "{shown}");
    let shown = sandbox.on_a_terminal(&format!("run --json '{}'", sandbox.file("due.jsonl")));
    assert!(shown.contains("{\"provider\"") && !shown.contains("/20"), "{shown}");
    // Where a program reads it, a line is an object, with or without --json.
    let (code, text, _) = sandbox.shown(&["run", &sandbox.file("due.jsonl")]);
    assert_eq!(code, 2);
    assert!(text.lines().count() == 20 && text.lines().all(|line| line.starts_with('{')), "{text}");
}

#[test]
fn colors_are_shown_on_a_terminal_unless_unwanted() {
    let sandbox = Sandbox::recording("colors");
    let words = sandbox.charge("paid");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, text, _) = sandbox.shown(&words);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let show = "journal show paid";
    assert!(sandbox.on_a_terminal(show).contains("\u{1b}[33m"));
    for variable in ["NO_COLOR=1", "CLICOLOR=0"] {
        let mut script = Command::new("script");
        let program = env!("CARGO_BIN_EXE_recurring");
        script.args(["-qec", &format!("{variable} '{program}' {show}"), "/dev/null"]);
        script.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm").env("SHELL", "/bin/sh");
        let (_, text, _) = read(script.envs(sandbox.settings()).env("RECURRING_JOURNAL", sandbox.journal()));
        assert!(text.contains("pending") && !text.contains('\u{1b}'), "{variable}: {text:?}");
    }
}
