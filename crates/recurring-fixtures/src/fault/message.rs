//! A request as it arrived, and what the server does with it.

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// Header names and values in their order, as sent.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// The whole request, byte for byte.
    pub bytes: Vec<u8>,
    /// How many requests came before it on its connection.
    pub earlier: usize,
}

impl Received {
    /// The first header of that name, in any letter case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Why a server may refuse this request: a duplicate header, or a body without a length.
    pub(super) fn offence(&self) -> Option<String> {
        let line = format!("{} {}", self.method, self.path);
        if self.header("transfer-encoding").is_some() {
            return Some(format!(
                "`{line}` has Transfer-Encoding: the fault server reads only Content-Length"
            ));
        }
        let mut rest = self.headers.iter();
        while let Some((name, _)) = rest.next() {
            if find(rest.as_slice(), name).is_some() {
                return Some(format!("`{line}` has the header `{name}` twice"));
            }
        }
        None
    }
}

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Behavior {
    /// Answers, and keeps the connection open unless the reply says `Connection: close`.
    Reply(RawReply),
    /// Closes before the request is read.
    CloseBeforeReading,
    /// Resets the connection before the request is read.
    ResetBeforeReading,
    /// Reads the whole request and closes without an answer.
    CloseAfterReading,
    /// Reads the whole request and resets the connection.
    ResetAfterReading,
    /// Reads the whole request and never answers.
    StaySilent,
    /// Sends only so many bytes of the reply, head included, then closes.
    CutAfter {
        /// The reply that is cut.
        reply: RawReply,
        /// How many of its bytes are sent.
        bytes: usize,
    },
    /// Sends everything but the last byte of the reply, which never comes.
    Trickle(RawReply),
    /// Sends these bytes, whatever they are.
    Script(Script),
}

/// Bytes instead of a reply: for what no correct server sends.
#[derive(Debug, Clone)]
pub struct Script {
    /// Whether they are sent before the request is read.
    pub early: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many times the bytes are sent.
    pub times: usize,
    /// What is sent once after them.
    pub tail: Vec<u8>,
    /// Whether the connection stays open afterwards, for the next request.
    pub stays_open: bool,
}

impl Script {
    /// Creates a script that sends these bytes once and closes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Script {
        Script { early: false, bytes: bytes.into(), times: 1, tail: Vec::new(), stays_open: false }
    }
}

/// An answer as it goes on the wire. `Content-Length` is added unless a header of that name is given.
#[derive(Debug, Clone)]
pub struct RawReply {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values, sent in this order.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl RawReply {
    /// Creates an answer without headers and body.
    #[must_use]
    pub fn new(status: u16) -> RawReply {
        RawReply { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Creates an answer with a body that is announced as JSON.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> RawReply {
        let reply = RawReply::new(status).header("Content-Type", "application/json");
        RawReply { body: body.into(), ..reply }
    }

    /// Creates an answer with an HTML body, as a proxy between a client and a gateway gives it.
    #[must_use]
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> RawReply {
        let reply = RawReply::new(status).header("Content-Type", "text/html");
        RawReply { body: body.into(), ..reply }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> RawReply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // An answer 204 has no body, and must not announce one.
        if self.status != 204 && find(&self.headers, "content-length").is_none() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Returns the answer as it goes on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub(super) fn closes(&self) -> bool {
        find(&self.headers, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

pub(super) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
