//! Replies and notifications that are not what the gateway meant.

use super::kind::FaultKind;
use crate::answer::{Answer, JSON};
use crate::outbox::Notification;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Number, Value};

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const BAD_GATEWAY: &str = "<!doctype html>\n<html><head><title>502 Bad Gateway</title></head>\n\
                           <body><h1>502 Bad Gateway</h1></body></html>\n";
/// Begins like JSON and is not valid.
const GARBAGE: &str = "{\"status\": \u{fffd}\u{1}\u{2}]]";
/// The members that hold an amount at the five gateways.
const AMOUNTS: [&str; 7] =
    ["amount", "total", "netAmount", "net_amount", "initialAmount", "refundable_amount", "price"];

fn response(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The reply instead of the gateway's, for the kinds that need nothing of it.
pub(crate) fn instead(kind: &FaultKind) -> Option<Response> {
    let add = |mut response: Response, name: header::HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
        response
    };
    Some(match kind {
        FaultKind::Redirect { status, to } => {
            add(response(*status, TEXT, Body::empty()), header::LOCATION, to.clone())
        }
        FaultKind::Status { status: 502, retry_after: None } => response(502, HTML, BAD_GATEWAY),
        FaultKind::Status { status, retry_after } => {
            let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
            let plain = response(*status, TEXT, format!("{status} {}\n", reason.unwrap_or("Fault")));
            match retry_after {
                Some(seconds) => add(plain, header::RETRY_AFTER, seconds.to_string()),
                None => plain,
            }
        }
        FaultKind::Garbage => response(200, JSON, GARBAGE),
        FaultKind::HugeBody { bytes } => {
            // One JSON text: a string between its two quotes.
            let mut body = vec![b'x'; *bytes];
            for end in [body.len().checked_sub(1), Some(0)].into_iter().flatten() {
                if let Some(byte) = body.get_mut(end) {
                    *byte = b'"';
                }
            }
            response(200, JSON, body)
        }
        _ => return None,
    })
}

/// The gateway's own reply, changed.
pub(crate) fn changed(kind: &FaultKind, answer: Answer) -> Response {
    let body = |change: fn(&mut Value)| {
        let mut body: Value = serde_json::from_str(answer.body()).unwrap_or_default();
        change(&mut body);
        response(answer.status, answer.content_type(), body.to_string())
    };
    match kind {
        FaultKind::WrongContentType => response(answer.status, HTML, answer.body().to_owned()),
        FaultKind::UnknownStatus => body(unknown_status),
        FaultKind::OtherAmount => body(other_amount),
        _ => answer.into_response(),
    }
}

/// A forgery of this notification. A signature over the body, or in it, no longer matches; the fixed header of ngenius is
/// wrong; emspay and omno send no proof of origin.
pub(crate) fn forge(notification: &Notification) -> Notification {
    let mut forged = Notification { forged: true, ..notification.clone() };
    // One that is encrypted stays as it is: a forger has no key.
    if let Ok(mut body) = serde_json::from_str::<Value>(&notification.body) {
        other_amount(&mut body);
        if let Some(id) = body.get_mut("order_id") {
            *id = "00000000-0000-4000-8000-000000000000".into();
        }
        forged.body = body.to_string();
    }
    if let Some((_, proof)) = forged.header.as_mut().filter(|_| notification.gateway == "ngenius") {
        "forged".clone_into(proof);
    }
    forged
}

fn unknown_status(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if matches!(name.as_str(), "status" | "state") && value.is_string() {
                    *value = "sandbox_unknown".into();
                } else {
                    unknown_status(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unknown_status),
        _ => {}
    }
}

fn other_amount(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let money = members.contains_key("currencyCode");
            for (name, value) in members {
                if AMOUNTS.contains(&name.as_str()) || money && name == "value" {
                    one_more(value);
                }
                other_amount(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(other_amount),
        _ => {}
    }
}

/// By the literal text, so that no digit after the point changes.
fn one_more(value: &mut Value) {
    let more = |text: &str| -> Option<String> {
        let (whole, rest) = text.find('.').map_or((text, ""), |point| text.split_at(point));
        Some(format!("{}{rest}", whole.parse::<i64>().ok()?.checked_add(1)?))
    };
    match value {
        Value::Number(number) => {
            let more = more(&number.to_string()).and_then(|text| serde_json::from_str::<Number>(&text).ok());
            *value = more.map_or(Value::Null, Value::Number);
        }
        Value::String(text) => *text = more(text).unwrap_or_default(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_and_statuses_are_changed_at_any_depth() {
        let mut reply = json!({
            "amount": {"currencyCode": "AED", "value": 300}, "total": 5, "status": "paid", "amountText": 1,
            "list": [{"amount": 30.5, "state": "X", "netAmount": "49.99", "status": 7, "value": 1}],
        });
        other_amount(&mut reply);
        unknown_status(&mut reply);
        let wanted = json!({
            "amount": {"currencyCode": "AED", "value": 301}, "total": 6, "status": "sandbox_unknown", "amountText": 1,
            "list": [{"amount": 31.5, "state": "sandbox_unknown", "netAmount": "50.99", "status": 7, "value": 1}],
        });
        assert_eq!(reply, wanted);
    }
}
