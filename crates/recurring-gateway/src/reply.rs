use std::collections::BTreeMap;

use recurring_core::{Reply, Secret, SecretForms};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::parts::Parts;
use crate::{guard, lenient};

/// Reads the body of a [`Reply`] as JSON.
pub trait ReplyExt {
    /// Reads the body as JSON. A body of very many small parts is refused before it is read: in memory it would be
    /// hundreds of times its size.
    ///
    /// # Errors
    /// Says where and how the body is not what was expected, without quoting it.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable>;

    /// Reads the body as a JSON object: the answer about one thing, with at most 1,000 objects and lists in it. A list is
    /// refused: it would be taken for an object without names, its entries for the members in their order.
    ///
    /// # Errors
    /// Those of [`json`](Self::json).
    fn object<T: DeserializeOwned>(&self) -> Result<T, Unreadable>;

    /// Reads the body as [`object`](Self::object) does, with so many objects and lists more in it as a list of that size can
    /// have: the answer about one thing that tells all that ever became of it, such as every payment of a schedule.
    ///
    /// # Errors
    /// Those of [`json`](Self::json).
    fn object_with_list<T: DeserializeOwned>(&self) -> Result<T, Unreadable>;

    /// The entries of a list whose place is not documented: a bare JSON list, or the only list among the members
    /// `names` of an object. `None` for anything else, and for two lists: which one is meant is not known. No entry may
    /// have more parts than an [`object`](Self::object).
    fn entries(&self, names: &[&str]) -> Option<Vec<Box<RawValue>>>;

    /// Returns the gateway's words as [`Reply::shown`] does, and without the tokens that the answer itself brought, in
    /// every form of at least 8 bytes. Of tokens that have more than 4,096 bytes together, only the tokens themselves are
    /// cleared: all forms of one are 300 times its size, and no gateway has such tokens.
    fn shown_without(&self, tokens: &[Secret], text: &str) -> String;
}

impl ReplyExt for Reply {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        check_parts(self, Parts::of_a_list(self.body().len()))?;
        parse(self)
    }

    #[inline]
    fn object<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        object(self, Parts::ONE_ANSWER)
    }

    #[inline]
    fn object_with_list<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        object(self, Parts::of_a_list(self.body().len()))
    }

    fn entries(&self, names: &[&str]) -> Option<Vec<Box<RawValue>>> {
        check_parts(self, Parts::of_a_list(self.body().len())).ok()?;
        let list: Vec<Box<RawValue>> = parse(self).ok().or_else(|| only_list(self, names))?;
        let is_one = |entry: &str| !Parts::of(entry.as_bytes()).exceed(Parts::ONE_ANSWER);
        list.iter().all(|entry| is_one(entry.get())).then_some(list)
    }

    fn shown_without(&self, tokens: &[Secret], text: &str) -> String {
        if !SecretForms::may_occur(text.as_bytes(), tokens) {
            return self.shown(text);
        }
        if tokens.iter().map(|token| token.expose().len()).sum::<usize>() > LONGEST_TOKENS {
            let cleared = tokens
                .iter()
                .filter(|token| token.expose().len() >= guard::SHORTEST_FORM)
                .fold(text.to_owned(), |text, token| text.replace(token.expose(), lenient::REDACTED));
            return self.shown(cleared);
        }
        self.shown(SecretForms::of(tokens).at_least(guard::SHORTEST_FORM).clear(text))
    }
}

/// How many bytes the tokens of one answer may have, for all their forms to be looked for.
const LONGEST_TOKENS: usize = 4_096;

#[inline]
fn object<T: DeserializeOwned>(reply: &Reply, most: Parts) -> Result<T, Unreadable> {
    if reply.body().trim_ascii_start().starts_with(b"[") {
        return Err(Unreadable { how: "is a JSON list instead of an object".to_owned() });
    }
    check_parts(reply, most)?;
    parse(reply)
}

/// The only list among these members of an object.
fn only_list(reply: &Reply, names: &[&str]) -> Option<Vec<Box<RawValue>>> {
    if reply.body().trim_ascii_start().starts_with(b"[") {
        return None;
    }
    // Borrowed: an object of very many members would be copied whole for the one that is looked for.
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(reply.body()).ok()?;
    let mut lists = names.iter().filter_map(|name| serde_json::from_str(members.get(*name)?.get()).ok());
    match (lists.next(), lists.next()) {
        (Some(list), None) => Some(list),
        _ => None,
    }
}

fn check_parts(reply: &Reply, most: Parts) -> Result<(), Unreadable> {
    if Parts::of(reply.body()).exceed(most) {
        return Err(Unreadable { how: "has more parts than such an answer can have".to_owned() });
    }
    Ok(())
}

#[inline]
fn parse<T: DeserializeOwned>(reply: &Reply) -> Result<T, Unreadable> {
    // Once over the whole costs less than over each text. What is not UTF-8 may be in a member that is not read.
    let read = match std::str::from_utf8(reply.body()) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(reply.body()),
    };
    read.map_err(|error| Unreadable::of(reply, &error))
}

/// The members that are identifiers. Another name is not shown: the gateway chose it, and it may be a secret.
const ID_MEMBERS: [&str; 19] = [
    "id",
    "brand_id",
    "client_id",
    "customerId",
    "first_authorised_transaction_id",
    "merchantId",
    "merchant_id",
    "orderId",
    "orderReference",
    "order_id",
    "outletId",
    "paymentId",
    "payment_id",
    "project_id",
    "reference",
    "refund_of_order_id",
    "related_order_id",
    "transaction_id",
    "userId",
];

/// The name of the member whose value ends at a place, which is after a scalar.
fn member_before(body: &[u8], line: usize, column: usize) -> Option<&'static str> {
    let lines = body.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let body = body.get(..before.saturating_add(column)).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    // Of `.., "id": "x"` the names are what a colon follows.
    let names =
        text.split('"').zip(text.split('"').skip(1)).filter(|(_, next)| next.trim_start().starts_with(':'));
    let (name, _) = names.last()?;
    ID_MEMBERS.into_iter().find(|known| *known == name)
}

/// A body that cannot be read. The text never quotes the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reply {how}")]
pub struct Unreadable {
    how: String,
}

impl Unreadable {
    #[cold]
    fn of(reply: &Reply, error: &serde_json::Error) -> Self {
        let how = match error.classify() {
            _ if reply.body().is_empty() => "is empty".to_owned(),
            serde_json::error::Category::Eof => "is cut off".to_owned(),
            serde_json::error::Category::Data if error.to_string().starts_with(lenient::NOT_AN_ID) => {
                match member_before(reply.body(), error.line(), error.column()) {
                    Some(name) => format!("has no usable identifier in `{name}`"),
                    None => {
                        format!("has no usable identifier (line {}, column {})", error.line(), error.column())
                    }
                }
            }
            serde_json::error::Category::Data => {
                format!("is JSON of another shape (line {}, column {})", error.line(), error.column())
            }
            _ => format!("is not JSON (line {}, column {})", error.line(), error.column()),
        };
        Self { how }
    }
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
    fn unusable_id_is_named_but_not_quoted() {
        #[derive(Debug, serde::Deserialize)]
        struct Answer {
            #[serde(rename = "orderId", deserialize_with = "lenient::required_id")]
            _id: String,
        }
        for body in [
            r#"{"a":"b", "orderId" : "x\ny","z":1}"#,
            "{\n\"a\":{\"b\":1},\n\"orderId\": \"[redacted]\"\n}",
            r#"{"orderId":""}"#,
        ] {
            let error = Reply::new(200, Vec::new(), body.into()).object::<Answer>().expect_err(body);
            assert_eq!(error.to_string(), "the reply has no usable identifier in `orderId`", "{body}");
        }
        let body = r#"{"orderId":{"hunter2":"x"}}"#;
        let error = Reply::new(200, Vec::new(), body.into()).object::<Answer>().expect_err(body);
        assert_eq!(error.to_string(), "the reply has no usable identifier (line 1, column 27)");
    }

    #[test]
    fn text_that_is_not_utf8_spoils_only_what_reads_it() {
        #[derive(Debug, serde::Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::text")]
            id: Option<String>,
        }
        let read = |body: &[u8]| Reply::new(200, Vec::new(), body.to_vec()).object::<Answer>();
        let answer = read(b"{\"other\":\"\xff\",\"id\":\"1\"}").expect("an answer");
        assert_eq!(answer.id.as_deref(), Some("1"));
        let error = read(b"{\"id\":\"\xff\"}").expect_err("not a text");
        assert_eq!(error.to_string(), "the reply is not JSON (line 1, column 8)");
    }

    #[test]
    fn long_token_is_cleared_without_its_forms() {
        let reply = Reply::new(200, Vec::new(), Vec::new());
        let shown = |token: &str, text: &str| reply.shown_without(&[Secret::new(token)], text);
        let (short, long) = ("token-4711".repeat(40), "token-4711".repeat(500));
        assert_eq!(shown(&short, &format!("% {short}")), "% [redacted]");
        assert_eq!(shown(&short, "token-4711"), "token-4711");
        assert_eq!(shown(&long, &format!("% {long}.")), "% [redacted].");
        let encoded = short.replace('-', "%2D");
        assert_eq!(shown(&short, &encoded), "[redacted]");
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
    fn answer_of_many_small_parts_is_refused() {
        let body =
            |parts: usize, part: &str| format!("{{\"a\":[{}]}}", vec![part; parts].join(",")).into_bytes();
        let object =
            |body: Vec<u8>| Reply::new(200, Vec::new(), body).object::<serde::de::IgnoredAny>().map(drop);
        assert!(object(body(998, "{}")).is_ok());
        assert!(object(body(10_000, "1")).is_ok());
        for many in [body(999, "{}"), body(300_000, "{}"), body(10_002, "1"), body(500_000, "7")] {
            let refused = object(many).expect_err("too many").to_string();
            assert_eq!(refused, "the reply has more parts than such an answer can have");
        }
        let list = |parts: usize, part: &str| {
            let body = format!("[{}]", vec![part; parts].join(",")).into_bytes();
            Reply::new(200, Vec::new(), body).entries(&[]).map(|entries| entries.len())
        };
        let order = format!("{{\"id\":\"{}\"}}", "x".repeat(120));
        assert_eq!(list(8_000, &order), Some(8_000));
        assert_eq!(list(300_000, "{}"), None);
        let entry = |parts: usize| {
            let entry = String::from_utf8(body(parts, "{}")).expect("JSON");
            format!("{entry},\"{}\"", "x".repeat(100_000))
        };
        assert_eq!((list(1, &entry(998)), list(1, &entry(999))), (Some(2), None));
        assert_eq!(list(500_000, "7"), None);
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
}
