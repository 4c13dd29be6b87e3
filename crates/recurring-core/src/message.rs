use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::check::InvalidInput;
use crate::secret::{self, Secret};

/// Whether a request can move money or change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Only looks. May be repeated.
    Read,
    /// May move money or change something. Repeated only when it provably never left.
    Write,
}

/// The HTTP methods that the gateways use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that has been built but not sent: what will go over the wire, and nothing else.
///
/// The body is serialised once, when the request is built; those bytes are signed, sent and compared in tests.
/// `Debug` shows neither the body nor a secret header.
#[derive(Clone)]
pub struct Prepared {
    operation: &'static str,
    class: Class,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    secret_headers: Vec<(&'static str, Secret)>,
    body: Option<SecretSlice<u8>>,
    hidden: Vec<Secret>,
    unwritable: bool,
}

/// The headers that say where a request ends and which connection it is for. The transport alone sets them: twice, or
/// at odds with the body, they make two requests out of one, and servers refuse them.
const FRAMING: [&str; 4] = ["content-length", "transfer-encoding", "host", "connection"];

impl Prepared {
    /// A request for `path`, which begins with `/`, is relative to the base address and may have a query.
    /// `operation` names it in logs and errors.
    pub fn new(operation: &'static str, class: Class, method: Method, path: impl Into<String>) -> Self {
        Self {
            operation,
            class,
            method,
            path: path.into(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: None,
            hidden: Vec::new(),
            unwritable: false,
        }
    }

    /// Sets a header. It replaces a header of the same name, in any letter case.
    ///
    /// The transport sets the framing headers (`Content-Length`, `Transfer-Encoding`, `Host`, `Connection`): they are
    /// ignored here.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if self.make_room(name) {
            self.headers.push((name, value.into()));
        }
        self
    }

    /// Sets a header whose value is never shown, such as `Authorization`, under the rules of
    /// [`header`](Prepared::header).
    pub fn secret_header(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        if self.make_room(name) {
            self.secret_headers.push((name, value.into()));
        }
        self
    }

    /// Removes a header of this name. Returns whether the name may be set at all.
    fn make_room(&mut self, name: &str) -> bool {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.secret_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        !FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name))
    }

    /// Sets the body, as it is.
    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some(SecretSlice::from(bytes));
        self
    }

    /// Serialises the body once, as compact JSON.
    ///
    /// A body that cannot be serialised (a map whose keys are not texts, or a `Serialize` that chooses to fail) makes
    /// the whole request unusable: see [`check`](Prepared::check). It is never sent with an empty body instead.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body(bytes),
            Err(_) => {
                self.unwritable = true;
                self
            }
        }
    }

    /// Checks that the request can be sent as it was meant. The transport sends nothing otherwise.
    ///
    /// # Errors
    /// When the body could not be serialised.
    pub fn check(&self) -> Result<(), InvalidInput> {
        if self.unwritable {
            return Err(InvalidInput::new(
                "body",
                "cannot be written as JSON; check the values of the request",
            ));
        }
        Ok(())
    }

    /// Names a secret inside the body or path, so that neither `Debug` shows it nor a gateway that quotes it back
    /// in an error leaks it.
    pub fn hide(mut self, secret: &Secret) -> Self {
        self.hidden.push(secret.clone());
        self
    }

    /// The name of the operation, for logs and errors.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Whether it can move money or change anything.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The HTTP method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path and query, relative to the base address.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers that may be shown.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The headers that must not be shown.
    pub fn secret_headers(&self) -> &[(&'static str, Secret)] {
        &self.secret_headers
    }

    /// The exact bytes of the body. They may hold secrets: do not log them.
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.expose_secret())
    }

    /// Every secret that this request carries.
    pub fn secrets(&self) -> Vec<Secret> {
        self.hidden.iter().chain(self.secret_headers.iter().map(|(_, value)| value)).cloned().collect()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("operation", &self.operation)
            .field("class", &self.class)
            .field("method", &self.method.as_str())
            .field("path", &secret::hide(&self.path, &self.hidden))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// An answer that has been received whole but not read. `Debug` shows the status and the size, not the body.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    hidden: Vec<Secret>,
}

impl Reply {
    /// An answer with its HTTP status, its headers and the bytes of its body.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body, hidden: Vec::new() }
    }

    /// Remembers the secrets of the request, for [`shown`](Reply::shown).
    pub fn hiding(mut self, secrets: Vec<Secret>) -> Self {
        self.hidden = secrets;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// How long the gateway asks to wait: a number of seconds, or until a date (RFC 9110, 10.2.3). A date that has passed
    /// is no wait. The date is compared with the reply's own `Date`, or with this machine's clock when it has none.
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
        &self.body
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// Says where and how the body is not what was expected, without quoting it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let how = match error.classify() {
                _ if self.body.is_empty() => "is empty".to_owned(),
                serde_json::error::Category::Eof => "is cut off".to_owned(),
                serde_json::error::Category::Data => {
                    format!("is JSON of another shape (line {}, column {})", error.line(), error.column())
                }
                _ => format!("is not JSON (line {}, column {})", error.line(), error.column()),
            };
            Unreadable { how }
        })
    }

    /// Reads the body as a JSON object. A list is refused: it would be taken for an object without names, its
    /// entries for the members in their order.
    ///
    /// # Errors
    /// Those of [`json`](Reply::json).
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        if self.body.trim_ascii_start().starts_with(b"[") {
            return Err(Unreadable { how: "is a JSON list instead of an object".to_owned() });
        }
        self.json()
    }

    /// The entries of a list whose place is not documented: a bare JSON list, or the only list among the members
    /// `names` of an object. `None` for anything else, and for two lists: nobody knows which one is meant.
    pub fn entries(&self, names: &[&str]) -> Option<Vec<Box<RawValue>>> {
        if let Ok(list) = self.json() {
            return Some(list);
        }
        let members: BTreeMap<String, Box<RawValue>> = self.object().ok()?;
        let mut lists = names.iter().filter_map(|name| serde_json::from_str(members.get(*name)?.get()).ok());
        match (lists.next(), lists.next()) {
            (Some(list), None) => Some(list),
            _ => None,
        }
    }

    /// A text out of this reply that may be shown: without the request's secrets and control characters, and
    /// cut at 500 characters.
    pub fn shown(&self, text: &str) -> String {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        secret::hide(&text, &self.hidden).chars().take(500).collect()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A date as HTTP writes it: `Sat, 28 Nov 2026 23:59:59 GMT`. The day of the week is not compared with the date.
fn http_date(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text.trim()).ok()
}

/// A body that cannot be read. The text never quotes the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reply {how}")]
pub struct Unreadable {
    how: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_cannot_be_read_is_not_quoted() {
        for (body, how) in [
            ("", "the reply is empty"),
            (r#"["hunter2"#, "the reply is cut off"),
            ("<html>hunter2", "the reply is not JSON (line 1, column 1)"),
            (r#""hunter2""#, "the reply is JSON of another shape (line 1, column 9)"),
        ] {
            let error = Reply::new(200, Vec::new(), body.into()).json::<Vec<String>>().expect_err(body);
            assert_eq!(error.to_string(), how);
        }
    }

    #[test]
    fn a_list_is_no_object() {
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "id")]
            _id: String,
        }
        let read = |body: &str| Reply::new(200, Vec::new(), body.into()).object::<Answer>().map(drop);
        assert!(read(r#" {"id":"1"}"#).is_ok());
        assert!(read(r#" ["1"]"#).is_err());
    }

    #[test]
    fn a_list_is_found_in_one_place_only() {
        let count = |body: &str| {
            let reply = Reply::new(200, Vec::new(), body.into());
            reply.entries(&["cards", "data"]).map(|entries| entries.len())
        };
        assert_eq!(count("[]"), Some(0));
        assert_eq!(count("[{},7]"), Some(2));
        assert_eq!(count(r#"{"cards":[{}]}"#), Some(1));
        assert_eq!(count(r#"{"data":[{}],"cards":null,"total":1}"#), Some(1));
        for odd in
            [r#"{"cards":[],"data":[]}"#, r#"{"orders":[]}"#, r#"{"cards":{}}"#, "{}", "7", "", "<html>"]
        {
            assert_eq!(count(odd), None, "{odd}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let request = Prepared::new("charge", Class::Write, Method::Post, "/charge/4000/")
            .secret_header("Authorization", "Bearer hunter2")
            .hide(&Secret::new("4000"))
            .json(&"hunter2");
        let shown = format!("{request:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("4000"), "{shown}");
        let reply = Reply::new(400, Vec::new(), b"hunter2".to_vec()).hiding(request.secrets());
        assert!(!format!("{reply:?}").contains("hunter2"));
        assert_eq!(reply.shown("no 4000\nfor Bearer hunter2"), "no [redacted] for [redacted]");
    }

    #[test]
    fn header_set_twice_is_kept_once() {
        let request = Prepared::new("charge", Class::Write, Method::Post, "/")
            .header("accept", "text/html")
            .secret_header("X-Key", "one")
            .header("Accept", "application/json")
            .header("authorization", "none")
            .secret_header("Authorization", "Bearer hunter2")
            .secret_header("x-key", "two");
        assert_eq!(request.headers(), [("Accept", "application/json".to_owned())]);
        let secret: Vec<_> =
            request.secret_headers().iter().map(|(name, value)| (*name, value.expose())).collect();
        assert_eq!(secret, [("Authorization", "Bearer hunter2"), ("x-key", "two")]);
    }

    #[test]
    fn framing_header_is_left_to_the_transport() {
        let mut request = Prepared::new("charge", Class::Write, Method::Post, "/");
        for name in ["content-length", "Transfer-Encoding", "HOST", "Connection"] {
            request = request.header(name, "0").secret_header(name, "0");
        }
        assert!(request.headers().is_empty() && request.secret_headers().is_empty());
    }

    #[test]
    fn body_that_cannot_be_written_is_refused() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let request = Prepared::new("charge", Class::Write, Method::Post, "/").json(&by_pair);
        let problem = request.check().expect_err("no JSON object has such keys");
        assert_eq!(problem.field(), "body");
        assert_eq!(request.body_bytes(), None);
        assert!(request.json(&1).check().is_err(), "it stays refused");
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
