use std::fmt;

use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _, lenient, read_success};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The one response code that is public: success.
pub(crate) const SUCCESS: &str = "0000";

/// The gateway's own error, `{"responseCode": .., "message": ..}` with another code than `0000`.
///
/// No code but `0000` is public. The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiError {
    /// The gateway's code.
    pub response_code: String,
    /// What is wrong, in the gateway's words.
    pub message: String,
}

impl ApiError {
    /// Returns whether the words say that the token of the card is dead: unknown, invalid, expired or deleted. Then
    /// the card has to be collected again.
    // Assumption(dead-token-words): no code but `0000` is public, and no document prints the words for it.
    pub fn refuses_token(&self) -> bool {
        const DEAD: [&str; 8] =
            ["not found", "unknown", "not known", "invalid", "expired", "deleted", "not exist", "revoked"];
        // The gateway's own product is called tokenization.
        let words = self.message.to_lowercase().replace("tokenization", "").replace("tokenisation", "");
        words.contains("token") && DEAD.iter().any(|word| words.contains(word))
    }

    /// Whether the words, which answer the question for an order, say that there is none.
    // Assumption(no-order-words): no code but `0000` is public, and no document prints the words for it.
    pub(crate) fn knows_no_order(&self) -> bool {
        let words = self.message.to_lowercase();
        let of_an_order = ["order", "reference", "transaction"].iter().any(|word| words.contains(word));
        let missing = ["not found", "not exist", "no such"].iter().any(|word| words.contains(word));
        of_an_order && missing
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.response_code, self.message)
    }
}

/// The part that every answer has, and whether it names an order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default, deserialize_with = "lenient::text")]
    response_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    message: Option<String>,
    #[serde(default)]
    order: Option<IgnoredAny>,
    #[serde(default)]
    transaction: Option<IgnoredAny>,
}

impl ApiError {
    /// Reads the gateway's error, if the body has its shape. An answer that names an order is more than an
    /// error: whatever its code says, something may have happened.
    fn read(reply: &Reply) -> Option<Self> {
        Self::of(reply, &head(reply)?).filter(|_| !names_an_order(reply))
    }

    fn of(reply: &Reply, head: &Head) -> Option<Self> {
        let response_code =
            head.response_code.as_deref().filter(|code| !code.is_empty() && *code != SUCCESS)?;
        let message = head.message.as_deref()?;
        Some(Self { response_code: reply.shown(response_code), message: reply.shown(message) })
    }
}

fn head(reply: &Reply) -> Option<Head> {
    reply.object().ok()
}

pub(crate) fn names_an_order(reply: &Reply) -> bool {
    head(reply).is_some_and(|head| head.order.is_some() || head.transaction.is_some())
}

/// Reads an answer: by its response code first.
///
/// | code | message | kind | effect |
/// | --- | --- | --- | --- |
/// | `0000` | any | the answer | |
/// | other | `invalid signature`, `no public key` | `Authentication` | `NotApplied(Refused)` |
/// | other | with `duplicate` or `already` | `Conflict` | `Unknown` |
/// | other | any, with a 4xx that means a refusal | by the status | `NotApplied(Refused)` |
/// | other | any | `Protocol` | `Unknown` |
/// | none, or with an order | any | `Protocol` | `Unknown` |
// Assumption(errors-with-200): the gateway most likely reports errors with HTTP 200 and another code.
// Assumption(refusal-by-status): a code in the gateway's shape with a 4xx that means a refusal proves one.
// Assumption(duplicate-words): `duplicate` and `already` in the message may mean that the first charge went through.
pub(crate) fn read_answer<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.is_success() {
        let head: Head = read_success(reply, ApiError::read)?;
        match head.response_code.as_deref() {
            Some(SUCCESS) => return read_success(reply, ApiError::read),
            None | Some("") => {
                let message = format!("the gateway answered {}, but without a response code", reply.status());
                return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
            }
            Some(_) => {}
        }
    }
    Err(refusal(reply))
}

/// Reads an answer like [`read_answer`], but once, when it has all that every answer has: `code` is its response code.
/// What is not a success after all is read by the table.
pub(crate) fn read_order<T: DeserializeOwned>(
    reply: &Reply,
    code: impl FnOnce(&T) -> &str,
) -> Result<T, Error> {
    match reply.is_success().then(|| reply.object::<T>()) {
        Some(Ok(answer)) if code(&answer) == SUCCESS => Ok(answer),
        _ => read_answer(reply),
    }
}

/// The table above, for a reply that is not a success.
fn refusal(reply: &Reply) -> Error {
    let answered = |api: &ApiError| format!("the gateway answered {}: {api}", reply.status());
    let Some(api) = ApiError::read(reply) else {
        // The gateway's words are kept all the same, for the operator.
        return match head(reply).and_then(|head| ApiError::of(reply, &head)) {
            Some(api) if reply.is_success() => {
                Error::unknown(ErrorKind::Protocol, answered(&api)).with_api(api).with_reply(reply.clone())
            }
            _ => Error::from_reply(reply.clone(), None),
        };
    };
    let words = api.message.to_lowercase();
    let bad_key = matches!(words.trim().trim_end_matches('.'), "invalid signature" | "no public key");
    if bad_key && (reply.is_success() || (400..500).contains(&reply.status())) {
        return Error::refused(ErrorKind::Authentication, answered(&api), api).with_reply(reply.clone());
    }
    if words.contains("duplicate") || words.contains("already") {
        return Error::unknown(ErrorKind::Conflict, answered(&api)).with_api(api).with_reply(reply.clone());
    }
    Error::from_reply(reply.clone(), Some(api))
}

#[cfg(test)]
mod tests {
    use recurring_core::{Effect, Proof};

    use super::*;

    #[test]
    fn dead_token_is_found_by_its_words() {
        let says = |message: &str| {
            ApiError { response_code: "1004".to_owned(), message: message.to_owned() }.refuses_token()
        };
        for dead in ["Token not found", "Invalid token", "tokenId is unknown", "The token has been deleted"] {
            assert!(says(dead), "{dead}");
        }
        for other in ["Order not found", "Invalid tokenization request", "Invalid signature", "token", ""] {
            assert!(!says(other), "{other}");
        }
    }

    #[test]
    fn refusal_that_names_an_order_proves_nothing() {
        const REFUSED: Effect = Effect::NotApplied(Proof::Refused);
        for (status, more, kind, effect, has_words) in [
            (400, "", ErrorKind::InvalidRequest, REFUSED, true),
            (400, r#","order":{}"#, ErrorKind::InvalidRequest, Effect::Unknown, false),
            (400, r#","transaction":{}"#, ErrorKind::InvalidRequest, Effect::Unknown, false),
            (400, r#","order":{},"transaction":{}"#, ErrorKind::InvalidRequest, Effect::Unknown, false),
            (503, r#","order":{}"#, ErrorKind::Unavailable, Effect::Unknown, false),
            (200, r#","order":{}"#, ErrorKind::Protocol, Effect::Unknown, true),
            (200, r#","transaction":{}"#, ErrorKind::Protocol, Effect::Unknown, true),
        ] {
            let body = format!(r#"{{"responseCode":"1002","message":"Invalid parameter"{more}}}"#);
            let error = refusal(&Reply::new(status, Vec::new(), body.into()));
            let read = (error.kind(), error.effect(), error.api().is_some());
            assert_eq!(read, (kind, effect, has_words), "{status} {more}");
        }
    }
}
