//! The server: one request for each connection.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::script::{End, Hello, TlsScript};
use crate::fault::{RawReply, Received, parse};

type Prelude = dyn Fn(&Received) -> Option<RawReply> + Send + Sync;
type Next = dyn Fn() -> TlsScript + Send + Sync;

/// A TLS server on a free loopback port that does with each connection what a function says. It stops when it is dropped.
pub struct TlsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    next: Box<Next>,
    prelude: Box<Prelude>,
    begun: AtomicUsize,
    received: AtomicUsize,
}

impl TlsServer {
    /// Starts a server. `next` is asked once for each connection. `prelude` answers the requests that must succeed before
    /// the others, such as the one for an access token: they are not counted.
    ///
    /// # Panics
    /// When no loopback port can be opened, or the `openssl` program cannot make the certificates.
    pub async fn start(
        prelude: impl Fn(&Received) -> Option<RawReply> + Send + Sync + 'static,
        next: impl Fn() -> TlsScript + Send + Sync + 'static,
    ) -> TlsServer {
        // Making them takes a while, and a connection must not wait for it.
        drop(super::certificates::root());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            next: Box::new(next),
            prelude: Box::new(prelude),
            begun: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        TlsServer { address, shared, task }
    }

    /// `https://127.0.0.1:port`, without a last slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// How many requests began to arrive so far, with those of the prelude: at least a byte of each was read.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.shared.begun.load(Ordering::SeqCst)
    }

    /// How many requests were read as a whole so far.
    #[must_use]
    pub fn received(&self) -> usize {
        self.shared.received.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        // The connections' tasks belong to this one and end with it.
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // An error here is the client going away, or refusing the certificate, which is its right.
            let _ = serve(stream, &shared).await;
        });
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let script = (shared.next)();
    if script.hello == Hello::Silence {
        return std::future::pending().await;
    }
    let mut session = Session::new(stream, &script)?;
    session.read_hello().await?;
    match &script.hello {
        Hello::Cut(length) => return session.cut_own_messages(*length).await,
        Hello::Plain(bytes) => return session.close_with(bytes).await,
        Hello::Handshake | Hello::Silence => {}
    }
    while let Some(request) = session.read_request(shared).await? {
        if let Some(reply) = (shared.prelude)(&request) {
            session.send(&reply.bytes()).await?;
            continue;
        }
        shared.received.fetch_add(1, Ordering::SeqCst);
        session.send(&script.bytes).await?;
        return session.end(&script.end).await;
    }
    Ok(())
}

struct Session {
    stream: TcpStream,
    tls: ServerConnection,
}

impl Session {
    fn new(stream: TcpStream, script: &TlsScript) -> io::Result<Session> {
        let mut tls = ServerConnection::new(script.certificate.config()).map_err(io::Error::other)?;
        tls.set_buffer_limit(None);
        Ok(Session { stream, tls })
    }

    /// Takes in what has arrived; `false` at the end.
    async fn read(&mut self) -> io::Result<bool> {
        let mut buffer = vec![0; 16 * 1024];
        let length = self.stream.read(&mut buffer).await?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest)?;
            if let Err(error) = self.tls.process_new_packets() {
                // The client learns why.
                self.flush().await?;
                return Err(io::Error::other(error));
            }
        }
        Ok(length > 0)
    }

    async fn flush(&mut self) -> io::Result<()> {
        let bytes = self.own_messages()?;
        self.stream.write_all(&bytes).await
    }

    fn own_messages(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Reads the client's first message, and sends nothing yet.
    async fn read_hello(&mut self) -> io::Result<()> {
        while !self.tls.wants_write() && self.read().await? {}
        Ok(())
    }

    async fn cut_own_messages(&mut self, length: usize) -> io::Result<()> {
        let bytes = self.own_messages()?;
        let cut = bytes.get(..length).unwrap_or(&bytes).to_vec();
        self.close_with(&cut).await
    }

    async fn close_with(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.shutdown().await
    }

    /// The next request as a whole; `None` when the client closed the connection before.
    async fn read_request(&mut self, shared: &Shared) -> io::Result<Option<Received>> {
        let mut bytes = Vec::new();
        loop {
            self.flush().await?;
            if !self.read().await? {
                return Ok(None);
            }
            let had_begun = !bytes.is_empty();
            self.take_plain(&mut bytes)?;
            if !had_begun && !bytes.is_empty() {
                shared.begun.fetch_add(1, Ordering::SeqCst);
            }
            if let Some((request, _)) = parse(&bytes) {
                return Ok(Some(request));
            }
        }
    }

    fn take_plain(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match io::Read::read_to_end(&mut self.tls.reader(), bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.tls.writer(), bytes)?;
        self.flush().await
    }

    async fn end(&mut self, end: &End) -> io::Result<()> {
        match end {
            End::Notify => {
                self.tls.send_close_notify();
                self.flush().await?;
                self.stream.shutdown().await
            }
            End::Cut => self.stream.shutdown().await,
            End::Reset => self.stream.set_zero_linger(),
            End::Raw(bytes) => self.close_with(bytes).await,
            End::Alert => {
                // A record that no client sent: the library answers it with a fatal alert.
                let strange = [&[0x17, 3, 3, 0, 32][..], &[7; 32]].concat();
                self.tls.read_tls(&mut strange.as_slice())?;
                self.tls.process_new_packets().expect_err("a record of another session");
                self.flush().await?;
                self.stream.shutdown().await
            }
        }
    }
}
