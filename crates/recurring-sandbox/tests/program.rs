//! The program `recurring-sandbox`, as a team in another language starts it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recurring-sandbox"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn program_prints_address_answers_and_ends_on_sigterm() {
    let mut child = program().arg("--json").stdout(Stdio::piped()).spawn().unwrap();
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
        (&["--port", "1"][..], 2, "`--port` is not known"),
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
