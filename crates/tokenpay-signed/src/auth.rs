use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{ErrorExt as _, PreparedRequest};

use crate::error::Error;
use crate::wire::Envelope;

/// Signs requests: RSASSA-PKCS1-v1_5 with SHA-256.
///
/// [`RsaSigner`](crate::RsaSigner) does it with a key in memory, and with the feature `aws-lc-rs` so does `AwsLcSigner`; implement this trait for a key that lives in a
/// hardware module or a key service. `Debug` must not show the key.
pub trait RequestSigner: fmt::Debug + Send + Sync {
    /// Returns the signature over exactly these bytes, not encoded.
    ///
    /// It is called once for each operation, before anything is sent, and runs inside the caller's task: work
    /// that takes long belongs into another thread.
    fn sign<'a>(
        &'a self,
        message: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>>;
}

/// A signature that could not be made. Nothing is sent then: the operation fails with `NotApplied(Local)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningError {
    message: String,
}

impl SigningError {
    /// Creates the error. The text is shown and logged: it must not hold a secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for SigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SigningError {}

/// Computes in a thread where waiting tasks are not held up: an RSA signature takes a millisecond or more. Without a runtime,
/// it computes at once.
pub(crate) async fn off_the_runtime(
    sign: impl FnOnce() -> Result<Vec<u8>, SigningError> + Send + 'static,
) -> Result<Vec<u8>, SigningError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(sign)
            .await
            .unwrap_or_else(|_| Err(SigningError::new("the runtime ended before the signature was made"))),
        Err(_) => sign(),
    }
}

/// Puts a request and the bytes of the signature over its body into the envelope that goes over the wire.
///
/// `request` is what [`Operation::request`](crate::Operation::request) built: its body is the text to sign, byte for
/// byte, compact JSON without a last line break.
///
/// # Errors
/// When the body could not be written as JSON: nothing must be signed in its stead.
pub fn with_signature(request: PreparedRequest, signature: &[u8]) -> Result<PreparedRequest, InvalidInput> {
    let text = signed_text(&request)?.to_owned();
    let text = Secret::new(text);
    let signature = STANDARD.encode(signature);
    Ok(request.json(&Envelope { request: text.expose(), signature: &signature }))
}

fn signed_text(request: &PreparedRequest) -> Result<&str, InvalidInput> {
    request.check()?;
    let text = request.body_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.ok_or_else(|| InvalidInput::new("request", "has no text to sign"))
}

/// Signs a request, or says that nothing was sent.
pub(crate) async fn authorize(
    request: PreparedRequest,
    signer: &dyn RequestSigner,
) -> Result<PreparedRequest, Error> {
    let signed = match signer.sign(signed_text(&request)?.as_bytes()).await {
        Ok(signature) if signature.is_empty() => Err(SigningError::new("the signer answered no bytes")),
        other => other,
    };
    match signed {
        Ok(signature) => Ok(with_signature(request, &signature)?),
        Err(error) => {
            let input = InvalidInput::new("signer", format!("could not sign: {error}"));
            Err(Error::config(input).with_source(error))
        }
    }
}
