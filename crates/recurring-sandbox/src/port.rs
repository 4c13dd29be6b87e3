//! The port, below HTTP: it can be closed for a while.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How soon the port is opened again when that failed.
const RETRY: Duration = Duration::from_millis(50);

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
        *lock(&self.slot) = Slot::Closed(Instant::now() + time);
        self.changed.notify_one();
    }

    /// Opens the port again if it is closed.
    pub(crate) fn open(&self) {
        let mut slot = lock(&self.slot);
        if matches!(*slot, Slot::Closed(_)) {
            let bound = std::net::TcpListener::bind(self.address)
                .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
            *slot = bound.map_or_else(|_| Slot::Closed(Instant::now() + RETRY), Slot::Bound);
            self.changed.notify_one();
        }
    }

    /// No more connections, for good.
    pub(crate) fn end(&self) {
        *lock(&self.slot) = Slot::Ended;
    }

    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        loop {
            match self.closed_until()? {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => self.open(),
                    () = self.changed.notified() => {}
                },
                None => tokio::select! {
                    taken = poll_fn(|context| match &*lock(&self.slot) {
                        Slot::Open(listener) => listener.poll_accept(context),
                        _ => Poll::Pending,
                    }) => return taken.map(|(stream, _)| stream),
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    fn closed_until(&self) -> io::Result<Option<Instant>> {
        let mut slot = lock(&self.slot);
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

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
