//! How emspay refuses a request, and reading its body.

use super::members::MEMBERS;
use crate::answer::Answer;
use crate::json;
use crate::members::{not_played, sentence};
use crate::request::Request;
use serde_json::{Map, Value, json};

pub(super) fn refuse(status: u16, kind: &str, value: &str, property: Option<&str>) -> Answer {
    let mut error = json!({"status": status, "type": kind, "value": value});
    if let (Some(error), Some(property)) = (error.as_object_mut(), property) {
        error.insert("property_path".to_owned(), property.into());
    }
    Answer::json(status, &json!({"error": error}))
}

pub(super) fn invalid(property: &str, value: &str) -> Answer {
    refuse(400, "ValidationError", value, Some(property))
}

/// Refuses what the sandbox does not play.
pub(super) fn unplayed(property: &str) -> Answer {
    invalid(property, &sentence(property))
}

pub(super) fn not_found() -> Answer {
    refuse(404, "NotFoundError", "There is nothing at this path.", None)
}

/// Reads the body of this call, which has no member that the sandbox does not play.
pub(super) fn read(request: &Request, call: &str) -> Result<Map<String, Value>, Answer> {
    if !request.sends("application/json") {
        return Err(refuse(400, "BadRequest", "Content-Type must be application/json", None));
    }
    let body = json::object(&request.body).map_err(|reason| refuse(400, "BadRequest", &reason, None))?;
    not_played(MEMBERS, call, &body).map_or(Ok(body), |path| Err(unplayed(path)))
}
