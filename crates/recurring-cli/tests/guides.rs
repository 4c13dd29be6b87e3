//! The shell of the guides in `docs/guides/` runs as it is printed, against a sandbox.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::path::Path;
use std::process::Command;

use common::Sandbox;

/// All blocks of shell in a guide, in their order, as one script.
fn script(guide: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides").join(guide);
    shell(&std::fs::read_to_string(page).expect(guide))
}

fn shell(page: &str) -> String {
    let blocks: Vec<&str> =
        page.split("```sh\n").skip(1).filter_map(|part| Some(part.split_once("```")?.0)).collect();
    assert!(!blocks.is_empty(), "no shell in {page}");
    blocks.join("\n")
}

/// Runs a script in a sandbox's folder, with the program `recurring` in the path: what it prints.
fn run(sandbox: &Sandbox, script: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_recurring"));
    let folder = program.parent().expect("a folder").display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").expect("a path"));
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(sandbox.file(""))
        .env_clear()
        .env("PATH", path)
        .envs(sandbox.settings())
        .output()
        .expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn billing_run_shell_runs() {
    let sandbox = Sandbox::start("guide-billing");
    sandbox.enrolled();
    let printed = run(&sandbox, &script("billing-run.md"));
    assert!(printed.contains("sub-42-2026-12"), "{printed}");
    // What the next guide shows is about the same attempt.
    let journal =
        format!("export RECURRING_JOURNAL=sqlite:$PWD/journal.db\n{}", script("after-a-lost-answer.md"));
    assert!(run(&sandbox, &journal).contains("paid"));
}

/// The shell of the section on due charges in the README, in which the subscription begins three days ago.
#[test]
fn readme_shell_of_due_charges_runs() {
    let sandbox = Sandbox::start("readme-due");
    sandbox.enrolled();
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a page");
    let section = page.split("## Due charges and retries").nth(1).and_then(|rest| rest.split("\n## ").next());
    let script = shell(section.expect("a section"));
    let begin = jiff::Zoned::now().checked_sub(jiff::Span::new().days(3)).expect("a day").date();
    assert!(script.contains("2026-11-01"), "{script}");
    let script = script.replace("2026-11-01", &begin.to_string());
    let printed = run(&sandbox, &script);
    assert!(printed.contains("try 5, if declined"), "{printed}");
    assert!(printed.contains(&format!("sub-42.{}", begin.strftime("%Y-%m"))), "{printed}");
    assert!(printed.contains("nothing is to be tried again"), "{printed}");
    assert_eq!(sandbox.moved(), 2, "the first payment, and the period once: {printed}");
}

#[test]
fn from_scripts_shell_runs() {
    let sandbox = Sandbox::start("guide-scripts");
    sandbox.enrolled();
    let printed = run(&sandbox, &script("from-scripts.md"));
    assert!(printed.contains("invoice-2026-12-0042"), "{printed}");
}

#[test]
fn testing_shell_runs() {
    let sandbox = Sandbox::start("guide-testing");
    let settings = sandbox.settings();
    let (_, base) = settings.iter().find(|(name, _)| name == "EMSPAY_BASE_URL").expect("a setting");
    let origin = base.strip_suffix("/emspay/v1").expect("the sandbox's address");
    let script = script("testing.md").replace("http://127.0.0.1:8642", origin);
    let printed = run(&sandbox, &script);
    assert!(printed.contains("the answer was lost"), "{printed}");
    let ledger = printed.rsplit("the answer was lost").next().expect("the ledger");
    assert_eq!(ledger.matches("order-2").count(), 1, "{ledger}");
}
