use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::headers::Headers;
use crate::secret::Secret;
use crate::secret_forms::SecretForms;
use crate::secret_starts::SecretStarts;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use smallvec::SmallVec;

/// An answer that has been received whole but not read. `Debug` shows the status and the size, not the body.
///
/// Cloning is cheap: the copies share what was received.
#[derive(Clone)]
pub struct Reply(Arc<Received>);

#[derive(Clone)]
struct Received {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
    /// Up to four take no allocation of their own; only a charge with a card number carries more.
    hidden: SmallVec<[Secret; 4]>,
}

impl Reply {
    /// An answer with its HTTP status, its headers and the bytes of its body.
    pub fn new(status: u16, headers: impl Into<Headers>, body: Vec<u8>) -> Self {
        Self(Arc::new(Received { status, headers: headers.into(), body, hidden: SmallVec::new() }))
    }

    /// Remembers the secrets of the request, for [`shown`](Reply::shown).
    pub fn hiding(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        Arc::make_mut(&mut self.0).hidden = secrets.into_iter().collect();
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.0.status)
    }

    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)
    }

    /// How long the gateway asks to wait: a number of seconds, or until a date (RFC 9110, 10.2.3). A date that has passed
    /// means no wait. The date is compared with the reply's own `Date`, or with this machine's clock when it has none.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = http_date(value)?;
        let now = self.header("date").and_then(http_date).unwrap_or_else(Timestamp::now);
        Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
    }

    /// The bytes of the body. They may hold secrets: do not log them.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// A text out of this reply that may be shown: without the request's secrets and control characters, and
    /// cut at 500 characters. A `String` that may be shown as it is, is not copied.
    pub fn shown<'a>(&self, text: impl Into<Cow<'a, str>>) -> String {
        let mut text = text.into();
        if !is_plain(&text) && text.contains(char::is_control) {
            text = Cow::Owned(text.replace(char::is_control, " "));
        }
        if SecretStarts::of(&self.0.hidden, 0).may_be_in(text.as_bytes(), &[])
            && let Cow::Owned(cleared) = SecretForms::of(&self.0.hidden).clear(&text)
        {
            text = Cow::Owned(cleared);
        }
        // No text has more characters than bytes.
        if text.len() > LONGEST_SHOWN
            && let Some(end) = text.char_indices().nth(LONGEST_SHOWN).map(|(end, _)| end)
        {
            text.to_mut().truncate(end);
        }
        text.into_owned()
    }
}

/// The longest text that is shown, in characters.
const LONGEST_SHOWN: usize = 500;

/// Whether all is visible ASCII or a space: then there is no control character in it.
fn is_plain(text: &str) -> bool {
    // Without a way out of the loop: the compiler makes vector instructions of it.
    text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte))
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.0.status)
            .field("bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}

/// A date as HTTP writes it: `Sat, 28 Nov 2026 23:59:59 GMT`. The day of the week is not compared with the date.
fn http_date(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_one_line_and_bounded() {
        let reply = Reply::new(200, Vec::new(), Vec::new()).hiding(vec![Secret::new("hunter2")]);
        assert_eq!(reply.shown("a\n\u{85}é\u{0} hunter2"), "a  é  [redacted]");
        assert_eq!(reply.shown("é".repeat(500)), "é".repeat(500));
        assert_eq!(reply.shown("é".repeat(501)), "é".repeat(500));
        let late = format!("{}hunter2", "x".repeat(498));
        assert_eq!(reply.shown(&late), format!("{}[r", "x".repeat(498)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let after = |value: &str, date: Option<&str>| {
            let mut headers = vec![("Retry-After".to_owned(), value.to_owned())];
            headers.extend(date.map(|date| ("Date".to_owned(), date.to_owned())));
            Reply::new(429, headers, Vec::new()).retry_after()
        };
        let day = |hour: &str| format!("Sat, 28 Nov 2099 {hour} GMT");
        assert_eq!(after(" 7 ", None), Some(Duration::from_secs(7)));
        assert_eq!(after(&day("23:59:59"), Some(&day("23:59:00"))), Some(Duration::from_secs(59)));
        assert_eq!(after(&day("23:59:00"), Some(&day("23:59:59"))), Some(Duration::ZERO));
        let century = after(&day("23:59:59"), None).expect("a wait");
        assert!(century > Duration::from_secs(86_400), "{century:?}");
        for none in ["-1", "soon", "", "2099-11-28T23:59:59Z"] {
            assert_eq!(after(none, None), None, "{none}");
        }
    }
}
