//! One HTTP request: reads it, routes it, logs and records it, and lets the fault happen that hits it.

use crate::answer::Answer;
use crate::faults::{Fault, FaultKind, Hit, Moment, Seen, changed, instead};
use crate::guard;
use crate::log::Facts;
use crate::record::ClientSaw;
use crate::replay;
use crate::request::Request;
use crate::router;
use crate::state::{SharedState, lock};
use crate::texts::Texts;
use crate::wire::{End, Wire};
use axum::body::{Body, to_bytes};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::body::Incoming;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The status of a request that was not answered, in the log.
const NO_ANSWER: u16 = 0;

/// Reads one request, lets the gateway answer it, and lets the fault happen that hits it.
pub(crate) async fn answer(
    shared: &SharedState,
    wire: &Wire,
    client_timeout: Duration,
    incoming: hyper::Request<Incoming>,
) -> Response {
    // A cut of the reply before this one is over.
    wire.cut(None);
    let (Parts { method, uri, headers, version, .. }, body) = incoming.into_parts();
    let path = uri.path();
    // Before a fault is spent on it.
    let refused = {
        let state = lock(shared);
        guard::refusal(&state.hosts, router::area_of(&state, path), (&method, &uri, version, &headers))
    };
    if let Some(answer) = refused {
        lock(shared).log_unanswered("", method.as_str(), path, answer.status);
        return answer.into_response();
    }
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization
        .and_then(|value| value.get(..7))
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let (gateway, hit) = {
        let mut state = lock(shared);
        let gateway = router::gateway_of(&state, path);
        let seen = Seen { gateway, method: method.as_str(), path, bearer };
        (gateway, state.common.faults.for_request(seen))
    };
    let log = |status: u16| lock(shared).log_unanswered(gateway, method.as_str(), path, status);
    let refuse = |status: u16, message: &str| {
        log(status);
        Answer::json(status, &json!({"message": message})).into_response()
    };
    if let Some(Hit { kind, moment: Moment::BeforeReading }) = &hit {
        log(NO_ANSWER);
        return wire.break_off(end(kind)).await;
    }
    let body = match timeout(client_timeout, to_bytes(Body::new(body), MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(413, "the body is larger than 1 MiB, or broke off"),
        Err(_) => return refuse(408, "the body did not come in time"),
    };
    let target = uri.path_and_query().map_or(path, |target| target.as_str());
    let Some(request) = Request::new(method.clone(), &uri, headers, body.into()) else {
        return refuse(400, "the path is not percent-encoded UTF-8");
    };
    match &hit {
        Some(Hit { kind: FaultKind::TokenExpired, .. }) => lock(shared).expire_tokens(gateway),
        Some(Hit { kind, moment: Moment::BeforeActing }) => {
            let instead = instead(kind);
            log(instead.as_ref().map_or(NO_ANSWER, |response| response.status().as_u16()));
            let recorder = lock(shared).recorder_for(gateway);
            if let Some(recorder) = recorder {
                recorder.exchange(request, None, ClientSaw::NoAction).await;
            }
            return match instead {
                Some(response) => response,
                None => wire.break_off(end(kind)).await,
            };
        }
        _ => {}
    }
    let (answer, delay) = act(shared, (gateway, target), request, hit.as_ref()).await;
    if !delay.is_zero() {
        sleep(delay).await;
    }
    match hit {
        Some(Hit { kind, moment: Moment::AfterActing }) => after(wire, &kind, answer).await,
        _ => answer.into_response(),
    }
}

/// Lets the gateway act, and logs and records what it answers. The duration is how long the answer is held back.
async fn act(
    shared: &SharedState,
    (gateway, target): (&str, &str),
    request: Request,
    hit: Option<&Hit>,
) -> (Answer, Duration) {
    let begun = Instant::now();
    let (answer, line, delay, recorder, ledger) = {
        let mut state = lock(shared);
        let before = state.common.ledger.total();
        let (mut answer, line) = replay::act(&mut state, &request, target, gateway);
        // The gateway acted, and a restart would not know it: that is not an answer to rely on.
        if let Some(problem) = state.file_problem() {
            answer = Answer::json(500, &json!({"message": problem}));
        }
        let ledger = (before, state.common.ledger.total());
        (answer, line, std::mem::take(&mut state.common.delay), state.recorder_for(gateway), ledger)
    };
    if let Some(line) = line {
        let texts = Texts::of(&request, target, &answer);
        let fault = hit.map(|hit| name_of(&hit.kind));
        lock(shared).log_request(line, texts, Facts { fault, ledger, took: begun.elapsed() });
    }
    let client_saw = match hit {
        Some(Hit { moment: Moment::AfterActing, kind }) if !matches!(kind, FaultKind::Delay { .. }) => {
            ClientSaw::SpoiledAnswer
        }
        _ => ClientSaw::Answer,
    };
    if let Some(recorder) = recorder {
        recorder.exchange(request, Some(&answer), client_saw).await;
    }
    (answer, delay)
}

/// The name of a fault, as it is written in JSON.
fn name_of(kind: &FaultKind) -> String {
    let fault = json!(Fault::new(kind.clone()));
    fault.get("kind").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

/// The gateway has acted; the client may get something else than its answer, or nothing.
async fn after(wire: &Wire, kind: &FaultKind, answer: Answer) -> Response {
    match kind {
        FaultKind::Silent | FaultKind::Reset | FaultKind::Close => wire.break_off(end(kind)).await,
        FaultKind::Cut { at } => {
            wire.cut(Some(*at));
            answer.into_response()
        }
        FaultKind::Delay { millis } => {
            sleep(Duration::from_millis(*millis)).await;
            answer.into_response()
        }
        _ => instead(kind).unwrap_or_else(|| changed(kind, answer)),
    }
}

/// How a fault without any reply ends the connection.
fn end(kind: &FaultKind) -> End {
    match kind {
        FaultKind::Reset => End::Reset,
        FaultKind::Close => End::Close,
        _ => End::Silent,
    }
}
