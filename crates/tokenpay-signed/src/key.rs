//! RSA keys: reading them, signing and verifying. No type of the `rsa` crate leaves this file.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{InvalidInput, Secret};
use recurring_gateway::pem::{PemBlock, decode_base64, plain_key_text};
use recurring_gateway::signature::PublicKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::der::asn1::OctetStringRef;
use rsa::pkcs8::der::zeroize::Zeroizing;
use rsa::pkcs8::der::{Reader, SliceReader};
use rsa::pkcs8::spki::AlgorithmIdentifierRef;
use rsa::pkcs8::{EncodePublicKey, PrivateKeyInfo, SubjectPublicKeyInfoRef};
use rsa::rand_core::OsRng;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, pkcs1};
use sha2::Sha256;

use crate::auth::{RequestSigner, SigningError, off_the_runtime};

/// The documented example is signed with 2048 bits; anything shorter can be broken.
const FEWEST_BITS: usize = 2048;

/// Signs with a private key held in memory.
///
/// Each signature is blinded with randomness of the operating system, so that its timing reveals nothing about the
/// key; the signature itself is the same every time. Signing takes about a millisecond of computing in an
/// optimized build, in one of tokio's blocking threads where there is a runtime. Cloning is cheap and shares the key.
/// `Debug` shows the size of the key only.
///
/// The `rsa` crate computes in time that depends on the key ([RUSTSEC-2023-0071]); blinding is the mitigation. On a server,
/// prefer `AwsLcSigner` (feature `aws-lc-rs`), which makes the same signatures in constant time.
///
/// [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html
#[derive(Clone)]
pub struct RsaSigner {
    key: Arc<SigningKey<Sha256>>,
    public_key: String,
    bits: usize,
}

impl RsaSigner {
    /// Reads a private key: PKCS#8 PEM, PKCS#1 PEM, or the base64 of either's DER without the PEM lines. White
    /// space and line breaks do not matter. Line breaks written as the two characters `\n`, a byte order mark, and the
    /// base64 of a whole PEM file are understood too: so keys come out of environment variables and cluster secrets.
    ///
    /// # Errors
    /// For a key that is protected by a password, a public key, a certificate, a key of another kind than RSA or
    /// shorter than 2048 bits, and for anything else. The error names the problem and quotes nothing.
    pub fn from_key(text: impl Into<Secret>) -> Result<Self, InvalidInput> {
        let PrivateKey { key, public_key, bits } = PrivateKey::read(&text.into())?;
        Ok(Self { key: Arc::new(SigningKey::new(key)), public_key, bits })
    }

    /// Returns the public half, as the merchant registers it with the gateway: SPKI in base64 on one line, without the
    /// PEM lines.
    pub fn public_key_base64(&self) -> String {
        self.public_key.clone()
    }
}

impl RequestSigner for RsaSigner {
    fn sign<'a>(
        &'a self,
        message: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        let (key, message) = (Arc::clone(&self.key), message.to_vec());
        Box::pin(off_the_runtime(move || {
            key.try_sign_with_rng(&mut OsRng, &message)
                .map(|signature| signature.to_vec())
                .map_err(|_| SigningError::new("the RSA computation failed"))
        }))
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaSigner").field("bits", &self.bits).finish_non_exhaustive()
    }
}

/// A private key that fits, whichever library signs with it.
pub(crate) struct PrivateKey {
    pub(crate) key: RsaPrivateKey,
    /// SPKI in base64.
    pub(crate) public_key: String,
    pub(crate) bits: usize,
}

impl PrivateKey {
    pub(crate) fn read(text: &Secret) -> Result<Self, InvalidInput> {
        let text = plain_key_text(text.expose());
        let key = private_key(&der_of_private_key(text.expose())?)?;
        let bits = key.n().bits();
        if bits < FEWEST_BITS {
            return Err(refuse(format!("has {bits} bits; at least {FEWEST_BITS} are needed")));
        }
        let public_key = key
            .to_public_key()
            .to_public_key_der()
            .map_err(|_| refuse("has no public half that could be written"))?;
        let public_key = STANDARD.encode(public_key.as_bytes());
        Ok(Self { key, public_key, bits })
    }
}

/// Verifies an RSASSA-PKCS1-v1_5 signature with SHA-256, as requests and the gateway's notifications carry it.
///
/// `public_key` is an SPKI public key of at least 2048 bits, as PEM or as base64 without the PEM lines;
/// `signature_base64` is standard base64, as it is in the envelope.
///
/// # Errors
/// `Ok` alone means that the signature is genuine. The error's field is `public_key` when the key cannot be used,
/// and `signature` when the signature does not belong to this message and key.
pub fn verify_signature(
    public_key: &str,
    message: &[u8],
    signature_base64: &str,
) -> Result<(), InvalidInput> {
    if PublicKey::parse(public_key)?.verifies(message, signature_base64) {
        Ok(())
    } else {
        Err(InvalidInput::new("signature", "does not belong to this message and this public key"))
    }
}

pub(crate) fn refuse(rule: impl Into<std::borrow::Cow<'static, str>>) -> InvalidInput {
    InvalidInput::new("private_key", rule)
}

const PUBLIC: &str = "is a public key; hand in the private key";
const ENCRYPTED: &str = "is protected by a password; decrypt it first and keep it where secrets are kept";
const CURVE: &str = "is an elliptic-curve key; this gateway takes RSA keys only";
const OTHER: &str = "is not an RSA private key in PKCS#8 or PKCS#1 form";

fn der_of_private_key(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidInput> {
    let Some(block) = PemBlock::first(text) else {
        if text.trim().is_empty() {
            return Err(refuse("must not be empty"));
        }
        return decode_base64(text)
            .ok_or_else(|| refuse("must be PEM, or the base64 of a PKCS#8 or PKCS#1 key"));
    };
    let label = block.label();
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
        "ENCRYPTED PRIVATE KEY" => return Err(refuse(ENCRYPTED)),
        "EC PARAMETERS" | "EC PRIVATE KEY" => return Err(refuse(CURVE)),
        "OPENSSH PRIVATE KEY" => return Err(refuse("is an OpenSSH key; write it as PKCS#8 PEM first")),
        _ if label.ends_with("PUBLIC KEY") => return Err(refuse(PUBLIC)),
        _ if label.contains("CERTIFICATE") => {
            return Err(refuse("is a certificate; hand in the private key that belongs to it"));
        }
        _ => return Err(refuse("is PEM of something else than a private key")),
    }
    let base64 = block.base64().ok_or_else(|| refuse("is cut off: its last PEM line is missing"))?;
    if base64.contains(",ENCRYPTED") {
        return Err(refuse(ENCRYPTED));
    }
    decode_base64(base64).ok_or_else(|| refuse("is damaged: the text between the PEM lines is not base64"))
}

fn private_key(der: &[u8]) -> Result<RsaPrivateKey, InvalidInput> {
    if let Ok(info) = PrivateKeyInfo::try_from(der) {
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(refuse("is not an RSA key; this gateway takes RSA keys only"));
        }
        return RsaPrivateKey::try_from(info)
            .map_err(|_| refuse("is damaged: its numbers do not fit together"));
    }
    if pkcs1::RsaPrivateKey::try_from(der).is_ok() {
        return RsaPrivateKey::from_pkcs1_der(der)
            .map_err(|_| refuse("is damaged: its numbers do not fit together"));
    }
    if SubjectPublicKeyInfoRef::try_from(der).is_ok() || pkcs1::RsaPublicKey::try_from(der).is_ok() {
        return Err(refuse(PUBLIC));
    }
    Err(refuse(if is_encrypted(der) { ENCRYPTED } else { OTHER }))
}

/// Whether it has the shape of an encrypted PKCS#8 key: an algorithm and encrypted bytes, nothing else.
fn is_encrypted(der: &[u8]) -> bool {
    let shape = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|inner| {
            inner.decode::<AlgorithmIdentifierRef<'_>>()?;
            inner.decode::<OctetStringRef<'_>>().map(drop)
        })
    });
    shape.is_ok()
}
