//! One answer, before it is sent.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

pub(crate) const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
/// The page needs its own style and nothing else; escaped text that slipped through could still not run.
const NO_SCRIPT: &str = "default-src 'none'; style-src 'unsafe-inline'";
const WITH_SCRIPT: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                           form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: &'static str,
    location: Option<String>,
    policy: &'static str,
    body: String,
}

/// What is put into a template is escaped there.
pub(crate) fn render(template: &impl askama::Template) -> String {
    // Writing to a string does not fail; if it did, the page would show why.
    template.render().unwrap_or_else(|error| error.to_string())
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer::typed(status, JSON, body)
    }

    /// JSON under a media type of its own.
    pub(crate) fn typed(status: u16, content_type: &'static str, body: &Value) -> Answer {
        Answer { status, content_type, location: None, policy: NO_SCRIPT, body: body.to_string() }
    }

    /// Text of this media type, as it is.
    pub(crate) fn text(status: u16, content_type: &'static str, body: String) -> Answer {
        Answer { content_type, ..Answer::html(status, body) }
    }

    pub(crate) fn html(status: u16, body: String) -> Answer {
        Answer { status, content_type: HTML, location: None, policy: NO_SCRIPT, body }
    }

    /// A page of the inspector, which alone runs scripts: its own file.
    pub(crate) fn inspector(status: u16, body: String) -> Answer {
        Answer { policy: WITH_SCRIPT, ..Answer::html(status, body) }
    }

    pub(crate) fn script(body: &'static str) -> Answer {
        Answer { content_type: "text/javascript; charset=utf-8", ..Answer::html(200, body.to_owned()) }
    }

    pub(crate) fn see_other(location: String) -> Answer {
        Answer {
            status: 303,
            content_type: HTML,
            location: Some(location),
            policy: NO_SCRIPT,
            body: String::new(),
        }
    }

    pub(crate) fn empty(status: u16) -> Answer {
        Answer { status, content_type: JSON, location: None, policy: NO_SCRIPT, body: String::new() }
    }

    pub(crate) fn content_type(&self) -> &'static str {
        self.content_type
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.content_type == HTML {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(self.policy));
        }
        if let Some(location) = self.location.and_then(|to| HeaderValue::from_str(&to).ok()) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}
