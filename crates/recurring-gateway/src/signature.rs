#![doc = include_str!("../README.md")]

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use recurring_core::{InvalidInput, Secret};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::SubjectPublicKeyInfoRef;
use rsa::pkcs8::der::zeroize::Zeroizing;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

/// Shorter keys can be broken.
const FEWEST_BITS: usize = 2048;

/// What each PEM block begins with.
const PEM: &str = "-----BEGIN ";

/// Longer keys make every check slow, and no gateway uses one.
const MOST_BITS: usize = 4096;

/// Keys are pasted with and without the `=` at the end; both mean the same bytes.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An RSA public key of 2048 to 4096 bits. Cloning copies it; `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: RsaPublicKey,
    bits: usize,
}

impl PublicKey {
    /// Reads a key: SPKI, as PEM or as base64 without the PEM lines. White space and line breaks do not matter, nor do
    /// the forms that [`plain_key_text`] understands.
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
        let plain = plain_key_text(text);
        let base64: String = between_pem_lines(plain.expose())
            .ok_or_else(unreadable)?
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .collect();
        let der = TOLERANT.decode(base64).map_err(|_| unreadable())?;
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

    /// Whether `signature_base64` (standard base64) is a genuine RSASSA-PKCS1-v1_5 signature with SHA-256 of exactly
    /// these bytes under this key. An unreadable signature is not genuine.
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

/// Brings the text of a key into the form in which a key file holds it: without a byte order mark, with line breaks for
/// the two characters `\n` that environment variables and JSON files hold, and decoded when it is the base64 of a whole
/// PEM file, as cluster secrets hold it. Any other text stays as it is.
pub fn plain_key_text(text: &str) -> Secret {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.contains(PEM) {
        return unescaped(text);
    }
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(unescaped(text).expose().bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let decoded = TOLERANT.decode(dense.as_slice()).ok().map(Zeroizing::new);
    match decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|pem| pem.contains(PEM)) {
        Some(pem) => unescaped(pem.trim_start_matches('\u{feff}')),
        None => unescaped(text),
    }
}

/// A backslash occurs neither in base64 nor in the lines of PEM.
fn unescaped(text: &str) -> Secret {
    let with_breaks = Zeroizing::new(text.replace("\\r\\n", "\n"));
    Secret::new(with_breaks.replace("\\n", "\n"))
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("bits", &self.bits).finish_non_exhaustive()
    }
}

/// The base64 of a text: what stands between the lines of its first PEM block, or all of it when there is none.
/// `None` when the block is of something else than a public key, or is cut off.
fn between_pem_lines(text: &str) -> Option<&str> {
    let Some((_, after)) = text.split_once("-----BEGIN ") else { return Some(text) };
    let (label, rest) = after.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    (label == "PUBLIC KEY").then_some(body)
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
