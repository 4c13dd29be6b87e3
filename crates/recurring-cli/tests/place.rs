//! Where the journal is: one place, created once, whole in its file after every command, and no other taken for it.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::path::Path;

use common::{Sandbox, read};
use recurring_facade::{AttemptId, ChargeRequest, Currency, Money};
use recurring_journal::Journal;
use serde_json::{Value, json};

impl Sandbox {
    /// Charges from a working directory, with a settings file.
    fn charged_from(&self, folder: &str, config: &str, attempt: &str) -> (i32, Vec<Value>) {
        let words = self.charge(attempt);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.command(&[&words[..], &["--config", config, "--json"]].concat());
        read(&command.current_dir(folder).output().expect("it runs"))
    }

    fn folder(&self, name: &str) -> String {
        let folder = self.file(name);
        std::fs::create_dir(&folder).expect("a folder");
        folder
    }

    fn files(&self) -> Vec<String> {
        let folder = self.file("");
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("journal.db")).collect();
        names.sort();
        names
    }
}

#[test]
fn address_with_a_line_end_or_blank_is_refused() {
    let sandbox = Sandbox::recording("line-end");
    let journal = sandbox.journal();
    assert_eq!(sandbox.charged_in(&journal, "cr-1").0, 10);
    for end in ["\r", "\n", " ", "\r\n"] {
        let (code, lines, errors) = sandbox.charged_in(&format!("{journal}{end}"), "cr-1");
        assert_eq!((code, &lines[0]["kind"]), (2, &json!("configuration")), "{end:?}: {errors}");
        assert!(errors.contains("line break"), "{end:?}: {errors}");
        assert_eq!(sandbox.recorded_in(&format!("{journal}{end}"), &["journal", "create"]).0, 2);
    }
    assert_eq!((sandbox.ledger("cr-1"), sandbox.files()), (1, vec!["journal.db".to_owned()]));
    assert_eq!(sandbox.charged_in(&journal, "cr-1").1[0]["again"], true);
}

#[test]
fn address_that_is_relative_is_refused() {
    let sandbox = Sandbox::recording("relative");
    for name in ["a", "b"] {
        let folder = sandbox.folder(name);
        for word in ["charge", "create"] {
            let words =
                if word == "charge" { sandbox.charge("cw-1") } else { vec!["journal".into(), word.into()] };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut command = sandbox.command(&words);
            command.env("RECURRING_JOURNAL", "sqlite:journal.db").current_dir(&folder);
            let output = command.output().expect("it runs");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{errors}");
            assert!(errors.contains("absolute"), "{errors}");
        }
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "nothing was made");
        let words = sandbox.charge("cw-1");
        let words: Vec<&str> =
            words.iter().map(String::as_str).chain(["--journal", "sqlite:journal.db"]).collect();
        assert_eq!(sandbox.run(&words).0, 2);
    }
    assert_eq!(sandbox.ledger("cw-1"), 0);
}

#[test]
fn relative_path_in_a_file_begins_at_the_file() {
    let sandbox = Sandbox::recording("toml");
    let (a, b) = (sandbox.folder("a"), sandbox.folder("b"));
    std::fs::write(sandbox.file("recurring.toml"), "journal = \"sqlite:journal.db\"\n").expect("written");
    let (code, _) = sandbox.charged_from(&a, "../recurring.toml", "t-1");
    assert_eq!(code, 10);
    let (code, lines) = sandbox.charged_from(&b, &sandbox.file("recurring.toml"), "t-1");
    assert_eq!((code, &lines[0]["again"], sandbox.ledger("t-1")), (10, &json!(true), 1), "{lines:?}");
    // Its other rules hold in a file, too.
    for bad in ["sqlite:journal.db\\r", "sqlite:journal.db ", "sqlite:", "sqlite::memory:", "journal.db"] {
        std::fs::write(sandbox.file("bad.toml"), format!("journal = \"{bad}\"\n")).expect("written");
        assert_eq!(sandbox.charged_from(&a, "../bad.toml", "t-2").0, 2, "{bad}");
    }
    assert_eq!((sandbox.ledger("t-2"), sandbox.files()), (0, vec!["journal.db".to_owned()]));
}

#[test]
fn address_with_a_password_is_no_argument() {
    let sandbox = Sandbox::start("password");
    let address = "postgres://ann:hunter2@127.0.0.1:9/billing";
    let (code, _, errors) = sandbox.told(&[], &["journal", "list", "--journal", address]);
    assert_eq!(code, 2);
    assert!(errors.contains("RECURRING_JOURNAL") && !errors.contains("hunter2"), "{errors}");
    // From the environment it is used, and there is no server.
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", address)], &["journal", "list"]);
    assert_eq!(code, 6);
    assert!(errors.contains("cannot be reached") && !errors.contains("hunter2"), "{errors}");
}

#[test]
fn journal_is_created_once_and_by_create_alone() {
    let sandbox = Sandbox::start("create");
    sandbox.enrolled();
    let journal = sandbox.journal();
    let (code, lines, errors) = sandbox.charged_in(&journal, "c-1");
    assert_eq!((code, &lines[0]["kind"]), (2, &json!("configuration")), "{errors}");
    assert_eq!(sandbox.ledger("c-1"), 0);
    assert!(errors.contains("recurring journal create"), "{errors}");
    for words in
        [&["journal", "list"][..], &["journal", "info"], &["journal", "reconcile"], &["run", "--planned"]]
    {
        assert_eq!(sandbox.recorded(words).0, 2, "{words:?}");
    }
    assert_eq!(sandbox.files(), Vec::<String>::new());
    let identity = sandbox.create_journal();
    assert_eq!(sandbox.charged_in(&journal, "c-1").0, 10);
    let (code, lines) = sandbox.recorded(&["journal", "create"]);
    assert_eq!((code, &lines[0]["outcome"]), (2, &json!("error")), "there is one");
    // A command that fails closes it, too: nothing is left beside the file.
    assert_eq!(sandbox.recorded(&["journal", "show", "--attempt", "missing"]).0, 5);
    assert_eq!(sandbox.files(), ["journal.db"]);
    let (code, lines) = sandbox.recorded(&["journal", "info"]);
    let path = std::fs::canonicalize(sandbox.file("journal.db")).expect("a path");
    assert_eq!(code, 0);
    assert_eq!((&lines[0]["identity"], &lines[0]["kind"]), (&json!(identity), &json!("sqlite")));
    assert_eq!((&lines[0]["address"], &lines[0]["path"]), (&json!(journal), &json!(path)));
    assert_eq!(lines[0]["attempts"]["pending"], 1, "{lines:?}");
    assert_eq!((&lines[0]["version"], &lines[0]["newest_version"]), (&json!(5), &json!(5)));
}

#[test]
fn journal_with_another_identity_is_refused() {
    let sandbox = Sandbox::recording("identity");
    let journal = sandbox.journal();
    let other = format!("sqlite:{}", sandbox.file("other.db"));
    let (_, lines) = sandbox.recorded_in(&other, &["journal", "create"]);
    let wanted = lines[0]["identity"].as_str().expect("an identity").to_owned();
    let (_, lines) = sandbox.recorded(&["journal", "info"]);
    let found = lines[0]["identity"].as_str().expect("an identity").to_owned();
    let words = sandbox.charge("i-1");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settings = [("RECURRING_JOURNAL", journal.as_str()), ("RECURRING_JOURNAL_ID", &wanted)];
    let (code, lines, errors) = sandbox.told(&settings, &words);
    assert_eq!((code, &lines[0]["kind"]), (2, &json!("configuration")), "{errors}");
    assert_eq!(sandbox.ledger("i-1"), 0);
    assert!(errors.contains(&wanted) && errors.contains(&found), "{errors}");
    // Nor is a new one made in the place of the one that is named.
    let missing = format!("sqlite:{}", sandbox.file("new.db"));
    let settings = [("RECURRING_JOURNAL", missing.as_str()), ("RECURRING_JOURNAL_ID", &wanted)];
    assert_eq!(sandbox.told(&settings, &["journal", "create"]).0, 2);
    assert!(!Path::new(&sandbox.file("new.db")).exists());
    let backup = sandbox.file("backup.db");
    let settings = [("RECURRING_JOURNAL", journal.as_str()), ("RECURRING_JOURNAL_ID", &wanted)];
    assert_eq!(sandbox.told(&settings, &["journal", "backup", &backup]).0, 2);
    // In the file it has its own name, and the right one is taken.
    let config = sandbox.file("recurring.toml");
    std::fs::write(&config, format!("journal = \"sqlite:journal.db\"\njournal_id = \"{found}\"\n"))
        .expect("written");
    assert_eq!(sandbox.charged_from(&sandbox.file(""), &config, "i-1").0, 10);
}

#[test]
fn copy_of_the_file_after_a_clean_end_is_whole() {
    let sandbox = Sandbox::start("copy");
    sandbox.enrolled();
    let one = |number: usize| {
        let (attempt, path, copy) = (
            format!("wq-{number}"),
            sandbox.file(&format!("w{number}.db")),
            sandbox.file(&format!("copy{number}.db")),
        );
        let journal = format!("sqlite:{path}");
        assert_eq!(sandbox.recorded_in(&journal, &["journal", "create"]).0, 0);
        assert_eq!(sandbox.charged_in(&journal, &attempt).0, 10);
        std::fs::copy(&path, &copy).expect("a copy");
        let (code, lines, errors) = sandbox.charged_in(&format!("sqlite:{copy}"), &attempt);
        assert_eq!((code, &lines[0]["again"]), (10, &json!(true)), "{errors}");
        assert_eq!(sandbox.ledger(&attempt), 1);
    };
    for round in 0..3 {
        std::thread::scope(|scope| {
            for place in 0..3 {
                scope.spawn(move || one(3 * round + place));
            }
        });
    }
}

#[test]
fn journal_without_its_main_file_is_refused() {
    let sandbox = Sandbox::recording("wal");
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "w-1").0, 10);
    std::fs::rename(sandbox.file("journal.db"), sandbox.file("journal.db-wal")).expect("renamed");
    for words in [&["journal", "create"][..], &["journal", "list"]] {
        assert_eq!(sandbox.recorded(words).0, 6, "{words:?}");
    }
    let (code, _, errors) = sandbox.charged_in(&sandbox.journal(), "w-1");
    assert_eq!((code, sandbox.ledger("w-1")), (6, 1), "{errors}");
    assert!(errors.contains("-wal"), "{errors}");
    assert_eq!(sandbox.files(), ["journal.db-wal"]);
}

/// An attempt that was taken, one that was decided not to have been applied, and one that is only planned.
fn with_attempts(sandbox: &Sandbox) {
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "b-paid").0, 10);
    assert_eq!(sandbox.recorded(&["journal", "reconcile"]).0, 0);
    let decline = json!({"kind": "status", "status": 500, "operation": "POST /emspay/v1/orders/", "when": "before_acting"});
    sandbox.control("POST", "faults", Some(&decline));
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "b-free").0, 30);
    let resolve = ["journal", "resolve", "--attempt", "b-free", "--as", "not-applied", "--by", "ann"];
    assert_eq!(sandbox.recorded(&[&resolve[..], &["--why", "not there", "--force"]].concat()).0, 0);
    let credential = serde_json::from_value(sandbox.credential()).expect("a credential");
    let price = Money::from_minor(4000, Currency::from_code("EUR").expect("a currency")).expect("an amount");
    let request = ChargeRequest::new(AttemptId::new("b-planned").expect("a name"), credential, price);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let journal = Journal::open(&sandbox.journal()).await.expect("a journal");
        journal.plan(&request).await.expect("planned");
        journal.close().await.expect("closed");
    });
}

/// The line of `recurring run` about what was charged later, in the journal that was lost.
fn charged_later(sandbox: &Sandbox) -> String {
    let line = json!({"attempt": "b-later", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    let (code, lines) = sandbox.recorded_with(&line.to_string(), &["run", "--input", "-"]);
    assert_eq!((code, lines.len()), (10, 1), "{lines:?}");
    for member in ["provider", "attempt", "payment", "outcome", "state", "amount", "currency"] {
        assert!(lines[0].get(member).is_some(), "{member}: {lines:?}");
    }
    lines[0].to_string()
}

#[test]
fn backup_restored_is_refused_until_acknowledged() {
    let sandbox = Sandbox::recording("backup");
    with_attempts(&sandbox);
    let copy = sandbox.file("copy.db");
    let (code, lines) = sandbox.recorded(&["journal", "backup", &copy]);
    assert_eq!((code, &lines[0]["backup"]), (0, &json!(copy)));
    assert_eq!(sandbox.recorded(&["journal", "backup", &copy]).0, 2, "it is there");
    // Charged after the copy was made: the copy does not have it.
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "b-later").0, 10);
    let restored = format!("sqlite:{copy}");
    for attempt in ["b-later", "b-free", "b-planned", "b-paid"] {
        let (code, lines, errors) = sandbox.charged_in(&restored, attempt);
        assert_eq!((code, &lines[0]["kind"]), (2, &json!("configuration")), "{errors}");
        assert!(errors.contains("acknowledge-failover"), "{errors}");
    }
    let found = sandbox.file("charged.jsonl");
    let acknowledge = |word: &str, by: &str| {
        let words = ["journal", word, "--by", by, "--why", "compared", "--charged", &found];
        sandbox.recorded_in(&restored, &words)
    };
    let told = || {
        let words =
            ["journal", "acknowledge-failover", "--by", "ann", "--why", "compared", "--charged", &found];
        sandbox.told(&[("RECURRING_JOURNAL", restored.as_str())], &words)
    };
    for (bad, part) in [
        ("{\"attempt\":\"b-later\"}", "line 2: `provider` is missing"),
        ("b-later", "line 2: not valid JSON"),
        (
            "{\"provider\":\"paypal\",\"attempt\":\"b-later\"}",
            "line 2: `provider`: there is no gateway `paypal`",
        ),
        ("{\"provider\":\"emspay\",\"outcome\":\"error\"}", "line 2: `attempt` is missing"),
        ("{\"provider\":\"emspay\",\"attempt\":7}", "a member is of another type"),
        ("{\"provider\":\"emspay\",\"attempt\":\"a\",\"attempt\":\"b\"}", "`attempt` is named twice"),
        ("{\"provider\":\"emspay\",\"attempt\":\"a\",\"payment\":\" \"}", "`payment` is empty"),
    ] {
        std::fs::write(&found, format!("\n{bad}\n")).expect("written");
        let (code, _, errors) = told();
        assert_eq!(code, 2, "{bad}: {errors}");
        assert!(errors.contains(part), "{bad}: {errors}");
    }
    std::fs::write(&found, format!("{}\n\n", charged_later(&sandbox))).expect("written");
    assert_eq!(acknowledge("acknowledge-failover", " ").0, 2, "an operator must say so");
    let (code, lines) = acknowledge("acknowledge-fail-over", "ann");
    assert_eq!((code, &lines[0]["review"]), (0, &json!(3)), "{lines:?}");
    let (_, lines) = sandbox.recorded_in(&restored, &["journal", "list"]);
    let states: Vec<_> =
        lines.iter().map(|line| (line["attempt"].as_str(), line["state"].as_str())).collect();
    let expected = [("b-free", "review"), ("b-later", "review"), ("b-paid", "paid"), ("b-planned", "review")];
    assert_eq!(states, expected.map(|(attempt, state)| (Some(attempt), Some(state))));
    // What was found, and what might have been made since, is not made again.
    for attempt in ["b-later", "b-free", "b-planned"] {
        let before = sandbox.ledger(attempt);
        assert_eq!((sandbox.charged_in(&restored, attempt).0, sandbox.ledger(attempt)), (30, before));
    }
    assert_eq!(sandbox.charged_in(&restored, "b-new").0, 10);
}
