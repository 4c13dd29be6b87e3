use std::fmt;

use recurring_core::{ErrorKind, Reply};
use serde_json::{Map, Value};

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, or the token service's: `{"message"}`, `{"error"}` or
/// `{"error","error_description"}` (seen by clients of the gateway; printed in no document).
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// What is wrong, in the gateway's words.
    pub message: Option<String>,
    /// The name of the error, such as `invalid_client`, or what is wrong in words.
    pub error: Option<String>,
    /// What is wrong, in the token service's words.
    pub error_description: Option<String>,
}

impl ApiError {
    /// Reads the gateway's error, if the body has its shape: a JSON object with a text under `message` or
    /// `error`. Plain text and HTML could come from any machine in between, and an answer that names a payment
    /// does not say that there is none.
    pub(crate) fn read(reply: &Reply) -> Option<Self> {
        let members: Map<String, Value> = reply.json().ok()?;
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(|text| reply.shown(text))
        };
        let api = Self {
            message: text("message"),
            error: text("error"),
            error_description: text("error_description"),
        };
        let in_shape = api.message.is_some() || api.error.is_some();
        (in_shape && !members.contains_key("paymentId")).then_some(api)
    }

    /// Whether the words may mean that the gateway has this payment already.
    fn may_mean_duplicate(&self) -> bool {
        [&self.message, &self.error, &self.error_description].into_iter().flatten().any(|text| {
            let text = text.to_ascii_lowercase();
            text.contains("duplicate") || text.contains("already")
        })
    }
}

/// Reads an answer to a payment that is not a success.
///
/// How the gateway says that it knows an order already is printed nowhere. Words that may mean it are taken for
/// it (a guess), since the other mistake would call a payment that went through one that never was.
pub(crate) fn not_created(reply: &Reply) -> Error {
    match ApiError::read(reply) {
        Some(api) if api.may_mean_duplicate() => {
            let message = format!("the gateway answered {}: {api}", reply.status());
            Error::unknown(ErrorKind::Conflict, message).with_api(api).with_reply(reply.clone())
        }
        api => Error::from_reply(reply.clone(), api),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [&self.error, &self.error_description, &self.message];
        for (index, text) in texts.into_iter().flatten().enumerate() {
            if index > 0 {
                f.write_str(": ")?;
            }
            f.write_str(text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_with_words_is_the_gateways_own_error() {
        let shown =
            |body: &str| ApiError::read(&Reply::new(400, Vec::new(), body.into())).map(|api| api.to_string());
        assert_eq!(shown(r#"{"message":"no"}"#).as_deref(), Some("no"));
        assert_eq!(shown(r#"{"error":"no","status":400}"#).as_deref(), Some("no"));
        assert_eq!(shown(r#"{"error":"a","error_description":"b"}"#).as_deref(), Some("a: b"));
        for body in [
            "no",
            "<html>no</html>",
            r#""no""#,
            r#"["no"]"#,
            "{}",
            r#"{"message":""}"#,
            r#"{"message":7}"#,
            r#"{"error":{"message":"no"}}"#,
            r#"{"error_description":"no"}"#,
            r#"{"message":"no","paymentId":"1"}"#,
        ] {
            assert_eq!(shown(body), None, "{body}");
        }
    }
}
