//! One answer on its way out.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

pub(crate) const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: &'static str,
    location: Option<String>,
    body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer::typed(status, JSON, body)
    }

    /// JSON under a media type of its own.
    pub(crate) fn typed(status: u16, content_type: &'static str, body: &Value) -> Answer {
        Answer { status, content_type, location: None, body: body.to_string() }
    }

    pub(crate) fn html(status: u16, body: String) -> Answer {
        Answer { status, content_type: HTML, location: None, body }
    }

    pub(crate) fn see_other(location: String) -> Answer {
        Answer { status: 303, content_type: HTML, location: Some(location), body: String::new() }
    }

    pub(crate) fn empty(status: u16) -> Answer {
        Answer { status, content_type: JSON, location: None, body: String::new() }
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.content_type == HTML {
            // The page needs its own style and nothing else; escaped text that slipped through could still not run.
            let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(location) = self.location.and_then(|to| HeaderValue::from_str(&to).ok()) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}
