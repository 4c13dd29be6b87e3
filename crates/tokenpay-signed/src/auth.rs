use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{Class, ErrorExt as _, Method, PreparedRequest};
use serde::Serialize;

use crate::error::Error;
use crate::wire::Envelope;

/// Signs requests: RSASSA-PKCS1-v1_5 with SHA-256.
///
/// [`RsaSigner`](crate::RsaSigner) does it with a key in memory; implement this trait for a key that lives in a
/// hardware module or a key service. `Debug` must not show the key.
pub trait RequestSigner: fmt::Debug + Send + Sync {
    /// The bytes of the signature over exactly these bytes, not encoded.
    ///
    /// It is called once for each operation, before anything is sent, and runs inside the caller's task: work
    /// that takes long belongs into another thread.
    fn sign<'a>(
        &'a self,
        message: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>>;
}

/// No signature could be made. Nothing is sent then: the operation fails with `NotApplied(Local)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningError {
    message: String,
}

impl SigningError {
    /// Says what went wrong. The text is shown and logged: it must not hold a secret.
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

/// A request that has been built but not signed: the text that is signed and sent as `request`.
///
/// The text is serialised once; those bytes are signed, sent and compared in tests. `Debug` does not show it,
/// since it may name a token.
#[derive(Clone)]
pub struct Unsigned {
    operation: &'static str,
    class: Class,
    path: &'static str,
    text: Secret,
    hidden: Vec<Secret>,
}

impl Unsigned {
    pub(crate) fn new(
        operation: &'static str,
        class: Class,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<Self, InvalidInput> {
        // A text that could not be written must never be signed in its stead, so this is an error and no default.
        let text = serde_json::to_string(body)
            .map_err(|_| InvalidInput::new("request", "cannot be written as JSON"))?;
        Ok(Self { operation, class, path, text: Secret::new(text), hidden: Vec::new() })
    }

    /// Names a secret inside the text, so that a gateway that quotes it back in an error does not leak it.
    pub(crate) fn hide(mut self, secret: &Secret) -> Self {
        self.hidden.push(secret.clone());
        self
    }

    /// The text to sign, byte for byte: compact JSON without a last line break. It may name a token: do not log it.
    pub fn text(&self) -> &str {
        self.text.expose()
    }

    /// The request as it goes over the wire, with the bytes of the signature over [`Unsigned::text`].
    pub fn signed(&self, signature: &[u8]) -> PreparedRequest {
        let envelope = Envelope { request: self.text.expose(), signature: &STANDARD.encode(signature) };
        let request = PreparedRequest::new(self.operation, self.class, Method::Post, self.path)
            .header("content-type", "application/json")
            .json(&envelope);
        self.hidden.iter().fold(request, PreparedRequest::hide)
    }
}

impl fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned")
            .field("operation", &self.operation)
            .field("class", &self.class)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Signs a request, or says that nothing was sent.
pub(crate) async fn authorise(
    request: &Unsigned,
    signer: &dyn RequestSigner,
) -> Result<PreparedRequest, Error> {
    let signed = match signer.sign(request.text().as_bytes()).await {
        Ok(signature) if signature.is_empty() => Err(SigningError::new("the signer answered no bytes")),
        other => other,
    };
    match signed {
        Ok(signature) => Ok(request.signed(&signature)),
        Err(error) => {
            let input = InvalidInput::new("signer", format!("could not sign: {error}"));
            Err(Error::config(input).with_source(error))
        }
    }
}
