use std::fmt;

use recurring_core::Reply;
use recurring_gateway::{ErrorExt as _, lenient, read_success, ReplyExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, `{"error": {"code": .., "message": ..}}`. The texts have been cleared of the request's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// The gateway's code.
    pub code: String,
    /// What is wrong, in the gateway's words.
    pub message: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Members,
}

#[derive(Deserialize)]
struct Members {
    #[serde(deserialize_with = "lenient::required_text")]
    code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    message: Option<String>,
}

/// Reads a reply that is not a success. Only the documented shape proves that nothing happened.
pub(crate) fn failed(reply: &Reply) -> Error {
    let envelope: Option<Envelope> = reply.object().ok();
    let api = envelope.map(|Envelope { error }| ApiError {
        code: reply.shown(&error.code),
        message: error.message.map(|message| reply.shown(&message)),
    });
    Error::from_reply(reply.clone(), api)
}

/// Reads a successful reply as a JSON object.
pub(crate) fn read_object<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.is_success() { read_success(reply, |_| None) } else { Err(failed(reply)) }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => f.write_str(&self.code),
        }
    }
}
