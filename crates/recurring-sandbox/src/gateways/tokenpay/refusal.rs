//! How tokenpay-signed refuses a request. All codes are this sandbox's own.

use crate::answer::Answer;
use crate::members::sentence;
use serde_json::json;

pub(super) const BAD_ENVELOPE: &str = "1000";
pub(super) const BAD_SIGNATURE: &str = "1001";
pub(super) const BAD_PARAMETER: &str = "1002";
pub(super) const DUPLICATE: &str = "1003";
pub(super) const NOT_FOUND: &str = "1004";
pub(super) const DECLINED: &str = "2001";

pub(super) fn refuse(code: &str, message: &str) -> Answer {
    Answer::json(200, &json!({"responseCode": code, "message": message}))
}

pub(super) fn invalid(name: &str, message: &str) -> Answer {
    refuse(BAD_PARAMETER, &format!("Invalid parameter {name}: {message}"))
}

/// Refuses what the sandbox does not play.
pub(super) fn unplayed(what: &str) -> Answer {
    refuse(BAD_PARAMETER, &sentence(what))
}

pub(super) fn malformed(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"responseCode": BAD_ENVELOPE, "message": message}))
}
