use std::fmt;

use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _, read_success};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The gateway's own error, or the token service's: `{"message"}`, `{"error"}` or `{"error","error_description"}`.
/// Assumption(error-shape): no document prints one; see SOURCES.md.
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
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

    /// Returns whether the words say that the card token is dead: unknown, invalid, expired or deleted. Then the card
    /// has to be collected again.
    // Assumption(dead-card-token-words): no document prints the gateway's words for it.
    pub fn refuses_card_token(&self) -> bool {
        const DEAD: [&str; 8] =
            ["not known", "unknown", "not found", "invalid", "expired", "deleted", "not exist", "revoked"];
        [&self.message, &self.error, &self.error_description].into_iter().flatten().any(|text| {
            let text = text.to_ascii_lowercase();
            let dense: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            dense.contains("cardtoken") && DEAD.iter().any(|word| text.contains(word))
        })
    }

    /// Whether the words may mean that the gateway has this payment already.
    fn may_mean_duplicate(&self) -> bool {
        [&self.message, &self.error, &self.error_description].into_iter().flatten().any(|text| {
            let text = text.to_ascii_lowercase();
            text.contains("duplicate") || text.contains("already")
        })
    }
}

/// Reads an answer that is not a success.
///
/// No document of the gateway prints an error, so words under `message` or `error` may be those of a machine in
/// between and prove nothing. A 401 is the exception: by the definition of HTTP (RFC 9110, 15.5.2) the request was
/// not applied.
// Assumption(unauthorized-with-words): a 401 with words is the gateway's, or that of a machine which did not pass the
// request on.
pub(crate) fn failed(reply: &Reply) -> Error {
    match ApiError::read(reply) {
        Some(api) if reply.status() != 401 => Error::from_unproven_reply(reply.clone(), api),
        api => Error::from_reply(reply.clone(), api),
    }
}

/// Reads a successful answer as a JSON object.
pub(crate) fn read_object<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.is_success() { read_success(reply, |_| None) } else { Err(failed(reply)) }
}

/// Reads an answer to a payment that is not a success.
///
/// Words that may mean that the gateway knows the order already are taken for it.
// Assumption(duplicate-words): no document prints how the gateway says so.
pub(crate) fn not_created(reply: &Reply) -> Error {
    match ApiError::read(reply) {
        Some(api) if api.may_mean_duplicate() => {
            let message = format!("the gateway answered {}: {api}", reply.status());
            Error::unknown(ErrorKind::Conflict, message).with_api(api).with_reply(reply.clone())
        }
        _ => failed(reply),
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
    fn dead_card_token_is_found_by_its_words() {
        let says = |text: &str| {
            ApiError { message: Some(text.to_owned()), ..ApiError::default() }.refuses_card_token()
        };
        for dead in
            ["cardToken is not known", "Invalid card token", "Card-Token expired", "card_token not found"]
        {
            assert!(says(dead), "{dead}");
        }
        for other in
            ["cardToken is required", "Invalid token", "Unauthorized", "Forbidden", "card not found", ""]
        {
            assert!(!says(other), "{other}");
        }
    }

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
