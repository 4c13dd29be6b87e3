use std::collections::BTreeMap;

use recurring_core::Reply;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Reads the body of a [`Reply`] as JSON.
pub trait ReplyExt {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// Says where and how the body is not what was expected, without quoting it.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable>;

    /// Reads the body as a JSON object. A list is refused: it would be taken for an object without names, its
    /// entries for the members in their order.
    ///
    /// # Errors
    /// Those of [`json`](Self::json).
    fn object<T: DeserializeOwned>(&self) -> Result<T, Unreadable>;

    /// The entries of a list whose place is not documented: a bare JSON list, or the only list among the members
    /// `names` of an object. `None` for anything else, and for two lists: which one is meant is not known.
    fn entries(&self, names: &[&str]) -> Option<Vec<Box<RawValue>>>;
}

impl ReplyExt for Reply {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        serde_json::from_slice(self.body()).map_err(|error| {
            let how = match error.classify() {
                _ if self.body().is_empty() => "is empty".to_owned(),
                serde_json::error::Category::Eof => "is cut off".to_owned(),
                serde_json::error::Category::Data => {
                    format!("is JSON of another shape (line {}, column {})", error.line(), error.column())
                }
                _ => format!("is not JSON (line {}, column {})", error.line(), error.column()),
            };
            Unreadable { how }
        })
    }

    fn object<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        if self.body().trim_ascii_start().starts_with(b"[") {
            return Err(Unreadable { how: "is a JSON list instead of an object".to_owned() });
        }
        self.json()
    }

    fn entries(&self, names: &[&str]) -> Option<Vec<Box<RawValue>>> {
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
}
