use std::fmt;

use recurring_core::{Reply, lenient};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, `{"error": {...}}`, as far as it fills it.
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Reads the gateway's error, if the body has its shape: an object, or a plain text, under `error`.
    pub(crate) fn read(reply: &Reply) -> Option<Self> {
        let envelope: Envelope = reply.object().ok()?;
        let shown = |text: Option<String>| text.map(|text| reply.shown(&text));
        if let Ok(text) = serde_json::from_str::<String>(envelope.error.get()) {
            return Some(Self { value: shown(Some(text)), ..Self::default() });
        }
        let members: Members = serde_json::from_str(envelope.error.get()).ok()?;
        Some(Self {
            error_type: shown(members.error_type),
            value: shown(members.value),
            property_path: shown(members.property_path),
        })
    }
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
