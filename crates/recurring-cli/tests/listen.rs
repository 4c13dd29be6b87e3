//! The commands that control a running sandbox, and webhooks as a server of the merchant receives them.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::Sandbox;
use serde_json::{Value, json};

/// A server of the merchant: its address, and each request as the bytes that came.
fn merchant() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/webhooks", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let mut reader = BufReader::new(connection.try_clone().expect("the same"));
            let (mut message, mut length) = (Vec::new(), 0);
            loop {
                let from = message.len();
                reader.read_until(b'\n', &mut message).expect("a line");
                let line = String::from_utf8_lossy(&message[from..]).to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a number");
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            message.extend(body);
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK").expect("answered");
            sender.send(message).expect("the test goes on");
        }
    });
    (url, receiver)
}

fn next(received: &Receiver<Vec<u8>>) -> Vec<u8> {
    received.recv_timeout(Duration::from_secs(20)).expect("a webhook")
}

/// `recurring listen`, once it listens.
fn listening(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut words = vec!["listen"];
    words.extend(arguments);
    let mut command = sandbox.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    if arguments.contains(&"--json") {
        return child;
    }
    let mut line = String::new();
    // Kept open: what is written later must find it.
    let mut errors = BufReader::new(child.stderr.take().expect("errors"));
    errors.read_line(&mut line).expect("a line");
    assert!(line.starts_with("listening to http://127.0.0.1:"), "{line}");
    std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
    child
}

#[test]
fn forwarded_webhook_is_genuine_byte_for_byte() {
    let sandbox = Sandbox::start("forwarded");
    let (url, received) = merchant();
    let listen = listening(&sandbox, &["--forward-to", &url, "--count", "3"]);
    let (code, triggered) = sandbox.run(&["trigger", "revio.paid"]);
    assert_eq!((code, &triggered[0]["state"]), (0, &json!("paid")), "{triggered:?}");
    let message = next(&received);
    let file = sandbox.file("webhook.http");
    std::fs::write(&file, &message).expect("written");
    let verify = ["notification", "--provider", "revio", "--request"];
    let (code, lines) = sandbox.run(&[&verify[..], &[&file]].concat());
    assert_eq!((code, &lines[0]["authenticity"]), (0, &json!("verified")), "{lines:?}");
    assert_eq!(lines[0]["payment"], triggered[0]["payment"]);
    // The same on standard input; with one byte changed it is not genuine, with one more it is not whole.
    let text = String::from_utf8(message).expect("UTF-8");
    assert_eq!(sandbox.run_with(&text, &["notification", "--provider", "revio", "--request", "-"]).0, 0);
    let forged = text.replace("\"ZAR\"", "\"EUR\"");
    assert_eq!(sandbox.run_with(&forged, &["notification", "--provider", "revio", "--request", "-"]).0, 4);
    let more = format!("{text}\n");
    let (code, lines) = sandbox.run_with(&more, &["webhook", "--provider", "revio", "--request", "-"]);
    assert_eq!(code, 2);
    assert!(lines[0]["message"].as_str().expect("a message").contains("line break"), "{lines:?}");

    // N-Genius has its proof in a header, which so never is an argument.
    sandbox.run(&["trigger", "ngenius.paid"]);
    let mut message = String::new();
    while !message.contains("\"eventName\"") {
        message = String::from_utf8(next(&received)).expect("UTF-8");
    }
    let words = ["notification", "--provider", "ngenius", "--request", "-"];
    assert_eq!(sandbox.run_with(&message, &words).0, 0, "{message}");
    let output = listen.wait_with_output().expect("it ended");
    assert!(output.status.success(), "three were to be forwarded");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let first =
        format!("revio.purchase.paid {}: 200, delivered", triggered[0]["payment"].as_str().expect("an id"));
    assert!(text.lines().count() == 3 && text.contains(&first), "{text}");

    // Nothing is forwarded any more.
    while received.recv_timeout(Duration::from_millis(500)).is_ok() {}
    sandbox.run(&["trigger", "emspay.paid"]);
    assert!(received.recv_timeout(Duration::from_millis(300)).is_err());
}

#[test]
fn every_event_sends_a_webhook_and_moves_its_money() {
    let sandbox = Sandbox::start("events");
    let (url, received) = merchant();
    let (code, events) = sandbox.run(&["trigger", "--list"]);
    assert!(code == 0 && events.len() > 20, "{events:?}");
    for event in events {
        let name = event["event"].as_str().expect("a name");
        let before = sandbox.moved();
        let (code, lines) = sandbox.run(&["trigger", name, "--forward-to", &url]);
        assert_eq!(code, 0, "{lines:?}");
        let sent = lines[0]["sent"].as_array().expect("a list");
        let last = sent.last().unwrap_or_else(|| panic!("{name} sends nothing"));
        assert_eq!((&last["payment"], &last["accepted"]), (&lines[0]["payment"], &json!(true)), "{lines:?}");
        assert!(sent.iter().all(|sent| sent["url"] == url.as_str()), "{sent:?}");
        for _ in sent {
            next(&received);
        }
        // A first payment that a renewal or a refund needs is taken, too.
        let moved = match name.split_once('.').expect("two parts").1 {
            "declined" | "canceled" => 0,
            "paid" | "renewal-declined" => 1,
            "renewed" | "refunded" => 2,
            other => panic!("{other}"),
        };
        assert_eq!(sandbox.moved() - before, moved, "{name}");
    }
    let (code, lines) = sandbox.run(&["trigger", "emspay.payed"]);
    assert_eq!(code, 2, "{lines:?}");
}

#[test]
fn event_without_an_address_is_shown() {
    let sandbox = Sandbox::start("nowhere");
    let mut listen = listening(&sandbox, &["--json", "--count", "1"]);
    let mut printed = BufReader::new(listen.stdout.take().expect("an output")).lines();
    let mut next = || -> Value {
        serde_json::from_str(&printed.next().expect("a line").expect("text")).expect("an object")
    };
    assert_eq!(next()["forward_to"], Value::Null);
    let (code, lines) = sandbox.run(&["trigger", "emspay.paid"]);
    assert_eq!((code, lines[0]["sent"].as_array().expect("a list").len()), (0, 0), "{lines:?}");
    let line = next();
    assert_eq!((&line["event"], &line["payment"]), (&json!("status_changed"), &lines[0]["payment"]));
    assert_eq!(line["problem"], "not sent: no address is set");
    assert!(listen.wait().expect("it ended").success());
}

#[test]
fn preset_takes_the_money_and_loses_the_answer() {
    let sandbox = Sandbox::recording("preset");
    let (code, armed) = sandbox.run(&["fault", "lost-answer", "--provider", "emspay"]);
    assert_eq!((code, armed.len(), &armed[0]["when"]), (0, 1, &json!("after_acting")), "{armed:?}");
    let (code, ..) = sandbox.charged_in(&sandbox.journal(), "lost");
    assert_eq!((code, sandbox.ledger("lost")), (30, 1));
    assert_eq!(sandbox.run(&["fault", "list"]), (0, vec![]), "it has hit");

    assert_eq!(sandbox.run(&["fault", "lost-answer"]).1.len(), 6);
    assert_eq!(sandbox.run(&["fault", r#"{"kind":"silent","gateway":"revio"}"#]).0, 0);
    assert_eq!(sandbox.run(&["fault", "list"]).1.len(), 7);
    assert_eq!(sandbox.run(&["fault", "clear"]), (0, vec![json!({"cleared": true})]));
    assert_eq!(sandbox.run(&["fault", "list"]).1.len(), 0);
    for bad in [
        &["fault", "lost"][..],
        &["fault", "{\"kind\":1}"],
        &["fault", "{"],
        &["fault", "outage", "--provider", "x"],
    ] {
        assert_eq!(sandbox.run(bad).0, 2, "{bad:?}");
    }
}

#[test]
fn clock_moves_forward_only() {
    let sandbox = Sandbox::start("clock");
    assert_eq!(sandbox.run(&["trigger", "ngenius.paid"]).0, 0);
    let now = |words: &[&str]| -> String {
        let (code, lines) = sandbox.run(words);
        assert_eq!(code, 0, "{lines:?}");
        lines[0]["now"].as_str().expect("a time").to_owned()
    };
    let before = now(&["clock", "show"]);
    let (code, lines) = sandbox.run(&["clock", "show", "31d"]);
    assert_eq!((code, lines[0]["due"].as_array().expect("a list").len()), (0, 1), "{lines:?}");
    assert_eq!((&lines[0]["due"][0]["gateway"], sandbox.moved()), (&json!("ngenius"), 1), "{lines:?}");
    let after = now(&["clock", "advance", "31d"]);
    assert!(after > before, "{before} {after}");
    assert_eq!(sandbox.moved(), 2, "the second payment of the schedule is taken");
    let set = now(&["clock", "set", "2040-01-01T00:00:00Z"]);
    assert!(set.starts_with("2040-01-01T00:00:0"), "{set}");
    let (code, lines) = sandbox.run(&["clock", "set", "2039-01-01T00:00:00Z"]);
    assert!(code == 2 && lines[0]["message"].as_str().expect("a text").contains("forward"), "{lines:?}");
}

#[test]
fn sandbox_that_is_not_there_is_named() {
    let run = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = common::program();
        let output = command.args(words).envs(variables.iter().copied()).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, errors) = run(&[], &["clock", "show"]);
    assert!(code == Some(2) && errors.contains("--sandbox"), "{errors}");
    let gone = recurring_fixtures::fault::refused_url();
    let (code, errors) = run(&[("RECURRING_SANDBOX_URL", &gone)], &["listen"]);
    assert!(code == Some(2) && errors.contains("recurring sandbox"), "{errors}");
    for elsewhere in ["http://sandbox.example", "sandbox"] {
        let (code, errors) = run(&[], &["fault", "list", "--sandbox", elsewhere]);
        assert!(code == Some(2) && errors.contains("--sandbox"), "{errors}");
    }
    let sandbox = Sandbox::start("elsewhere");
    let (code, lines) = sandbox.run(&["listen", "--forward-to", "http://shop.example/hook"]);
    assert!(code == 2 && lines[0]["message"].as_str().expect("a text").contains("this machine"), "{lines:?}");
}
