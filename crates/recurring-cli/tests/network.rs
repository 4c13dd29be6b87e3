//! The program through TLS with a private root, and through a forward proxy: set in the environment and in TOML.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use common::{program, read};
use recurring_fixtures::fault::RawReply;
use recurring_fixtures::tls::{Certificate, TlsScript, TlsServer, root};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const ORDER: &str =
    r#"{"id":"1","status":"completed","amount":4000,"currency":"EUR","merchant_order_id":"a"}"#;
/// base64 of `ann:hunter2`
const PASS: &str = "YW5uOmh1bnRlcjI=";

/// A gateway behind TLS, and a folder for the files of one test.
struct World {
    server: TlsServer,
    /// Runs the server.
    _runtime: Runtime,
    folder: PathBuf,
}

impl World {
    fn new(name: &str, certificate: Certificate) -> Self {
        let folder =
            std::env::temp_dir().join(format!("recurring-cli-{}-network-{name}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(TlsServer::start(
            |_| Some(RawReply::json(200, ORDER)),
            move || TlsScript { certificate, ..TlsScript::answer(Vec::new()) },
        ));
        std::fs::write(folder.join("root.pem"), root()).expect("written");
        std::fs::write(folder.join("credential.json"), r#"{"provider":"emspay","vault_token":"token"}"#)
            .expect("written");
        Self { server, _runtime: runtime, folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("UTF-8").to_owned()
    }

    fn root(&self) -> String {
        self.file("root.pem")
    }

    /// A file of settings: what is above the tables, and what is in that of emspay.
    fn toml(&self, above: &str, below: &str) -> String {
        let file = self.file("recurring.toml");
        let url = self.server.url();
        let text = format!("{above}\n[emspay]\nbase_url = \"{url}\"\napi_key = \"canary-key\"\n{below}\n");
        std::fs::write(&file, text).expect("written");
        file
    }

    /// Runs a command: its exit code, its one object, and standard error.
    fn run(&self, variables: &[(&str, &str)], words: &[&str]) -> (i32, Value, String) {
        let output =
            program().args(words).arg("--json").envs(variables.iter().copied()).output().expect("it runs");
        let (code, mut lines) = read(&output);
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!errors.contains("canary") && !errors.contains("hunter2"), "{errors}");
        (code, lines.pop().expect(&errors), errors)
    }

    /// The status of an order, with the gateway set in the environment.
    fn status(&self, more: &[(&str, &str)]) -> (i32, Value, String) {
        let url = self.server.url();
        let gateway = [("EMSPAY_BASE_URL", url.as_str()), ("EMSPAY_API_KEY", "canary-key")];
        self.run(&[&gateway[..], more].concat(), &["status", "emspay:1"])
    }

    fn status_by(&self, file: &str) -> (i32, Value, String) {
        self.run(&[], &["status", "emspay:1", "--config", file])
    }

    fn charge(&self, more: &[(&str, &str)]) -> (i32, Value, String) {
        let url = self.server.url();
        let gateway = [("EMSPAY_BASE_URL", url.as_str()), ("EMSPAY_API_KEY", "canary-key")];
        let credential = self.file("credential.json");
        let words = ["charge", &credential, "--attempt", "a", "--amount", "40.00", "--currency", "EUR"];
        self.run(&[&gateway[..], more].concat(), &[&words[..], &["--no-journal"]].concat())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn assert_paid((code, line, errors): (i32, Value, String), what: &str) {
    assert_eq!((code, &line["outcome"]), (0, &json!("paid")), "{what}: {line} {errors}");
}

fn private_root_is_trusted_where_it_is_set() {
    let world = World::new("root", Certificate::Good);
    let root = world.root();
    assert_paid(world.status(&[("EMSPAY_ROOT_CERTIFICATE_FILE", &root)]), "the gateway's own");
    assert_paid(world.status(&[("RECURRING_ROOT_CERTIFICATE_FILE", &root)]), "that of all");
    let below = world.toml("", &format!("root_certificate_file = \"{root}\""));
    assert_paid(world.status_by(&below), "in the table");
    let above = world.toml(&format!("root_certificate_file = \"{root}\""), "");
    assert_paid(world.status_by(&above), "above the tables");
    let file = [("RECURRING_CONFIG", above.as_str())];
    assert_paid(world.run(&file, &["status", "emspay:1"]), "in the file of the environment");
    assert_paid(world.charge(&[("EMSPAY_ROOT_CERTIFICATE_FILE", &root)]), "a charge");
    // Of both, the gateway's own counts.
    let both = [("RECURRING_ROOT_CERTIFICATE_FILE", "/nowhere.pem"), ("EMSPAY_ROOT_CERTIFICATE_FILE", &root)];
    assert_paid(world.status(&both), "both");
}

fn untrusted_certificate_is_refused_before_sending() {
    for (certificate, with_root, says) in [
        (Certificate::Good, false, "UnknownIssuer"),
        (Certificate::UnknownRoot, true, "BadSignature"),
        (Certificate::OtherName, true, "not valid for name"),
        (Certificate::Expired, true, "expired"),
    ] {
        let world = World::new(&format!("{certificate:?}-{with_root}"), certificate);
        let root = world.root();
        let variables = [("EMSPAY_ROOT_CERTIFICATE_FILE", root.as_str())];
        let variables = if with_root { &variables[..] } else { &[] };
        for (what, (code, line, errors)) in
            [("read", world.status(variables)), ("write", world.charge(variables))]
        {
            assert_eq!(
                (code, &line["effect"]),
                (20, &json!("not_applied")),
                "{certificate:?} {what}: {line}"
            );
            assert_eq!(line["kind"], "transport", "{certificate:?} {what}: {line}");
            let message = line["message"].as_str().expect("a text");
            assert!(message.contains("certificate") && message.contains(says), "{certificate:?}: {message}");
            // The remedy is named.
            assert!(errors.contains("RECURRING_ROOT_CERTIFICATE_FILE"), "{certificate:?} {what}: {errors}");
        }
        assert_eq!(world.server.begun(), 0, "{certificate:?}: nothing was sent");
    }
}

fn root_that_cannot_be_read_is_a_wrong_setting() {
    let world = World::new("unreadable", Certificate::Good);
    std::fs::write(world.file("text.pem"), "not a certificate").expect("written");
    for (variable, path, says) in [
        ("EMSPAY_ROOT_CERTIFICATE_FILE", "/nowhere/root.pem".to_owned(), "/nowhere/root.pem"),
        ("RECURRING_ROOT_CERTIFICATE_FILE", "/nowhere/root.pem".to_owned(), "/nowhere/root.pem"),
        ("EMSPAY_ROOT_CERTIFICATE_FILE", world.file("text.pem"), "EMSPAY_ROOT_CERTIFICATE_FILE"),
        ("EMSPAY_PROXY_URL", "http://[".to_owned(), "EMSPAY_PROXY_URL"),
        ("RECURRING_PROXY_URL", "ftp://proxy.example".to_owned(), "RECURRING_PROXY_URL"),
    ] {
        let (code, line, errors) = world.status(&[(variable, &path)]);
        assert_eq!((code, &line["kind"]), (2, &json!("configuration")), "{variable} {path}: {line}");
        assert!(errors.contains(says), "{variable} {path}: {errors}");
    }
    assert_eq!(world.server.begun(), 0);
}

/// A proxy that opens tunnels for this user and password only, and the heads of what it was asked.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || tunnel(client.expect("a connection"), &seen));
        }
    });
    (address, heads)
}

fn tunnel(mut client: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().expect("the same"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
    seen.lock().expect("the heads").push(head.clone());
    if !head.to_lowercase().contains(&format!("proxy-authorization: basic {PASS}").to_lowercase()) {
        let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        client.write_all(refused).expect("refused");
        return;
    }
    let mut server = TcpStream::connect(head.split(' ').nth(1).expect("a target")).expect("the gateway");
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("opened");
    let (mut from, mut to) = (server.try_clone().expect("the same"), client.try_clone().expect("the same"));
    std::thread::spawn(move || {
        // Either side may end the tunnel.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Write);
}

fn proxy_that_is_set_opens_a_tunnel() {
    let world = World::new("proxy", Certificate::Good);
    let (address, heads) = proxy();
    let (root, proxy) = (world.root(), format!("http://ann:hunter2@{address}"));
    let trusted = ("EMSPAY_ROOT_CERTIFICATE_FILE", root.as_str());
    let asked = |what: &str, expected: usize| {
        let mut heads = heads.lock().expect("the heads");
        let server = world.server.url().replace("https://", "");
        assert_eq!(heads.len(), expected, "{what}: {heads:?}");
        for head in heads.drain(..) {
            assert!(head.starts_with(&format!("CONNECT {server} HTTP/1.1\r\n")), "{what}: {head}");
            // What is for the gateway is inside of the tunnel.
            assert!(!head.contains("canary") && !head.contains("/orders"), "{what}: {head}");
        }
    };
    assert_paid(world.status(&[trusted, ("EMSPAY_PROXY_URL", &proxy)]), "the gateway's own");
    asked("the gateway's own", 1);
    assert_paid(world.status(&[trusted, ("RECURRING_PROXY_URL", &proxy)]), "that of all");
    asked("that of all", 1);
    let pair = format!("root_certificate_file = \"{root}\"\nproxy_url = \"{proxy}\"");
    assert_paid(world.status_by(&world.toml("", &pair)), "in the table");
    asked("in the table", 1);
    assert_paid(world.status_by(&world.toml(&pair, "")), "above the tables");
    asked("above the tables", 1);
    assert_paid(world.charge(&[trusted, ("EMSPAY_PROXY_URL", &proxy)]), "a charge");
    asked("a charge", 1);
    // None of these is asked: it was not set here.
    let others = [("HTTPS_PROXY", proxy.as_str()), ("https_proxy", &proxy), ("ALL_PROXY", &proxy)];
    assert_paid(world.status(&[&[trusted][..], &others].concat()), "of the environment");
    asked("of the environment", 0);
    // Through a tunnel the certificate is still that of the gateway.
    let (code, line, _) = world.status(&[("EMSPAY_PROXY_URL", &proxy)]);
    assert_eq!((code, &line["effect"]), (20, &json!("not_applied")), "{line}");
    assert!(line["message"].as_str().expect("a text").contains("UnknownIssuer"), "{line}");
}

fn proxy_that_refuses_lets_nothing_out() {
    let world = World::new("proxy-refuses", Certificate::Good);
    let (address, _) = proxy();
    let root = world.root();
    let trusted = ("EMSPAY_ROOT_CERTIFICATE_FILE", root.as_str());
    let wrong = format!("http://ann:canary-password@{address}");
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    for proxy in [wrong, format!("http://{closed}")] {
        let through = [trusted, ("EMSPAY_PROXY_URL", proxy.as_str())];
        for (code, line, errors) in [world.status(&through), world.charge(&through)] {
            assert_eq!((code, &line["kind"]), (20, &json!("transport")), "{line}");
            assert_eq!(line["effect"], "not_applied", "{line}");
            assert!(errors.contains("emspay"), "{errors}");
        }
    }
    assert_eq!(world.server.begun(), 0);
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        private_root_is_trusted_where_it_is_set,
        untrusted_certificate_is_refused_before_sending,
        root_that_cannot_be_read_is_a_wrong_setting,
        proxy_that_is_set_opens_a_tunnel,
        proxy_that_refuses_lets_nothing_out,
    ];
}
