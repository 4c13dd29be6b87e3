//! The table of faults.

use recurring_fixtures::fault::{self, Behavior, RawReply, Script};
use recurring_fixtures::variants;
use serde_json::json;

use super::echoes::echoes;
use super::operation::Operation;

/// What may be said of a call that met the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// No connection was made: nothing happened, and that is proven.
    NeverSent,
    /// It may have happened.
    Unknown,
    /// Either the value of the good reply, and no other, or unknown.
    GoodOrUnknown,
}

#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub name: String,
    /// `None`: nothing listens.
    pub behavior: Option<Behavior>,
    pub expected: Expected,
}

impl Fault {
    fn unknown(name: impl Into<String>, behavior: Behavior) -> Fault {
        Fault { name: name.into(), behavior: Some(behavior), expected: Expected::Unknown }
    }

    fn good_or_unknown(name: &str, bytes: Vec<u8>) -> Fault {
        let behavior = Some(Behavior::Script(Script::new(bytes)));
        Fault { name: name.to_owned(), behavior, expected: Expected::GoodOrUnknown }
    }
}

/// Every fault of a server for one request with this good answer.
fn of_any_request(good: &RawReply) -> Vec<Fault> {
    let mut all: Vec<Fault> = fault::rows(good.clone())
        .into_iter()
        .map(|row| Fault {
            name: row.name.to_owned(),
            behavior: row.behavior,
            expected: match row.expected {
                fault::Expected::NeverSent => Expected::NeverSent,
                fault::Expected::Unknown => Expected::Unknown,
            },
        })
        .collect();
    all.extend(framing(good));
    all.extend(floods(good));
    all.extend(strangers(good.status));
    all
}

/// Every fault for the request for an access token, which is granted by this answer.
pub(crate) fn token_faults(granted: &RawReply) -> Vec<Fault> {
    // The token and the rest are asked for at one address: where nothing listens, nothing listens for either.
    of_any_request(granted).into_iter().filter(|fault| fault.behavior.is_some()).collect()
}

/// Every fault for one operation.
pub(crate) fn faults(operation: &Operation) -> Vec<Fault> {
    let mut all = of_any_request(&operation.good);
    all.extend(others(operation));
    all.retain(|fault| !operation.successes.contains(&fault.name.as_str()));
    if operation.is_answered_by_status {
        all.iter_mut().filter(|fault| may_have_status_2xx(fault)).for_each(|fault| {
            fault.expected = Expected::GoodOrUnknown;
        });
    }
    all
}

fn may_have_status_2xx(fault: &Fault) -> bool {
    match &fault.behavior {
        Some(Behavior::Reply(reply)) => (200..300).contains(&reply.status),
        Some(Behavior::Script(_)) => true,
        _ => false,
    }
}

/// Heads and bodies whose length is contradictory, missing or broken.
fn framing(good: &RawReply) -> Vec<Fault> {
    let body = good.body.as_slice();
    let head = |lines: &str| format!("HTTP/1.1 {} Answer\r\n{lines}\r\n", good.status).into_bytes();
    let with = |lines: &str, body: &[u8]| [head(lines), body.to_vec()].concat();
    let length = body.len();
    let half = body.get(..length / 2).unwrap_or_default();
    let chunk = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    let whole = [chunk(body), b"0\r\n\r\n".to_vec()].concat();
    let cut = |name: &str, bytes: Vec<u8>| Fault::unknown(name, Behavior::Script(Script::new(bytes)));
    let early = |name: &str, reply: Vec<u8>| Fault {
        behavior: Some(Behavior::Script(Script { early: true, ..Script::new(reply) })),
        ..Fault::good_or_unknown(name, Vec::new())
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    vec![
        Fault::good_or_unknown(
            "Content-Length twice",
            with(&format!("Content-Length: {length}\r\nContent-Length: {length}\r\n"), body),
        ),
        cut(
            "Content-Length contradicted",
            with(&format!("Content-Length: {}\r\nContent-Length: {length}\r\n", length / 2), body),
        ),
        cut("Content-Length too short", with(&format!("Content-Length: {}\r\n", length / 2), body)),
        cut("Content-Length too long", with(&format!("Content-Length: {}\r\n", length + 1), body)),
        cut("Content-Length negative", with("Content-Length: -1\r\n", body)),
        cut("Content-Length in words", with("Content-Length: many\r\n", body)),
        cut("Content-Length over 64 bits", with("Content-Length: 99999999999999999999\r\n", body)),
        Fault::good_or_unknown("chunked", with(chunked, &whole)),
        Fault::good_or_unknown(
            "chunked and a right Content-Length",
            with(&format!("Content-Length: {length}\r\n{chunked}"), &whole),
        ),
        Fault::good_or_unknown(
            "chunked and a wrong Content-Length",
            with(&format!("Content-Length: 7\r\n{chunked}"), &whole),
        ),
        cut("chunked without a last chunk", with(chunked, &chunk(half))),
        cut("chunked with a broken size", with(chunked, b"zz\r\n{}\r\n0\r\n\r\n")),
        cut("chunked with a size over 64 bits", with(chunked, b"fffffffffffffffff1\r\n{}")),
        cut("chunked, but it is not", with(chunked, body)),
        cut("unknown Transfer-Encoding", with("Transfer-Encoding: secret\r\n", half)),
        // It is not decoded: what is compressed is not JSON.
        cut("gzip", with("Content-Encoding: gzip\r\nContent-Length: 4\r\n", b"\x1f\x8b\x08\x00")),
        Fault::good_or_unknown("until the connection closes", with("", body)),
        cut("half until the connection closes", with("", half)),
        early("answered early", good.bytes()),
        early("refused early", RawReply::html(413, "<h1>too large</h1>").bytes()),
        cut("no status", b"HTTP/1.1 abc\r\n\r\n".to_vec()),
        cut("no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        cut("HTTP/0.9", body.to_vec()),
        cut("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\xff\xff".to_vec()),
        cut("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n".to_vec()),
        cut("header with a NUL", with(&format!("X: a\0b\r\nContent-Length: {length}\r\n"), body)),
    ]
}

/// Answers that never end, or are larger than any client needs.
fn floods(good: &RawReply) -> Vec<Fault> {
    let flood = |bytes: &[u8], tail: Vec<u8>| {
        Behavior::Script(Script { times: 2_000, tail, stays_open: true, ..Script::new(bytes) })
    };
    let headers: String = (0..10_000).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let headers = format!("HTTP/1.1 {} Answer\r\n{headers}\r\n", good.status);
    let large = good.clone().header("X-Large", &"x".repeat(1024 * 1024)).bytes();
    let body = |text: String| Behavior::Reply(RawReply::json(good.status, text));
    let objects = vec!["{}"; 340_000].join(",");
    let hints = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let script = |bytes: Vec<u8>| Behavior::Script(Script::new(bytes));
    vec![
        Fault::unknown("1xx without end", flood(hints, Vec::new())),
        Fault {
            expected: Expected::GoodOrUnknown,
            ..Fault::unknown("1xx, then the good reply", flood(hints, good.bytes()))
        },
        Fault::unknown("10,000 headers", script(headers.into_bytes())),
        Fault::unknown("header of 1 MiB", script(large)),
        Fault::unknown("1 MB list of {}", body(format!("[{objects}]"))),
        Fault::unknown("1 MB list of {} in a member", body(format!("{{\"data\":[{objects}]}}"))),
        Fault::unknown("1 MB of nested lists", body("[".repeat(1_000_000))),
        Fault::unknown("1 MB of numbers", body(format!("[{}]", vec!["1"; 500_000].join(",")))),
    ]
}

/// What a proxy, a firewall, a captive portal or another service answers in the gateway's place.
fn strangers(success: u16) -> Vec<Fault> {
    let html = |name: &str, status: u16, body: &str| {
        Fault::unknown(name, Behavior::Reply(RawReply::html(status, body)))
    };
    let json = |name: String, status: u16, body: &str| {
        Fault::unknown(name, Behavior::Reply(RawReply::json(status, body)))
    };
    let portal = "<html><form action=\"/login\">Welcome to the hotel</form></html>";
    let mut all = vec![
        html("captive portal 200", success, portal),
        html("captive portal 511", 511, portal),
        html("firewall 403", 403, "<html><title>Access Denied</title>Reference #18.2d351ab8</html>"),
        html("firewall 406", 406, "<h1>Not Acceptable!</h1>An appropriate representation was not found."),
        html("firewall 503", 503, "<html><title>Just a moment...</title></html>"),
    ];
    for status in [206, 304, 405, 410, 413, 415, 418, 421, 423, 425, 451, 501, 505, 520, 524, 599] {
        all.push(html(&format!("{status} HTML"), status, portal));
    }
    for status in [400, 401, 403, 404, 409, 422, 500] {
        all.push(json(
            format!("{status} of another service"),
            status,
            r#"{"type":"about:blank","title":"No"}"#,
        ));
        all.push(json(format!("{status} {{}}"), status, "{}"));
    }
    for body in
        [r#"{"status":"ok"}"#, r#"{"success":true}"#, r#"{"id":null}"#, "{}", "true", "\"\"", "\u{feff}{}"]
    {
        all.push(json(format!("2xx {body}"), success, body));
    }
    all.push(Fault::unknown(
        "2xx not UTF-8",
        Behavior::Reply(RawReply::json(success, b"{\"id\":\"\xff\xfe\"}".to_vec())),
    ));
    all
}

/// The good reply about another payment: each member that it repeats of the request changed, unreadable and missing.
fn others(operation: &Operation) -> Vec<Fault> {
    let (required, compared) = echoes(operation.name);
    let mut all = Vec::new();
    for member in required.iter().chain(compared) {
        let body = operation.good.body.as_slice();
        let mut add = |what: &str, bodies: Vec<Vec<u8>>| {
            let body = bodies.into_iter().next().expect("the good reply has the member");
            let reply = RawReply::json(operation.good.status, body);
            all.push(Fault::unknown(format!("{what} `{member}`"), Behavior::Reply(reply)));
        };
        add("another", variants::with_member_replaced(body, member, json!("another-9")));
        if required.contains(member) {
            add("unreadable", variants::with_member_replaced(body, member, json!({"a": [1]})));
            add("no", variants::with_member_removed(body, member));
        }
    }
    all
}
