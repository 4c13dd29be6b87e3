//! How revio refuses a request, and reading its body.

use crate::answer::Answer;
use crate::json;
use crate::request::Request;
use serde_json::{Map, Value, json};

/// One refusal under the name of a member, or under `__all__`.
pub(super) fn refuse(status: u16, name: &str, code: &str, message: &str) -> Answer {
    let mut body = Map::new();
    body.insert(name.to_owned(), json!([{"message": message, "code": code}]));
    Answer::json(status, &body.into())
}

pub(super) fn refuse_all(code: &str, message: &str) -> Answer {
    refuse(400, "__all__", code, message)
}

pub(super) fn invalid(name: &str, message: &str) -> Answer {
    refuse(400, name, "invalid", message)
}

pub(super) fn required(name: &str) -> Answer {
    refuse(400, name, "required", "This field is required.")
}

pub(super) fn not_found() -> Answer {
    refuse(404, "__all__", "not_found", "Not found.")
}

pub(super) fn read(request: &Request) -> Result<Map<String, Value>, Answer> {
    if !request.sends("application/json") {
        return Err(refuse_all("parse_error", "Content-Type must be application/json"));
    }
    json::object(&request.body).map_err(|reason| refuse_all("parse_error", &reason))
}
