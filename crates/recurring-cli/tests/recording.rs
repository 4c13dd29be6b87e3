//! `recurring sandbox --record DIR`: the requests and responses of another program become fixtures.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use recurring_fixtures::lint;
use serde_json::Value;

#[test]
fn sandbox_with_record_writes_each_exchange() {
    let folder = std::env::temp_dir().join(format!("recurring-cli-{}-record", std::process::id()));
    let mut child = Command::new(env!("CARGO_BIN_EXE_recurring"))
        .env_clear()
        .args(["sandbox", "--port", "0", "--record"])
        .arg(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let first = lines.next().expect("a line").expect("UTF-8");
    let address = first.split_once("http://").expect("an address").1.split(';').next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let body = r#"{"realmName":"sandbox"}"#;
    let request = format!(
        "POST /ngenius/identity/auth/access-token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Basic c2VjcmV0\r\nContent-Type: application/vnd.ni-identity.v1+json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");

    let case = folder.join("ngenius/access-token/recorded-00001");
    let read = |file: &str| std::fs::read_to_string(case.join(file)).expect(file);
    assert!(read("meta.toml").contains("Authorization = \"Basic not-a-real-key-"), "{}", read("meta.toml"));
    let request: Value = serde_json::from_str(&read("request.json")).expect("JSON");
    assert!(request["realmName"].as_str().expect("a text").starts_with("not-a-real-realmName-"));
    assert_eq!(lint::examples(&folder, None).expect("examples"), Vec::<String>::new());

    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("it runs").success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && said.contains("1 exchanges recorded in "), "{said}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
