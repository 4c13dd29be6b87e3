use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use recurring_core::{AttemptId, Secret};
use recurring_facade::{ChargeRequest, StoredCredential};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::JournalError;

/// The length of a key, in bytes.
const KEY: usize = 32;
/// The length of what makes each sealing different, in bytes.
const NONCE: usize = 24;

/// Of 32 random bytes about 30 are different. A key with fewer than this is one byte, or a pattern of two or three.
const FEWEST_DIFFERENT: usize = 4;

/// What is sealed: all that a charge needs besides the open columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) credential: StoredCredential,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notification_url: Option<String>,
}

impl From<&ChargeRequest> for Sealed {
    fn from(request: &ChargeRequest) -> Self {
        Self {
            credential: request.credential.clone(),
            reason: request.reason.clone(),
            notification_url: request.notification_url.clone(),
        }
    }
}

/// What is sealed with a refund: which payment. At some gateways it is the token of later payments.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedRefund {
    pub(crate) payment: String,
}

impl From<&StoredCredential> for Sealed {
    fn from(credential: &StoredCredential) -> Self {
        Self { credential: credential.clone(), reason: None, notification_url: None }
    }
}

/// A key under which stored credentials are kept. Without one, the journal keeps none.
///
/// XChaCha20-Poly1305 with a random nonce; what is sealed for one attempt opens for no other. The key itself is never
/// stored.
#[derive(Clone)]
pub struct EncryptionKey {
    cipher: XChaCha20Poly1305,
    /// Keys that were used before: they open, but seal nothing more.
    old: Vec<XChaCha20Poly1305>,
}

impl EncryptionKey {
    /// Takes a key of 32 bytes from a good source of randomness.
    ///
    /// # Errors
    /// When the bytes are obviously not random: all the same, or a short pattern that repeats. The key is not shown.
    pub fn new(key: &[u8; KEY]) -> Result<Self, JournalError> {
        let different: std::collections::BTreeSet<_> = key.iter().collect();
        if different.len() < FEWEST_DIFFERENT {
            return Err(wrong("is not random: its bytes repeat; make one with `openssl rand -hex 32`"));
        }
        Ok(Self { cipher: XChaCha20Poly1305::new(key.into()), old: Vec::new() })
    }

    /// Takes a key as 64 hexadecimal digits, as `openssl rand -hex 32` prints it.
    ///
    /// # Errors
    /// When it is anything else, and those of [`new`](Self::new).
    pub fn from_hex(text: &Secret) -> Result<Self, JournalError> {
        let wrong = || wrong("must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them");
        let digits = text.expose().trim();
        if digits.len() != KEY * 2 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut key = [0_u8; KEY];
        for (index, byte) in key.iter_mut().enumerate() {
            let pair = digits.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Self::new(&key)
    }

    /// Adds a key that was used before this one, so that what it sealed can still be opened.
    #[must_use]
    pub fn with_old(mut self, old: Self) -> Self {
        self.old.push(old.cipher);
        self.old.extend(old.old);
        self
    }

    /// Adds a key that was used before this one and that [`new`](Self::new) refuses today, so that what it sealed can
    /// still be opened. It seals nothing.
    #[must_use]
    pub fn with_dangerous_old(mut self, old: &[u8; KEY]) -> Self {
        self.old.push(XChaCha20Poly1305::new(old.into()));
        self
    }

    pub(crate) fn seal(
        &self,
        attempt: &AttemptId,
        content: &impl Serialize,
    ) -> Result<Vec<u8>, JournalError> {
        let failed = |rule: &str| JournalError::Invalid { field: "credential", rule: rule.to_owned() };
        let plain =
            Secret::new(serde_json::to_string(content).map_err(|_| failed("cannot be written down"))?);
        let nonce = XNonce::try_generate().map_err(|_| failed("cannot be sealed: no randomness"))?;
        let payload = Payload { msg: plain.expose().as_bytes(), aad: attempt.as_str().as_bytes() };
        let sealed = self.cipher.encrypt(&nonce, payload).map_err(|_| failed("cannot be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        attempt: &AttemptId,
        sealed: &[u8],
    ) -> Result<T, JournalError> {
        let failed = || JournalError::Invalid {
            field: "journal_key",
            rule: format!("does not open the stored credential of {attempt}"),
        };
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(failed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| failed())?;
        let payload = || Payload { msg: text, aad: attempt.as_str().as_bytes() };
        let plain = std::iter::once(&self.cipher)
            .chain(&self.old)
            .find_map(|cipher| cipher.decrypt(&nonce, payload()).ok())
            .and_then(|plain| String::from_utf8(plain).ok())
            .map(Secret::new)
            .ok_or_else(failed)?;
        serde_json::from_str(plain.expose()).map_err(|_| failed())
    }
}

fn wrong(rule: &str) -> JournalError {
    JournalError::Invalid { field: "journal_key", rule: rule.to_owned() }
}

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EncryptionKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Sealed {
        let credential = r#"{"provider":"emspay","vault_token":"a-vault-token"}"#;
        Sealed::from(&serde_json::from_str::<StoredCredential>(credential).unwrap())
    }

    fn attempt(name: &str) -> AttemptId {
        AttemptId::new(name).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_attempt_only() {
        let digits: String = recurring_fixtures::key(7).iter().map(|byte| format!("{byte:02X}")).collect();
        let key = EncryptionKey::from_hex(&Secret::new(digits)).unwrap();
        let sealed = key.seal(&attempt("a"), &content()).unwrap();
        assert!(!sealed.windows(13).any(|window| window == b"a-vault-token"));
        let opened: Sealed = key.open(&attempt("a"), &sealed).unwrap();
        let StoredCredential::Emspay(credential) = opened.credential else { panic!("another gateway") };
        assert_eq!(credential.vault_token.expose(), "a-vault-token");
        assert!(key.open::<Sealed>(&attempt("b"), &sealed).is_err());
        assert_ne!(sealed, key.seal(&attempt("a"), &content()).unwrap());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key.open::<Sealed>(&attempt("a"), &changed).is_err(), "{index}");
            assert!(key.open::<Sealed>(&attempt("a"), &sealed[..index]).is_err(), "{index}");
        }
    }

    #[test]
    fn an_old_key_opens_and_seals_no_more() {
        let old = EncryptionKey::new(&recurring_fixtures::key(1)).unwrap();
        let sealed = old.seal(&attempt("a"), &content()).unwrap();
        let new = EncryptionKey::new(&recurring_fixtures::key(2)).unwrap();
        assert!(new.open::<Sealed>(&attempt("a"), &sealed).is_err());
        let both = new.with_old(old.clone());
        assert!(both.open::<Sealed>(&attempt("a"), &sealed).is_ok());
        assert!(old.open::<Sealed>(&attempt("a"), &both.seal(&attempt("a"), &content()).unwrap()).is_err());
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_shown() {
        for bad in ["", "07", &"07".repeat(31), &"zz".repeat(32), &"é".repeat(32)] {
            let error = EncryptionKey::from_hex(&Secret::new(bad)).unwrap_err().to_string();
            assert!(
                error.contains("64 hexadecimal digits") && (bad.is_empty() || !error.contains(bad)),
                "{error}"
            );
        }
        assert_eq!(
            format!("{:?}", EncryptionKey::new(&recurring_fixtures::key(7)).unwrap()),
            "EncryptionKey(..)"
        );
    }

    #[test]
    fn key_that_is_not_random_is_refused() {
        let pattern = |length: u8| std::array::from_fn(|at| u8::try_from(at).unwrap() % length);
        for key in [[0; 32], [255; 32], [7; 32], pattern(2), pattern(3)] {
            let error = EncryptionKey::new(&key).unwrap_err().to_string();
            assert!(error.contains("openssl rand -hex 32") && error.contains("repeat"), "{error}");
            let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let error = EncryptionKey::from_hex(&Secret::new(digits.as_str())).unwrap_err().to_string();
            assert!(error.contains("repeat") && !error.contains(&digits), "{error}");
        }
        // What an earlier version sealed under such a key opens still.
        let weak = EncryptionKey { cipher: XChaCha20Poly1305::new(&[7; 32].into()), old: Vec::new() };
        let sealed = weak.seal(&attempt("a"), &content()).unwrap();
        let key = EncryptionKey::new(&recurring_fixtures::key(1)).unwrap().with_dangerous_old(&[7; 32]);
        assert!(key.open::<Sealed>(&attempt("a"), &sealed).is_ok());
        assert!(weak.open::<Sealed>(&attempt("a"), &key.seal(&attempt("a"), &content()).unwrap()).is_err());
    }
}
