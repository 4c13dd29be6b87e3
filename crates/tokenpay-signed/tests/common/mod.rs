#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "only tests use it")]

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use tokenpay_signed::{
    Account, AddToken, Client, Currency, Environment, HttpOptions, MerchantId, Money, OrderKey,
    PreparedRequest, QueryOrder, Recurring, RefundOrder, RequestSigner, RetryPolicy, RsaSigner, Sale,
    SigningError, VoidOrder,
};

pub fn dollars(text: &str) -> Money {
    Money::parse(text, Currency::from_code("USD").expect("USD")).expect("money")
}

pub use recurring_fixtures::openssl::{run as openssl, run_text as openssl_text};

/// A folder for the files that `openssl` insists on; it goes when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("tokenpay-signed-{}-{name}", std::process::id()));
        let mut builder = fs::DirBuilder::new();
        // Only the owner may look inside: there are private keys.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).expect("a new folder");
        Folder(folder)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A private key of 2048 bits, made by `openssl` in PKCS#8 PEM, the same for a whole test program.
pub fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        openssl_text(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "")
    })
}

pub fn signer() -> RsaSigner {
    RsaSigner::from_key(key()).expect("a key")
}

/// Signs nothing: answers the bytes it was given, or fails.
#[derive(Debug, Clone)]
pub struct Fixed(pub Result<Vec<u8>, SigningError>);

impl RequestSigner for Fixed {
    fn sign<'a>(
        &'a self,
        _: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

/// Quick, where the signature does not matter.
pub fn any_signature() -> Fixed {
    Fixed(Ok(vec![7; 256]))
}

/// A client of the server at `url`, for the merchant of the source document and with time-outs for tests.
pub fn client(url: &str, signer: impl RequestSigner + 'static) -> Client {
    let quick = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let http = HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450))
        .with_retry(quick);
    Client::builder(Environment::Custom(url.to_owned()), "3", signer)
        .with_currency(Currency::from_code("USD").expect("USD"))
        .with_http(http)
        .build()
        .expect("a client")
}

/// The account of the merchant of the source document.
pub fn account() -> Account {
    account_of("3")
}

pub fn account_of(merchant_id: impl Into<MerchantId>) -> Account {
    Account::new(merchant_id).with_currency(Currency::from_code("USD").expect("USD"))
}

/// The text that is signed.
pub fn text(request: &PreparedRequest) -> &str {
    std::str::from_utf8(request.body_bytes().expect("a body")).expect("UTF-8")
}

/// The charge that the source document prints.
pub fn documented_recurring() -> Recurring {
    Recurring::new("user1", "436", dollars("30"), "merRef1656991803097", 5798)
}

pub fn other_recurring() -> Recurring {
    Recurring::new("user1", "436", dollars("30"), "merRef0002", 5798)
}

pub fn first_sale() -> Sale {
    Sale::new("user1", "436", dollars("30.00"), "merRef0001")
}

pub fn card_page() -> AddToken {
    AddToken::new(
        "user1",
        "https://shop.example/cards/added",
        "https://shop.example/cards/failed",
        "https://shop.example/hooks/cards",
    )
    .with_cancel("https://shop.example/cards/cancelled")
    .with_reason("Monthly plan")
    .with_lang("en")
}

pub fn by_reference(reference: &str) -> OrderKey {
    OrderKey::MerchantReference(reference.to_owned())
}

/// Looks for a charge whose answer was lost.
pub fn lost_order() -> QueryOrder {
    QueryOrder::new(by_reference("merRef0002"))
}

pub fn voided_order() -> VoidOrder {
    VoidOrder::new(OrderKey::OrderId(5803))
}

pub fn part_of_an_order() -> RefundOrder {
    RefundOrder::new(by_reference("merRef1656991803097"), dollars("10"))
}
