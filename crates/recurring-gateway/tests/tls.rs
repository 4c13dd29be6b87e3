//! A real TLS server on this machine, with a root that only its client trusts.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use recurring_core::{Effect, Error, ErrorKind, HttpOptions, Proof, Reply, Tls};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};

/// `openssl s_server`, which answers every request with a page about the connection.
struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("recurring-gateway-tls-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        openssl(
            &folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "root.key",
                "-out",
                "root.pem",
                "-days",
                "2",
                "-subj",
                "/CN=A root for one test",
            ],
        );
        openssl(
            &folder,
            &[
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
                "-subj",
                "/CN=127.0.0.1",
            ],
        );
        std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
            .expect("written");
        openssl(
            &folder,
            &[
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                "names",
                "-out",
                "server.pem",
            ],
        );
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", "-www"])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need the `openssl` program");
        let output = BufReader::new(child.stdout.take().expect("an output"));
        let address = output
            .lines()
            .map(|line| line.expect("a line"))
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned))
            .expect("the address it listens on");
        Self { child, folder, url: format!("https://{address}") }
    }

    fn root(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("root.pem")).expect("the root")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("these tests need the `openssl` program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn send(url: &str, options: HttpOptions) -> Result<Reply, Error<String>> {
    let options = options.with_timeout(Duration::from_secs(10)).with_connect_timeout(Duration::from_secs(5));
    let base = BaseUrl::parse("base_url", url).expect("a base URL");
    let request = PreparedRequest::new("test", Class::Write, Method::Get, "/");
    Transport::new(options).expect("options").send(&base, &request).await
}

/// The libraries that are built in, and the words of each for a root that it does not know.
fn built() -> Vec<(Tls, &'static str)> {
    let all = [
        (Tls::Rustls, cfg!(feature = "rustls"), "UnknownIssuer"),
        (Tls::NativeTls, cfg!(feature = "native-tls"), "certificate verify failed"),
    ];
    all.into_iter().filter(|(_, built, _)| *built).map(|(tls, _, words)| (tls, words)).collect()
}

async fn a_private_root_is_trusted_when_it_is_handed_in_and_only_then() {
    let server = Server::start("root");
    assert!(!built().is_empty(), "these tests need a TLS library");
    for (tls, words) in built() {
        let options = || HttpOptions::new().with_tls(tls);
        let trusted = send(&server.url, options().with_root_certificate(server.root())).await;
        let reply = trusted.expect("a reply");
        assert_eq!(reply.status(), 200);
        assert!(!reply.body().is_empty());
        let stranger = send(&server.url, options()).await.expect_err("an unknown root");
        assert_eq!(stranger.effect(), Effect::NotApplied(Proof::NeverSent), "{stranger}");
        // Each library has its own words: the one that was chosen made the connection.
        assert!(stranger.message().contains(words), "{tls:?}: {stranger}");
        // The certificate is for the address, not for the name.
        let other_name = server.url.replace("127.0.0.1", "localhost");
        let renamed = send(&other_name, options().with_root_certificate(server.root())).await;
        assert_eq!(renamed.expect_err("another name").effect(), Effect::NotApplied(Proof::NeverSent));
    }
}

/// A proxy that opens tunnels for this user and password only, and the heads of what it was asked.
fn proxy(credentials: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            let mut reader = BufReader::new(client.try_clone().expect("the same"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
            sender.send(head.clone()).expect("the test goes on");
            let mut client = client;
            if !head
                .to_lowercase()
                .contains(&format!("proxy-authorization: basic {credentials}").to_lowercase())
            {
                let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                std::io::Write::write_all(&mut client, refused).expect("refused");
                continue;
            }
            let target = head.split(' ').nth(1).expect("a target").to_owned();
            let server = std::net::TcpStream::connect(target).expect("the gateway");
            std::io::Write::write_all(&mut client, b"HTTP/1.1 200 OK\r\n\r\n").expect("opened");
            let (mut from, mut to) =
                (server.try_clone().expect("the same"), client.try_clone().expect("the same"));
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let mut server = server;
            std::thread::spawn(move || std::io::copy(&mut client, &mut server));
        }
    });
    (address, heads)
}

async fn tls_goes_through_a_proxy_with_a_password() {
    let server = Server::start("proxy");
    // ann:hunter2
    let (address, heads) = proxy("YW5uOmh1bnRlcjI=");
    for (tls, _) in built() {
        let through = |user: &str| {
            let options = HttpOptions::new().with_tls(tls).with_root_certificate(server.root());
            options.with_proxy(format!("http://{user}@{address}"))
        };
        let reply = send(&server.url, through("ann:hunter2")).await.expect("a reply");
        assert_eq!(reply.status(), 200);
        let head = heads.recv().expect("it was asked");
        assert!(head.starts_with("CONNECT 127.0.0.1:"), "{head}");
        // Without a tunnel nothing reached the gateway.
        let refused = send(&server.url, through("ann:sentinel")).await.expect_err("refused");
        assert_eq!(refused.effect(), Effect::NotApplied(Proof::NeverSent), "{refused}");
        assert!(!format!("{refused} {refused:?}").contains("sentinel"), "{refused:?}");
    }
}

async fn library_that_is_not_built_is_refused() {
    for tls in [Tls::Rustls, Tls::NativeTls] {
        if built().iter().any(|(built, _)| *built == tls) {
            continue;
        }
        let base = BaseUrl::parse("base_url", "https://127.0.0.1:1").expect("a base URL");
        let transport = Transport::new(HttpOptions::new().with_tls(tls)).expect("options");
        assert_eq!(transport.check(&base).expect_err("not built").field(), "tls");
        let error = send(base.as_str(), HttpOptions::new().with_tls(tls)).await.expect_err("not built");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local), "{error}");
        assert!(error.message().contains(tls.as_str()), "{error}");
        let root = HttpOptions::new().with_tls(tls).with_root_certificate("-----BEGIN CERTIFICATE-----");
        assert_eq!(Transport::new(root).map(drop).expect_err("not built").field(), "tls");
        let plain = BaseUrl::parse("base_url", "http://127.0.0.1:1").expect("a base URL");
        assert!(transport.check(&plain).is_ok());
    }
}

recurring_fixtures::tests! {
    needs OpenSsl: async [
        a_private_root_is_trusted_when_it_is_handed_in_and_only_then,
        tls_goes_through_a_proxy_with_a_password,
        library_that_is_not_built_is_refused,
    ];
}
