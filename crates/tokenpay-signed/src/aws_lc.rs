//! The second signer. No type of `aws-lc-rs` leaves this file.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use recurring_core::{InvalidInput, Secret};
use rsa::pkcs1::EncodeRsaPrivateKey;

use crate::auth::{RequestSigner, SigningError, off_the_runtime};
use crate::key::{PrivateKey, refuse};

/// Signs with a private key held in memory, in constant time: the signer for servers.
///
/// AWS-LC computes, the library that rustls brings; the signatures are those of [`RsaSigner`](crate::RsaSigner), byte for
/// byte. Signing takes about half a millisecond, in one of tokio's blocking threads where there is a runtime. Cloning
/// is cheap and shares the key. `Debug` shows the size of the key only.
#[derive(Clone)]
pub struct AwsLcSigner {
    key: Arc<KeyPair>,
    public_key: String,
    bits: usize,
}

impl AwsLcSigner {
    /// Reads a private key, in every form that [`RsaSigner::from_key`](crate::RsaSigner::from_key) reads.
    ///
    /// # Errors
    /// Those of [`RsaSigner::from_key`](crate::RsaSigner::from_key), and for a key of more than 8192 bits.
    pub fn from_key(text: impl Into<Secret>) -> Result<Self, InvalidInput> {
        let PrivateKey { key, public_key, bits } = PrivateKey::read(&text.into())?;
        if bits > MOST_BITS {
            return Err(refuse(format!("has {bits} bits; at most {MOST_BITS} can be used")));
        }
        let damaged = || refuse("is damaged: its numbers do not fit together");
        let der = key.to_pkcs1_der().map_err(|_| damaged())?;
        let key = KeyPair::from_der(der.as_bytes()).map_err(|_| damaged())?;
        Ok(Self { key: Arc::new(key), public_key, bits })
    }

    /// Returns the public half, as the merchant registers it with the gateway: SPKI in base64 on one line, without the
    /// PEM lines.
    pub fn public_key_base64(&self) -> String {
        self.public_key.clone()
    }
}

/// AWS-LC takes no longer ones.
const MOST_BITS: usize = 8192;

impl RequestSigner for AwsLcSigner {
    fn sign<'a>(
        &'a self,
        message: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        let (key, message) = (Arc::clone(&self.key), message.to_vec());
        Box::pin(off_the_runtime(move || {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature)
                .map_err(|_| SigningError::new("the RSA computation failed"))?;
            Ok(signature)
        }))
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcSigner").field("bits", &self.bits).finish_non_exhaustive()
    }
}
