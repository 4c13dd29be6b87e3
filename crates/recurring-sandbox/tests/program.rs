//! The program `recurring-sandbox`, as a team in another language starts it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recurring-sandbox"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn program_prints_address_answers_and_ends_on_sigterm() {
    let mut child = program().args(["--port", "0", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let printed: Value = serde_json::from_str(&line).unwrap();
    let listening = printed["listening"].as_str().unwrap();
    assert_eq!(printed["env"]["EMSPAY_BASE_URL"], format!("{listening}/emspay/v1"));
    let address = listening.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /_sandbox/ledger HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.ends_with("[]"), "{reply}");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success() && child.wait().unwrap().success());
}

#[test]
fn program_refuses_invalid_options() {
    for (arguments, code, message) in [
        (&["--ports", "1"][..], 2, "`--ports` is not known"),
        (&["--listen", "0.0.0.0:0"], 1, "can be reached from other machines"),
    ] {
        let output = program().args(arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && errors.contains(message), "{errors}");
        assert!(output.stdout.is_empty());
    }
    let help = program().arg("--help").output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("--record DIR"));
}

/// A running program, killed with this value.
struct Running {
    child: std::process::Child,
    settings: Value,
    address: String,
}

impl Running {
    fn start(folder: &Path, port: &str) -> Running {
        let (state, settings) = (folder.join("shop.state"), folder.join("shop.env"));
        let mut command = program();
        command.args(["--json", "--port", port, "--state"]).arg(state).arg("--env-file").arg(settings);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let printed: Value = serde_json::from_str(&line).unwrap();
        let address = printed["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Running { child, settings: printed["env"].clone(), address }
    }

    fn call(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn emspay(&self, method: &str, path: &str, body: &str) -> Value {
        let headers =
            "Authorization: Basic c2FuZGJveF9lbXNwYXlfa2V5Og==\r\nContent-Type: application/json\r\n";
        serde_json::from_str(&self.call(method, &format!("/emspay/v1/orders/{path}"), headers, body)).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGKILL: nothing can be tidied up.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn killed_program_starts_again_from_its_state() {
    let folder = std::env::temp_dir().join(format!("recurring-sandbox-killed-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let order = |reference: &str, details: &str| {
        format!(
            r#"{{"merchant_order_id":"{reference}","amount":4000,"currency":"EUR","transactions":[{{"payment_method":"credit-card","payment_method_details":{details}}}]}}"#
        )
    };
    let first = Running::start(&folder, "0");
    let id = first.emspay("POST", "", &order("first", r#"{"recurring_type":"first"}"#))["id"].clone();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let pay = "card_number=4111111111111111&expiry=12%2F49&cvc=123&cardholder=A&action=pay";
    let page = format!("/pay/emspay/{}/", id.as_str().unwrap());
    first.call("POST", &page, form, pay);
    let paid = first.emspay("GET", id.as_str().unwrap(), "");
    let token = paid["transactions"][0]["payment_method_details"]["vault_token"].as_str().unwrap().to_owned();
    let settings = std::fs::read_to_string(folder.join("shop.env")).unwrap();
    assert!(settings.contains(&format!("EMSPAY_BASE_URL=http://{}/emspay/v1\n", first.address)));
    let port = first.address.rsplit(':').next().unwrap().to_owned();
    let before = first.settings.clone();
    let taken = program().args(["--port", &port]).output().unwrap();
    let message = String::from_utf8(taken.stderr).unwrap();
    assert!(
        taken.status.code() == Some(1) && message.contains(&format!("port {port} is in use")),
        "{message}"
    );
    assert!(message.contains("--port 0"));
    drop(first);

    let second = Running::start(&folder, &port);
    assert_eq!(second.settings, before);
    let details = format!(r#"{{"recurring_type":"recurring","vault_token":"{token}"}}"#);
    assert_eq!(second.emspay("POST", "", &order("second", &details))["status"], "processing");
    drop(second);
    let third = Running::start(&folder, &port);
    let ledger: Value = serde_json::from_str(&third.call("GET", "/_sandbox/ledger", "", "")).unwrap();
    let charges: Vec<_> = ledger.as_array().unwrap().iter().map(|entry| &entry["reference"]).collect();
    assert_eq!(charges, ["first", "second"]);
    // A page that was paid takes no second payment.
    assert!(third.call("POST", &page, form, pay).contains("html"));
    let ledger: Value = serde_json::from_str(&third.call("GET", "/_sandbox/ledger", "", "")).unwrap();
    assert_eq!(ledger.as_array().unwrap().len(), 2);
    drop(third);
    std::fs::remove_dir_all(&folder).unwrap();
}
