//! What the program makes of its settings, when something is odd about them. Nothing here is ever sent.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use std::process::{Command, Output, Stdio};

use recurring_fixtures::openssl::run as openssl;
use serde_json::Value;

const ADDRESSES: [(&str, &str); 6] = [
    ("omno", "OMNO_BASE_URL"),
    ("omno", "OMNO_TOKEN_URL"),
    ("ngenius", "NGENIUS_BASE_URL"),
    ("tokenpay-signed", "TOKENPAY_BASE_URL"),
    ("revio", "REVIO_BASE_URL"),
    ("emspay", "EMSPAY_BASE_URL"),
];

fn run(settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recurring"));
    command.env_clear().envs(settings.iter().copied()).args(arguments).stdin(Stdio::null());
    command.output().expect("it runs")
}

/// A variable that a script left empty must never mean the live gateway.
fn empty_address_never_means_the_live_gateway() {
    let key = std::env::temp_dir().join(format!("recurring-cli-{}-settings.pem", std::process::id()));
    openssl(&["genpkey", "-algorithm", "RSA", "-out", key.to_str().expect("UTF-8")], b"");
    for (provider, variable) in ADDRESSES {
        let settings = [
            ("OMNO_CLIENT_ID", "id"),
            ("OMNO_CLIENT_SECRET", "hunter2"),
            ("NGENIUS_API_KEY", "hunter2"),
            ("NGENIUS_OUTLET", "outlet"),
            ("TOKENPAY_MERCHANT_ID", "3"),
            ("TOKENPAY_PRIVATE_KEY_FILE", key.to_str().expect("UTF-8")),
            ("REVIO_API_KEY", "hunter2"),
            ("REVIO_BRAND_ID", "brand"),
            ("EMSPAY_API_KEY", "hunter2"),
            ("OMNO_BASE_URL", "live"),
            ("OMNO_TOKEN_URL", "live"),
            (variable, ""),
        ];
        let output = run(&settings, &["status", "--provider", provider, "--payment", "1", "--json"]);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{variable}: {said}");
        assert!(
            said.contains("must be an absolute address") && !said.contains("hunter2"),
            "{variable}: {said}"
        );
        let line: Value = serde_json::from_slice(&output.stdout).expect("one object");
        assert_eq!((&line["kind"], &line["exit"]), (&"configuration".into(), &2.into()), "{variable}");
    }
    std::fs::remove_file(key).expect("removed");
}

fn gateway_with_only_empty_variables_is_not_configured() {
    let mut settings = ADDRESSES.map(|(_, variable)| (variable, "")).to_vec();
    settings.push(("EMSPAY_API_KEY", ""));
    let output = run(&settings, &["providers", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let line: Value = serde_json::from_str(line).expect(line);
        assert_eq!((&line["configured"], &line["problem"]), (&false.into(), &Value::Null), "{line}");
    }
}

fn variable_with_a_slip_names_the_nearest() {
    let output = run(&[("EMSPAY_APIKEY", "hunter2")], &["providers", "--json"]);
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "another program may use it");
    assert!(errors.contains("EMSPAY_APIKEY") && errors.contains("did you mean `EMSPAY_API_KEY`"), "{errors}");
    assert!(!errors.contains("hunter2"), "{errors}");
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        empty_address_never_means_the_live_gateway,
    ];
    needs Nothing: [
        gateway_with_only_empty_variables_is_not_configured,
        variable_with_a_slip_names_the_nearest,
    ];
}
