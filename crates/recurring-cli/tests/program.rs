//! The program as a user runs it: a sandbox in one process, commands in others.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use common::{Sandbox, pay, program, read};
use serde_json::Value;

#[test]
fn demo_takes_payments_through_all_five() {
    let (code, lines) = read(&program().args(["demo", "--json"]).output().expect("it runs"));
    assert_eq!(code, 0, "{lines:#?}");
    assert_eq!(lines.last().expect("a last line"), &serde_json::json!({"providers": 5, "ok": true}));
    let steps = |provider: &str| -> Vec<(String, String)> {
        let of = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let own = lines.iter().filter(|line| line["provider"] == provider);
        own.map(|line| (of(line, "step"), of(line, "outcome"))).collect()
    };
    let names = |provider| steps(provider).into_iter().map(|(step, _)| step).collect::<Vec<_>>();
    for provider in ["omno", "revio", "emspay"] {
        assert_eq!(
            names(provider),
            ["enrol", "customer", "credential", "charge", "status", "decline"],
            "{provider}"
        );
        assert!(steps(provider).contains(&("status".to_owned(), "paid".to_owned())), "{provider}");
    }
    assert_eq!(names("tokenpay-signed"), ["enrol", "customer", "credential", "charge", "status", "decline"]);
    assert_eq!(names("ngenius"), ["schedule", "status"]);
    for provider in ["omno", "revio", "emspay", "tokenpay-signed"] {
        assert!(steps(provider).contains(&("decline".to_owned(), "declined".to_owned())), "{provider}");
    }
}

/// Proxies named in the environment would see every payment: they are not used.
#[test]
fn demo_uses_no_proxy_from_the_environment() {
    let mut command = program();
    command
        .args(["demo", "--json"])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9");
    assert_eq!(read(&command.env("ALL_PROXY", "http://127.0.0.1:9").output().expect("it runs")).0, 0);
}

#[test]
fn providers_shows_capabilities_and_configuration() {
    let output = program()
        .args(["providers", "--json"])
        .envs([("EMSPAY_API_KEY", "key"), ("EMSPAY_BASE_URL", "live"), ("REVIO_API_KEY", "key")])
        .env("REVIO_BRAND_ID", "brand")
        .output()
        .expect("it runs");
    let (code, lines) = read(&output);
    assert_eq!((code, lines.len()), (0, 5));
    let of = |provider: &str| lines.iter().find(|line| line["provider"] == provider).expect(provider);
    assert_eq!(of("emspay")["configured"], true);
    assert_eq!(of("revio")["configured"], false);
    // Which gateway is called is never a default.
    assert_eq!(of("revio")["problem"], "revio needs REVIO_BASE_URL");
    assert_eq!(
        of("emspay")["can"],
        serde_json::json!(["enrol", "charge", "status", "refund", "capture", "notification"])
    );
    assert_eq!(
        of("ngenius")["can"],
        serde_json::json!(["schedule", "status", "refund", "capture", "notification"])
    );
    assert_eq!(of("revio")["lost_answer"], "anchored");
    let look_up = |provider| (&of(provider)["look_up"], &of(provider)["nothing_found_is_proof"]);
    let (yes, no) = (serde_json::json!(true), serde_json::json!(false));
    assert_eq!(look_up("revio"), (&yes, &yes));
    assert_eq!(look_up("emspay"), (&yes, &no));
    assert_eq!(look_up("tokenpay-signed"), (&yes, &no));
    assert_eq!(look_up("omno"), (&no, &no));
    assert_eq!(look_up("ngenius"), (&yes, &no));
}

#[test]
fn enrol_to_refund_works_at_every_gateway() {
    let sandbox = Sandbox::start("story");
    let billing = sandbox.file("billing.json");
    std::fs::write(
        &billing,
        r#"{"first_name":"Ann","last_name":"Example","address1":"1 High Street","city":"Amsterdam","state":"NH","country":"NL","postal_code":"1011AA","phone":"+31200000000","email":"ann@example.org"}"#,
    )
    .expect("written");
    for (provider, currency) in
        [("emspay", "EUR"), ("revio", "ZAR"), ("omno", "EUR"), ("tokenpay-signed", "USD")]
    {
        let (pending, credential) =
            (sandbox.file(&format!("{provider}.pending")), sandbox.file(&format!("{provider}.credential")));
        let first = format!("{provider}-first");
        let (code, lines) = sandbox.run(&[
            "enrol",
            "--provider",
            provider,
            "--attempt",
            &first,
            "--amount",
            "40.00",
            "--currency",
            currency,
            "--customer",
            "c-1",
            "--email",
            "ann@example.org",
            "--billing",
            &billing,
            "--success-url",
            "https://shop.example/paid",
            "--failure-url",
            "https://shop.example/failed",
            "--notification-url",
            "https://shop.example/notify",
            "--pending",
            &pending,
        ]);
        assert_eq!((code, lines.len()), (0, 1), "{provider}: {lines:?}");
        assert_eq!(lines[0]["outcome"], "action_required");
        pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");

        let mut resume =
            vec!["resume", "--provider", provider, "--pending", &pending, "--credential", &credential];
        if provider == "tokenpay-signed" {
            // There it takes money.
            assert_eq!(sandbox.run(&resume).0, 2);
            resume.push("--no-journal");
        }
        let (code, lines) = sandbox.run(&resume);
        assert_eq!((code, &lines[0]["outcome"]), (0, &Value::from("paid")), "{provider}: {lines:?}");
        let stored: Value =
            serde_json::from_str(&std::fs::read_to_string(&credential).expect("a file")).expect("JSON");
        assert_eq!(stored["provider"], provider);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&credential).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }

        let renewal = format!("{provider}-renewal");
        let charge = |attempt: &str, amount: &str| {
            sandbox.run(&[
                "charge",
                "--provider",
                provider,
                "--attempt",
                attempt,
                "--credential",
                &credential,
                "--amount",
                amount,
                "--currency",
                currency,
                "--no-journal",
            ])
        };
        let (code, lines) = charge(&renewal, "40.00");
        assert!([0, 10].contains(&code), "{provider}: {lines:?}");
        assert_eq!(lines[0]["attempt"], renewal.as_str());
        let payment = lines[0]["payment"].as_str().expect("a payment").to_owned();
        let (code, lines) = sandbox.run(&["status", "--provider", provider, "--payment", &payment]);
        assert_eq!((code, &lines[0]["amount"]), (0, &Value::from("40.00")), "{provider}: {lines:?}");
        let refund = |attempt: &str, amount: &[&str]| {
            let named = ["refund", "--provider", provider, "--attempt", attempt, "--payment", &payment];
            sandbox.run(&[&named, amount, &["--no-journal"]].concat())
        };
        if provider == "omno" {
            assert_eq!(refund("r-1", &[]).0, 2, "omno documents no refund");
        } else {
            let (code, lines) = refund("r-1", &["--amount", "10.00"]);
            assert!([0, 10].contains(&code), "{provider}: {lines:?}");
            assert_eq!((&lines[0]["amount"], &lines[0]["currency"]), (&"10.00".into(), &currency.into()));
            let (code, lines) = refund("r-2", &["--amount", "40.00", "--currency", currency]);
            assert!([2, 12, 20].contains(&code), "{provider}: more than is left: {lines:?}");
        }
        let (code, _) = charge("too-exact", "40.001");
        assert_eq!(code, 2);
        if ["omno", "revio", "tokenpay-signed"].contains(&provider) {
            let customer = match provider {
                "revio" => stored["client_id"].as_str().expect("a client"),
                "omno" => stored["customer_id"].as_str().expect("a customer"),
                _ => "c-1",
            };
            let (code, lines) = sandbox.run(&["cards", "--provider", provider, "--customer", customer]);
            assert_eq!((code, lines.len()), (0, 1), "{provider}: {lines:?}");
            assert!(
                lines[0]["card"].as_str().is_some_and(|card| card.ends_with("1111")),
                "{provider}: {lines:?}"
            );
        }
    }
}

#[test]
fn printed_pending_and_credential_are_read_back() {
    let sandbox = Sandbox::start("lines");
    let output = sandbox
        .command(&[
            "enrol",
            "--provider",
            "emspay",
            "--attempt",
            "a-1",
            "--amount",
            "12.34",
            "--currency",
            "EUR",
            "--json",
        ])
        .output()
        .expect("it runs");
    let (_, lines) = read(&output);
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let line = String::from_utf8(output.stdout).expect("UTF-8");
    let (code, lines) = sandbox.run_with(&line, &["resume", "--provider", "emspay", "--pending", "-"]);
    assert_eq!(code, 0, "{lines:?}");
    let charge = [
        "charge",
        "--provider",
        "emspay",
        "--attempt",
        "a-2",
        "--credential",
        "-",
        "--amount",
        "12.34",
        "--currency",
        "EUR",
        "--no-journal",
    ];
    let (code, lines) = sandbox.run_with(&lines[0].to_string(), &charge);
    assert_eq!((code, &lines[0]["outcome"]), (10, &Value::from("pending")));
}

#[test]
fn schedule_takes_the_card_from_standard_input() {
    let sandbox = Sandbox::start("schedule");
    let schedule = [
        "schedule",
        "--provider",
        "ngenius",
        "--attempt",
        "s-1",
        "--amount",
        "1.50",
        "--currency",
        "AED",
        "--frequency",
        "MONTHLY",
        "--email",
        "ann@example.org",
        "--no-journal",
    ];
    let card =
        |pan: &str| format!(r#"{{"pan":"{pan}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let (code, lines) = sandbox.run_with(&card("4012001037141112"), &schedule);
    assert_eq!((code, &lines[0]["outcome"]), (0, &Value::from("paid")), "{lines:?}");
    let payment = lines[0]["payment"].as_str().expect("a payment");
    assert_eq!(sandbox.run(&["status", "--provider", "ngenius", "--payment", payment]).0, 0);
    let refund =
        ["refund", "--provider", "ngenius", "--attempt", "r-1", "--payment", payment, "--no-journal"];
    assert_eq!(sandbox.run(&refund).0, 0);
    assert_eq!(sandbox.run(&refund).0, 2, "it has come back already");
    assert_eq!(sandbox.run_with(&card("4000000000000002"), &schedule).0, 12);
    assert_eq!(sandbox.run_with(&card("4012001037141113"), &schedule).0, 2);
}

#[test]
fn charge_exit_code_follows_the_effect() {
    let credential =
        std::env::temp_dir().join(format!("recurring-cli-{}-credential.json", std::process::id()));
    std::fs::write(&credential, r#"{"provider":"emspay","vault_token":"sentinel-token"}"#).expect("written");
    let charge = |url: &str, more: &[&str]| {
        program()
            .args([
                "charge",
                "--provider",
                "emspay",
                "--attempt",
                "a-1",
                "--amount",
                "40.00",
                "--currency",
                "EUR",
                "--json",
            ])
            .args(["--credential", credential.to_str().expect("UTF-8")])
            .args(more)
            .env("EMSPAY_BASE_URL", url)
            .env("EMSPAY_API_KEY", "sentinel-key")
            .output()
            .expect("it runs")
    };
    // Nothing listens: the request never left.
    let refused = charge("http://127.0.0.1:9", &["--no-journal"]);
    let (code, lines) = read(&refused);
    assert_eq!(
        (code, &lines[0]["effect"], &lines[0]["outcome"]),
        (20, &Value::from("not_applied"), &Value::from("error"))
    );
    // A server accepts the connection and does not answer: it may have happened.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("an address"));
    let lost = charge(&silent, &["--no-journal", "--timeout", "300ms"]);
    let (code, lines) = read(&lost);
    assert_eq!(
        (code, &lines[0]["effect"], &lines[0]["kind"]),
        (30, &Value::from("unknown"), &Value::from("transport"))
    );
    // Without a record, a charge is refused unless that is asked for.
    let unrecorded = charge("http://127.0.0.1:9", &[]);
    assert_eq!(unrecorded.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unrecorded.stderr).contains("--no-journal"));
    assert_eq!(read(&unrecorded).1[0]["kind"], "configuration");
    // Plain http to anything but this machine.
    let plain = charge("http://gateway.example", &["--no-journal"]);
    assert_eq!(plain.status.code(), Some(2));
    for output in [refused, lost, unrecorded, plain] {
        let shown = format!("{output:?}");
        assert!(!shown.contains("sentinel"), "{shown}");
    }
    std::fs::remove_file(credential).expect("removed");
}

#[test]
fn usage_error_says_what_to_do_and_is_one_object() {
    for (arguments, kind, says) in [
        (vec!["status", "--provider", "paypal", "--payment", "1"], "usage", "there is no gateway `paypal`"),
        (
            vec!["status", "--provider", "emspay", "--payment", "1"],
            "configuration",
            "emspay needs EMSPAY_API_KEY",
        ),
        (
            vec!["cards", "--provider", "emspay", "--customer", "1", "--config", "/nowhere.toml"],
            "configuration",
            "/nowhere.toml",
        ),
        (vec!["charge"], "usage", "required arguments"),
        (vec!["providers", "--timeout", "soon"], "usage", "a number and a unit"),
    ] {
        let output = program().args(&arguments).arg("--json").output().expect("it runs");
        let (code, lines) = read(&output);
        assert_eq!((code, lines.len()), (2, 1), "{arguments:?}");
        assert_eq!((&lines[0]["outcome"], &lines[0]["exit"]), (&"error".into(), &2.into()), "{arguments:?}");
        assert_eq!(lines[0]["kind"], kind, "{arguments:?}");
        let message = lines[0]["message"].as_str().expect("a text");
        assert!(message.contains(says), "{arguments:?}: {message}");
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(problem.contains(says), "{arguments:?}: {problem}");
    }
    assert!(!Path::new("credential.json").exists());
}

#[test]
fn incomplete_credential_says_what_is_missing() {
    let sandbox = Sandbox::start("lacking");
    let charge = |provider: &str, credential: &str| {
        let arguments = [
            "charge",
            "--provider",
            provider,
            "--attempt",
            "a-1",
            "--credential",
            "-",
            "--amount",
            "1.00",
            "--currency",
            "EUR",
            "--no-journal",
        ];
        let mut command = sandbox.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        child.stdin.take().expect("an input").write_all(credential.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let billing =
        r#"{"provider":"omno","customer_id":"c","card_token":"sentinel","billing":{"email":"a@b.example"}}"#;
    for (provider, credential, says) in [
        ("omno", billing, "it has no `first_name`"),
        ("revio", r#"{"provider":"revio","client_id":"sentinel"}"#, "it has no `recurring_token`"),
        ("revio", r#"{"provider":"emspay","vault_token":"sentinel"}"#, "belongs to emspay"),
        ("emspay", r#"{"provider":"emspay","vault_token":["sentinel"]}"#, "does not hold a credential"),
        ("emspay", "sentinel", "is not JSON"),
    ] {
        let problem = charge(provider, credential);
        assert!(problem.contains(says), "{problem}");
        assert!(!problem.contains("sentinel"), "{problem}");
    }
}
