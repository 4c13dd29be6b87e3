//! The checks of a call's time limit that belong right before the bytes: when a connection is made, and when the body
//! is handed over.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use recurring_core::NotAfter;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn StdError + Send + Sync>;

tokio::task_local! {
    /// The limit of the request that this task sends, for the connector, which all requests share.
    static LIMIT: NotAfter;
}

/// Runs a request so that the connector knows its limit.
pub(crate) async fn scoped<T>(limit: Option<&NotAfter>, request: impl Future<Output = T>) -> T {
    match limit {
        Some(limit) => LIMIT.scope(limit.clone(), request).await,
        None => request.await,
    }
}

/// The limit had passed before anything was sent.
#[derive(Debug)]
pub(crate) struct LimitPassed;

impl fmt::Display for LimitPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "cannot send: the time limit of this call has passed; make the attempt again with a new limit",
        )
    }
}

impl StdError for LimitPassed {}

/// Decides once whether the bytes of a body are handed over: the body or the transport takes it, whichever is first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handover {
    taken: Arc<AtomicBool>,
}

impl Handover {
    /// Returns whether it is taken for the first time. When the transport gets `true`, no byte of the body was
    /// handed over, and none ever will be.
    pub(crate) fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::SeqCst)
    }
}

/// A body whose bytes are handed over in one piece, and only before the limit.
#[derive(Debug)]
pub(crate) struct LimitedBody {
    bytes: Bytes,
    limit: NotAfter,
    handover: Handover,
}

impl LimitedBody {
    /// Wraps the bytes of a body. An empty body is never asked for its bytes, so it must not be wrapped.
    pub(crate) fn new(bytes: Vec<u8>, limit: NotAfter) -> (Self, Handover) {
        let handover = Handover::default();
        (Self { bytes: bytes.into(), limit, handover: handover.clone() }, handover)
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = LimitPassed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, LimitPassed>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = std::mem::take(&mut self.bytes);
        if self.limit.has_passed() || !self.handover.take() {
            return Poll::Ready(Some(Err(LimitPassed)));
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        // Exact, so that the length is announced as it is for a body without a limit.
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}

/// Checks the limit before each connect and once more when the connection is there: then the head of a request is
/// next, and a request without a body has nothing else to check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckLimit;

impl<S> Layer<S> for CheckLimit {
    type Service = LimitedConnector<S>;

    fn layer(&self, inner: S) -> LimitedConnector<S> {
        LimitedConnector { inner }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct LimitedConnector<S> {
    inner: S,
}

impl<S, Target> Service<Target> for LimitedConnector<S>
where
    S: Service<Target, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        // The task that sends the request calls this. It may be another one that waits for the connection later.
        let limit = LIMIT.try_with(NotAfter::clone).ok();
        if has_passed(limit.as_ref()) {
            return Box::pin(async { Err(LimitPassed.into()) });
        }
        let connecting = self.inner.call(target);
        Box::pin(async move {
            let connection = connecting.await?;
            if has_passed(limit.as_ref()) { Err(LimitPassed.into()) } else { Ok(connection) }
        })
    }
}

fn has_passed(limit: Option<&NotAfter>) -> bool {
    limit.is_some_and(NotAfter::has_passed)
}
