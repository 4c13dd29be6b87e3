use std::fmt;

use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _};
use serde::Serialize;
use serde_json::{Map, Value};

/// A failed call: see [`recurring_core::Error`] for its kind and its effect on the money.
pub type Error = recurring_core::Error<ApiError>;

/// The name under which the gateway puts what belongs to no single member.
pub(crate) const GENERAL: &str = "__all__";

/// Where other software puts its errors. No request of this gateway has such a member.
const ELSEWHERE: [&str; 4] = ["error", "errors", "detail", "fault"];

/// How many entries `Display` shows.
const SHOWN: usize = 5;

/// The gateway's own error: an object of member names, each with a list of `{message, code}`, or with one such object
/// alone. What concerns no single member is under `__all__`.
///
/// The texts have been cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ApiError {
    /// Every entry, whatever its depth. At least one.
    pub errors: Vec<FieldError>,
}

/// One entry of the gateway's error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct FieldError {
    /// The member of the request that is wrong, as a dotted path such as `purchase.products.0.price`; `__all__` for
    /// what concerns no single member.
    pub field: String,
    /// What is wrong, in the gateway's words.
    pub message: Option<String>,
    /// The gateway's code, such as `purchase_charge_error`. An open set.
    pub code: Option<String>,
}

impl ApiError {
    /// Returns the first code that there is.
    pub fn code(&self) -> Option<&str> {
        self.errors.iter().find_map(|error| error.code.as_deref())
    }

    /// Reads the gateway's error, if the body has its shape: an object with at least one entry below a member.
    pub(crate) fn read(reply: &Reply) -> Option<Self> {
        let body: Map<String, Value> = reply.json().ok()?;
        let mut errors = Vec::new();
        for (name, value) in body.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
            collect(reply, name, value, &mut errors);
        }
        (!errors.is_empty()).then_some(Self { errors })
    }

    /// Whether every entry has a code, as the documents print them.
    pub(crate) fn has_codes(&self) -> bool {
        self.errors.iter().all(|error| error.code.is_some())
    }

    /// The first entry with one of these codes.
    pub(crate) fn find(&self, codes: &[&str]) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.code.as_deref().is_some_and(|code| codes.contains(&code)))
    }
}

/// Reads the reply to a deletion: 204 and nothing else is a success.
pub(crate) fn read_no_content(reply: &Reply) -> Result<(), Error> {
    match reply.status() {
        204 => Ok(()),
        status if reply.is_success() => {
            let message = format!("the gateway answered {status} instead of 204");
            Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()))
        }
        _ => Err(Error::from_reply(reply.clone(), ApiError::read(reply))),
    }
}

/// Finds the entries in a value and what is nested in it.
fn collect(reply: &Reply, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(members) => match entry(members) {
            Some((message, code)) => errors.push(FieldError {
                field: reply.shown(path),
                message: message.map(|text| reply.shown(text)),
                code: code.map(|text| reply.shown(text)),
            }),
            None => {
                for (name, value) in members {
                    collect(reply, &format!("{path}.{name}"), value, errors);
                }
            }
        },
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                // A list of entries belongs to the member itself; in any other list the place matters.
                let is_entry = value.as_object().is_some_and(|members| entry(members).is_some());
                let place = if is_entry { path.to_owned() } else { format!("{path}.{index}") };
                collect(reply, &place, value, errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The message and code of an entry. Other software's errors often have a number for the code: those are none.
fn entry(members: &Map<String, Value>) -> Option<(Option<&str>, Option<&str>)> {
    let text = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.as_str())),
        Some(_) => None,
    };
    let (message, code) = (text("message")?, text("code")?);
    (message.is_some() || code.is_some()).then_some((message, code))
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().take(SHOWN).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            fmt::Display::fmt(error, f)?;
        }
        match self.errors.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field != GENERAL {
            write!(f, "`{}` ", self.field)?;
        }
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use recurring_core::{Effect, Proof};

    use super::*;

    fn read(body: &str) -> Option<String> {
        ApiError::read(&Reply::new(400, Vec::new(), body.into())).map(|error| error.to_string())
    }

    #[test]
    fn every_documented_form_is_read() {
        for (body, text) in [
            (r#"{"__all__":[{"message":"No.","code":"a"}]}"#, "a: No."),
            (r#"{"__all__":{"message":"No.","code":"a"}}"#, "a: No."),
            (r#"{"email":[{"message":"Bad."},{"code":"b"}]}"#, "`email` Bad.; `email` b"),
            (
                r#"{"purchase":{"products":[{},{"price":[{"message":"Bad.","code":"c"}]}]}}"#,
                "`purchase.products.1.price` c: Bad.",
            ),
            (r#"{"a":{"code":"1"},"detail":"text","n":7,"z":["text",null]}"#, "`a` 1"),
        ] {
            assert_eq!(read(body).as_deref(), Some(text), "{body}");
        }
        let many = r#"{"a":[{"code":"1"},{"code":"2"},{"code":"3"},{"code":"4"},{"code":"5"},{"code":"6"}]}"#;
        assert!(read(many).is_some_and(|text| text.ends_with("`a` 5; and 1 more")));
    }

    #[test]
    fn error_of_other_software_is_not_read() {
        for body in [
            "",
            "no",
            "[]",
            "{}",
            "null",
            r#"[{"message":"No.","code":"a"}]"#,
            r#"{"message":"Forbidden"}"#,
            r#"{"message":"Forbidden","code":"x"}"#,
            r#"{"detail":"Not found."}"#,
            r#"{"email":["This field is required."]}"#,
            r#"{"error":{"code":502,"message":"Bad gateway"}}"#,
            r#"{"error":{"message":null,"code":null}}"#,
            r#"{"error":{"message":"Forbidden","code":"forbidden"}}"#,
            r#"{"errors":[{"message":"Forbidden","code":"forbidden"}]}"#,
            "<html>502</html>",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn deletion_succeeds_only_with_204() {
        let read = |status, body: &str| read_no_content(&Reply::new(status, Vec::new(), body.into()));
        read(204, "").expect("deleted");
        let refusal = r#"{"__all__":[{"message":"No.","code":"a"}]}"#;
        for (status, kind, effect) in [
            (200, ErrorKind::Protocol, Effect::Unknown),
            (202, ErrorKind::Protocol, Effect::Unknown),
            (302, ErrorKind::Protocol, Effect::Unknown),
            (400, ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused)),
            (404, ErrorKind::NotFound, Effect::Unknown),
            (502, ErrorKind::Unavailable, Effect::Unknown),
        ] {
            let error = read(status, refusal).expect_err("not deleted");
            assert_eq!((error.kind(), error.effect()), (kind, effect), "{status}");
            assert_eq!(error.message().contains("instead of 204"), (200..300).contains(&status), "{status}");
        }
    }
}
