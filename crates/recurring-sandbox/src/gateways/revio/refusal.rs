//! How revio refuses a request, and reading its body.

use super::members::MEMBERS;
use crate::answer::Answer;
use crate::json;
use crate::members::{not_played, sentence};
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

/// Refuses what the sandbox does not play; the first part of the path names the member.
pub(super) fn unplayed(path: &str) -> Answer {
    let name = path.split('.').next().unwrap_or(path);
    refuse(400, name, "not_played", &sentence(path))
}

/// Reads the body of this call, which has no member that the sandbox does not play.
pub(super) fn read(request: &Request, call: &str) -> Result<Map<String, Value>, Answer> {
    if !request.sends("application/json") {
        return Err(refuse_all("parse_error", "Content-Type must be application/json"));
    }
    let body = json::object(&request.body).map_err(|reason| refuse_all("parse_error", &reason))?;
    not_played(MEMBERS, call, &body).map_or(Ok(body), |path| Err(unplayed(path)))
}
