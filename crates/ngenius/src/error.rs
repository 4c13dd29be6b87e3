use std::fmt;

use recurring_core::Reply;
use recurring_gateway::{ReplyExt as _, lenient};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, `{"message", "code", "errors": [..]}`, as far as it fills it.
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiError {
    /// What is wrong, in the gateway's words.
    pub message: Option<String>,
    /// The gateway's number for it, often the HTTP status.
    pub code: Option<String>,
    /// What is wrong in detail.
    pub errors: Vec<ApiErrorDetail>,
}

/// One entry of an [`ApiError`]. Only `message` is certain to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiErrorDetail {
    /// What is wrong, in the gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// The same in the customer's language.
    #[serde(default, deserialize_with = "lenient::text")]
    pub localized_message: Option<String>,
    /// The gateway's name for it, such as `badTokenRequest`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_code: Option<String>,
    /// The part of the gateway that it comes from.
    #[serde(default, deserialize_with = "lenient::text")]
    pub domain: Option<String>,
}

#[derive(Deserialize)]
struct Members {
    #[serde(default)]
    message: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "lenient::text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    errors: Vec<Box<RawValue>>,
}

/// What every entry has.
#[derive(Deserialize)]
struct Entry {
    message: String,
}

impl ApiError {
    /// Reads the gateway's error, if the body has its documented shape: an object whose list `errors` holds objects and
    /// nothing else, each with a text under `message`. That member alone is certain to be there; a `message` beside the
    /// list is what any machine in between writes too.
    pub(crate) fn read(reply: &Reply) -> Option<Self> {
        let members: Members = reply.object().ok()?;
        let has_message = |entry: &RawValue| {
            lenient::parse_object(entry).is_ok_and(|entry: Entry| !entry.message.is_empty())
        };
        if members.errors.is_empty() || !members.errors.iter().all(|entry| has_message(entry)) {
            return None;
        }
        let message = members.message.and_then(|text| serde_json::from_str::<String>(text.get()).ok());
        let shown = |text: Option<String>| text.map(|text| reply.shown(text));
        let errors = members
            .errors
            .iter()
            .filter_map(|entry| serde_json::from_str::<ApiErrorDetail>(entry.get()).ok())
            .map(|detail| ApiErrorDetail {
                message: shown(detail.message),
                localized_message: shown(detail.localized_message),
                error_code: shown(detail.error_code),
                domain: shown(detail.domain),
            })
            .collect();
        Some(Self { message: shown(message), code: shown(members.code), errors })
    }

    /// Whether one of the details has this `errorCode`.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.errors.iter().any(|detail| detail.error_code.as_deref() == Some(code))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("error"))?;
        for detail in &self.errors {
            if let Some(message) = detail.message.as_deref()
                && Some(message) != self.message.as_deref()
            {
                write!(f, ": {message}")?;
            }
            if let Some(code) = &detail.error_code {
                write!(f, " ({code})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_gateways_own_shape_is_taken() {
        let read = |body: &str| ApiError::read(&Reply::new(400, Vec::new(), body.into()));
        for (body, shown) in [
            (r#"{"errors":[{"message":"no"}]}"#, "error: no"),
            (r#"{"message":7,"errors":[{"message":"no"}]}"#, "error: no"),
            (r#" {"message":"no","code":400,"errors":[{"message":"why","errorCode":"x"}]}"#, "no: why (x)"),
            (r#"{"message":"no","errors":[{"message":"no","errorCode":7}]}"#, "no (7)"),
        ] {
            assert_eq!(read(body).expect(body).to_string(), shown);
        }
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"["no"]"#,
            r#""no""#,
            r#"{"message":7}"#,
            r#"{"message":"Forbidden"}"#,
            r#"{"message":"Forbidden","code":403}"#,
            r#"{"message":"no","errors":null}"#,
            r#"{"errors":[{}]}"#,
            r#"{"errors":[{"message":"no"},1]}"#,
            r#"{"errors":[{"message":"no"},{"errorCode":"x"}]}"#,
            r#"{"errors":[{"message":""}]}"#,
            r#"{"message":null}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":["no"]}"#,
            r#"{"errors":[["no"]]}"#,
            r#"{"errors":[{},7]}"#,
            r#"{"errors":{"message":"no"}}"#,
            r#"{"error":"no"}"#,
            r#"{"message":"no""#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
