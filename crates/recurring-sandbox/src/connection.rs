//! The port and its connections, below HTTP: what can be refused, reset, closed or cut off at a byte.

use crate::faults::FaultKind;
use crate::server::{Shared, answer, lock};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

/// More connections than this are reset at once.
const CONNECTIONS: usize = 4096;
/// A head may be this long, in bytes; it is read into memory of this size.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long connections may go on after the sandbox was told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How long a connection that was closed waits for the other side to close too.
const LINGER: Duration = Duration::from_secs(2);
/// When the port cannot be opened again, or no connection can be taken, it is tried again after this.
const BREATH: Duration = Duration::from_millis(50);

fn own<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
enum Slot {
    Open(TcpListener),
    /// Bound by a caller that may be outside the runtime.
    Bound(std::net::TcpListener),
    Closed(Instant),
    /// For good.
    Ended,
}

/// The port, which can be closed for a while.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    slot: Mutex<Slot>,
    changed: Notify,
}

impl Port {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Port> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Port { address, slot: Mutex::new(Slot::Open(listener)), changed: Notify::new() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the system refuses connections.
    pub(crate) fn close_for(&self, time: Duration) {
        *own(&self.slot) = Slot::Closed(Instant::now() + time);
        self.changed.notify_one();
    }

    /// Opens the port again if it is closed.
    pub(crate) fn open(&self) {
        let mut slot = own(&self.slot);
        if matches!(*slot, Slot::Closed(_)) {
            let bound = std::net::TcpListener::bind(self.address)
                .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
            *slot = bound.map_or_else(|_| Slot::Closed(Instant::now() + BREATH), Slot::Bound);
            self.changed.notify_one();
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        loop {
            match self.closed_until()? {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => self.open(),
                    () = self.changed.notified() => {}
                },
                None => tokio::select! {
                    taken = poll_fn(|context| match &*own(&self.slot) {
                        Slot::Open(listener) => listener.poll_accept(context),
                        _ => Poll::Pending,
                    }) => return taken.map(|(stream, _)| stream),
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    fn closed_until(&self) -> io::Result<Option<Instant>> {
        let mut slot = own(&self.slot);
        match &*slot {
            Slot::Open(_) => Ok(None),
            Slot::Closed(until) => Ok(Some(*until)),
            Slot::Ended => Err(io::ErrorKind::NotConnected.into()),
            Slot::Bound(listener) => {
                *slot = Slot::Open(TcpListener::from_std(listener.try_clone()?)?);
                Ok(None)
            }
        }
    }
}

/// Serves until it is told to stop, by a message or by the sender's end.
pub(crate) async fn serve(
    port: Arc<Port>,
    shared: Shared,
    patience: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    let ending = watch::Sender::new(false);
    loop {
        let stream = tokio::select! {
            stream = port.accept() => stream,
            _ = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        // Out of file descriptors, say: some will be free again.
        let Ok(stream) = stream else {
            sleep(BREATH).await;
            continue;
        };
        // Where an option is refused, the socket still works.
        drop(stream.set_nodelay(true));
        let refused = lock(&shared).common.faults.for_connection().is_some();
        if refused || connections.len() >= CONNECTIONS {
            drop(stream.set_zero_linger());
            continue;
        }
        connections.spawn(connection(stream, Shared::clone(&shared), patience, ending.subscribe()));
    }
    *own(&port.slot) = Slot::Ended;
    ending.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whatever is left after that is dropped with the set.
    drop(timeout(LAST_ANSWERS, all).await);
}

async fn connection(
    stream: TcpStream,
    shared: Shared,
    patience: Duration,
    mut ending: watch::Receiver<bool>,
) {
    let wire = Arc::new(Wire {
        stream: Mutex::new(stream),
        cut: Mutex::new(None),
        end: Mutex::new(None),
        told: Notify::new(),
    });
    let end = {
        let service = service_fn(|request| {
            let (shared, wire) = (Shared::clone(&shared), Arc::clone(&wire));
            async move { Ok::<Response, Infallible>(answer(&shared, &wire, patience, request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(LARGEST_HEAD);
        let io = TokioIo::new(Io { wire: Arc::clone(&wire), patience, stalled: None });
        let mut exchange = std::pin::pin!(http.serve_connection(io, service));
        let mut going = true;
        loop {
            tokio::select! {
                // What broke off, broke off: nobody is there to be told.
                _ = exchange.as_mut() => return,
                end = wire.ended() => break end,
                _ = ending.wait_for(|ending| *ending), if going => {
                    going = false;
                    exchange.as_mut().graceful_shutdown();
                    if matches!(*own(&wire.end), Some(End::Silent)) {
                        return;
                    }
                }
            }
        }
    };
    let Some(mut stream) = Arc::into_inner(wire).and_then(|wire| wire.stream.into_inner().ok()) else {
        return;
    };
    match end {
        End::Reset => drop(stream.set_zero_linger()),
        // Closing with bytes unread would make the system send a reset.
        End::Close | End::Silent => {
            drop(stream.shutdown().await);
            let mut rest = [0; 4096];
            let drain = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
            drop(timeout(LINGER, drain).await);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum End {
    Reset,
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
    told: Notify,
}

impl Wire {
    /// Resets or closes the connection, or leaves it silent; never comes back.
    pub(crate) async fn break_off(&self, kind: &FaultKind) -> Response {
        self.finish(match kind {
            FaultKind::Reset => End::Reset,
            FaultKind::Close => End::Close,
            _ => End::Silent,
        });
        pending().await
    }

    /// How many bytes of the next reply go out before the connection is closed; `None` for all.
    pub(crate) fn cut(&self, at: Option<usize>) {
        *own(&self.cut) = at;
    }

    fn finish(&self, end: End) {
        *own(&self.end) = Some(end);
        self.told.notify_one();
    }

    /// Waits until the connection is to be broken off.
    async fn ended(&self) -> End {
        loop {
            self.told.notified().await;
            match *own(&self.end) {
                Some(end @ (End::Reset | End::Close)) => return end,
                Some(End::Silent) | None => {}
            }
        }
    }
}

/// The bytes of a connection.
struct Io {
    wire: Arc<Wire>,
    patience: Duration,
    /// Runs while the client does not take what is written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *own(&self.wire.stream)).poll_read(context, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = *own(&self.wire.cut);
        if left == Some(0) {
            self.wire.finish(End::Close);
            return Poll::Pending;
        }
        let now = bytes.get(..left.unwrap_or(usize::MAX)).unwrap_or(bytes);
        let written = Pin::new(&mut *own(&self.wire.stream)).poll_write(context, now);
        if written.is_pending() {
            let patience = self.patience;
            let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
            ready!(stalled.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.stalled = None;
        if let (Some(left), Poll::Ready(Ok(written))) = (left, &written) {
            *own(&self.wire.cut) = Some(left.saturating_sub(*written));
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *own(&self.wire.stream)).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *own(&self.wire.stream)).poll_shutdown(context)
    }
}
