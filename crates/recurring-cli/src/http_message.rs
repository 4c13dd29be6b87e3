//! A raw HTTP request, as a receiver of webhooks can store it: request line, headers, a blank line and the body, byte
//! for byte. Lines end with CR LF or LF. No message quotes a value: it may be a secret.

/// A request whose body is what the sender signed.
pub(crate) struct HttpMessage {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpMessage {
    /// Reads a request.
    ///
    /// A body that says that it is chunked is put together from its chunks. One whose length is not that of its
    /// `Content-Length` is refused: a byte too many or too few would look like a forgery.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let first = line(&mut rest).ok_or("it is empty")?;
        if !is_request_line(first) {
            return Err(
                "its first line must be that of a request, such as `POST /webhooks HTTP/1.1`".to_owned()
            );
        }
        let mut headers = Vec::new();
        loop {
            let number = headers.len() + 2;
            let line = line(&mut rest).ok_or("it has no blank line between its headers and its body")?;
            if line.is_empty() {
                break;
            }
            headers.push(header(line).map_err(|why| format!("line {number} {why}"))?);
        }
        let body = body(&headers, rest)?;
        Ok(Self { headers, body })
    }
}

/// The next line without its end; `None` where no line ends any more.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    *rest = after;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn is_request_line(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    let words: Vec<&str> = text.split(' ').collect();
    let [method, target, version] = words.as_slice() else { return false };
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    is_method && !target.is_empty() && version.starts_with("HTTP/")
}

fn header(line: &[u8]) -> Result<(String, String), &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8")?;
    if text.starts_with([' ', '\t']) {
        return Err("continues the header before it: write it on one line");
    }
    let (name, value) = text.split_once(':').ok_or("is not a header of the form `Name: value`")?;
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(of_name) {
        return Err("is not a header of the form `Name: value`");
    }
    Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

fn body(headers: &[(String, String)], rest: &[u8]) -> Result<Vec<u8>, String> {
    let all = |name: &str| -> Vec<&str> {
        let own = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        own.map(|(_, value)| value.as_str()).collect()
    };
    if all("content-encoding").iter().any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err("its body is compressed (Content-Encoding): store it as it was before".to_owned());
    }
    match (all("content-length").as_slice(), all("transfer-encoding").as_slice()) {
        ([], []) => Ok(rest.to_vec()),
        ([length], []) => {
            let length: usize = length.parse().map_err(|_| "its Content-Length is not a number")?;
            let left = rest.len();
            let more = rest.get(length..).is_some_and(|more| matches!(more, b"\n" | b"\r\n"));
            match left == length {
                true => Ok(rest.to_vec()),
                false if more => Err(format!(
                    "its body has a line break after the {length} bytes of its Content-Length: remove it"
                )),
                false => Err(format!("its body has {left} bytes, and its Content-Length is {length}")),
            }
        }
        ([], [encoding]) if encoding.eq_ignore_ascii_case("chunked") => chunks(rest).ok_or_else(|| {
            "its body is not chunked, as its Transfer-Encoding says it is; if it was stored without its chunks, remove \
             that header"
                .to_owned()
        }),
        ([], _) => Err("its Transfer-Encoding must be `chunked`, once".to_owned()),
        (_, []) => Err("it has more than one Content-Length".to_owned()),
        _ => Err("it has both a Content-Length and a Transfer-Encoding: where its body ends is not certain".to_owned()),
    }
}

/// Whether the next line ends with CR LF.
fn next_ends_with_cr(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| *byte == b'\n');
    end.and_then(|end| rest.get(..end)).is_some_and(|line| line.ends_with(b"\r"))
}

/// The body out of its chunks; `None` when they are not whole, or something follows them.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end: &[u8] = if next_ends_with_cr(rest) { b"\r\n" } else { b"\n" };
        let size = std::str::from_utf8(line(&mut rest)?).ok()?;
        let size = size.split(';').next()?.trim();
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(end)?;
    }
    // Trailers, up to the blank line.
    while !line(&mut rest)?.is_empty() {}
    rest.is_empty().then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(text: &str) -> Result<String, String> {
        HttpMessage::parse(text.as_bytes()).map(|message| String::from_utf8(message.body).expect("UTF-8"))
    }

    #[test]
    fn message_is_read_byte_for_byte() {
        for (head, end) in [("\r\n", "\r\n"), ("\n", "\n"), ("\n", "\r\n")] {
            let text = format!(
                "POST /hook HTTP/1.1{head}X-Signature:  ab=:c \t{head}Host: x{head}{end}{{\"a\":1}}\r\n\n"
            );
            let message = HttpMessage::parse(text.as_bytes()).expect("a message");
            assert_eq!(message.body, b"{\"a\":1}\r\n\n");
            let signature = ("X-Signature".to_owned(), "ab=:c".to_owned());
            assert_eq!(message.headers, [signature, ("Host".to_owned(), "x".to_owned())]);
        }
        let binary = b"POST / HTTP/1.1\n\n\xff\x00\n";
        assert_eq!(HttpMessage::parse(binary).expect("a message").body, b"\xff\x00\n");
    }

    #[test]
    fn length_must_be_that_of_the_body() {
        let with = |length: &str, body: &str| {
            body_of(&format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}"))
        };
        assert_eq!(with("2", "{}"), Ok("{}".to_owned()));
        for (length, body, says) in [
            ("2", "{}\n", "a line break after the 2 bytes"),
            ("3", "{}", "2 bytes, and its Content-Length is 3"),
            ("1", "{}", "2 bytes, and its Content-Length is 1"),
            ("two", "{}", "not a number"),
            ("2\r\nContent-Length: 2", "{}", "more than one"),
            ("2\r\nTransfer-Encoding: chunked", "{}", "both"),
            ("2\r\nContent-Encoding: gzip", "{}", "compressed"),
        ] {
            let refused = with(length, body).expect_err(length);
            assert!(refused.contains(says), "{length}: {refused}");
        }
    }

    #[test]
    fn chunks_are_put_together() {
        let with =
            |body: &str| body_of(&format!("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n{body}"));
        let whole = Ok("{\"a\":\r\n1}".to_owned());
        assert_eq!(with("5\r\n{\"a\":\r\n4;x=y\r\n\r\n1}\r\n0\r\nTrailer: z\r\n\r\n"), whole);
        assert_eq!(with("9\n{\"a\":\r\n1}\n0\n\n"), whole);
        for broken in [
            "{\"a\":1}",
            "5\r\n{\"a",
            "2\r\n{}\r\n",
            "2\r\n{}\r\n0\r\n\r\nmore",
            "3\r\n{}\r\n0\r\n\r\n",
            "-1\r\n",
        ] {
            assert!(with(broken).expect_err(broken).contains("not chunked"), "{broken}");
        }
    }

    #[test]
    fn head_that_cannot_be_read_is_named_without_its_values() {
        for (text, says) in [
            ("", "empty"),
            ("{\"a\":1}\n", "first line"),
            ("HTTP/1.1 200 OK\n\n", "first line"),
            ("POST / HTTP/1.1\nA: hunter2\n", "no blank line"),
            ("POST / HTTP/1.1\nA: b\nhunter2\n\n", "line 3"),
            ("POST / HTTP/1.1\nA: b\n hunter2\n\n", "continues"),
            ("POST / HTTP/1.1\nA b: hunter2\n\n", "line 2"),
            ("POST / HTTP/1.1\nTransfer-Encoding: hunter2\n\n", "chunked"),
        ] {
            let refused = body_of(text).expect_err(text);
            assert!(refused.contains(says) && !refused.contains("hunter2"), "{text:?}: {refused}");
        }
    }
}
