//! One request as it arrived, parsed once.

use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The decoded parts of the path, without the empty one after a last slash, and without one before the gateway's own path.
    segments: Vec<String>,
    /// Whether the path ended in `/`.
    pub(crate) slash: bool,
    pub(crate) query: Vec<(String, String)>,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// `None` when the path is not percent-encoded UTF-8.
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Vec<u8>) -> Option<Request> {
        let path = uri.path();
        let mut segments =
            path.split('/').skip(1).map(|part| decode(part, false)).collect::<Option<Vec<_>>>()?;
        let slash = segments.last().is_some_and(String::is_empty);
        if slash {
            segments.pop();
        }
        // Source: the address of the recurring payment in the source document of ngenius has two slashes here. An empty part
        // further on is an id that is missing, and stays one.
        if segments.get(1).is_some_and(String::is_empty) {
            segments.remove(1);
        }
        let query = form(uri.query().unwrap_or_default());
        Some(Request { method, path: path.to_owned(), segments, slash, query, headers, body })
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The decoded parts after the first `count`.
    pub(crate) fn segments_after(&self, count: usize) -> Vec<&str> {
        self.segments.iter().skip(count).map(String::as_str).collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is no body, or the empty list that PHP writes for one.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.body.trim_ascii(), b"" | b"[]")
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is declared to be of this media type; parameters such as `charset` do not count.
    pub(crate) fn sends(&self, media_type: &str) -> bool {
        self.header(header::CONTENT_TYPE.as_str()).is_some_and(|given| is_type(given, media_type))
    }

    /// Whether the caller takes this media type; no `Accept` at all takes everything.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        let Some(accept) = self.header(header::ACCEPT.as_str()) else { return true };
        accept.split(',').any(|given| is_type(given, media_type) || is_type(given, "*/*"))
    }

    /// The part of `Authorization` after this scheme.
    pub(crate) fn authorization(&self, scheme: &str) -> Option<&str> {
        let (given, rest) = self.header(header::AUTHORIZATION.as_str())?.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then_some(rest)
    }

    /// User name and password of HTTP Basic.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let text = String::from_utf8(STANDARD.decode(self.authorization("Basic")?).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some((name.to_owned(), password.to_owned()))
    }
}

fn is_type(given: &str, media_type: &str) -> bool {
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

/// Reads `application/x-www-form-urlencoded` text; a pair that is not UTF-8 is left out.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
