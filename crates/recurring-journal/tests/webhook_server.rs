//! The example `webhook_server` as a process of its own, and the sandbox's webhooks over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops by panicking"
)]

mod world;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use recurring_facade::ProviderId;
use recurring_journal::store::SqliteStore;
use recurring_journal::{InboxEntry, Journal, State};
use recurring_sandbox::{FaultKind, Moment, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use world::common::{self, GOOD_CARD, attempt, enrolled, post_json};
use world::{CHARGING, charging, request, schedule_request, unreadable};

fn address(journal: &Path) -> String {
    format!("sqlite:{}", journal.display())
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(sandbox: &Sandbox, journal: &Path) -> Self {
        // Examples are built next to the folder of the test programs.
        let mut path = std::env::current_exe().expect("this program");
        path.pop();
        path.pop();
        path.push("examples");
        path.push(format!("webhook_server{}", std::env::consts::EXE_SUFFIX));
        let mut child = Command::new(&path)
            .env_clear()
            .envs(sandbox.settings())
            .env("JOURNAL", address(journal))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut output = BufReader::new(child.stdout.take().expect("an output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // What it prints later is read away, so that it never waits for this test.
        std::thread::spawn(move || output.lines().map_while(Result::ok).count());
        Self { child, url: line["listening"].as_str().expect("an address").to_owned() }
    }

    /// Sends the bytes of a request as they are, and reads until the server closes. Gives the status and the whole answer.
    async fn raw(&self, request: &[u8]) -> (u16, String) {
        let mut stream =
            tokio::net::TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{headers}");
        self.raw(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the payment was read, and the inbox has nothing left. One that EMS Online is still processing is pending then.
async fn settled(journal: &Journal, name: &str) {
    let begun = Instant::now();
    loop {
        let record = journal.attempt(&attempt(name)).await.unwrap();
        let left = journal.store().unhandled(9).await.unwrap();
        if matches!(record.state, State::Paid | State::Pending) && record.payment.is_some() && left.is_empty()
        {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{name}: {record:?} {left:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn proofs(file: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut rows =
        connection.prepare("SELECT DISTINCT provider, authenticity FROM recurring_inbox ORDER BY 1").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_are_settled_by_webhooks_of_each_gateway() {
    let (sandbox, facade) = common::sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    drop(SqliteStore::create(&file).await.unwrap());
    let journal = Journal::open(&address(&file)).await.unwrap();
    let server = Server::start(&sandbox, &file);
    let url = &server.url;
    // What the merchant does in the gateways' own pages.
    let addresses = format!(r#"{{"ngenius":"{url}/ngenius","revio":"{url}/revio"}}"#);
    post_json(&sandbox, "/_sandbox/webhooks", &addresses).await;
    for id in CHARGING {
        let name = format!("{id}-1");
        let credential = enrolled(&facade, &id, "series", GOOD_CARD).await;
        sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
        let charge = request(&credential, &name).with_notification_url(format!("{url}/{id}"));
        let answer = journal.charge(&facade, charge).await.unwrap();
        // Revio's purchase is known before it is charged, and is read at once.
        let expected = if id == ProviderId::REVIO { State::Paid } else { State::Unknown };
        assert_eq!(answer.record.state, expected, "{id}");
        sandbox.settle().await;
        settled(&journal, &name).await;
        sandbox.assert_charged_once(&name);
    }
    for encrypted in [false, true] {
        post_json(&sandbox, "/_sandbox/webhooks", &format!(r#"{{"ngenius_encrypted":{encrypted}}}"#)).await;
        let name = format!("ngenius-{encrypted}");
        sandbox
            .inject(charging(&ProviderId::NGENIUS, FaultKind::Close).with_moment(Moment::AfterActing))
            .unwrap();
        let answer = journal.schedule(&facade, &ProviderId::NGENIUS, schedule_request(&name)).await.unwrap();
        assert_eq!(answer.record.state, State::Unknown, "{encrypted}");
        sandbox.settle().await;
        settled(&journal, &name).await;
        sandbox.assert_charged_once(&name);
    }
    // Each gateway took the answer for "received".
    let sent: Vec<_> =
        sandbox.deliveries().into_iter().filter(|sent| sent.url.starts_with(url.as_str())).collect();
    for id in ProviderId::ALL {
        assert!(sent.iter().any(|sent| sent.gateway == id.as_str()), "{id}: {sent:?}");
    }
    assert!(sent.iter().all(|sent| sent.accepted && sent.attempt == 1), "{sent:?}");
    let expected = [
        ("emspay", "unsigned"),
        ("ngenius", "verified"),
        ("omno", "unsigned"),
        ("revio", "verified"),
        ("tokenpay-signed", "verified"),
    ];
    assert_eq!(proofs(&file), expected.map(|(id, proof)| (id.to_owned(), proof.to_owned())));

    // The same again is answered the same and changes nothing, and a forgery is refused.
    for (id, body) in [("emspay", ""), ("omno", ""), ("tokenpay-signed", "OK")] {
        let again = sent.iter().rev().find(|sent| sent.gateway == id).unwrap();
        let (status, answer) =
            server.send("POST", &format!("/{id}"), "content-type: application/json\r\n", &again.body).await;
        assert_eq!((status, answer.split("\r\n\r\n").nth(1).unwrap()), (200, body), "{id}: {answer}");
    }
    for id in ["ngenius", "revio", "tokenpay-signed"] {
        let forged = sent.iter().find(|sent| sent.gateway == id).unwrap().body.replace("4000", "4001");
        let headers = "content-type: application/json\r\nx-signature: AAAA\r\nx-webhook-secret: wrong\r\n";
        let forged = if id == "tokenpay-signed" {
            forged.replace("signature\":\"", "signature\":\"AAAA")
        } else {
            forged
        };
        let (status, answer) = server.send("POST", &format!("/{id}"), headers, &forged).await;
        assert_eq!(status, 403, "{id}: {answer}");
    }
    for id in CHARGING {
        settled(&journal, &format!("{id}-1")).await;
        sandbox.assert_charged_once(&format!("{id}-1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_notifications_are_refused() {
    let (sandbox, _) = common::sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    drop(SqliteStore::create(&file).await.unwrap());
    let server = Server::start(&sandbox, &file);
    let big = "x".repeat(1024 * 1024 + 1);
    for (method, path, body, expected) in [
        ("GET", "/revio", "", 405),
        ("POST", "/stripe", "{}", 404),
        ("POST", "/emspay", "", 400),
        ("POST", "/emspay", "not JSON", 400),
        ("POST", "/emspay", "{}", 400),
        ("POST", "/omno", "{}", 400),
        ("POST", "/emspay", r#"{"order_id":"a","order_id":"b"}"#, 400),
        ("POST", "/revio", "{}", 403),
        ("POST", "/ngenius", "{}", 403),
        ("POST", "/tokenpay-signed", "{}", 403),
    ] {
        let (status, answer) = server.send(method, path, "", body).await;
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        assert_eq!(answer.contains("allow: POST"), expected == 405, "{answer}");
    }
    // By what it declares, before anything of it is read; and by what arrives.
    let declared =
        "POST /emspay HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 1048577\r\n\r\n";
    assert_eq!(server.raw(declared.as_bytes()).await.0, 413);
    let chunked = format!(
        "POST /emspay HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n100001\r\n{big}\r\n0\r\n\r\n"
    );
    assert_eq!(server.raw(chunked.as_bytes()).await.0, 413);
    // Half a body, and then nothing.
    let begun = Instant::now();
    let half =
        "POST /emspay HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"order_id\"";
    assert_eq!(server.raw(half.as_bytes()).await.0, 408);
    assert!(begun.elapsed() >= Duration::from_secs(7), "{:?}", begun.elapsed());
    let journal = Journal::open(&address(&file)).await.unwrap();
    assert_eq!(journal.store().unhandled(9).await.unwrap(), []);
    assert_eq!(proofs(&file), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_goes_on_after_a_kill() {
    let (sandbox, facade) = common::sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    drop(SqliteStore::create(&file).await.unwrap());
    let journal = Journal::open(&address(&file)).await.unwrap();
    let id = ProviderId::OMNO;
    let credential = enrolled(&facade, &id, "series", GOOD_CARD).await;
    let server = Server::start(&sandbox, &file);
    sandbox.inject(charging(&id, FaultKind::Close).with_moment(Moment::AfterActing)).unwrap();
    sandbox.inject(unreadable(&id)).unwrap();
    let charge = request(&credential, "omno-1").with_notification_url(format!("{}/omno", server.url));
    let answer = journal.charge(&facade, charge).await.unwrap();
    assert_eq!(answer.record.state, State::Unknown);
    sandbox.settle().await;
    let sent = sandbox.deliveries().into_iter().rfind(|sent| sent.url.starts_with(&server.url)).unwrap();
    assert_eq!(sent.status, Some(200), "{sent:?}");
    drop(server);
    let kept: Vec<InboxEntry> = journal.store().unhandled(9).await.unwrap();
    assert!(!kept.is_empty(), "{kept:?}");
    assert!(kept.iter().all(|entry| entry.merchant_reference.as_deref() == Some("omno-1")), "{kept:?}");
    sandbox.clear_faults();
    let _server = Server::start(&sandbox, &file);
    settled(&journal, "omno-1").await;
    sandbox.assert_charged_once("omno-1");
}
