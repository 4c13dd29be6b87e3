//! What the server does with one connection.

use super::certificates::Certificate;

/// What the server does with one connection: the handshake, then bytes inside of TLS once a request was read whole, then
/// the end.
#[derive(Debug, Clone)]
pub struct TlsScript {
    /// The certificate that the server shows.
    pub certificate: Certificate,
    /// What it answers to the client's first message.
    pub hello: Hello,
    /// What it sends inside of TLS after a whole request.
    pub bytes: Vec<u8>,
    /// How the connection ends after that.
    pub end: End,
}

/// What the server answers to the client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// The handshake.
    Handshake,
    /// So many bytes of its own first messages; then it closes.
    Cut(usize),
    /// These bytes without TLS; then it closes.
    Plain(Vec<u8>),
    /// Nothing, and the connection stays open.
    Silence,
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By `close_notify`, as TLS asks for.
    Notify,
    /// Without `close_notify`: a machine in between could have cut it.
    Cut,
    /// By a reset of the connection.
    Reset,
    /// By a fatal alert of TLS.
    Alert,
    /// By bytes that are not of this session.
    Raw(Vec<u8>),
}

impl TlsScript {
    /// Creates a script that answers a request with these bytes and ends as TLS asks for.
    #[must_use]
    pub fn answer(bytes: impl Into<Vec<u8>>) -> TlsScript {
        TlsScript {
            certificate: Certificate::Good,
            hello: Hello::Handshake,
            bytes: bytes.into(),
            end: End::Notify,
        }
    }

    /// Creates a script that answers the client's first message so.
    #[must_use]
    pub fn hello(hello: Hello) -> TlsScript {
        TlsScript { hello, ..TlsScript::answer(Vec::new()) }
    }
}
