//! The two signers make the same signatures, byte for byte.
//!
//! The keys are made by `openssl`. A thousand messages are spread over a few keys; `TOKENPAY_SIGNED_KEYS=1000` gives each
//! message a key of its own, which takes minutes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{openssl_text, signer};
use tokenpay_signed::{AwsLcSigner, RequestSigner, RsaSigner, verify_signature};

const MESSAGES: usize = 1_000;
const KEYS: usize = 4;

fn keys() -> usize {
    std::env::var("TOKENPAY_SIGNED_KEYS").map_or(KEYS, |keys| keys.parse().expect("TOKENPAY_SIGNED_KEYS"))
}

/// Messages of every length up to a few blocks of the hash, then longer ones; all different.
fn message(number: usize) -> Vec<u8> {
    let length = if number < 300 { number } else { number * 7 };
    number
        .to_le_bytes()
        .into_iter()
        .cycle()
        .enumerate()
        .map(|(at, byte)| byte ^ u8::try_from(at % 251).expect("a byte"))
        .take(length)
        .collect()
}

fn signers_agree_on_a_thousand_messages() {
    let keys = keys().clamp(1, MESSAGES);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut signatures = 0;
    for key in 0..keys {
        // Mostly the size that the gateway documents, and both forms of PEM.
        let bits = if key % 4 == 3 { "3072" } else { "2048" };
        let pkcs1 = ["genrsa", "-traditional", bits];
        let text = if key % 2 == 0 { openssl_text(&pkcs1, "") } else { openssl_text(&["genrsa", bits], "") };
        let one = RsaSigner::from_key(text.as_str()).expect("a key");
        let two = AwsLcSigner::from_key(text.as_str()).expect("a key");
        assert_eq!(one.public_key_base64(), two.public_key_base64());
        for number in (0..MESSAGES).filter(|number| number % keys == key) {
            let message = message(number);
            let (one, two) = (runtime.block_on(one.sign(&message)), runtime.block_on(two.sign(&message)));
            assert!(one.is_ok() && one == two, "key {key}, message {number}: {one:?} {two:?}");
            signatures += 1;
        }
        let signature = runtime.block_on(two.sign(b"message")).expect("a signature");
        let signature = STANDARD.encode(signature);
        verify_signature(&two.public_key_base64(), b"message", &signature).expect("genuine");
    }
    assert_eq!(signatures, MESSAGES);
}

fn debug_shows_the_size_only() {
    let two = AwsLcSigner::from_key(common::key()).expect("a key");
    assert_eq!(format!("{two:?}"), "AwsLcSigner { bits: 2048, .. }");
    assert_eq!(two.public_key_base64(), signer().public_key_base64());
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        signers_agree_on_a_thousand_messages,
        debug_shows_the_size_only,
    ];
}
