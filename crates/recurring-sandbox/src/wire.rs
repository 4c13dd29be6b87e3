//! One connection, below HTTP: it can be reset, closed, left silent or cut off at a byte.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a connection ends before its time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// By a reset (RST).
    Reset,
    /// In order (FIN).
    Close,
    /// Left open, and never answered.
    Silent,
}

/// One connection, as far as a call may break it.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Mutex<TcpStream>,
    /// Bytes of the reply that still go out; `None` for all.
    cut: Mutex<Option<usize>>,
    end: Mutex<Option<End>>,
    changed: Notify,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        let (cut, end) = (Mutex::new(None), Mutex::new(None));
        Wire { stream: Mutex::new(stream), cut, end, changed: Notify::new() }
    }

    /// Resets or closes the connection, or leaves it silent; never returns.
    pub(crate) async fn break_off<T>(&self, end: End) -> T {
        self.finish(end);
        pending().await
    }

    /// Whether it is left open and never answered.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(*lock(&self.end), Some(End::Silent))
    }

    /// The connection itself.
    pub(crate) fn into_stream(self) -> Option<TcpStream> {
        self.stream.into_inner().ok()
    }

    /// How many bytes of the next reply go out before the connection is closed; `None` for all.
    pub(crate) fn cut(&self, at: Option<usize>) {
        *lock(&self.cut) = at;
    }

    fn finish(&self, end: End) {
        *lock(&self.end) = Some(end);
        self.changed.notify_one();
    }

    /// Waits until the connection is to be broken off.
    pub(crate) async fn ended(&self) -> End {
        loop {
            self.changed.notified().await;
            match *lock(&self.end) {
                Some(end @ (End::Reset | End::Close)) => return end,
                Some(End::Silent) | None => {}
            }
        }
    }
}

/// The bytes of a connection, for the HTTP server.
pub(crate) struct Io {
    wire: Arc<Wire>,
    client_timeout: Duration,
    /// Runs while the client does not take what is written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Io {
    /// A client may take `client_timeout` for a part of the reply.
    pub(crate) fn new(wire: Arc<Wire>, client_timeout: Duration) -> Io {
        Io { wire, client_timeout, stalled: None }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.wire.stream)).poll_read(context, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = *lock(&self.wire.cut);
        if left == Some(0) {
            self.wire.finish(End::Close);
            return Poll::Pending;
        }
        let now = bytes.get(..left.unwrap_or(usize::MAX)).unwrap_or(bytes);
        let written = Pin::new(&mut *lock(&self.wire.stream)).poll_write(context, now);
        if written.is_pending() {
            let client_timeout = self.client_timeout;
            let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(client_timeout)));
            ready!(stalled.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.stalled = None;
        if let (Some(left), Poll::Ready(Ok(written))) = (left, &written) {
            *lock(&self.wire.cut) = Some(left.saturating_sub(*written));
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.wire.stream)).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.wire.stream)).poll_shutdown(context)
    }
}
