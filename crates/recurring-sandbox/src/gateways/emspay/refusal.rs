//! How emspay refuses a request, and reading its body.

use crate::answer::Answer;
use crate::json;
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

pub(super) fn not_found() -> Answer {
    refuse(404, "NotFoundError", "There is nothing at this path.", None)
}

pub(super) fn read(request: &Request) -> Result<Map<String, Value>, Answer> {
    if !request.sends("application/json") {
        return Err(refuse(400, "BadRequest", "Content-Type must be application/json", None));
    }
    json::object(&request.body).map_err(|reason| refuse(400, "BadRequest", &reason, None))
}
