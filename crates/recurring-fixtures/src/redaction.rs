//! Looks for secrets where none may be.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Looks for each sentinel in a text: plain, percent-encoded, and in base64 by itself or as a user name without a password.
/// `what` names the text in the message, for instance "the Debug form of the client".
///
/// # Panics
/// When a sentinel is found, or is empty.
#[track_caller]
pub fn assert_absent(sentinels: &[&str], haystack: &str, what: &str) {
    for sentinel in sentinels {
        assert!(!sentinel.is_empty(), "an empty sentinel proves nothing");
        let user = format!("{sentinel}:");
        let forms = [
            ("plain", (*sentinel).to_owned()),
            ("percent-encoded", utf8_percent_encode(sentinel, NON_ALPHANUMERIC).to_string()),
            ("in base64", STANDARD_NO_PAD.encode(sentinel)),
            ("in base64 for URLs", URL_SAFE_NO_PAD.encode(sentinel)),
            ("in base64, as a user name", STANDARD.encode(&user)),
        ];
        for (form, text) in forms {
            assert!(!haystack.contains(&text), "{what} shows the secret {sentinel:?} ({form}):\n{haystack}");
        }
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
        assert!(!found("sentinel"));
        assert!(!found(""));
    }

    #[test]
    #[should_panic(expected = "proves nothing")]
    fn an_empty_sentinel_is_refused() {
        assert_absent(&[""], "text", "the text");
    }
}
