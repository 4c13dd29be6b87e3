use std::fmt;

use recurring_core::Reply;
use recurring_gateway::{ErrorExt as _, ReplyExt as _, lenient, read_success};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, `{"error": {...}}`, as far as it fills it.
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ApiError {
    /// The gateway's name for the kind of error, such as `ValidationError`.
    pub error_type: Option<String>,
    /// What is wrong, in the gateway's words.
    pub value: Option<String>,
    /// The member of the request that is wrong.
    pub property_path: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Box<RawValue>,
}

#[derive(Deserialize)]
struct Members {
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    error_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    value: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    property_path: Option<String>,
}

impl ApiError {
    /// Reads the words of an error: an object, or a plain text, under `error`.
    fn read(reply: &Reply) -> Option<Self> {
        let envelope: Envelope = reply.object().ok()?;
        let shown = |text: Option<String>| text.map(|text| reply.shown(text)).filter(|text| !text.is_empty());
        if let Ok(text) = serde_json::from_str::<String>(envelope.error.get()) {
            return Some(Self { value: shown(Some(text)), ..Self::default() });
        }
        let members: Members = lenient::parse_object(&envelope.error).ok()?;
        Some(Self {
            error_type: shown(members.error_type),
            value: shown(members.value),
            property_path: shown(members.property_path),
        })
    }

    /// Whether the error has the members that every documented error has, `type` and `value`. Anything else under
    /// `error` may be the answer of a machine in between.
    fn is_documented(&self) -> bool {
        self.error_type.is_some() && self.value.is_some()
    }
}

/// Reads a reply that is not a success. Only the documented shape proves that nothing happened.
pub(crate) fn failed(reply: &Reply) -> Error {
    match ApiError::read(reply) {
        Some(api) if !api.is_documented() => Error::from_unproven_reply(reply.clone(), api),
        api => Error::from_reply(reply.clone(), api),
    }
}

/// Reads a successful reply as a JSON object.
pub(crate) fn read_object<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.is_success() { read_success(reply, |_| None) } else { Err(failed(reply)) }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error_type.as_deref().unwrap_or("error"))?;
        if let Some(value) = &self.value {
            write!(f, ": {value}")?;
        }
        if let Some(path) = &self.property_path {
            write!(f, " (`{path}`)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use recurring_core::{Effect, Proof};

    use super::*;

    #[test]
    fn only_the_documented_shape_proves_a_refusal() {
        const REFUSED: Effect = Effect::NotApplied(Proof::Refused);
        for (body, effect, words) in [
            (r#"{"error":{"type":"ValidationError","value":"no"}}"#, REFUSED, Some("ValidationError: no")),
            (
                r#"{"error":{"type":"ValidationError","value":"no","property_path":"amount"}}"#,
                REFUSED,
                Some("ValidationError: no (`amount`)"),
            ),
            (r#"{"error":{"type":"ValidationError"}}"#, Effect::Unknown, Some("ValidationError")),
            (r#"{"error":{"value":"no"}}"#, Effect::Unknown, Some("error: no")),
            (r#"{"error":{"type":"","value":"no"}}"#, Effect::Unknown, Some("error: no")),
            (r#"{"error":"Forbidden"}"#, Effect::Unknown, Some("error: Forbidden")),
            (r#"{"error":7}"#, Effect::Unknown, None),
            (r#"{"message":"no"}"#, Effect::Unknown, None),
            ("<html>", Effect::Unknown, None),
        ] {
            let error = failed(&Reply::new(400, Vec::new(), body.into()));
            let shown = error.api().map(ToString::to_string);
            assert_eq!((error.effect(), shown.as_deref()), (effect, words), "{body}");
        }
    }
}
