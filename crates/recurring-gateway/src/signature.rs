#![doc = include_str!("../README.md")]

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::InvalidInput;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::SubjectPublicKeyInfoRef;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use crate::pem::{self, PemBlock};

/// Shorter keys can be broken.
const FEWEST_BITS: usize = 2048;

/// Longer keys make every check slow, and no gateway uses one.
const MOST_BITS: usize = 4096;

/// An RSA public key of 2048 to 4096 bits. Cloning copies it; `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: RsaPublicKey,
    bits: usize,
}

impl PublicKey {
    /// Reads a key: SPKI, as PEM or as base64 without the PEM lines. White space and line breaks do not matter, nor do
    /// the forms that [`plain_key_text`](pem::plain_key_text) understands.
    ///
    /// # Errors
    /// For anything else, and for a key of another size. The error names the problem and quotes nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidInput> {
        let refuse = |rule: String| InvalidInput::new("public_key", rule);
        let unreadable = || {
            refuse(format!(
                "must be an RSA public key of {FEWEST_BITS} to {MOST_BITS} bits: SPKI, as PEM or as base64"
            ))
        };
        let plain = pem::plain_key_text(text);
        let base64 = match PemBlock::first(plain.expose()) {
            None => plain.expose(),
            Some(block) if block.label() == "PUBLIC KEY" => block.base64().ok_or_else(unreadable)?,
            Some(_) => return Err(unreadable()),
        };
        let der = pem::decode_base64(base64).ok_or_else(unreadable)?;
        let key = SubjectPublicKeyInfoRef::try_from(der.as_slice())
            .ok()
            .and_then(|info| RsaPublicKey::try_from(info).ok())
            .ok_or_else(unreadable)?;
        let bits = key.n().bits();
        if !(FEWEST_BITS..=MOST_BITS).contains(&bits) {
            return Err(refuse(format!("has {bits} bits; {FEWEST_BITS} to {MOST_BITS} are needed")));
        }
        Ok(Self { key, bits })
    }

    /// Returns whether `signature_base64` (standard base64) is a genuine RSASSA-PKCS1-v1_5 signature with SHA-256 of
    /// exactly these bytes under this key. An unreadable signature is not genuine.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature_base64: &str) -> bool {
        STANDARD
            .decode(signature_base64)
            .ok()
            .and_then(|bytes| Signature::try_from(bytes.as_slice()).ok())
            .is_some_and(|signature| {
                VerifyingKey::<Sha256>::new(self.key.clone()).verify(message, &signature).is_ok()
            })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("bits", &self.bits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key under which the documented example of the signed gateway verifies.
    const DOCUMENTED: &str =
        include_str!("../../../fixtures/tokenpay-signed/documented_example_public_key.pem");

    #[test]
    fn a_key_is_read_in_each_form_and_anything_else_is_refused() {
        let key = PublicKey::parse(DOCUMENTED).expect("PEM");
        let base64: String = DOCUMENTED.lines().filter(|line| !line.starts_with("-----")).collect();
        for form in [base64.clone(), base64.trim_end_matches('=').to_owned(), format!(" {base64}\r\n")] {
            assert_eq!(PublicKey::parse(&form).expect("base64"), key);
        }
        assert_eq!(format!("{key:?}"), "PublicKey { bits: 2048, .. }");
        for bad in [
            "",
            "not a key",
            "-----BEGIN PUBLIC KEY-----\nAAAA",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            &base64.replace("MIIB", "MIIC"),
        ] {
            assert_eq!(PublicKey::parse(bad).expect_err(bad).field(), "public_key");
        }
    }

    #[test]
    fn key_out_of_a_variable_or_a_secret_is_read() {
        let key = PublicKey::parse(DOCUMENTED).expect("PEM");
        let base64: String = DOCUMENTED.lines().filter(|line| !line.starts_with("-----")).collect();
        for form in [
            DOCUMENTED.replace('\n', "\\n"),
            DOCUMENTED.replace('\n', "\\r\\n"),
            format!("\u{feff}{DOCUMENTED}"),
            format!("\u{feff}{base64}"),
            format!("{base64}\\n"),
            STANDARD.encode(DOCUMENTED),
            STANDARD.encode(DOCUMENTED.replace('\n', "\\n")),
            format!("\u{feff}{}\n", STANDARD.encode(format!("\u{feff}{DOCUMENTED}"))),
        ] {
            assert_eq!(PublicKey::parse(&form).expect(&form), key);
        }
        for bad in ["\\n", "\u{feff}", "-----BEGIN \\n", &STANDARD.encode("-----BEGIN PUBLIC KEY-----")] {
            assert_eq!(PublicKey::parse(bad).expect_err(bad).field(), "public_key");
        }
    }

    #[test]
    fn nothing_but_the_signature_of_these_bytes_verifies() {
        let key = PublicKey::parse(DOCUMENTED).expect("a key");
        for signature in ["", "AAAA", "%%%", &"A".repeat(344)] {
            assert!(!key.verifies(b"message", signature));
        }
    }
}
