//! How ngenius refuses a request, and reading its body.

use super::members::MEMBERS;
use crate::answer::Answer;
use crate::json;
use crate::members::{not_played, sentence};
use crate::request::Request;
use serde_json::{Map, Value, json};

/// The media type of requests and answers about payments.
pub(super) const PAYMENT: &str = "application/vnd.ni-payment.v2+json";

pub(super) fn refuse(status: u16, code: &str, message: &str) -> Answer {
    let errors = json!([{
        "message": message, "localizedMessage": message, "errorCode": code, "domain": "sandbox",
    }]);
    let body = json!({"message": message, "code": status, "errors": errors});
    Answer::typed(status, PAYMENT, &body)
}

pub(super) fn invalid(field: &str, message: &str) -> Answer {
    refuse(400, "validationError", &format!("{field}: {message}"))
}

/// Refuses what the sandbox does not play.
pub(super) fn unplayed(what: &str) -> Answer {
    refuse(400, "notPlayed", &sentence(what))
}

/// Reads the body of this call, which has no member that the sandbox does not play.
pub(super) fn body(request: &Request, call: &str) -> Result<Map<String, Value>, Answer> {
    if !request.sends(PAYMENT) {
        return Err(refuse(415, "unsupportedMediaType", "Content-Type must be the payment media type"));
    }
    let body = json::object(&request.body).map_err(|reason| refuse(400, "badRequest", &reason))?;
    not_played(MEMBERS, call, &body).map_or(Ok(body), |path| Err(unplayed(path)))
}
