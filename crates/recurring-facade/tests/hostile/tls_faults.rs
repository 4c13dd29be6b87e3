//! The table of faults of TLS.

use recurring_fixtures::fault::RawReply;
use recurring_fixtures::tls::{Certificate, End, Hello, TlsScript};

use super::faults::Expected;
use super::operation::Operation;

pub(crate) struct TlsFault {
    pub name: String,
    pub script: TlsScript,
    pub expected: Expected,
    /// Whether the server closes before it reads a request, which the client may have sent.
    pub reads_nothing: bool,
}

impl TlsFault {
    fn new(name: impl Into<String>, script: TlsScript, expected: Expected) -> TlsFault {
        TlsFault { name: name.into(), script, expected, reads_nothing: false }
    }
}

/// Every fault of TLS for one operation.
pub(crate) fn faults(operation: &Operation) -> Vec<TlsFault> {
    let mut all = handshakes(&operation.good);
    all.extend(answers(&operation.good, operation.is_answered_by_status));
    all
}

/// Faults before a connection is made: nothing was sent, and that is proven.
fn handshakes(good: &RawReply) -> Vec<TlsFault> {
    let certificates = [
        ("unknown root", Certificate::UnknownRoot),
        ("expired certificate", Certificate::Expired),
        ("certificate that is not valid yet", Certificate::NotYetValid),
        ("certificate of another name", Certificate::OtherName),
        ("certificate of a client", Certificate::OtherUse),
    ]
    .map(|(name, certificate)| (name, TlsScript { certificate, ..TlsScript::answer(good.bytes()) }));
    let alert = |level, description| Hello::Plain(vec![0x15, 3, 3, 0, 2, level, description]);
    let refused = RawReply::html(400, "The plain HTTP request was sent to HTTPS port");
    let hellos = [
        ("handshake cut before the first byte", Hello::Cut(0)),
        ("handshake cut in the first record", Hello::Cut(3)),
        ("handshake cut in the first message", Hello::Cut(60)),
        ("handshake cut in the certificate", Hello::Cut(400)),
        ("handshake never answered", Hello::Silence),
        ("plain HTTP 400", Hello::Plain(refused.bytes())),
        ("the good reply without TLS", Hello::Plain(good.bytes())),
        ("alert handshake_failure", alert(2, 40)),
        ("alert protocol_version", alert(2, 70)),
        ("alert unrecognized_name", alert(2, 112)),
        ("alert close_notify", alert(1, 0)),
        ("record of random bytes", Hello::Plain([&[0x16, 3, 3, 0, 32][..], &[7; 32]].concat())),
        ("no record", Hello::Plain(vec![0xff; 64])),
    ]
    .map(|(name, hello)| (name, TlsScript::hello(hello)));
    let all = certificates.into_iter().chain(hellos);
    let mut all: Vec<_> =
        all.map(|(name, script)| TlsFault::new(name, script, Expected::NeverSent)).collect();
    let closed = TlsScript::hello(Hello::Cut(usize::MAX));
    all.push(TlsFault {
        reads_nothing: true,
        ..TlsFault::new("closed after the server's part of the handshake", closed, Expected::Unknown)
    });
    all
}

/// Faults after the request was received whole.
fn answers(good: &RawReply, is_answered_by_status: bool) -> Vec<TlsFault> {
    let whole = good.bytes();
    let body = good.body.as_slice();
    let head = whole.get(..whole.len() - body.len()).unwrap_or_default();
    let half_body = body.get(..body.len() / 2).unwrap_or_default();
    let half = [head, half_body].concat();
    // Without a length, only the end of the connection shows that the body is whole.
    let endless = format!("HTTP/1.1 {} Answer\r\nContent-Type: application/json\r\n\r\n", good.status);
    let until_end = |body: &[u8]| [endless.as_bytes(), body].concat();
    let chunked =
        format!("HTTP/1.1 {} Answer\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", good.status, body.len());
    let chunked = [chunked.as_bytes(), body, b"\r\n"].concat();
    let strange = || End::Raw([&[0x17, 3, 3, 0, 32][..], &[7; 32]].concat());
    let no_record = || End::Raw(vec![0; 64]);
    let nothing = Vec::new;
    let mut all = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>, end: End, expected: Expected| {
        // Where the status alone answers, the head is enough.
        let expected =
            if is_answered_by_status && !bytes.is_empty() { Expected::GoodOrUnknown } else { expected };
        all.push(TlsFault::new(name, TlsScript { end, ..TlsScript::answer(bytes) }, expected));
    };
    for (end_name, end) in [
        ("close_notify", End::Notify),
        ("no close_notify", End::Cut),
        ("a reset", End::Reset),
        ("a fatal alert", End::Alert),
        ("a record of another session", strange()),
        ("no record", no_record()),
        ("the good reply without TLS", End::Raw(whole.clone())),
    ] {
        let mut at = |place: &str, bytes: &[u8]| {
            add(&format!("{end_name} {place}"), bytes.to_vec(), end.clone(), Expected::Unknown);
        };
        at("after the request", &nothing());
        at("after the head", head);
        at("in the body", &half);
        if matches!(end, End::Notify | End::Cut) {
            at("in a body until the end", &until_end(half_body));
            at("before the last chunk", &chunked);
        }
        if end == End::Notify {
            add("a body until close_notify", until_end(body), End::Notify, Expected::GoodOrUnknown);
        } else {
            // A machine in between could have cut what follows.
            at("after a body until the end", &until_end(body));
        }
    }
    add("no close_notify after a whole answer", whole, End::Cut, Expected::GoodOrUnknown);
    all
}
