//! What is kept of a request and its reply, for the inspector. Secrets are hidden when it is shown, unless a reader asks for
//! them. What could hold a real card, or is too long, is kept without its secrets.

use crate::answer::Answer;
use crate::cards;
use crate::mask;
use crate::request::Request;
use std::borrow::Cow;
use std::fmt;

/// Where a text is cut, in bytes.
const LONGEST: usize = 16 * 1024;

/// One message: the line of the request, the head, an empty line, and the body.
pub(crate) enum Kept {
    /// As it travelled.
    Whole(String),
    /// With its secrets hidden for good.
    Redacted(String),
}

impl Kept {
    fn of(text: String) -> Kept {
        if text.len() <= LONGEST && !cards::holds_a_real_card(&text) {
            Kept::Whole(text)
        } else {
            Kept::Redacted(cut(mask::message(&text)))
        }
    }

    /// With its secrets hidden.
    pub(crate) fn masked(&self) -> Cow<'_, str> {
        match self {
            Kept::Whole(text) => Cow::Owned(cut(mask::message(text))),
            Kept::Redacted(text) => Cow::Borrowed(text),
        }
    }

    /// As it travelled, where that was kept.
    pub(crate) fn whole(&self) -> Option<&str> {
        match self {
            Kept::Whole(text) => Some(text),
            Kept::Redacted(_) => None,
        }
    }

    /// All that is kept, to be searched.
    pub(crate) fn text(&self) -> &str {
        let (Kept::Whole(text) | Kept::Redacted(text)) = self;
        text
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.text().len())
    }
}

/// A request and its reply.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) request: Kept,
    pub(crate) reply: Kept,
}

impl Texts {
    /// `target` is the path with its query, as it was sent.
    pub(crate) fn of(request: &Request, target: &str, answer: &Answer) -> Texts {
        let mut asked = format!("{} {target}\n", request.method);
        for (name, value) in request.headers() {
            asked.push_str(&format!("{name}: {}\n", value.to_str().unwrap_or(mask::HIDDEN)));
        }
        asked.push('\n');
        let asked = match std::str::from_utf8(&request.body) {
            Ok(body) => Kept::of(asked + body),
            Err(_) => Kept::Redacted(format!(
                "{}({} bytes, not shown)",
                cut(mask::message(&asked)).trim_end_matches(mask::NO_BODY),
                request.body.len()
            )),
        };
        let moved = answer.location().map(|to| format!("location: {to}\n")).unwrap_or_default();
        let answered = format!("content-type: {}\n{moved}\n{}", answer.content_type(), answer.body());
        Texts { request: asked, reply: Kept::of(answered) }
    }

    /// How many bytes are kept.
    pub(crate) fn size(&self) -> usize {
        self.request.text().len() + self.reply.text().len()
    }
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n(cut here)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Method, Uri};

    fn texts(body: &[u8], answer: &Answer) -> Texts {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer sandbox_key".parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        let request = Request::new(Method::POST, &Uri::from_static("/x"), headers, body.into()).unwrap();
        Texts::of(&request, "/x?y=1", answer)
    }

    #[test]
    fn message_is_whole_or_masked_as_asked() {
        let kept = texts(br#"{"pan":"4111111111111111","amount":1}"#, &Answer::empty(200));
        let whole = kept.request.whole().unwrap();
        assert!(whole.starts_with("POST /x?y=1\nauthorization: Bearer sandbox_key\n"), "{whole}");
        assert!(whole.ends_with(r#"{"pan":"4111111111111111","amount":1}"#), "{whole}");
        let masked = kept.request.masked();
        assert!(masked.contains("Bearer •••") && !masked.contains("4111"), "{masked}");
        assert!(masked.contains("\"amount\": 1") && !format!("{kept:?}").contains("sandbox_key"), "{masked}");
    }

    #[test]
    fn real_card_is_never_kept() {
        for pan in ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242"] {
            let kept = texts(format!(r#"{{"pan":"{pan}"}}"#).as_bytes(), &Answer::empty(200));
            assert!(kept.request.whole().is_none() && !kept.request.text().contains("4242"), "{pan}");
        }
        let kept = texts(b"\xff4242424242424242", &Answer::empty(200));
        assert!(kept.request.text().ends_with("\n\n(17 bytes, not shown)"), "{}", kept.request.text());
    }

    #[test]
    fn long_text_is_masked_and_cut() {
        let long = format!(r#"{{"vault_token":"s3cr3t","error":"{}"}}"#, "é".repeat(LONGEST));
        let kept = texts(b"", &Answer::text(200, "application/json", long));
        let text = kept.reply.text();
        assert!(kept.reply.whole().is_none() && !text.contains("s3cr3t"));
        assert!(text.len() <= LONGEST + 20 && text.ends_with("é\n(cut here)"));
    }
}
