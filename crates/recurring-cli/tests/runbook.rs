//! The shell of the runbook in `docs/operations/` runs as it is printed, in a sandbox in which the night was made to happen.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::path::Path;
use std::process::Command;

use common::Sandbox;
use serde_json::json;

const CREATES_ORDERS: &str = "POST /emspay/v1/orders/";

/// The blocks of shell of one night, in their order.
fn blocks(night: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/operations/runbook.md");
    let section = page.split("\n## ").find(|section| section.starts_with(night)).expect(night);
    section.split("```sh\n").skip(1).filter_map(|part| Some(part.split_once("```")?.0)).collect()
}

/// Runs a block with the program in the path and the journal of the sandbox. Returns the exit codes that are not 0, and
/// everything that was printed.
fn play(sandbox: &Sandbox, block: &str, more: &[(&str, &str)]) -> (Vec<i32>, String) {
    let folder = Path::new(env!("CARGO_BIN_EXE_recurring")).parent().expect("a folder").display();
    let output = Command::new("bash")
        .args(["-uo", "pipefail", "-c", &format!("exec 2>&1\ntrap 'echo \"failed: $?\"' ERR\n{block}")])
        .current_dir(sandbox.file(""))
        .env_clear()
        .env("PATH", format!("{folder}:{}", std::env::var("PATH").expect("a path")))
        .env("RECURRING_JOURNAL", sandbox.journal())
        .envs(sandbox.settings())
        .envs(more.iter().copied())
        .output()
        .expect("bash runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let codes = printed.lines().filter_map(|line| line.strip_prefix("failed: ")?.parse().ok()).collect();
    (codes, printed)
}

/// Runs a block that prints this, and whose commands end with these exit codes where they are not 0.
fn follow(sandbox: &Sandbox, block: &str, codes: &[i32], prints: &str) {
    let (failed, printed) = play(sandbox, block, &[]);
    assert_eq!(failed, codes, "{block}\n{printed}");
    assert!(printed.contains(prints), "{prints}: {printed}");
}

/// A sandbox with a journal, and the lines of so many charges from `sub-42` on in `due.jsonl`.
fn night(name: &str, charges: usize) -> Sandbox {
    let sandbox = Sandbox::recording(name);
    let line = |number: usize| {
        let attempt = format!("sub-{}-2026-12", number + 42);
        let line = json!({"attempt": attempt, "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
        format!("{line}\n")
    };
    std::fs::write(sandbox.file("due.jsonl"), (0..charges).map(line).collect::<String>()).expect("a file");
    sandbox
}

fn fault(sandbox: &Sandbox, when: &str) {
    let fault = json!({"kind": "reset", "when": when, "operation": CREATES_ORDERS});
    sandbox.control("POST", "faults", Some(&fault));
}

fn run_ends_with(sandbox: &Sandbox, more: &[(&str, &str)], code: i32) {
    let (codes, printed) = play(sandbox, "recurring --json run due.jsonl", more);
    assert_eq!(codes, [code], "{printed}");
}

/// The payment of an attempt, as the journal has it.
fn payment(sandbox: &Sandbox, attempt: &str) -> String {
    let (_, lines) = sandbox.recorded(&["journal", "show", attempt]);
    lines[0]["payment"].as_str().expect("a payment").to_owned()
}

const EXAMPLE: &str = "4c8bc680-6c4a-4a8e-8a5b-2b8b1a6f3f0e";

#[test]
fn unknown_rises_is_played_as_written() {
    let sandbox = night("night-unknown", 2);
    let (codes, printed) = play(&sandbox, first_look(), &[]);
    assert!(codes.is_empty(), "{printed}");
    // The money of the first was taken, that of the second was not.
    fault(&sandbox, "after_acting");
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "sub-42-2026-12").0, 30);
    fault(&sandbox, "before_acting");
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "sub-43-2026-12").0, 30);
    let blocks = blocks("Unknown rises");
    follow(&sandbox, blocks[0], &[30], "sub-42-2026-12: unknown -> paid");
    // What is unknown is shown with exit code 30.
    follow(&sandbox, blocks[1], &[30, 2], "a call may be under way until");
    assert_eq!(blocks.len(), 2);
    assert_eq!((sandbox.ledger("sub-42-2026-12"), sandbox.ledger("sub-43-2026-12")), (1, 0));
}

fn first_look() -> &'static str {
    blocks("# Runbook").first().expect("a first look")
}

#[test]
fn gateway_down_is_played_as_written() {
    let sandbox = night("night-down", 14);
    let outage =
        json!({"kind": "status", "status": 503, "when": "before_acting", "probability": 100, "seed": 0});
    sandbox.control("POST", "faults", Some(&outage));
    run_ends_with(&sandbox, &[], 30);
    let blocks = blocks("Gateway down");
    follow(&sandbox, blocks[0], &[], "4 planned");
    let (codes, printed) = play(&sandbox, "recurring fault clear", &[]);
    assert!(codes.is_empty(), "{printed}");
    follow(&sandbox, blocks[1], &[30, 30], "unknown");
    assert_eq!(blocks.len(), 2);
    // The ten that are unknown were not sent again; the four that were left were.
    let results = std::fs::read_to_string(sandbox.file("results.jsonl")).expect("a file");
    assert_eq!(results.lines().filter(|line| line.contains(r#""state":"pending""#)).count(), 4, "{results}");
    assert_eq!((sandbox.ledger("sub-42-2026-12"), sandbox.ledger("sub-55-2026-12")), (0, 1));
}

#[test]
fn charged_twice_is_played_as_written() {
    let sandbox = night("night-twice", 1);
    run_ends_with(&sandbox, &[], 10);
    assert_eq!(sandbox.recorded(&["journal", "reconcile"]).0, 0);
    let paid = payment(&sandbox, "sub-42-2026-12");
    let blocks = blocks("Charged twice reported");
    follow(&sandbox, &blocks[0].replace(EXAMPLE, &paid), &[], "captured  40.00 EUR");
    follow(&sandbox, &blocks[1].replace(EXAMPLE, &paid), &[], "refunded");
    assert_eq!(blocks.len(), 2);
}

#[test]
fn webhooks_stopped_is_played_as_written() {
    let sandbox = night("night-webhooks", 1);
    run_ends_with(&sandbox, &[], 10);
    let blocks = blocks("Webhooks stopped");
    follow(&sandbox, blocks[0], &[], "sub-42-2026-12: pending -> paid");
    assert_eq!(blocks.len(), 1);
}

#[test]
fn key_rotated_is_played_as_written() {
    let sandbox = night("night-key", 5);
    run_ends_with(&sandbox, &[("EMSPAY_API_KEY", "the-old-key")], 20);
    assert_eq!(sandbox.ledger("sub-42-2026-12"), 0);
    let blocks = blocks("Key rotated");
    follow(&sandbox, blocks[0], &[10], "5 pending");
    assert_eq!(blocks.len(), 1);
    assert_eq!(sandbox.ledger("sub-42-2026-12"), 1);
}

#[test]
fn restored_backup_is_played_as_written() {
    let sandbox = night("night-restored", 1);
    let copy = sandbox.file("copy.db");
    assert_eq!(sandbox.recorded(&["journal", "backup", &copy]).0, 0);
    run_ends_with(&sandbox, &[], 10);
    let lost = payment(&sandbox, "sub-42-2026-12");
    for end in ["", "-wal", "-shm"] {
        // The last two are there while the journal is open only.
        let _ = std::fs::remove_file(sandbox.file(&format!("journal.db{end}")));
    }
    std::fs::rename(&copy, sandbox.file("journal.db")).expect("it is restored");
    run_ends_with(&sandbox, &[], 2);
    let blocks = blocks("Journal restored from a backup");
    follow(&sandbox, blocks[0], &[], "identity");
    follow(&sandbox, &blocks[1].replace(EXAMPLE, &lost), &[], "1 are in manual review");
    follow(&sandbox, blocks[2], &[], "");
    assert_eq!(blocks.len(), 3);
    assert_eq!(sandbox.ledger("sub-42-2026-12"), 1);
}
