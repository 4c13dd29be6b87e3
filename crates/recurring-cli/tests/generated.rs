//! Completions and manual pages.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

mod common;

use common::{program, read};

#[test]
fn completions_are_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = program().args(["completions", shell]).output().expect("it runs");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success() && script.contains("reconcile"), "{shell}");
        let (code, lines) =
            read(&program().args(["completions", shell, "--json"]).output().expect("it runs"));
        let script = lines.first().and_then(|line| line.get("script")).and_then(|script| script.as_str());
        assert!(code == 0 && script.is_some_and(|script| script.contains("reconcile")), "{shell}");
    }
}

#[test]
fn manual_has_a_page_for_each_command() {
    let folder = std::env::temp_dir().join(format!("recurring-manual-{}", std::process::id()));
    let target = folder.join("man1");
    // The second time, those of the first are replaced.
    for _ in 0..2 {
        let output = program().arg("manual").arg(&target).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
    }
    for name in ["recurring.1", "recurring-charge.1", "recurring-journal-reconcile.1"] {
        let page = std::fs::read_to_string(target.join(name)).expect(name);
        assert!(page.contains(".TH") && !page.contains("help(1)"), "{name}: {page}");
        assert!(name == "recurring.1" || page.contains("Example"), "{name}: {page}");
    }
    std::fs::remove_dir_all(folder).expect("removed");
}
