//! The way between HTTP and the state.

use crate::answer::Answer;
use crate::call::Call;
use crate::connection::Wire;
use crate::face::Shown;
use crate::faults::{FaultKind, Hit, Moment, Seen, changed, instead};
use crate::record::{Heard, Recorder};
use crate::world::World;
use axum::body::{Body, to_bytes};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Larger bodies are refused.
const LARGEST_BODY: usize = 1024 * 1024;
/// Stands for the status in the list of calls where nothing was answered.
const NO_ANSWER: u16 = 0;

pub(crate) type Shared = Arc<Mutex<World>>;

pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The gateway that a path belongs to, `page` for the payment pages, or nothing.
fn gateway_of(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("emspay") => "emspay",
        Some("revio") => "revio",
        Some("ngenius") => "ngenius",
        Some("omno") => "omno",
        Some("tokenpay") => "tokenpay-signed",
        Some("pay") => "page",
        _ => "",
    }
}

/// Reads one call, lets the state answer it, and lets the fault happen that was ordered for it.
pub(crate) async fn answer(
    shared: &Shared,
    wire: &Wire,
    patience: Duration,
    request: Request<Incoming>,
) -> Response {
    // What was ordered for the call before is over.
    wire.cut(None);
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let path = uri.path();
    let gateway = gateway_of(path);
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization
        .and_then(|value| value.get(..7))
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let hit = lock(shared).common.faults.for_call(Seen { gateway, method: method.as_str(), path, bearer });
    let record = |status: u16| lock(shared).record(gateway, method.as_str(), path, status);
    let refuse = |status: u16, message: &str| {
        record(status);
        Answer::json(status, &json!({"message": message})).into_response()
    };
    if let Some(Hit { kind, when: Moment::BeforeReading }) = &hit {
        record(NO_ANSWER);
        return wire.break_off(kind).await;
    }
    let body = match timeout(patience, to_bytes(Body::new(body), LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(413, "the body is larger than 1 MiB, or broke off"),
        Err(_) => return refuse(408, "the body did not come in time"),
    };
    let Some(call) = Call::new(method.clone(), &uri, headers, body.into()) else {
        return refuse(400, "the path is not percent-encoded UTF-8");
    };
    match &hit {
        Some(Hit { kind: FaultKind::TokenExpired, .. }) => lock(shared).forget_tokens(gateway),
        Some(Hit { kind, when: Moment::BeforeActing }) => {
            let instead = instead(kind);
            record(instead.as_ref().map_or(NO_ANSWER, |response| response.status().as_u16()));
            let recorder = lock(shared).recorder.clone();
            write_down(recorder, gateway, call, None, Heard::Nothing).await;
            return match instead {
                Some(response) => response,
                None => wire.break_off(kind).await,
            };
        }
        _ => {}
    }
    let (answer, wait, recorder) = {
        let mut world = lock(shared);
        let (answer, line) = world.answer(&call);
        let (wait, recorder) = (std::mem::take(&mut world.common.wait), world.recorder.clone());
        drop(world);
        if let Some(line) = line {
            let shown = Shown::of(&call, &answer);
            lock(shared).write_down(line, shown);
        }
        (answer, wait, recorder)
    };
    let heard = match &hit {
        Some(Hit { when: Moment::AfterActing, kind }) if !matches!(kind, FaultKind::Delay { .. }) => {
            Heard::Spoilt
        }
        _ => Heard::Answer,
    };
    write_down(recorder, gateway, call, Some(&answer), heard).await;
    if !wait.is_zero() {
        sleep(wait).await;
    }
    match hit {
        Some(Hit { kind, when: Moment::AfterActing }) => after(wire, &kind, answer).await,
        _ => answer.into_response(),
    }
}

/// Calls of a gateway only: the customer's page is none.
async fn write_down(
    recorder: Option<Recorder>,
    gateway: &'static str,
    call: Call,
    answer: Option<&Answer>,
    heard: Heard,
) {
    if let (Some(recorder), false) = (recorder, matches!(gateway, "" | "page")) {
        recorder.exchange(gateway, call, answer, heard).await;
    }
}

/// The gateway has done its work; the client may hear something else of it, or nothing.
async fn after(wire: &Wire, kind: &FaultKind, answer: Answer) -> Response {
    match kind {
        FaultKind::Silent | FaultKind::Reset | FaultKind::Close => wire.break_off(kind).await,
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
