//! Takes the secrets out of an exchange and leaves its shape: what is not known to be harmless is replaced, the same value
//! by the same placeholder everywhere, so that a token of one answer is still the token of the next request.
//!
//! What is harmless is decided by the name of the member, as for the inspector, never by how a value looks.

use super::operation::{Operation, Segment};
use crate::mask;
use crate::request::form;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;

/// How many placeholders are remembered; beyond them the same value may get another one.
const REMEMBERED: usize = 200_000;
/// The first number, large enough that no placeholder is taken for an amount or a count.
const FIRST: u64 = 1001;
/// No gateway nests deeper; what does is not kept.
const DEEPEST: usize = 64;
/// Members whose texts are JSON themselves: the signed text of tokenpay-signed.
const TEXT_OF_JSON: &str = "request";

/// A JSON text whose members keep their order and whose numbers keep their digits.
enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    Number(String),
    /// `true`, `false` or `null`.
    Word(String),
}

#[derive(Debug, Default)]
pub(crate) struct Scrub {
    /// A digest of each value, so that the values themselves are kept nowhere.
    known: HashMap<[u8; 32], u64>,
    given: u64,
}

impl Scrub {
    /// The file that a body belongs in, and what is written there; `None` when it is of no type that can be read.
    pub(crate) fn body(&mut self, content_type: &str, body: &[u8]) -> Option<(&'static str, String)> {
        let text = std::str::from_utf8(body).ok()?;
        if content_type.starts_with("application/x-www-form-urlencoded") {
            let pairs: Vec<String> = form(text).into_iter().map(|pair| self.pair(pair)).collect();
            return Some(("request.txt", pairs.join("&")));
        }
        let mut written = String::new();
        self.json(&parse(text)?, "text", Some(0), &mut written);
        Some(("request.json", written))
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) -> String {
        match (name, value.split_once(' ')) {
            ("accept" | "content-type", _) if mask::is_media_type(value) => value.to_owned(),
            ("authorization", Some((scheme @ ("Basic" | "Bearer"), secret))) => {
                format!("{scheme} {}", self.text("key", secret))
            }
            _ => self.text("value", value),
        }
    }

    pub(crate) fn path(&mut self, operation: &Operation, query: &[(String, String)]) -> String {
        let mut path = String::new();
        for segment in &operation.segments {
            path.push('/');
            match segment {
                Segment::Word(word) => path.push_str(word),
                Segment::Given(text) => path.push_str(&encoded(&self.text("id", text))),
            }
        }
        if operation.slash {
            path.push('/');
        }
        let pairs: Vec<String> = query.iter().map(|pair| self.pair(pair.clone())).collect();
        if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
    }

    fn pair(&mut self, (name, value): (String, String)) -> String {
        let member = self.member(&name);
        let value = if mask::shown(&name, &value) { value } else { self.text(&name, &value) };
        format!("{}={}", encoded(&member), encoded(&value))
    }

    fn member(&mut self, name: &str) -> String {
        if mask::is_plain_member(name) { name.to_owned() } else { self.text("member", name) }
    }

    /// `name`: the member that holds this value. `indent`: how far it is indented; `None` for no white space at all.
    fn json(&mut self, value: &Json, name: &str, indent: Option<usize>, written: &mut String) {
        match value {
            Json::Word(word) => written.push_str(word),
            // Nothing is hidden in a zero.
            Json::Number(literal) if literal == "0" || mask::shown(name, literal) => {
                written.push_str(literal)
            }
            Json::Number(literal) => written.push_str(&self.number(literal).to_string()),
            Json::Text(text) if mask::shown(name, text) && uuid_end(text).is_none() => {
                written.push_str(&quoted(text));
            }
            Json::Text(text) => match (name == TEXT_OF_JSON).then(|| parse(text)).flatten() {
                Some(inner @ Json::Object(_)) => {
                    let mut text = String::new();
                    self.json(&inner, "text", None, &mut text);
                    written.push_str(&quoted(&text));
                }
                _ => {
                    let text = self.text(name, text);
                    written.push_str(&quoted(&text));
                }
            },
            Json::Array(items) => {
                let items = items.iter().map(|item| (None, name, item));
                self.list(['[', ']'], items, indent, written);
            }
            Json::Object(members) => {
                // ngenius writes an amount as {currencyCode, value}.
                let amount = members.iter().any(|(name, _)| name == "currencyCode");
                let members = members.iter().map(|(name, value)| {
                    let known_as = if amount && name == "value" { "amount" } else { name.as_str() };
                    (Some(name), known_as, value)
                });
                self.list(['{', '}'], members, indent, written);
            }
        }
    }

    fn list<'a>(
        &mut self,
        [open, close]: [char; 2],
        items: impl Iterator<Item = (Option<&'a String>, &'a str, &'a Json)>,
        indent: Option<usize>,
        written: &mut String,
    ) {
        let line = |written: &mut String, steps: usize| {
            if let Some(indent) = indent {
                written.push('\n');
                written.push_str(&"  ".repeat(indent + steps));
            }
        };
        written.push(open);
        let mut empty = true;
        for (member, known_as, value) in items {
            if !empty {
                written.push(',');
            }
            line(written, 1);
            if let Some(member) = member {
                let member = self.member(member);
                written.push_str(&quoted(&member));
                written.push_str(if indent.is_some() { ": " } else { ":" });
            }
            self.json(value, known_as, indent.map(|indent| indent + 1), written);
            empty = false;
        }
        if !empty {
            line(written, 0);
        }
        written.push(close);
    }

    /// A placeholder of the same kind: digits, a UUID, hexadecimal digits, an address, or words.
    fn text(&mut self, name: &str, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.number(text).to_string();
        }
        if let Some(start) = uuid_end(text) {
            let (before, uuid) = text.split_at(start);
            let number = self.number(uuid);
            return format!("{before}00000000-0000-4000-8000-{number:012}");
        }
        let number = self.number(text);
        let name = if mask::is_plain_member(name) { name } else { "text" };
        match text {
            hex if hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!("{number:032}")
            }
            url if url.starts_with("http://") || url.starts_with("https://") => {
                format!("https://example.invalid/not-a-real-{name}-{number}")
            }
            mail if mail.contains('@') => format!("person-{number}@example.invalid"),
            _ => format!("not-a-real-{name}-{number}"),
        }
    }

    /// The number of a value, the same for the same value.
    fn number(&mut self, value: &str) -> u64 {
        let digest: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        if let Some(number) = self.known.get(&digest) {
            return *number;
        }
        let number = FIRST + self.given;
        self.given += 1;
        if self.known.len() < REMEMBERED {
            self.known.insert(digest, number);
        }
        number
    }
}

/// Where the UUID begins that a text ends in, when nothing is before it but words and colons (`urn:order:`).
fn uuid_end(text: &str) -> Option<usize> {
    let start = text.len().checked_sub(36)?;
    let (before, uuid) = (text.get(..start)?, text.get(start..)?);
    let words =
        before.is_empty() || before.starts_with("urn:") && before.len() <= 24 && before.ends_with(':');
    let plain = before.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b':');
    let groups = uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let hex = uuid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (words && plain && groups && hex).then_some(start)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// For a path, a query or a form: all but letters, digits and a few signs becomes `%XX`.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn parse(text: &str) -> Option<Json> {
    read(serde_json::from_str::<&RawValue>(text).ok()?, DEEPEST)
}

/// `levels`: how many may follow.
fn read(raw: &RawValue, levels: usize) -> Option<Json> {
    let levels = levels.checked_sub(1)?;
    let literal = raw.get();
    Some(match literal.as_bytes().first()? {
        b'{' => {
            let Members(members) = serde_json::from_str(literal).ok()?;
            let members = members.into_iter().map(|(name, raw)| Some((name, read(raw, levels)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(literal).ok()?;
            Json::Array(items.into_iter().map(|raw| read(raw, levels)).collect::<Option<_>>()?)
        }
        b'"' => Json::Text(serde_json::from_str(literal).ok()?),
        b't' | b'f' | b'n' => Json::Word(literal.to_owned()),
        _ => Json::Number(literal.to_owned()),
    })
}

/// The members in their order, duplicates included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "4111111111111111";
    const ID: &str = "82e6eb62-90e8-405c-9ec9-d43affba41d2";

    fn json(scrub: &mut Scrub, text: &str) -> String {
        scrub.body("application/json", text.as_bytes()).unwrap().1
    }

    #[test]
    fn scrub_keeps_shape_and_removes_secrets() {
        let text = r#"{"status":"paid","amount":{"currencyCode":"AED","value":10.50},"id":"ID","href":"http://a/ID","pan":"CARD",
            "cvv":123,"debtor":0,"tokenId":"436","email":"a@b.example","none":null,"empty":"","flag":true,"list":["secret",{}],
            "_id":"urn:order:ID","CARD":1,"key":"c2VjcmV0","reason":"card CARD","key":"c2VjcmV0"}"#
            .replace("ID", ID)
            .replace("CARD", CARD)
            .replace("tokenId", "token_id");
        let written = json(&mut Scrub::default(), &text);
        assert_eq!(
            written,
            r#"{
  "status": "paid",
  "amount": {
    "currencyCode": "AED",
    "value": 10.50
  },
  "id": "00000000-0000-4000-8000-000000001001",
  "href": "https://example.invalid/not-a-real-href-1002",
  "pan": "1003",
  "cvv": 1004,
  "debtor": 0,
  "token_id": "1005",
  "email": "person-1006@example.invalid",
  "none": null,
  "empty": "",
  "flag": true,
  "list": [
    "not-a-real-list-1007",
    {}
  ],
  "_id": "urn:order:00000000-0000-4000-8000-000000001001",
  "1003": 1008,
  "key": "not-a-real-key-1009",
  "reason": "not-a-real-reason-1010",
  "key": "not-a-real-key-1009"
}"#
        );
    }

    #[test]
    fn same_value_gets_same_placeholder() {
        let mut scrub = Scrub::default();
        let token = json(&mut scrub, r#"{"access_token":"s3cr3t"}"#);
        assert_eq!(token, "{\n  \"access_token\": \"not-a-real-access_token-1001\"\n}");
        // The number is what says that it is the same; the word is that of the place.
        assert_eq!(scrub.header("authorization", "Bearer s3cr3t"), "Bearer not-a-real-key-1001");
        assert_eq!(scrub.header("authorization", "s3cr3t"), "not-a-real-value-1001");
        assert_eq!(scrub.header("accept", "application/json, */*;q=0.5"), "application/json, */*;q=0.5");
        assert_eq!(scrub.header("content-type", "s3cr3t"), "not-a-real-value-1001");
    }

    #[test]
    fn signed_text_is_scrubbed_and_stays_compact() {
        let text = r#"{"request":"{\"tokenId\":\"436\",\"amount\":30,\"merchantReference\":\"order-2\"}","signature":"c2ln"}"#;
        let written = json(&mut Scrub::default(), text);
        let inner = r#"{\"tokenId\":\"1001\",\"amount\":30,\"merchantReference\":\"order-2\"}"#;
        assert!(written.contains(inner), "{written}");
        assert!(written.contains("not-a-real-signature-1002"), "{written}");
    }

    #[test]
    fn forms_and_paths_are_scrubbed() {
        let mut scrub = Scrub::default();
        let form = scrub.body(
            "application/x-www-form-urlencoded",
            b"grant_type=client_credentials&client_secret=s3cr%20t&4111111111111111=1",
        );
        assert_eq!(
            form.unwrap(),
            (
                "request.txt",
                "grant_type=client_credentials&client_secret=not-a-real-client_secret-1001&1002=1003"
                    .to_owned()
            )
        );
        let segments =
            vec![Segment::Word("orders"), Segment::Given("a/b".to_owned()), Segment::Given(String::new())];
        let operation = Operation { name: "get-order", segments, slash: true };
        let query = [("currency".to_owned(), "EUR".to_owned()), ("key".to_owned(), "s3cr t".to_owned())];
        assert_eq!(
            scrub.path(&operation, &query),
            "/orders/not-a-real-id-1004//?currency=EUR&key=not-a-real-key-1001"
        );
    }

    #[test]
    fn unreadable_body_is_not_kept() {
        let deep = format!("{}1{}", "[".repeat(400_000), "]".repeat(400_000));
        for text in ["", "{", "{'a':1}", "<p>secret</p>", "{\"a\":1}x", deep.as_str()] {
            assert!(Scrub::default().body("application/json", text.as_bytes()).is_none());
        }
        assert!(Scrub::default().body("application/json", b"\xff").is_none());
        assert_eq!(json(&mut Scrub::default(), "\"-----BEGIN\""), "\"not-a-real-text-1001\"");
    }
}
