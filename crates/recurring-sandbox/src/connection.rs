//! Serving: the connections, and HTTP on each.

use crate::port::Port;
use crate::server::answer;
use crate::state::{SharedState, lock};
use crate::wire::{End, Io, Wire};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// More connections than this are reset at once.
const MAX_CONNECTIONS: usize = 4096;
/// A head may be this long, in bytes; it is read into memory of this size.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long connections may go on after the sandbox began to shut down.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that was closed waits for the other side to close too.
const LINGER: Duration = Duration::from_secs(2);
/// How soon the next connection is accepted when accepting one failed.
const RETRY: Duration = Duration::from_millis(50);

/// Serves until `stop` is sent or dropped.
pub(crate) async fn serve(
    port: Arc<Port>,
    shared: SharedState,
    client_timeout: Duration,
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
        // Out of file descriptors, for example: some will be free again.
        let Ok(stream) = stream else {
            sleep(RETRY).await;
            continue;
        };
        // Where an option is refused, the socket still works.
        drop(stream.set_nodelay(true));
        let refused = lock(&shared).common.faults.for_connection().is_some();
        if refused || connections.len() >= MAX_CONNECTIONS {
            drop(stream.set_zero_linger());
            continue;
        }
        connections.spawn(connection(
            stream,
            SharedState::clone(&shared),
            client_timeout,
            ending.subscribe(),
        ));
    }
    port.end();
    ending.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whatever is left after that is dropped with the set.
    drop(timeout(SHUTDOWN_TIMEOUT, all).await);
}

async fn connection(
    stream: TcpStream,
    shared: SharedState,
    client_timeout: Duration,
    mut ending: watch::Receiver<bool>,
) {
    let wire = Arc::new(Wire::new(stream));
    let end = {
        let service = service_fn(|request| {
            let (shared, wire) = (SharedState::clone(&shared), Arc::clone(&wire));
            async move { Ok::<Response, Infallible>(answer(&shared, &wire, client_timeout, request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(client_timeout).max_buf_size(MAX_HEAD_BYTES);
        let io = TokioIo::new(Io::new(Arc::clone(&wire), client_timeout));
        let mut exchange = std::pin::pin!(http.serve_connection(io, service));
        let mut going = true;
        loop {
            tokio::select! {
                // The client has gone: nothing is left to answer.
                _ = exchange.as_mut() => return,
                end = wire.ended() => break end,
                _ = ending.wait_for(|ending| *ending), if going => {
                    going = false;
                    exchange.as_mut().graceful_shutdown();
                    if wire.is_silent() {
                        return;
                    }
                }
            }
        }
    };
    let Some(mut stream) = Arc::into_inner(wire).and_then(Wire::into_stream) else {
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
