//! The way between HTTP and the state.

use crate::answer::Answer;
use crate::call::Call;
use crate::world::World;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Larger bodies are refused.
const LARGEST_BODY: usize = 1024 * 1024;

pub(crate) type Shared = Arc<Mutex<World>>;

pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let refuse = |status: u16, message: &str| {
        lock(&shared).record("", parts.method.as_str(), parts.uri.path(), status);
        Answer::json(status, &json!({"message": message})).into_response()
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return refuse(413, "the body is larger than 1 MiB");
    };
    let Some(call) = Call::new(parts.method.clone(), &parts.uri, parts.headers, body.into()) else {
        return refuse(400, "the path is not percent-encoded UTF-8");
    };
    lock(&shared).answer(&call).into_response()
}
