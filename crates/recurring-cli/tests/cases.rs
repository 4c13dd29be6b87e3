//! Small inputs that once gave a wrong result, through the program as a user runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::process::Stdio;

use common::{Sandbox, pay, program, read};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A gateway that answers as a function says.
struct Gateway {
    runtime: Runtime,
    server: FaultServer,
}

impl Gateway {
    fn start(answer: impl Fn(&Received) -> RawReply + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let answer = move |request: &Received, _: usize| Behavior::Reply(answer(request));
        let server = runtime.block_on(FaultServer::start(answer));
        Self { runtime, server }
    }

    /// Runs a command against it: its exit code, its output, and what it wrote to standard error.
    fn run(&self, settings: &[(&str, &str)], arguments: &[&str]) -> (i32, Vec<Value>, String) {
        let url = self.server.url();
        let mut command = program();
        command.args(arguments).arg("--json").envs(settings.iter().copied());
        for name in ["EMSPAY_BASE_URL", "REVIO_BASE_URL", "TOKENPAY_BASE_URL"] {
            command.env(name, &url);
        }
        let output = command.output().expect("it runs");
        let (code, lines) = read(&output);
        (code, lines, String::from_utf8(output.stderr).expect("UTF-8"))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The server ends its tasks in its runtime.
        let _inside = self.runtime.enter();
    }
}

/// A file that goes with the test.
fn temporary(name: &str, content: &str) -> String {
    let path = std::env::temp_dir().join(format!("recurring-cases-{}-{name}", std::process::id()));
    std::fs::write(&path, content).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn enrolment_without_a_page_is_an_error() {
    let enrol =
        ["enrol", "--provider", "emspay", "--attempt", "a1", "--amount", "40.00", "--currency", "EUR"];
    for (url, page) in [
        ("null", None),
        (r#""""#, None),
        (r#""http://pay.example/1""#, None),
        (r#""javascript:alert(1)""#, None),
        (r#""//pay.example/1""#, Some("https://pay.example/1")),
        (r#""pay.example/1""#, Some("https://pay.example/1")),
        (r#""https://pay.example/1""#, Some("https://pay.example/1")),
    ] {
        let body = format!(
            r#"{{"id":"o1","amount":4000,"currency":"EUR","merchant_order_id":"a1","status":"new","transactions":[
            {{"id":"t1","status":"new","payment_method":"credit-card","payment_method_details":
            {{"recurring_type":"first"}},"payment_url":{url}}}]}}"#
        );
        let gateway = Gateway::start(move |_| RawReply::json(201, body.as_bytes()));
        let (code, lines, errors) = gateway.run(&[("EMSPAY_API_KEY", "k")], &enrol);
        match page {
            Some(page) => assert_eq!((code, &lines[0]["redirect"]), (0, &json!(page)), "{url}: {errors}"),
            None => {
                assert_eq!((code, &lines[0]["outcome"]), (30, &json!("error")), "{url}: {lines:?}");
                let message = lines[0]["message"].as_str().expect("a reason");
                assert!(message.contains("without a usable page"), "{url}: {message}");
                assert_eq!(lines[0]["payment"], "o1", "{url}");
            }
        }
    }
}

#[test]
fn retry_after_as_a_date_is_sent_once() {
    let gateway =
        Gateway::start(|_| RawReply::new(429).header("Retry-After", "Sat, 28 Nov 2099 23:59:59 GMT"));
    let status = ["status", "--provider", "emspay", "--payment", "o1"];
    let (code, lines, errors) = gateway.run(&[("EMSPAY_API_KEY", "k")], &status);
    assert_ne!(code, 0, "{errors}");
    assert_eq!((&lines[0]["kind"], gateway.server.requests()), (&json!("rate_limited"), 1), "{lines:?}");
}

/// Neither a request nor the key goes where a list's next page is said to be, unless that is below the base URL.
#[test]
fn next_page_elsewhere_gets_no_key() {
    let elsewhere = Gateway::start(|_| RawReply::json(200, "{}"));
    let address = elsewhere.server.url();
    for next in [
        "ELSEWHERE/clients/c/recurring_tokens/?page=2",
        "https://HOST/clients/c/recurring_tokens/?page=2",
        "http://127.0.0.1/clients/c/recurring_tokens/?page=2",
        "http://HOST@ELSEHOST/clients/c/recurring_tokens/?page=2",
        "//ELSEHOST/clients/c/recurring_tokens/?page=2",
        "http://internal.example/x?page=2",
        "https://127.0.0.1@elsewhere.example/?page=2",
        "http://HOST/purchases/?page=2",
    ] {
        let host = address.trim_start_matches("http://");
        let next = next.replace("ELSEWHERE", &address).replace("ELSEHOST", host);
        let shown = next.clone();
        let gateway = Gateway::start(move |request| {
            let next = next.replace("HOST", request.header("host").expect("a host"));
            let page = json!({"next": next, "previous": null, "results": [{"id": "a"}]});
            RawReply::json(200, page.to_string())
        });
        let settings = [("REVIO_API_KEY", "k"), ("REVIO_BRAND_ID", "b")];
        let (code, _, errors) = gateway.run(&settings, &["cards", "--provider", "revio", "--customer", "c"]);
        assert_ne!(code, 0, "{shown}: {errors}");
        assert_eq!(gateway.server.requests(), 1, "{shown}");
    }
    assert_eq!(elsewhere.server.connections(), 0);
    // One that names itself ends.
    let gateway = Gateway::start(|request| {
        let host = request.header("host").expect("a host");
        let next = format!("http://{host}/clients/c/recurring_tokens/?page=2");
        RawReply::json(200, json!({"next": next, "previous": null, "results": [{"id": "a"}]}).to_string())
    });
    let settings = [("REVIO_API_KEY", "k"), ("REVIO_BRAND_ID", "b")];
    let (code, ..) = gateway.run(&settings, &["cards", "--provider", "revio", "--customer", "c"]);
    assert_ne!((code, gateway.server.requests()), (0, 1));
    assert_eq!(gateway.server.requests(), 2);
}

#[test]
fn order_id_is_kept_digit_for_digit() {
    let sandbox = Sandbox::start("digits");
    let settings = sandbox.settings();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let credential = temporary(
        "digits.json",
        r#"{"provider":"tokenpay-signed","user_id":"u","token_id":"436","parent_order_id":9007199254740993}"#,
    );
    let charge = ["charge", "--provider", "tokenpay-signed", "--attempt", "a1", "--amount", "40.00"];
    let more = ["--currency", "USD", "--credential", &credential, "--no-journal"];
    for written in ["9007199254740993", r#""9007199254740993""#, "9007199254740993.0"] {
        let body = format!(
            r#"{{"responseCode":"0000","message":"Success","order":{{"id":{written},"merchantReference":"a1",
            "currency":"USD","amount":40,"status":"SUCCESS"}},"transaction":{{"status":"SUCCESS"}}}}"#
        );
        let gateway = Gateway::start(move |_| RawReply::json(200, body.as_bytes()));
        let (code, lines, errors) = gateway.run(&settings, &[&charge[..], &more].concat());
        assert_eq!((code, &lines[0]["payment"]), (0, &json!("9007199254740993")), "{written}: {errors}");
        let received = gateway.server.received();
        let sent = String::from_utf8_lossy(&received[0].body).into_owned();
        assert!(sent.contains(r#"\"parentOrderId\":9007199254740993"#), "{sent}");
    }
    std::fs::remove_file(credential).expect("removed");
}

#[test]
fn private_key_from_a_variable_or_a_secret_is_read() {
    let sandbox = Sandbox::start("key-forms");
    let settings = sandbox.settings();
    let path = &settings.iter().find(|(name, _)| name == "TOKENPAY_PRIVATE_KEY_FILE").expect("a key").1;
    let pem = std::fs::read_to_string(path).expect("a key");
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for (number, form) in [
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        format!("\u{feff}{bare}"),
        format!("{bare}\\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = sandbox.file(&format!("key-{number}"));
        std::fs::write(&file, form).expect("written");
        let (code, lines, errors) =
            sandbox.told(&[("TOKENPAY_PRIVATE_KEY_FILE", &file)], &sandbox.to_the_page());
        assert_eq!((code, &lines[0]["outcome"]), (0, &json!("action_required")), "{number}: {errors}");
    }
}

#[test]
fn dead_omno_token_needs_the_customer_and_is_sent_once() {
    let sandbox = Sandbox::start("dead");
    sandbox.create_journal();
    let billing = json!({"first_name": "Ann", "last_name": "Li", "address1": "1 St", "city": "Riga", "state": "RI",
        "country": "LV", "postal_code": "LV-1010", "phone": "+37120000000", "email": "a@example.com"});
    let dead = json!({"provider": "omno", "customer_id": "c1",
        "card_token": "00000000-0000-0000-0000-000000000000", "billing": billing});
    let credential = sandbox.file("dead.json");
    std::fs::write(&credential, dead.to_string()).expect("written");
    let charge = ["charge", "--provider", "omno", "--attempt", "dead-1", "--credential", &credential];
    let (code, lines) =
        sandbox.recorded(&[&charge[..], &["--amount", "40.00", "--currency", "EUR"]].concat());
    assert_eq!((code, &lines[0]["outcome"]), (12, &json!("declined")), "{lines:?}");
    assert_eq!(
        (&lines[0]["reason"], &lines[0]["advice"]),
        (&json!("invalid_credential"), &json!("needs_customer"))
    );
    let due = json!({"attempt": "dead-2", "amount": "40.00", "currency": "EUR", "credential": dead});
    std::fs::write(sandbox.file("due.jsonl"), due.to_string()).expect("written");
    for again in [Value::Null, json!(true), json!(true), json!(true)] {
        let (_, lines) = sandbox.recorded(&["run", "--input", &sandbox.file("due.jsonl")]);
        assert_eq!((&lines[0]["state"], &lines[0]["again"]), (&json!("declined"), &again), "{lines:?}");
        assert_eq!(lines[0]["reason"], "invalid_credential", "{lines:?}");
    }
    let (_, lines) = sandbox.recorded(&["journal", "show", "--attempt", "dead-2"]);
    let events = lines[0]["events"].as_array().expect("events");
    assert_eq!(events.iter().filter(|event| event["what"] == "armed").count(), 1, "{events:?}");
}

#[test]
fn three_runs_at_once_charge_each_line_once() {
    let sandbox = Sandbox::recording("overlap");
    let credential = sandbox.credential();
    let line = |number: usize| {
        json!({"attempt": format!("o-{number}"), "amount": "40.00", "currency": "EUR", "credential": credential})
            .to_string()
    };
    let lines: Vec<String> = (0..20).map(line).collect();
    std::fs::write(sandbox.file("due.jsonl"), lines.join("\n")).expect("written");
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let mut command = sandbox.command(&["run", "--json", "--input", &sandbox.file("due.jsonl")]);
            command.env("RECURRING_JOURNAL", sandbox.journal()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it runs")
        })
        .collect();
    for mut run in runs {
        assert_eq!(run.wait().expect("it ends").code(), Some(10));
    }
    assert_eq!((0..20).map(|number| sandbox.ledger(&format!("o-{number}"))).collect::<Vec<_>>(), [1; 20]);
}

#[test]
fn refund_in_another_currency_sends_nothing() {
    let sandbox = Sandbox::recording("fx");
    let held = sandbox.held("deposit");
    let capture = ["capture", "--provider", "revio", "--payment", &held, "--attempt", "c-1"];
    assert_eq!(sandbox.recorded(&capture).0, 0);
    let words = sandbox.charge("fx-2");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    sandbox.recorded(&words);
    sandbox.recorded(&["journal", "reconcile"]);
    let (_, shown) = sandbox.recorded(&["journal", "show", "--attempt", "fx-2"]);
    let (_, lines) = sandbox.run(&sandbox.to_the_page());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let resume = ["resume", "--provider", "tokenpay-signed", "--pending", "-"];
    let (_, taken) = sandbox.recorded_with(&lines[0].to_string(), &resume);
    let moved = sandbox.moved();
    for (provider, payment) in [
        ("revio", held.as_str()),
        ("emspay", shown[0]["payment"].as_str().expect("a payment")),
        ("tokenpay-signed", taken[0]["payment"].as_str().expect("a payment")),
    ] {
        for (amount, currency) in [("1.000", "KWD"), ("500", "JPY")] {
            let attempt = format!("{provider}-{currency}");
            let refund = ["refund", "--provider", provider, "--payment", payment, "--attempt", &attempt];
            let (code, lines) =
                sandbox.recorded(&[&refund[..], &["--amount", amount, "--currency", currency]].concat());
            assert_eq!((code, &lines[0]["effect"]), (2, &json!("not_applied")), "{attempt}: {lines:?}");
            let message = lines[0]["message"].as_str().expect("a reason");
            assert!(message.contains("`amount`"), "{attempt}: {message}");
        }
    }
    assert_eq!(sandbox.moved(), moved);
}

#[test]
fn series_older_than_a_year_is_refused() {
    let sandbox = Sandbox::recording("old-series");
    for created in ["2020-01-01", "2020-01-01T10:00:00", "01/01/2020", ""] {
        let mut credential = sandbox.credential();
        credential["first_created"] = json!(created);
        let file = sandbox.file("old.json");
        std::fs::write(&file, credential.to_string()).expect("written");
        let charge = ["charge", "--provider", "emspay", "--attempt", "old", "--credential", &file];
        let (code, lines) =
            sandbox.recorded(&[&charge[..], &["--amount", "40.00", "--currency", "EUR"]].concat());
        assert_eq!(code, 2, "{created:?}: {lines:?}");
        assert_eq!(sandbox.ledger("old"), 0, "{created:?}");
    }
}

#[cfg(unix)]
#[test]
fn run_whose_input_is_closed_or_empty_says_so() {
    let sandbox = Sandbox::recording("closed");
    let empty = sandbox.file("empty.jsonl");
    std::fs::write(&empty, "").expect("written");
    for (script, input) in
        [("exec \"$@\" <&-", "-"), ("exec \"$@\" </dev/null", "-"), ("exec \"$@\"", &empty)]
    {
        let mut command = std::process::Command::new("sh");
        command.args([
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_recurring"),
            "--json",
            "run",
            "--input",
            input,
        ]);
        command.env_clear().envs(sandbox.settings()).env("RECURRING_JOURNAL", sandbox.journal());
        let output = command.output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("the input has no line: nothing was charged"), "{script}: {errors}");
    }
}

/// The gateway sends one notification while the charge is under way; then the process that charges is killed.
#[test]
fn omno_notification_before_the_lost_answer_settles_it() {
    let sandbox = Sandbox::start("early-webhook");
    sandbox.create_journal();
    let billing = sandbox.file("billing.json");
    let text = json!({"first_name": "Ann", "last_name": "Li", "address1": "1 St", "city": "Riga", "state": "RI",
        "country": "LV", "postal_code": "LV-1010", "phone": "+37120000000", "email": "a@example.com"});
    std::fs::write(&billing, text.to_string()).expect("written");
    let (pending, credential) = (sandbox.file("pending.json"), sandbox.file("omno.json"));
    let enrol =
        ["enrol", "--provider", "omno", "--attempt", "first", "--amount", "40.00", "--currency", "EUR"];
    let more = ["--customer", "c1", "--billing", &billing, "--pending", &pending];
    let (_, lines) = sandbox.run(&[&enrol[..], &more].concat());
    pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
    let resume = ["resume", "--provider", "omno", "--pending", &pending, "--credential", &credential];
    assert_eq!(sandbox.run(&resume).0, 0);

    let fault =
        json!({"kind": "silent", "when": "after_acting", "operation": "POST /omno/transaction/create"});
    sandbox.control("POST", "faults", Some(&fault));
    let charge = ["charge", "--provider", "omno", "--attempt", "ob-1", "--credential", &credential];
    let mut command = sandbox.command(&[&charge[..], &["--amount", "40.00", "--currency", "EUR"]].concat());
    command.env("RECURRING_JOURNAL", sandbox.journal()).stdout(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    let taken = loop {
        let ledger = sandbox.control("GET", "ledger", None);
        if let Some(entry) =
            ledger.as_array().expect("a list").iter().find(|entry| entry["reference"] == "ob-1")
        {
            break entry["payment"].as_str().expect("a payment").to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    let body = json!({"id": taken, "orderId": "ob-1", "status": "Success"}).to_string();
    let (code, lines) = sandbox.recorded_with(&body, &["notification", "--provider", "omno"]);
    assert_eq!((code, &lines[0]["payment"]), (0, &json!(taken)), "{lines:?}");
    child.kill().expect("SIGKILL");
    child.wait().expect("it ended");
    sandbox.recorded(&["journal", "reconcile", "--attempt", "ob-1"]);
    let (code, lines) = sandbox.recorded(&["journal", "show", "--attempt", "ob-1"]);
    assert_eq!(
        (code, &lines[0]["state"], &lines[0]["payment"]),
        (0, &json!("paid"), &json!(taken)),
        "{lines:?}"
    );
    assert_eq!(sandbox.ledger("ob-1"), 1);
}
