#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "only tests use it")]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mockito::{Matcher, Server, ServerGuard};
use recurring_fixtures::openssl::run as openssl;
use recurring_fixtures::{Case, minify};
use revio::notification::{NotificationError, RawNotification};
use revio::{
    ChargePurchase, Client, CreatePurchase, Currency, Environment, HttpOptions, Money, Payer, Product,
    PublicKey, RetryPolicy, Secret,
};

pub const KEY: &str = "not-a-real-key";
pub const BRAND: &str = "5c523a6d-cad0-462e-b9bb-79b16495f3b9";
pub const CLIENT: &str = "98e9cf98-dbd4-4a84-a304-dffbda2bef19";
pub const TOKEN: &str = "82e6eb62-90e8-405c-9ec9-d43affba41d2";
pub const PURCHASE: &str = "00000000-0000-4000-8000-0000000000a1";

pub fn rand(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("ZAR").expect("ZAR")).expect("money")
}

/// A client of the server at `url`, with time-outs for tests.
pub fn client(url: &str) -> Client {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let http = HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450))
        .with_retry(quick);
    Client::builder(Environment::Custom(format!("{url}/api/v1")), KEY)
        .with_http(http)
        .build()
        .expect("a client")
}

/// A purchase of one product that saves the card, as the source document prints it when the product is `test`.
pub fn first(product: &str) -> CreatePurchase {
    CreatePurchase::new(BRAND, Payer::client_id(CLIENT), vec![Product::new(product, 100)])
        .with_force_recurring()
}

/// The charge that the source document prints.
pub fn charge() -> ChargePurchase {
    ChargePurchase::new(PURCHASE, Secret::new(TOKEN))
}

/// The placeholders of the source document, filled in.
fn filled(text: &str) -> String {
    text.replace("{{Your Revio Bearer token}}", KEY)
        .replace("{{client_id}}", CLIENT)
        .replace("{{Upcoming purchase_id}}", PURCHASE)
}

/// A server that takes exactly the stored request, with this body, and gives this answer.
pub async fn server_for(case: &Case, body: Option<Vec<u8>>, answer: Vec<u8>) -> (ServerGuard, mockito::Mock) {
    let mut server = Server::new_async().await;
    let request = case.meta.request.as_ref().expect("a request");
    let response = case.meta.response.as_ref().expect("a response");
    let mut mock = server.mock(&request.method, filled(&request.path).as_str());
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), filled(value).as_str());
    }
    mock = mock.match_body(match body {
        // The bytes that go over the wire have no insignificant white space.
        Some(body) => {
            Matcher::Exact(String::from_utf8(minify(&body).expect("JSON")).expect("a body is text"))
        }
        None => Matcher::Missing,
    });
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    let mock = mock.with_status(response.status.into()).with_body(answer).expect(1).create_async().await;
    (server, mock)
}

/// A pair of keys that the `openssl` program made, and signs with.
pub struct KeyPair {
    private: Vec<u8>,
    pub pem: String,
}

/// A file that `openssl` insists on; it goes when it is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl KeyPair {
    pub fn new(bits: u32) -> KeyPair {
        let size = format!("rsa_keygen_bits:{bits}");
        let private = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &size], b"");
        let pem = String::from_utf8(openssl(&["pkey", "-pubout"], &private)).expect("PEM is text");
        KeyPair { private, pem }
    }

    /// The first of two pairs that a whole test program shares.
    pub fn first() -> &'static KeyPair {
        static PAIR: OnceLock<KeyPair> = OnceLock::new();
        PAIR.get_or_init(|| KeyPair::new(2048))
    }

    /// The second one.
    pub fn second() -> &'static KeyPair {
        static PAIR: OnceLock<KeyPair> = OnceLock::new();
        PAIR.get_or_init(|| KeyPair::new(2048))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::parse(&self.pem).expect("a key")
    }

    /// The value of `X-Signature` for a body.
    pub fn sign(&self, body: &[u8]) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("revio-test-{}-{}.pem", std::process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        let file = Temporary(std::env::temp_dir().join(name));
        fs::write(&file.0, &self.private).expect("a file");
        let path = file.0.to_str().expect("UTF-8");
        let signature = openssl(&["dgst", "-sha256", "-sign", path], body);
        String::from_utf8(openssl(&["base64", "-A"], &signature)).expect("base64 is text")
    }
}

/// A notification with these headers.
pub fn raw(headers: &[(&str, &str)], body: &[u8]) -> Result<RawNotification, NotificationError> {
    RawNotification::new(headers.iter().copied(), body)
}
