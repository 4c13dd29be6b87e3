//! What is due of subscriptions, what is tried again, and what a gateway charges by itself.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{Sandbox, pay};
use jiff::{ToSpan, Zoned};
use serde_json::{Value, json};

/// A card that is approved on the page and declined later, for insufficient funds.
const FADING: &str = "4000000000000341";

/// A sandbox with a journal, and a first payment at emspay with this card.
fn sandbox(name: &str, card: &str) -> Sandbox {
    let sandbox = Sandbox::start(name);
    enrol(&sandbox, "first", card, "credential.json");
    sandbox.create_journal();
    sandbox
}

/// A first payment at emspay with this card, and the file of its credential.
fn enrol(sandbox: &Sandbox, attempt: &str, card: &str, credential: &str) {
    let (pending, credential) = (sandbox.file(&format!("{attempt}.json")), sandbox.file(credential));
    let words =
        ["enrol", "--provider", "emspay", "--attempt", attempt, "--amount", "40.00", "--currency", "EUR"];
    let (code, lines) = sandbox.run(&[&words[..], &["--pending", &pending]].concat());
    assert_eq!(code, 0, "{lines:?}");
    pay(lines[0]["redirect"].as_str().expect("a page"), card);
    let words = ["resume", "--provider", "emspay", "--pending", &pending, "--credential", &credential];
    assert_eq!(sandbox.run(&words).0, 0);
}

/// The anchor so many days ago, in UTC.
fn ago(days: i64) -> Zoned {
    Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).checked_sub(days.days()).expect("a time")
}

fn anchor(days: i64) -> String {
    format!("{}[UTC]", ago(days).strftime("%Y-%m-%dT%H:%M"))
}

/// A file of these subscriptions: its name.
fn file(sandbox: &Sandbox, lines: &[Value]) -> String {
    let name = sandbox.file("subscriptions.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&name, text).expect("written");
    name
}

fn weekly(sandbox: &Sandbox, days: i64) -> Value {
    let credential = sandbox.credential();
    json!({"subscription": "sub-42", "anchor": anchor(days), "interval": "1 week", "amount": "40.00",
           "currency": "EUR", "credential": credential, "scheme": "visa"})
}

fn policy(sandbox: &Sandbox) -> String {
    let name = sandbox.file("retry.toml");
    let text = "zone = \"UTC\"\ndays = [1, 3]\nhours = { from = 0, until = 24 }\n";
    std::fs::write(&name, text).expect("written");
    name
}

/// Runs a command with the journal: its exit code, its lines, and standard error.
fn told(sandbox: &Sandbox, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let journal = sandbox.journal();
    sandbox.told(&[("RECURRING_JOURNAL", journal.as_str())], arguments)
}

#[test]
fn due_prints_what_the_journal_does_not_have() {
    let sandbox = sandbox("due", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 8)]);
    let due = ["due", "--subscriptions", &subscriptions];
    let (code, lines, errors) = told(&sandbox, &due);
    assert_eq!((code, lines.len()), (0, 2), "{errors}");
    assert!(errors.contains("2 periods of sub-42 are due"), "{errors}");
    let label = ago(8).strftime("%Y-%m-%d").to_string();
    assert_eq!(
        (&lines[0]["series"], &lines[0]["period"], &lines[0]["try"]),
        (&json!("sub-42"), &json!(label), &json!(1))
    );
    assert_eq!(lines[0]["attempt"], json!(format!("sub-42.{label}")));

    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (code, out) = sandbox.recorded_with(&input, &["run", "--input", "-"]);
    assert_eq!((code, out.len()), (10, 2), "{out:?}");
    assert_eq!(sandbox.ledger(&format!("sub-42.{label}")), 1);
    let (code, lines, errors) = told(&sandbox, &due);
    assert_eq!((code, lines.len()), (0, 0), "{errors}");
    // Without a journal nothing is known of what was made.
    assert_eq!(sandbox.told(&[], &due).1.len(), 2);
}

#[test]
fn due_until_a_date_and_since_a_date() {
    let sandbox = sandbox("until", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 8)]);
    let (later, since) = (ago(-6), ago(1).strftime("%Y-%m-%d").to_string());
    let until = later.strftime("%Y-%m-%d").to_string();
    let words = ["due", "--subscriptions", &subscriptions, "--until", &until, "--since", &since];
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len()), (0, 2), "{errors}");
    assert_eq!(lines[1]["period"], json!(until), "{lines:?}");
}

#[test]
fn bad_subscriptions_are_named_by_line_and_member() {
    let sandbox = sandbox("bad-lines", "4111111111111111");
    let good = weekly(&sandbox, 8);
    let mut no_zone = good.clone();
    (no_zone["subscription"], no_zone["anchor"]) = (json!("sub-1"), json!("2026-01-31T09:00[Nowhere]"));
    let mut misspelled = good.clone();
    misspelled["curency"] = json!("EUR");
    let subscriptions = file(&sandbox, &[good.clone(), no_zone, misspelled, good]);
    let (code, lines, errors) = told(&sandbox, &["due", "--subscriptions", &subscriptions]);
    assert_eq!((code, &lines[0]["outcome"]), (2, &json!("error")), "{errors}");
    for why in
        ["line 2: `zone` must be", "line 3: `curency`", "did you mean `currency`?", "line 4: `subscription`"]
    {
        assert!(errors.contains(why), "{why}: {errors}");
    }
    let token = sandbox.credential()["vault_token"].as_str().expect("a token").to_owned();
    assert!(!errors.contains(&token), "{errors}");
}

#[test]
fn csv_and_arrays_of_subscriptions_are_refused() {
    let sandbox = sandbox("csv", "4111111111111111");
    let name = sandbox.file("subscriptions.csv");
    let line = weekly(&sandbox, 8);
    let token = sandbox.credential()["vault_token"].as_str().expect("a token").to_owned();
    for text in [format!("subscription,vault_token\nsub-42,{token}\n"), format!("[{line}]")] {
        std::fs::write(&name, text).expect("written");
        let (code, _, errors) = told(&sandbox, &["due", "--subscriptions", &name]);
        let says = "it must hold one JSON object a line";
        assert!(code == 2 && errors.contains(says) && errors.contains("CSV"), "{code} {errors}");
        assert!(!errors.contains(&token), "{errors}");
    }
}

#[test]
fn bad_policy_names_the_rule() {
    let sandbox = sandbox("bad-policy", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 8)]);
    let policy = sandbox.file("retry.toml");
    let days: Vec<u16> = (1..=25).collect();
    std::fs::write(&policy, format!("zone = \"UTC\"\npreset = \"standard\"\ndays = {days:?}\n"))
        .expect("written");
    let (code, _, errors) =
        told(&sandbox, &["retry", "--subscriptions", &subscriptions, "--policy", &policy]);
    assert!(code == 2 && errors.contains("`days` must not have more than 20"), "{code} {errors}");
}

#[test]
fn preview_draws_periods_and_tries() {
    let sandbox = sandbox("preview", "4111111111111111");
    let mut line = weekly(&sandbox, 8);
    line["interval"] = json!("1 month");
    let subscriptions = file(&sandbox, &[line]);
    let words = ["due", "--subscriptions", &subscriptions, "--preview", "sub-42"];
    let output = sandbox.command(&words).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}");
    assert!(text.contains("ATTEMPT") && text.contains("try 5, if declined"), "{text}");
    assert!(text.contains("Mo     Tu     We") && text.contains("(1)") && text.contains("(5)"), "{text}");
    let (code, lines) = sandbox.run(&words);
    assert_eq!((code, lines.len()), (0, 7), "{lines:?}");
    let other = ["due", "--subscriptions", &subscriptions, "--preview", "sub-43"];
    assert_eq!(sandbox.run(&other).0, 2);
}

#[test]
fn declined_period_is_tried_again_when_the_policy_says() {
    let sandbox = sandbox("retry", FADING);
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 1)]);
    let policy = policy(&sandbox);
    let (_, lines, _) = told(&sandbox, &["due", "--subscriptions", &subscriptions]);
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    sandbox.recorded_with(&input, &["run", "--input", "-"]);
    sandbox.recorded(&["journal", "reconcile"]);
    let words = ["retry", "--subscriptions", &subscriptions, "--policy", &policy];
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len()), (0, 1), "{errors}");
    let name = format!("{}.2", input_name(&input));
    assert_eq!((&lines[0]["next"], &lines[0]["attempt"]), (&json!("at"), &json!(name)), "{lines:?}");
    let (code, lines, errors) = told(&sandbox, &[&words[..], &["--due"]].concat());
    assert_eq!((code, lines.len()), (0, 0), "not due today: {errors}");
    // `due` leaves it to `retry`.
    assert_eq!(told(&sandbox, &["due", "--subscriptions", &subscriptions]).1.len(), 0);
}

/// The customer gives another card within the period: it is tried at once, under the next name, and nothing that the old card was
/// told forbids it.
#[test]
fn another_card_is_tried_within_the_period() {
    // Reported stolen.
    let sandbox = sandbox("another-card", "4000000000430001");
    let mut subscription = weekly(&sandbox, 1);
    let subscriptions = file(&sandbox, &[subscription.clone()]);
    let policy = policy(&sandbox);
    let (_, lines, _) = told(&sandbox, &["due", "--subscriptions", &subscriptions]);
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    sandbox.recorded_with(&input, &["run", "--input", "-"]);
    let words = ["retry", "--subscriptions", &subscriptions, "--policy", &policy];
    let (_, lines, errors) = told(&sandbox, &words);
    assert_eq!(lines[0]["next"], json!("stop"), "{lines:?} {errors}");

    enrol(&sandbox, "second", "4111111111111111", "another.json");
    subscription["credential"] =
        serde_json::from_str(&std::fs::read_to_string(sandbox.file("another.json")).expect("a file"))
            .expect("JSON");
    file(&sandbox, &[subscription]);
    let (code, lines, errors) = told(&sandbox, &[&words[..], &["--due"]].concat());
    assert_eq!((code, lines.len()), (0, 1), "{errors}");
    let name = format!("{}.2", input_name(&input));
    assert_eq!((&lines[0]["attempt"], &lines[0]["try"]), (&json!(name), &json!(2)), "{lines:?}");
    assert_eq!(lines[0]["period"].as_str().map(|period| format!("sub-42.{period}.2")), Some(name.clone()));
    let again = format!("{}\n", lines[0]);
    sandbox.recorded_with(&again, &["run", "--input", "-"]);
    sandbox.recorded(&["journal", "reconcile"]);
    assert_eq!(sandbox.ledger(&name), 1);
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len()), (0, 0), "{lines:?} {errors}");
    assert_eq!(sandbox.moved(), 3, "two first payments and one period");
}

fn input_name(input: &str) -> String {
    let line: Value = serde_json::from_str(input.lines().next().expect("a line")).expect("JSON");
    line["attempt"].as_str().expect("a name").to_owned()
}

#[test]
fn open_try_keeps_the_journal_from_another() {
    let sandbox = sandbox("open-try", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 1)]);
    let (_, mut lines, _) = told(&sandbox, &["due", "--subscriptions", &subscriptions]);
    let first = lines.remove(0);
    let (code, _) = sandbox.recorded_with(&format!("{first}\n"), &["run", "--input", "-"]);
    assert_eq!(code, 10);
    let mut second = first.clone();
    let name = first["attempt"].as_str().expect("a name").to_owned();
    (second["attempt"], second["try"]) = (json!(format!("{name}.2")), json!(2));
    let (code, out) = sandbox.recorded_with(&format!("{second}\n"), &["run", "--input", "-"]);
    let message = out[0]["message"].as_str().expect("a reason");
    assert!(
        code == 2 && message.contains(&format!("{name}, another try of the same period, is pending")),
        "{out:?}"
    );
    assert_eq!(sandbox.moved(), 2, "the first payment and one try");
}

#[test]
fn run_until_empty_moves_the_clock_of_the_sandbox() {
    let sandbox = sandbox("until-empty", FADING);
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 1)]);
    let (policy, until) = (policy(&sandbox), ago(-5).strftime("%Y-%m-%d").to_string());
    let words = ["run", "--until-empty", "--subscriptions", &subscriptions, "--policy", &policy];
    let (code, lines, errors) =
        told(&sandbox, &[&words[..], &["--sandbox-clock", "--until", &until]].concat());
    assert_eq!(code, 0, "{errors}");
    let last = format!("sub-42.{}.3", ago(1).strftime("%Y-%m-%d"));
    assert!(lines.iter().any(|line| line["attempt"] == json!(last)), "{lines:?} {errors}");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(sandbox.moved(), 1, "only the first payment took money");
}

#[test]
fn run_until_empty_charges_what_is_due_now() {
    let sandbox = sandbox("until-now", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 8)]);
    let policy = policy(&sandbox);
    let words = ["run", "--until-empty", "--subscriptions", &subscriptions, "--policy", &policy];
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len(), sandbox.moved()), (0, 2, 3), "{errors}");
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len(), sandbox.moved()), (0, 0, 3), "{errors}");
}

/// The first try was planned under a name of the caller's own, by which it is charged and looked up.
#[test]
fn run_until_empty_keeps_the_name_of_a_planned_try() {
    let sandbox = sandbox("own-name", "4111111111111111");
    let subscriptions = file(&sandbox, &[weekly(&sandbox, 1)]);
    let (_, mut lines, _) = told(&sandbox, &["due", "--subscriptions", &subscriptions]);
    lines[0]["attempt"] = json!("order-78");
    let (input, journal, key) =
        (sandbox.file("input.jsonl"), sandbox.journal(), "0123456789abcdef".repeat(4));
    std::fs::write(&input, format!("{}\n", lines[0])).expect("written");
    let settings = [("RECURRING_JOURNAL", journal.as_str()), ("RECURRING_JOURNAL_KEY", key.as_str())];
    let (code, _, errors) = sandbox.told(&settings, &["run", "--plan", "--input", &input]);
    assert_eq!(code, 0, "{errors}");
    let policy = policy(&sandbox);
    let words = ["run", "--until-empty", "--subscriptions", &subscriptions, "--policy", &policy];
    let (code, lines, errors) = told(&sandbox, &words);
    assert_eq!((code, lines.len()), (0, 1), "{lines:?} {errors}");
    assert_eq!((&lines[0]["attempt"], sandbox.ledger("order-78")), (&json!("order-78"), 1), "{lines:?}");
    assert_eq!(sandbox.moved(), 2, "the first payment and one period");
}

#[test]
fn schedule_of_the_gateway_is_compared_and_not_charged() {
    let sandbox = sandbox("watch", "4111111111111111");
    let card = r#"{"pan":"4111111111111111","expiry":"2049-12","cvv":"123","cardholder_name":"Ann Example"}"#;
    let words = ["schedule", "--provider", "ngenius", "--attempt", "plan-1", "--amount", "40.00"];
    let more = ["--currency", "AED", "--frequency", "WEEKLY", "--email", "ann@example.org"];
    let (code, out) = sandbox.recorded_with(card, &[&words[..], &more].concat());
    assert_eq!(code, 0, "{out:?}");
    let order = out[0]["schedule"].as_str().expect("a schedule");
    let line = |days| {
        json!({"subscription": "plan-1", "anchor": anchor(days), "interval": "1 week", "amount": "40.00",
               "currency": "AED", "schedule": {"provider": "ngenius", "order_reference": order}})
    };
    let subscriptions = file(&sandbox, &[line(0)]);
    let due = ["due", "--subscriptions", &subscriptions];
    let (code, lines, errors) = told(&sandbox, &due);
    assert_eq!((code, lines.len()), (0, 0), "{errors}");
    // A cycle that began two weeks earlier lacks the charges of two weeks.
    file(&sandbox, &[line(14)]);
    let (code, lines, errors) = told(&sandbox, &due);
    assert_eq!((code, lines.len()), (10, 0), "{errors}");
    let missing = ago(14).strftime("%Y-%m-%d").to_string();
    assert!(errors.contains(&format!("ngenius has not charged {missing}")), "{errors}");
}
