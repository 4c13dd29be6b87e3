//! Signing and verifying, against the bare computation in the same process.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::collections::HashSet;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use revio::notification::{self, PublicKey, RawNotification};
use rsa::pkcs1v15::{SigningKey, VerifyingKey};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::signature::{Keypair as _, RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use sha2::Sha256;
use tokenpay_signed::{AwsLcSigner, RequestSigner, RsaSigner};

use super::calls::cpu_nanos;

/// A request of usual length.
const MESSAGE: &[u8] = br#"{"merchantId":3,"userId":"user1","tokenId":"436","merchantReference":"merRef1656991803097","amount":30,"parentOrderId":5798}"#;

/// Prints how many signatures a second of processor time `aws-lc-rs` and `rsa` make as signers, and `rsa` bare.
pub(crate) fn sign(key: &str, times: usize) {
    let key = std::fs::read_to_string(key).expect("a key");
    let aws_lc = AwsLcSigner::from_key(key.as_str()).expect("a key");
    let rsa = RsaSigner::from_key(key.as_str()).expect("a key");
    let bare = SigningKey::<Sha256>::new(rsa::RsaPrivateKey::from_pkcs8_pem(&key).expect("a key"));
    let signed = |signer: &dyn RequestSigner| {
        black_box(at_once(signer.sign(MESSAGE)).expect("a signature"));
    };
    let aws_lc = per_second(times * 2, || signed(&aws_lc));
    let rsa = per_second(times, || signed(&rsa));
    let bare = per_second(times, || {
        black_box(bare.try_sign_with_rng(&mut OsRng, MESSAGE).expect("a signature").to_vec());
    });
    println!("{aws_lc} {rsa} {bare}");
}

/// Prints how many notifications a second of processor time are verified, read and compared with those before, and how
/// many bare signatures of the same bytes are verified.
pub(crate) fn verify(key: &str, times: usize) {
    let pem = std::fs::read_to_string(key).expect("a key");
    let signer = RsaSigner::from_key(pem.as_str()).expect("a key");
    let body: &[u8] = include_bytes!("../../../../fixtures/revio/notification/purchase-paid/request.json");
    let signature = at_once(signer.sign(body)).expect("a signature");
    let encoded = STANDARD.encode(&signature);
    let public = PublicKey::parse(&signer.public_key_base64()).expect("a key");
    let mut seen = HashSet::new();
    let whole = per_second(times, || {
        let headers = [("X-Signature", encoded.as_str()), ("Content-Type", "application/json")];
        let raw = RawNotification::new(headers, body.to_vec()).expect("a notification");
        let proven = notification::verify(raw, &public).expect("genuine");
        let notification = notification::parse(&proven).expect("readable");
        seen.insert(notification.dedupe_key());
        black_box(notification);
    });
    assert_eq!(seen.len(), 1, "the same each time");
    let bare = SigningKey::<Sha256>::new(rsa::RsaPrivateKey::from_pkcs8_pem(&pem).expect("a key"));
    let bare: VerifyingKey<Sha256> = bare.verifying_key();
    let signature = rsa::pkcs1v15::Signature::try_from(signature.as_slice()).expect("a signature");
    let bare = per_second(times, || bare.verify(body, &signature).expect("genuine"));
    println!("{whole} {bare}");
}

fn per_second(times: usize, mut done: impl FnMut()) -> u64 {
    done();
    let cpu = cpu_nanos();
    for _ in 0..times {
        done();
    }
    let took = cpu_nanos().saturating_sub(cpu).max(1);
    u64::try_from(times).unwrap_or(u64::MAX).saturating_mul(1_000_000_000) / took
}

/// Without a runtime a signer computes when it is asked.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(value) = polled else { unreachable!("it waits") };
    value
}
