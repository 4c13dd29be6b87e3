//! What a gateway sends of its own accord.

use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recurring_core::Secret;
use recurring_core::notification::{NotificationError, RawNotification};
use recurring_gateway::signature::PublicKey;
use tokenpay_signed::{RequestSigner as _, RsaSigner};

use crate::check::{CANARY, hides};

const HEADER: &str = "X-Merchant-Secret";
/// Of 32 letters, as the portal asks for, with the text that no error may show.
const SECRET: &str = "not-a-real-key--canary-5f0c2a91-";

struct Keys {
    private: RsaSigner,
    public: PublicKey,
}

/// A key that signs nothing but inputs: the file that `FUZZ_KEY` names.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let path = std::env::var_os("FUZZ_KEY").expect("FUZZ_KEY must name a file");
    let text = std::fs::read_to_string(path).expect("a file");
    let private = RsaSigner::from_key(text).expect("a private key");
    let public = PublicKey::parse(&private.public_key_base64()).expect("a public key");
    Keys { private, public }
});

/// Notifications whose content is not signed. The first byte says of which gateway.
pub(crate) fn unsigned(bytes: &[u8]) {
    let [gateway, body @ ..] = bytes else { return };
    match gateway % 5 {
        0 => {
            let Some(raw) = raw(&[], body) else { return };
            settle(omno::notification::parse(&omno::notification::accept(raw)), false);
        }
        1 => {
            let Some(raw) = raw(&[], body) else { return };
            settle(emspay::notification::parse(&emspay::notification::accept(raw)), false);
        }
        2 => ngenius(&[(HEADER, SECRET), ("Content-Type", "application/json")], body, true),
        // Encrypted.
        3 => ngenius(&[(HEADER, SECRET), ("Content-Type", "text/plain")], body, true),
        _ => ngenius(&[(HEADER, "not-the-secret-that-was-agreed-on")], body, false),
    }
}

/// Signed notifications. The first byte says of which gateway, whether the body is changed after it was signed, and
/// whether it is not signed at all.
pub(crate) fn signed(bytes: &[u8]) {
    let [kind, body @ ..] = bytes else { return };
    let is_changed = kind & 2 == 2;
    match kind % 8 {
        0 | 2 => revio(body, is_changed),
        1 | 3 => tokenpay(body, is_changed),
        4 | 6 => {
            let Some(raw) = raw(&[("X-Signature", "AAAA")], body) else { return };
            assert!(revio::notification::verify(raw, &KEYS.public).is_err(), "an unsigned body is taken");
        }
        _ => {
            let Some(raw) = raw(&[], body) else { return };
            assert!(
                tokenpay_signed::notification::verify(raw, &KEYS.public).is_err(),
                "an unsigned body is taken"
            );
        }
    }
}

fn revio(body: &[u8], is_changed: bool) {
    let signature = signature(body);
    let body = [body, if is_changed { b" " } else { b"" }].concat();
    let Some(raw) = raw(&[("X-Signature", &signature)], &body) else { return };
    match revio::notification::verify(raw, &KEYS.public) {
        Ok(verified) => {
            assert!(!is_changed, "a changed body is taken");
            settle(revio::notification::parse(&verified), true);
        }
        Err(error) => assert!(is_changed, "a genuine body is refused: {error}"),
    }
}

/// The members are signed as `name=value`, sorted; the input is the object without its signature.
fn tokenpay(body: &[u8], is_changed: bool) {
    let Ok(mut members) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) else {
        return;
    };
    let mut pairs: Vec<String> = members
        .iter()
        .filter(|(name, _)| *name != "signature")
        .map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)))
        .collect();
    pairs.sort_unstable();
    members.insert("signature".to_owned(), signature(pairs.join("&").as_bytes()).into());
    if is_changed {
        members.insert("extra".to_owned(), "1".into());
    }
    let body = serde_json::to_vec(&members).expect("JSON");
    let Some(raw) = raw(&[], &body) else { return };
    if let Ok(verified) = tokenpay_signed::notification::verify(raw, &KEYS.public) {
        assert!(!is_changed || pairs.contains(&"extra=1".to_owned()), "a changed body is taken");
        settle(tokenpay_signed::notification::parse(&verified), true);
    }
}

fn ngenius(headers: &[(&str, &str)], body: &[u8], has_secret: bool) {
    let Some(raw) = raw(headers, body) else { return };
    match ngenius::notification::verify(raw, HEADER, &Secret::new(SECRET)) {
        Ok(verified) => {
            assert!(has_secret, "a notification without the secret is taken");
            settle(ngenius::notification::parse(&verified), true);
        }
        Err(error) => {
            assert_eq!(error.is_verified(), has_secret, "{error}");
            hides(&error);
        }
    }
}

/// What is genuine and cannot be read is told apart from what is not genuine.
fn settle<T: std::fmt::Debug>(read: Result<T, NotificationError>, is_verified: bool) {
    match read {
        Ok(notification) => drop(format!("{notification:?}")),
        Err(error) => {
            assert_eq!(error.is_verified(), is_verified, "{error}");
            assert!(!error.to_string().contains(CANARY), "an error quotes the body");
        }
    }
}

fn raw(headers: &[(&str, &str)], body: &[u8]) -> Option<RawNotification> {
    RawNotification::new(headers.iter().copied(), body).ok()
}

/// Without a runtime, signing is done when it is first polled.
fn signature(message: &[u8]) -> String {
    let signing = KEYS.private.sign(message);
    match std::pin::pin!(signing).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(signature) => STANDARD.encode(signature.expect("a signature")),
        Poll::Pending => panic!("signing waits for something"),
    }
}
