//! The readers of notifications.

use std::sync::LazyLock;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _};
use recurring_core::Secret;
use recurring_core::notification::RawNotification;
use recurring_fixtures::Case;
use recurring_fixtures::openssl::{run, run_text};

use super::peak;

/// Name, a body that is good, and what measures the reading of another body.
pub(crate) type Reader = (&'static str, Vec<u8>, fn(Vec<u8>) -> usize);

const HEADER: &str = "X-Merchant-Secret";
const SECRET: &str = "not-a-real-secret-of-32-letters!";

pub(crate) fn readers() -> Vec<Reader> {
    let good = |case: &str| Case::load(case).request_body();
    vec![
        ("omno notification", good("omno/notification/success"), omno_peak),
        ("emspay notification", good("emspay/notification/status-changed"), emspay_peak),
        ("ngenius notification", good("ngenius/notification/captured"), ngenius_peak),
        // The reader is the same; decrypting takes long without optimization.
        ("ngenius notification, encrypted", Vec::new(), encrypted_peak),
        ("revio notification", good("revio/notification/purchase-paid"), revio_peak),
        ("tokenpay-signed notification", br#"{"amount":"30.00"}"#.to_vec(), tokenpay_peak),
    ]
}

fn raw(headers: &[(&str, &str)], body: Vec<u8>) -> Option<RawNotification> {
    RawNotification::new(headers.iter().copied(), body).ok()
}

fn omno_peak(body: Vec<u8>) -> usize {
    peak(|| {
        let read = raw(&[], body).map(|raw| omno::notification::parse(&omno::notification::accept(raw)));
        drop(read);
    })
}

fn emspay_peak(body: Vec<u8>) -> usize {
    peak(|| {
        let read = raw(&[], body).map(|raw| emspay::notification::parse(&emspay::notification::accept(raw)));
        drop(read);
    })
}

fn ngenius_peak(body: Vec<u8>) -> usize {
    peak(|| ngenius_read(&[(HEADER, SECRET)], body))
}

fn encrypted_peak(body: Vec<u8>) -> usize {
    // What is encrypted is a third longer; the limit on the body counts that.
    let body = body.get(..body.len().min(780_000)).unwrap_or_default();
    let vector = [7; 16];
    let cipher = Encryptor::<Aes256>::new_from_slices(SECRET.as_bytes(), &vector).expect("32 letters");
    let mut buffer = [body, &[0; 16]].concat();
    let sealed = cipher.encrypt_padded_mut::<Pkcs7>(&mut buffer, body.len()).expect("room for the padding");
    let sealed = [vector.as_slice(), sealed].concat();
    let text = STANDARD.encode(sealed).into_bytes();
    peak(|| ngenius_read(&[(HEADER, SECRET), ("Content-Type", "text/plain")], text))
}

fn ngenius_read(headers: &[(&str, &str)], body: Vec<u8>) {
    let Some(raw) = raw(headers, body) else { return };
    let verified = ngenius::notification::verify(raw, HEADER, &Secret::new(SECRET));
    drop(verified.map(|verified| ngenius::notification::parse(&verified)));
}

fn revio_peak(body: Vec<u8>) -> usize {
    let signature = signature(&body);
    let key = revio::PublicKey::parse(&KEY.1).expect("a key");
    peak(|| {
        let Some(raw) = raw(&[("X-Signature", &signature)], body) else { return };
        let verified = revio::notification::verify(raw, &key);
        drop(verified.map(|verified| revio::notification::parse(&verified)));
    })
}

/// Members are put together to the text that is signed before the signature is known to be right.
fn tokenpay_peak(body: Vec<u8>) -> usize {
    let key = tokenpay_signed::PublicKey::parse(&KEY.1).expect("a key");
    let body = String::from_utf8(body).expect("text").replacen('{', "{\"signature\":\"AAAA\",", 1);
    peak(|| drop(raw(&[], body.into_bytes()).map(|raw| tokenpay_signed::notification::verify(raw, &key))))
}

/// A private key and its public one.
static KEY: LazyLock<(String, String)> = LazyLock::new(|| {
    let private = run_text(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "");
    let public = run_text(&["pkey", "-pubout"], &private);
    (private, public)
});

fn signature(body: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("recurring-memory-{}.pem", std::process::id()));
    std::fs::write(&path, &KEY.0).expect("a file");
    let signature = run(&["dgst", "-sha256", "-sign", path.to_str().expect("UTF-8")], body);
    std::fs::remove_file(&path).expect("it was there");
    STANDARD.encode(signature)
}
