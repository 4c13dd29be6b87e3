//! Results that cannot be written, to standard output or to a file: never exit 0, and never silent about the money.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Sandbox, pay, program};
use serde_json::{Value, json};

const CARD: &str = r#"{"pan":"4012001037141112","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}"#;
const TOKENPAY: [&str; 3] = ["resume", "--provider", "tokenpay-signed"];

/// Puts a command's standard output on a full disk: its exit code, and what it says.
fn to_a_full_disk(command: &mut Command, input: &str) -> (i32, String) {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let mut child =
        command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("an input");
    // A command that needs no input may have gone.
    let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().expect("a code"), String::from_utf8(output.stderr).expect("UTF-8"))
}

impl Sandbox {
    /// Runs a command with the journal of this sandbox, its standard output on a full disk.
    fn full_with(&self, input: &str, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(arguments);
        to_a_full_disk(command.env("RECURRING_JOURNAL", self.journal()).arg("--json"), input)
    }

    fn full(&self, arguments: &[&str]) -> (i32, String) {
        self.full_with("", arguments)
    }

    /// Runs a command that the gateway keeps waiting at `operation`, while another program takes the file's name.
    fn overtaken(&self, operation: &str, file: &str, arguments: &[&str]) -> (i32, Vec<Value>, String) {
        let fault = json!({"kind": "delay", "millis": 1500, "operation": operation});
        self.control("POST", "faults", Some(&fault));
        let mut command = self.command(arguments);
        command.env("RECURRING_JOURNAL", self.journal()).arg("--json");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        while self.control("GET", "faults", None).as_array().is_some_and(|faults| !faults.is_empty()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::fs::write(file, "").expect("a file");
        let output = child.wait_with_output().expect("it ends");
        let (code, lines) = common::read(&output);
        (code, lines, String::from_utf8(output.stderr).expect("UTF-8"))
    }

    /// The names of the files in its folder that begin with a dot.
    fn hidden(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.file("")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.')).collect()
    }
}

fn assert_says(errors: &str, parts: &[&str]) {
    for part in parts {
        assert!(errors.contains(part), "{part}: {errors}");
    }
}

#[test]
fn output_lost_of_what_moves_money_names_the_payment() {
    let sandbox = Sandbox::recording("full");
    let words = sandbox.charge("lost");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, errors) = sandbox.full(&words);
    assert_eq!((code, sandbox.ledger("lost")), (10, 1), "{errors}");
    assert_says(&errors, &["attempt lost", "state pending", "payment ", "standard output"]);
    let due =
        json!({"attempt": "due", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    std::fs::write(sandbox.file("due.jsonl"), due.to_string()).expect("written");
    let (code, errors) = sandbox.full(&["run", "--input", &sandbox.file("due.jsonl")]);
    assert_eq!((code, sandbox.ledger("due")), (10, 1), "{errors}");
    assert_says(&errors, &["attempt due, outcome pending"]);
    sandbox.recorded(&["journal", "reconcile"]);
    // What was taken stays taken; the code says that the answer is lost.
    let (code, errors) = sandbox.full(&words);
    assert_eq!((code, sandbox.ledger("lost")), (1, 1), "{errors}");
    assert_says(&errors, &["attempt lost, outcome paid", "payment "]);

    let schedule = ["schedule", "--provider", "ngenius", "--attempt", "s-1", "--amount", "1.50"];
    let more = ["--currency", "AED", "--frequency", "MONTHLY", "--email", "ann@example.org"];
    let (code, errors) = sandbox.full_with(CARD, &[&schedule[..], &more].concat());
    assert_eq!((code, sandbox.ledger("s-1")), (1, 1), "{errors}");
    assert_says(&errors, &["attempt s-1, outcome paid", "payment "]);
    let payment = |attempt| {
        let (_, lines) = sandbox.recorded(&["journal", "show", "--attempt", attempt]);
        lines[0]["payment"].as_str().expect("a payment").to_owned()
    };
    let refund = ["refund", "--provider", "ngenius", "--attempt", "r-1", "--payment", &payment("s-1")];
    let (code, errors) = sandbox.full(&[&refund[..], &["--amount", "0.50", "--currency", "AED"]].concat());
    assert_ne!(code, 0, "{errors}");
    assert_says(&errors, &["attempt r-1, outcome "]);
    let held = sandbox.held("deposit");
    let capture = ["capture", "--provider", "revio", "--payment", &held, "--attempt", "c-1"];
    let (code, errors) = sandbox.full(&capture);
    assert_eq!(code, 1, "{errors}");
    assert_says(&errors, &["attempt c-1, outcome paid", &held]);
}

#[test]
fn output_lost_of_what_only_reads_is_never_exit_zero() {
    let sandbox = Sandbox::recording("full-reads");
    // The list is empty: there is nothing to lose.
    assert_eq!(sandbox.full(&["journal", "list"]).0, 0);
    let words = sandbox.charge("lost");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, lines) = sandbox.recorded(&words);
    let payment = lines[0]["payment"].as_str().expect("a payment");
    let (code, errors) = sandbox.full(&["journal", "reconcile"]);
    assert_eq!(code, 1, "{errors}");
    let status = ["status", "--provider", "emspay", "--payment", payment];
    let (_, lines) = sandbox.run(&sandbox.to_the_page());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let cards = ["cards", "--provider", "tokenpay-signed", "--customer", "c-1"];
    let copy = sandbox.file("copy.db");
    for words in [
        &["journal", "list"][..],
        &["journal", "show", "--attempt", "lost"],
        &["journal", "info"],
        &["journal", "backup", &copy],
        &["providers"],
        &["--help"],
        &["--version"],
        &status,
        &cards,
    ] {
        let (code, errors) = sandbox.full(words);
        assert_eq!(code, 1, "{words:?}: {errors}");
        assert!(words[0].starts_with("--") || errors.contains("cannot write to standard output"), "{errors}");
    }
    assert_says(&sandbox.full(&status).1, &["payment ", payment]);
    assert_says(
        &sandbox.full(&["journal", "show", "--attempt", "lost"]).1,
        &["attempt lost, outcome paid", payment],
    );
    let body = format!(r#"{{"event":"status_changed","order_id":"{payment}","project_id":"p"}}"#);
    let (code, errors) = sandbox.full_with(&body, &["notification", "--provider", "emspay"]);
    assert_eq!(code, 1, "{errors}");
    assert_says(&errors, &["authenticity unsigned", payment]);
    let (code, errors) = to_a_full_disk(program().arg("demo"), "");
    assert_eq!(code, 1, "{errors}");
}

#[test]
fn enrol_output_lost_says_to_begin_again() {
    let sandbox = Sandbox::start("full-enrol");
    sandbox.create_journal();
    let enrol =
        ["enrol", "--provider", "emspay", "--attempt", "first", "--amount", "40.00", "--currency", "EUR"];
    let (code, errors) = sandbox.full(&enrol);
    assert_eq!(code, 1, "{errors}");
    assert_says(
        &errors,
        &["attempt first", "payment ", "begin again with another attempt", "nothing was paid"],
    );
    let pending = sandbox.file("pending.json");
    let (code, errors) = sandbox.full(&[&enrol[..], &["--pending", &pending]].concat());
    assert_eq!(code, 1, "{errors}");
    assert_says(&errors, &["attempt first", "payment ", "the page was not shown"]);
    assert!(Path::new(&pending).exists());
}

#[test]
fn resume_output_lost_can_be_repeated() {
    let sandbox = Sandbox::recording("full-resume");
    let pending = sandbox.file("pending.json");
    let (code, errors) = sandbox.full(&["resume", "--provider", "emspay", "--pending", &pending]);
    assert_eq!(code, 1, "{errors}");
    assert_says(&errors, &["run `recurring resume` again", "payment "]);
    let token = &sandbox.credential()["vault_token"];
    assert!(!errors.contains(token.as_str().expect("a token")), "{errors}");
}

/// The journal has no key: what it cannot keep is rebuilt from what the gateway knows.
#[test]
fn resume_output_lost_is_rebuilt_and_charges() {
    let sandbox = Sandbox::start("full-rebuilt");
    sandbox.create_journal();
    let (pending, kept) = (sandbox.card_stored(), sandbox.file("kept.json"));
    let resume = [&TOKENPAY[..], &["--pending", &pending]].concat();
    let (code, errors) = sandbox.full(&resume);
    assert_eq!((code, sandbox.ledger("first")), (1, 1), "{errors}");
    assert_says(&errors, &["attempt first, outcome paid", "payment ", "run `recurring resume` again"]);
    let (code, lines) = sandbox.recorded(&[&resume[..], &["--credential", &kept]].concat());
    assert_eq!((code, &lines[0]["again"]), (0, &json!(true)), "{lines:?}");
    let charge = ["charge", "--provider", "tokenpay-signed", "--attempt", "second", "--credential", &kept];
    let (code, lines) =
        sandbox.recorded(&[&charge[..], &["--amount", "40.00", "--currency", "USD"]].concat());
    assert_eq!((code, sandbox.ledger("second"), sandbox.ledger("first")), (0, 1, 1), "{lines:?}");
}

#[test]
fn resume_that_cannot_be_rebuilt_says_what_to_do() {
    let sandbox = Sandbox::start("not-rebuilt");
    sandbox.create_journal();
    let pending = sandbox.card_stored();
    let resume = [&TOKENPAY[..], &["--pending", &pending]].concat();
    assert_eq!(sandbox.recorded(&resume).0, 0);
    // The customer has stored another card since.
    let (_, lines) = sandbox.run(&sandbox.to_the_page());
    pay(lines[0]["redirect"].as_str().expect("a page"), "5555555555554444");
    let journal = sandbox.journal();
    let (code, lines, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &resume);
    assert_eq!((code, &lines[0]["outcome"], sandbox.ledger("first")), (1, &json!("paid"), 1), "{errors}");
    let why = lines[0]["credential_missing"].as_str().expect("a reason");
    assert!(why.contains("2 cards") && errors.contains(why), "{why}: {errors}");
    assert!(why.contains("do not take it again"), "{why}");
}

#[test]
fn resume_without_a_journal_names_what_is_lost() {
    let sandbox = Sandbox::start("full-no-journal");
    let pending = sandbox.card_stored();
    let resume = [&TOKENPAY[..], &["--pending", &pending, "--no-journal"]].concat();
    let (code, errors) = sandbox.full(&resume);
    assert_eq!((code, sandbox.ledger("first")), (1, 1), "{errors}");
    assert_says(
        &errors,
        &["attempt first, outcome paid", "payment ", "look for the payment", "at the gateway"],
    );
}

#[test]
fn full_disk_is_found_before_anything_is_sent() {
    let sandbox = Sandbox::start("full-disk");
    sandbox.create_journal();
    let (page, pending, kept) =
        (sandbox.card_stored(), sandbox.file("other.json"), sandbox.file("credential.json"));
    let enrol = [&sandbox.to_the_page()[..], &["--pending", &pending]].concat();
    let resume = [&TOKENPAY[..], &["--pending", &page, "--no-journal", "--credential", &kept]].concat();
    for words in [enrol, resume] {
        // No file may become larger than one block: that is how a full disk looks to a program.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_recurring")]);
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(sandbox.settings()).args(&words).arg("--json");
        // Nothing that is sent could arrive.
        command.env("TOKENPAY_BASE_URL", "http://127.0.0.1:9");
        let output = command.output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert_says(&errors, &["cannot write"]);
        assert!(!Path::new(&pending).exists() && !Path::new(&kept).exists());
        assert_eq!(sandbox.hidden(), Vec::<String>::new());
    }
}

#[test]
fn enrol_whose_file_cannot_be_written_shows_it() {
    let sandbox = Sandbox::start("overtaken-enrol");
    sandbox.create_journal();
    let pending = sandbox.file("pending.json");
    let enrol = [&sandbox.to_the_page()[..], &["--pending", &pending]].concat();
    let (code, lines, errors) = sandbox.overtaken("POST /tokenpay/tokenization/add-token", &pending, &enrol);
    assert_eq!(code, 1, "{errors}");
    assert_says(&errors, &["cannot write ", "in the output instead: keep it"]);
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let resume = [&TOKENPAY[..], &["--pending", "-"]].concat();
    let (code, lines) = sandbox.recorded_with(&lines[0].to_string(), &resume);
    assert_eq!((code, sandbox.ledger("first")), (0, 1), "{lines:?}");
    // A file that is there stays as it is, and nothing is sent.
    let (code, lines) = sandbox.recorded(&enrol);
    assert_eq!((code, &lines[0]["kind"]), (2, &json!("usage")));
    assert_eq!((std::fs::read(&pending).expect("a file"), sandbox.hidden()), (Vec::new(), Vec::new()));
}

#[test]
fn resume_whose_file_cannot_be_written_says_what_to_do() {
    let sandbox = Sandbox::start("overtaken-resume");
    sandbox.create_journal();
    let (pending, kept) = (sandbox.card_stored(), sandbox.file("kept.json"));
    let resume = [&TOKENPAY[..], &["--pending", &pending, "--credential", &kept]].concat();
    let sale = "POST /tokenpay/tokenization/sale";
    let (code, lines, errors) = sandbox.overtaken(sale, &kept, &resume);
    assert_eq!((code, &lines[0]["credential"]), (1, &Value::Null), "{errors}");
    assert_says(&errors, &["cannot write ", "run `recurring resume` again"]);
    std::fs::remove_file(&kept).expect("removed");
    assert_eq!((sandbox.recorded(&resume).0, sandbox.ledger("first")), (0, 1));
    let mode = std::fs::metadata(&kept).expect("a file").permissions().mode();
    assert_eq!((mode & 0o777, sandbox.hidden()), (0o600, Vec::new()));
}

/// Nothing else has it then.
#[test]
fn resume_without_a_journal_shows_what_no_file_takes() {
    let sandbox = Sandbox::start("overtaken-once");
    let (pending, kept) = (sandbox.card_stored(), sandbox.file("kept.json"));
    let resume = [&TOKENPAY[..], &["--pending", &pending, "--credential", &kept, "--no-journal"]].concat();
    let (code, lines, errors) = sandbox.overtaken("POST /tokenpay/tokenization/sale", &kept, &resume);
    assert_eq!((code, &lines[0]["credential"]["provider"]), (1, &json!("tokenpay-signed")), "{errors}");
    assert_says(&errors, &["cannot write ", "in the output instead"]);
}

/// Runs a command whose standard output is closed from the beginning.
fn to_nothing(command: &Command, input: &str) -> (i32, String) {
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$@\" >&-", "sh"]).arg(command.get_program()).args(command.get_args());
    closed.env_clear().env("PATH", "/usr/bin:/bin");
    for (name, value) in command.get_envs() {
        closed.env(name, value.expect("a value"));
    }
    let mut child = closed.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    // A command that needs no input may have gone.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("an input"), input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().expect("a code"), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn output_lost_of_any_command_is_never_exit_zero() {
    let sandbox = Sandbox::recording("full-all");
    let words = sandbox.charge("open");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, lines) = sandbox.recorded(&words);
    let payment = format!("emspay:{}", lines[0]["payment"].as_str().expect("a payment"));
    let (_, lines) = sandbox.run(&sandbox.to_the_page());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let due =
        json!({"attempt": "due", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    std::fs::write(sandbox.file("due.jsonl"), due.to_string()).expect("written");
    let (due, pending, pages) =
        (sandbox.file("due.jsonl"), sandbox.file("pending.json"), sandbox.file("man"));
    let body = r#"{"event":"status_changed","order_id":"o-1","project_id":"p"}"#;
    let fresh = "FRESH";
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["help", "charge"],
        &["charge", "--help"],
        &["providers"],
        &["sandbox", "--port", "0"],
        &["completions", "bash"],
        &["manual", &pages],
        &["journal", "create", "--journal", "sqlite:FRESH"],
        &["journal", "info"],
        &["journal", "list"],
        &["journal", "show", "open"],
        &["journal", "backup", fresh],
        &["journal", "reconcile"],
        &["journal", "resolve", "open", "--as", "paid", "--by", "ann", "--why", "seen"],
        &["status", &payment],
        &["cards", "c-1", "--provider", "tokenpay-signed"],
        &[
            "enrol",
            "--provider",
            "emspay",
            "--attempt",
            "n",
            "--amount",
            "1.00",
            "--currency",
            "EUR",
            "--no-journal",
        ],
        &["resume", &pending],
        &["notification", "--provider", "emspay"],
        &["run", &due],
        &["trigger", "--list"],
        &["trigger", "emspay.paid"],
        &["fault", "presets"],
        &["clock", "show"],
        &["clock", "advance", "1h"],
    ];
    let mut number = 0;
    for words in commands {
        for json in [false, true] {
            for closed in [false, true] {
                if json && words.contains(&"reconcile") {
                    // Nothing is open any more: there is no line to lose.
                    continue;
                }
                number += 1;
                let fresh = sandbox.file(&format!("fresh-{number}.db"));
                let words = words.iter().map(|word| word.replace("FRESH", &fresh));
                let mut command = program();
                command.args(words).args(json.then_some("--json")).envs(sandbox.settings());
                command.env("RECURRING_JOURNAL", sandbox.journal());
                let (code, errors) =
                    if closed { to_nothing(&command, body) } else { to_a_full_disk(&mut command, body) };
                assert_ne!(code, 0, "{command:?} closed {closed}: {errors}");
                assert!(errors.contains("standard output"), "{command:?} closed {closed}: {errors}");
            }
        }
    }
}
