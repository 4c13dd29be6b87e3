//! `recurring notification`, with signatures made by the `openssl` program.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use recurring_fixtures::openssl::run as openssl;
use serde_json::Value;

/// A folder with a key pair of the gateway's.
struct Keys {
    folder: PathBuf,
}

impl Keys {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("recurring-cli-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let keys = Self { folder };
        openssl(&["genrsa", "-out", &keys.private(), "2048"], b"");
        openssl(&["rsa", "-in", &keys.private(), "-pubout", "-out", &keys.public()], b"");
        keys
    }

    fn private(&self) -> String {
        path(&self.folder.join("private.pem"))
    }

    fn public(&self) -> String {
        path(&self.folder.join("public.pem"))
    }

    /// The signature of these bytes, in base64.
    fn sign(&self, bytes: &[u8]) -> String {
        let signature = openssl(&["dgst", "-sha256", "-sign", &self.private()], bytes);
        let base64 = openssl(&["base64", "-A"], &signature);
        String::from_utf8(base64).expect("base64")
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn path(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// Runs a command with something on standard input: its exit code and its output.
fn run(command: &mut Command, input: &[u8]) -> (i32, Vec<u8>) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("an input").write_all(input).expect("written");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().expect("a code"), output.stdout)
}

/// `recurring notification --provider .. --json`: its exit code and what it printed.
fn notification(provider: &str, env: &[(&str, &str)], headers: &[&str], body: &[u8]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recurring"));
    command.env_clear().envs(env.iter().copied()).args(["notification", "--provider", provider, "--json"]);
    for header in headers {
        command.args(["--header", header]);
    }
    let (code, output) = run(&mut command, body);
    (code, serde_json::from_slice(&output).expect("one object"))
}

/// The same with every bit of the body flipped in turn would take minutes; one bit in every seventh byte does not.
fn flipped(body: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..body.len()).step_by(7).map(|at| {
        let mut changed = body.to_vec();
        changed[at] ^= 1;
        changed
    })
}

fn revio_is_verified_over_the_bytes_that_arrived() {
    let keys = Keys::new("revio");
    let public = keys.public();
    let env = [
        ("REVIO_BASE_URL", "live"),
        ("REVIO_API_KEY", "k"),
        ("REVIO_BRAND_ID", "b"),
        ("REVIO_WEBHOOK_PUBLIC_KEY_FILE", public.as_str()),
    ];
    // White space and key order are the sender's own: a reader that wrote it anew would break the signature.
    let body = br#"{ "type":"purchase",  "id":"8a3e161b-90b6-4355-8dff-15113d8e4f40","updated_on":1663425652,
        "status":"paid","event_type":"purchase.paid"}"#;
    let header = format!("X-Signature: {}", keys.sign(body));
    let (code, printed) = notification("revio", &env, &[&header], body);
    assert_eq!(
        (code, &printed["authenticity"], &printed["event"]),
        (0, &"verified".into(), &"purchase.paid".into())
    );
    assert_eq!(printed["payment"], "8a3e161b-90b6-4355-8dff-15113d8e4f40");
    let (_, again) = notification("revio", &env, &[&header.replace("X-Sig", "x-sig")], body);
    assert_eq!(printed["dedupe_key"], again["dedupe_key"]);
    for changed in flipped(body) {
        let (code, printed) = notification("revio", &env, &[&header], &changed);
        assert_eq!((code, &printed["authenticity"]), (4, &"refused".into()));
    }
    for headers in [vec![], vec!["X-Signature: AAAA"], vec![header.as_str(), header.as_str()]] {
        assert_eq!(notification("revio", &env, &headers, body).0, 4);
    }
}

fn tokenpay_signed_is_verified_over_the_canonical_text() {
    let keys = Keys::new("tokenpay");
    let (private, public) = (keys.private(), keys.public());
    let env = [
        ("TOKENPAY_MERCHANT_ID", "3"),
        ("TOKENPAY_BASE_URL", "http://127.0.0.1:9"),
        ("TOKENPAY_PRIVATE_KEY_FILE", private.as_str()),
        ("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE", public.as_str()),
    ];
    let signature = keys
        .sign(b"amount=30.00&maskedPan=470534XXXXXX8101&merchantReference=a-1&orderId=5803&status=SUCCESS");
    let body = |status: &str| {
        format!(
            r#"{{"orderId":"5803","amount":30.00,"status":"{status}","merchantReference":"a-1","maskedPan":"470534XXXXXX8101","signature":"{signature}"}}"#
        )
    };
    let (code, printed) = notification("tokenpay-signed", &env, &[], body("SUCCESS").as_bytes());
    assert_eq!(
        (code, &printed["authenticity"], &printed["payment"]),
        (0, &"verified".into(), &"5803".into())
    );
    for forged in
        [body("FAILURE"), body("SUCCESS").replace("30.00", "30.0"), body("SUCCESS").replace("5803", "5804")]
    {
        assert_eq!(notification("tokenpay-signed", &env, &[], forged.as_bytes()).0, 4, "{forged}");
    }
    let (code, printed) = notification("tokenpay-signed", &env[..3], &[], body("SUCCESS").as_bytes());
    assert_eq!(code, 4);
    assert!(
        printed["message"].as_str().is_some_and(|text| text.contains("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE"))
    );
}

fn ngenius_is_verified_by_its_static_header() {
    let env = [
        ("NGENIUS_API_KEY", "a2V5"),
        ("NGENIUS_OUTLET", "o"),
        ("NGENIUS_BASE_URL", "http://127.0.0.1:9"),
        ("NGENIUS_WEBHOOK_HEADER", "X-Shop"),
        ("NGENIUS_WEBHOOK_SECRET", "sentinel-secret"),
    ];
    let body = br#"{"eventId":"e-1","eventName":"PURCHASED","outletId":"o","order":{"reference":"r-1"}}"#;
    let (code, printed) = notification("ngenius", &env, &["x-shop: sentinel-secret"], body);
    assert_eq!((code, &printed["authenticity"], &printed["payment"]), (0, &"verified".into(), &"r-1".into()));
    assert_eq!(printed["dedupe_key"], "e-1");
    for headers in [vec![], vec!["x-shop: sentinel-secres"], vec!["x-other: sentinel-secret"]] {
        let (code, printed) = notification("ngenius", &env, &headers, body);
        assert_eq!((code, &printed["authenticity"]), (4, &"refused".into()));
        assert!(!printed.to_string().contains("sentinel"));
    }
}

/// As the gateway's guide describes it: base64 of 16 bytes and AES-256-CBC under the header's value.
fn encrypted(body: &[u8], key: &str) -> Vec<u8> {
    let vector: [u8; 16] = *b"a vector of 16 b";
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let cipher = ["enc", "-aes-256-cbc", "-nosalt", "-K", &hex(key.as_bytes()), "-iv", &hex(&vector)]
        .map(str::to_owned);
    let text = openssl(&cipher.each_ref().map(String::as_str), body);
    openssl(&["base64", "-A"], &[&vector[..], &text].concat())
}

fn ngenius_encrypted_is_read() {
    let key = "sentinel-0123456789abcdefghijklm";
    let env = [
        ("NGENIUS_API_KEY", "a2V5"),
        ("NGENIUS_OUTLET", "o"),
        ("NGENIUS_BASE_URL", "http://127.0.0.1:9"),
        ("NGENIUS_WEBHOOK_HEADER", "X-Shop"),
        ("NGENIUS_WEBHOOK_SECRET", key),
    ];
    let (media, secret) = ("Content-Type: text/plain;charset=UTF-8", format!("X-Shop: {key}"));
    let body = br#"{"eventId":"e-1","eventName":"CAPTURED","outletId":"o","order":{"reference":"r-1"}}"#;
    let sent = encrypted(body, key);
    let (code, printed) = notification("ngenius", &env, &[media, &secret], &sent);
    assert_eq!(
        (code, &printed["authenticity"], &printed["event"]),
        (0, &"verified".into(), &"CAPTURED".into())
    );
    assert_eq!((&printed["payment"], &printed["dedupe_key"]), (&"r-1".into(), &"e-1".into()));
    // In the clear under the same media type it is read too.
    assert_eq!(notification("ngenius", &env, &[media, &secret], body).0, 0);
    // Genuine, and not to be read: another key, no JSON, cut off.
    let other = encrypted(body, &key.to_uppercase());
    for unreadable in [&other[..], &encrypted(b"hunter2", key), &sent[..sent.len() - 8], b"AAAA"] {
        let (code, printed) = notification("ngenius", &env, &[media, &secret], unreadable);
        assert_eq!(
            (code, &printed["authenticity"], &printed["kind"]),
            (1, &"verified".into(), &"unreadable".into()),
            "{printed}"
        );
        assert!(!printed.to_string().contains("sentinel") && !printed.to_string().contains("hunter2"));
    }
    let (code, printed) = notification("ngenius", &env, &[media, "X-Shop: another"], &sent);
    assert_eq!((code, &printed["authenticity"]), (4, &"refused".into()));
}

/// A name cut inside an emoji makes no genuine event a forgery.
fn genuine_and_unreadable_is_not_refused() {
    let keys = Keys::new("unreadable");
    let public = keys.public();
    let env = [
        ("REVIO_BASE_URL", "live"),
        ("REVIO_API_KEY", "k"),
        ("REVIO_BRAND_ID", "b"),
        ("REVIO_WEBHOOK_PUBLIC_KEY_FILE", public.as_str()),
    ];
    let told = |body: &[u8]| {
        let header = format!("X-Signature: {}", keys.sign(body));
        notification("revio", &env, &[&header], body)
    };
    // Half an emoji is passed over: the charge's own answer is read with it, too.
    let (code, printed) =
        told(br#"{"event_type":"purchase.paid","id":"p1","status":"paid","updated_on":1,"x":"a\ud83d"}"#);
    assert_eq!((code, &printed["authenticity"]), (0, &"verified".into()), "{printed}");
    assert_eq!((&printed["payment"], &printed["event"]), (&"p1".into(), &"purchase.paid".into()));
    for body in [
        &br#"{"event_type":"purchase.paid","status":"paid"}"#[..],
        br#"{"id":"p1","id":"p2","event_type":"purchase.paid"}"#,
        b"[]",
        b"sentinel",
    ] {
        let (code, printed) = told(body);
        assert_eq!(
            (code, &printed["authenticity"], &printed["kind"]),
            (1, &"verified".into(), &"unreadable".into()),
            "{printed}"
        );
        assert!(!printed.to_string().contains("sentinel"), "{printed}");
    }
}

fn unsigned_notification_says_so() {
    let body =
        br#"{"event":"status_changed","order_id":"3da62f95-c934-470c-a8a1-a4123e362501","project_id":"p"}"#;
    let (code, printed) =
        notification("emspay", &[("EMSPAY_API_KEY", "k"), ("EMSPAY_BASE_URL", "live")], &[], body);
    assert_eq!(
        (code, &printed["authenticity"], &printed["event"]),
        (0, &"unsigned".into(), &"status_changed".into())
    );
    let body = br#"{"id":"2EE20005E1203C2D79DDEB311E7FED8D","status":"Success"}"#;
    let (code, printed) =
        notification("omno", &[("OMNO_BEARER_TOKEN", "t"), ("OMNO_BASE_URL", "live")], &[], body);
    assert_eq!(
        (code, &printed["authenticity"], &printed["event"]),
        (0, &"unsigned".into(), &"Success".into())
    );
}

fn unreadable_notification_is_refused_and_not_quoted() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(2_000_000));
    for body in [
        "",
        "sentinel",
        "[]",
        "{\"order_id\":\"sentinel\",\"order_id\":\"b\"}",
        "{\"order_id\":{}}",
        &deep,
        &large,
    ] {
        let (code, printed) = notification(
            "emspay",
            &[("EMSPAY_API_KEY", "k"), ("EMSPAY_BASE_URL", "live")],
            &[],
            body.as_bytes(),
        );
        assert_eq!((code, &printed["authenticity"]), (4, &"refused".into()));
        assert!(!printed.to_string().contains("sentinel"), "{printed}");
    }
    let (code, _) = notification(
        "emspay",
        &[("EMSPAY_API_KEY", "k"), ("EMSPAY_BASE_URL", "live")],
        &[],
        b"{\"order_id\":\"\xff\"}",
    );
    assert_eq!(code, 4);
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        revio_is_verified_over_the_bytes_that_arrived,
        tokenpay_signed_is_verified_over_the_canonical_text,
        ngenius_is_verified_by_its_static_header,
        ngenius_encrypted_is_read,
        genuine_and_unreadable_is_not_refused,
        unsigned_notification_says_so,
        unreadable_notification_is_refused_and_not_quoted,
    ];
}
