//! A program that was built without the local stand-in for the gateways: run with `--no-default-features`.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

#[cfg(not(any(feature = "demo", feature = "sandbox")))]
#[test]
fn command_without_its_feature_names_the_feature() {
    for command in ["demo", "sandbox"] {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_recurring"));
        let output = program.env_clear().args([command, "--json"]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{command}");
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
        let message = line["message"].as_str().expect("a text");
        assert!(message.contains(&format!("--features {command}")), "{message}");
    }
}
