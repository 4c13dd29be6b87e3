//! Looks for secrets where none may be, in every form in which a gateway could quote them.
//!
//! The forms are written here by other means than the library's own, which clears them.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fault::{Behavior, FaultServer, RawReply};

/// Returns every form of a secret, each with its name: plain, in base64 of either alphabet (also as a user name without
/// a password), decoded from base64 with its user name and password, each of these percent-encoded, with the `\\/` of
/// JSON, and a card number in groups.
#[must_use]
pub fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let mut texts = vec![("plain", secret.to_owned())];
    for engine in [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        texts.push(("in base64", engine.encode(secret)));
        texts.push(("in base64, as a user name", engine.encode(format!("{secret}:"))));
    }
    if let Some(text) = STANDARD.decode(secret).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        let parts: Vec<String> = text.split(':').map(str::to_owned).collect();
        texts.extend(parts.into_iter().filter(|part| part.len() > 3).map(|part| ("decoded, a part", part)));
        texts.push(("decoded", text));
    }
    if secret.len() == 16 && secret.bytes().all(|byte| byte.is_ascii_digit()) {
        for divider in [" ", "-"] {
            let groups: Vec<String> = secret
                .as_bytes()
                .chunks(4)
                .map(|group| String::from_utf8_lossy(group).into_owned())
                .collect();
            texts.push(("in groups", groups.join(divider)));
        }
    }
    for (_, text) in texts.clone() {
        let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        texts.push(("percent-encoded, in lower case", lower_hex(&encoded)));
        texts.push(("percent-encoded", encoded));
        texts.push(("with spaces as +", text.replace(' ', "+")));
        texts.push(("with escaped slashes", text.replace('/', "\\/")));
    }
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    texts.dedup_by(|a, b| a.1 == b.1);
    texts
}

/// `%2F` as `%2f`.
fn lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push_str(&format!("%{}{rest}", hex.to_lowercase()));
    }
    lower
}

/// Looks for each sentinel in a text, in every form. `what` names the text in the message, for instance "the Debug form of
/// the client".
///
/// # Panics
/// When a sentinel is found, or is empty.
#[track_caller]
pub fn assert_absent(sentinels: &[&str], haystack: &str, what: &str) {
    for sentinel in sentinels {
        assert!(!sentinel.is_empty(), "an empty sentinel proves nothing");
        for (form, text) in forms(sentinel) {
            assert!(
                !haystack.contains(&text),
                "{what} shows the secret {sentinel:?} ({form}: {text}):\n{haystack}"
            );
        }
    }
}

/// The answers of a gateway that quotes `secret`: each of `templates` (JSON) with each form in the place of `ECHO`, as a
/// success and as a failure, and as a page and a header. In the place of the text `"ID"` is `"1"`, or the form too.
///
/// Statuses are 200, 201, 400, 401 and 500. A form is written as it is, and with its first letter as `\\u00xx`.
#[must_use]
pub fn echoes(secret: &str, templates: &[&str]) -> Vec<RawReply> {
    let mut replies = Vec::new();
    for (_, form) in forms(secret) {
        let literal = form.replace('\\', "\\\\").replace('"', "\\\"");
        let escaped = form.bytes().next().map(|first| format!("\\u{first:04x}"));
        let escaped = escaped.unwrap_or_default() + literal.get(1..).unwrap_or_default();
        for template in templates {
            for (id, text) in [("1", &literal), (&literal, &literal), ("1", &escaped)] {
                let body = template.replace("\"ID\"", &format!("\"{id}\"")).replace("ECHO", text);
                replies.extend([200, 201].map(|status| RawReply::json(status, body.clone())));
            }
            let body = template.replace("\"ID\"", "\"1\"").replace("ECHO", &literal);
            replies.extend([400, 401].map(|status| RawReply::json(status, body.clone())));
        }
        replies.push(RawReply::html(500, format!("<p>{form}</p>")).header("X-Echo", &form));
        replies.push(RawReply::html(200, format!("<p>{form}</p>")).header("Location", &form));
        replies.push(RawReply::json(200, format!("[\"{literal}\"")));
    }
    replies
}

/// Everything that can be shown of an answer: its `Debug` and its JSON; of an error, its text, `Debug` and causes.
pub fn show<T: std::fmt::Debug + serde::Serialize, E: std::error::Error>(answer: &Result<T, E>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?} {}\n", serde_json::to_string(answer).unwrap_or_default()),
        Err(error) => {
            let mut shown = format!("{error} {error:?} {error:#?}");
            let mut cause = error.source();
            while let Some(error) = cause {
                shown.push_str(&format!(" {error} {error:?}"));
                cause = error.source();
            }
            shown + "\n"
        }
    }
}

/// A server whose answer is replaced from call to call.
pub struct EchoServer {
    server: FaultServer,
    answer: Arc<Mutex<RawReply>>,
}

impl EchoServer {
    /// Starts the server. `before` is answered to requests whose path it knows, such as those for an access token.
    pub async fn start(before: impl Fn(&str) -> Option<RawReply> + Send + Sync + 'static) -> EchoServer {
        let answer = Arc::new(Mutex::new(RawReply::new(200)));
        let shown = Arc::clone(&answer);
        let server = FaultServer::start(move |request, _| {
            let reply = before(&request.path);
            Behavior::Reply(
                reply.unwrap_or_else(|| shown.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            )
        })
        .await;
        EchoServer { server, answer }
    }

    /// Sets the answer to what follows.
    pub fn answer(&self, reply: &RawReply) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = reply.clone();
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(haystack: &str) -> bool {
        std::panic::catch_unwind(|| assert_absent(&["sk/sentinel+1"], haystack, "the text")).is_err()
    }

    #[test]
    fn every_form_is_found() {
        assert!(found("a sk/sentinel+1 b"));
        assert!(found("?key=sk%2Fsentinel%2B1&"));
        assert!(found(&STANDARD.encode("sk/sentinel+1")));
        assert!(found(&format!("Basic {}", STANDARD.encode("sk/sentinel+1:"))));
        assert!(found("sk\\/sentinel+1") && found("sk%2fsentinel%2b1"));
        assert!(!found("sentinel"));
        assert!(!found(""));
    }

    #[test]
    fn basic_credentials_and_card_numbers_have_their_forms() {
        let has = |secret: &str, form: &str| forms(secret).iter().any(|(_, text)| text == form);
        let key = STANDARD.encode("sentinel-user:sentinel/password");
        for form in
            ["sentinel-user", "sentinel/password", "sentinel%2fpassword", "sentinel-user:sentinel/password"]
        {
            assert!(has(&key, form), "{form}");
        }
        assert!(
            has("4012001037141112", "4012 0010 3714 1112") && has("4012001037141112", "4012-0010-3714-1112")
        );
    }

    #[test]
    #[should_panic(expected = "proves nothing")]
    fn an_empty_sentinel_is_refused() {
        assert_absent(&[""], "text", "the text");
    }
}
