//! The span and the metrics of each request to a gateway. Names and labels are in docs/operations/.

use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use crate::base_url::BaseUrl;
use crate::request::PreparedRequest;
use crate::retry::Failure;

/// The span of one send.
pub(crate) fn span(base: &BaseUrl, request: &PreparedRequest, attempt_number: u32) -> Span {
    tracing::info_span!(
        "recurring.http",
        operation = request.operation(),
        attempt_number,
        http.request.method = request.method().as_str(),
        server.address = base.host(),
        http.response.status_code = Empty,
        outcome = Empty,
        elapsed = Empty,
    )
}

/// Records how one send ended: as an answer, whatever it says, or without one.
pub(crate) fn sent(
    span: &Span,
    base: &BaseUrl,
    request: &PreparedRequest,
    ended: Failure,
    elapsed: Duration,
) {
    let outcome = match ended {
        Failure::Answered { status, .. } => {
            span.record("http.response.status_code", status);
            "answered"
        }
        Failure::NeverSent => "never_sent",
        _ => "connection_lost",
    };
    span.record("outcome", outcome);
    span.record("elapsed", elapsed.as_secs_f64());
    count(base, request, ended, outcome, elapsed);
}

#[cfg(feature = "metrics")]
fn count(
    base: &BaseUrl,
    request: &PreparedRequest,
    ended: Failure,
    outcome: &'static str,
    elapsed: Duration,
) {
    let ended = match ended {
        Failure::Answered { status, .. } => ("http.response.status_code", status_text(status)),
        _ => ("error.type", outcome.into()),
    };
    let labels = vec![
        metrics::Label::new("http.request.method", request.method().as_str()),
        metrics::Label::new("server.address", base.host().to_owned()),
        metrics::Label::new("operation", request.operation()),
        metrics::Label::new(ended.0, ended.1),
    ];
    metrics::histogram!("http.client.request.duration", labels).record(elapsed);
}

#[cfg(feature = "metrics")]
fn status_text(status: u16) -> metrics::SharedString {
    match status {
        200 => "200".into(),
        201 => "201".into(),
        other => other.to_string().into(),
    }
}

#[cfg(not(feature = "metrics"))]
fn count(_: &BaseUrl, _: &PreparedRequest, _: Failure, _: &'static str, _: Duration) {}

/// Records that an access token was asked for.
pub(crate) fn token_fetched(base: &BaseUrl, granted: bool) {
    let result = if granted { "granted" } else { "failed" };
    tracing::debug!(server.address = base.host(), result, "asked for an access token");
    #[cfg(feature = "metrics")]
    metrics::counter!("recurring.token.refreshes", "server.address" => base.host().to_owned(), "result" => result)
        .increment(1);
}

/// Describes the metrics of this crate, with their units, to the recorder of the `metrics` crate that is installed. Call it
/// once after a recorder was installed; what is counted does not depend on it.
#[cfg(feature = "metrics")]
pub fn describe_metrics() {
    metrics::describe_histogram!(
        "http.client.request.duration",
        metrics::Unit::Seconds,
        "Time of one request to a gateway, from the first byte to the last one of its answer."
    );
    metrics::describe_counter!("recurring.token.refreshes", "Access tokens that were asked for.");
}
