//! The server: just enough HTTP to read a whole request and to answer it, or not.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::message::{Behavior, RawReply, Received, Script, find};

/// A request is looked at as a whole before anything is done with it, so it must fit here and into the system's own buffers.
const LARGEST_REQUEST: usize = 64 * 1024;

/// How many milliseconds half a request is waited for. Only a client that gave up while sending leaves one behind.
const PATIENCE: u32 = 10_000;

type Answer = dyn Fn(&Received, usize) -> Behavior + Send + Sync;

/// A server on a free loopback port that does with each request what a function says. It stops when it is dropped.
///
/// A request with a duplicate header is answered by 400, as nginx does, and makes the test fail when the server is dropped.
pub struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    answer: Box<Answer>,
    received: Mutex<Vec<Received>>,
    offence: Mutex<Option<String>>,
    requests: AtomicUsize,
    connections: AtomicUsize,
}

impl FaultServer {
    /// Starts a server. `answer` is asked once for each request, with how many requests came before it, over all connections.
    ///
    /// # Panics
    /// When no loopback port can be opened.
    pub async fn start(answer: impl Fn(&Received, usize) -> Behavior + Send + Sync + 'static) -> FaultServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            received: Mutex::default(),
            offence: Mutex::default(),
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        FaultServer { address, shared, task }
    }

    /// `http://127.0.0.1:port`, without a last slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that were read as a whole so far, in their order. A request that was closed or reset before reading is not
    /// among them.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests came so far, with those that were closed or reset before reading.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for FaultServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        // The connections' tasks belong to this one and end with it.
        self.task.abort();
        let offence = self.shared.offence.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(offence) = offence
            && !std::thread::panicking()
        {
            panic!("the client sent a malformed request: {offence}");
        }
    }
}

/// The address of a loopback port on which nothing listens.
///
/// # Panics
/// When no loopback port can be taken.
#[must_use]
pub fn refused_url() -> String {
    // The port stays bound, without listening, until the process ends: the system gives it to no other process in between.
    static HELD: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free loopback port");
    let address = socket.local_addr().expect("a bound socket has an address");
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
    format!("http://{address}")
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // An error here is the client going away, which is its right.
            let _ = serve(stream, &shared).await;
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut earlier = 0;
    while let Some((request, length)) = look_ahead(&stream).await? {
        let request = Received { earlier, ..request };
        earlier += 1;
        if let Some(offence) = request.offence() {
            shared.offence.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(offence);
            stream.read_exact(&mut vec![0; length]).await?;
            stream.write_all(&RawReply::new(400).bytes()).await?;
            return stream.shutdown().await;
        }
        let before = shared.requests.fetch_add(1, Ordering::SeqCst);
        let behavior = (shared.answer)(&request, before);
        match &behavior {
            Behavior::CloseBeforeReading => return stream.shutdown().await,
            Behavior::ResetBeforeReading => return stream.set_zero_linger(),
            Behavior::Script(script) if script.early => play(&mut stream, script).await?,
            _ => {}
        }
        stream.read_exact(&mut vec![0; length]).await?;
        shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        match behavior {
            Behavior::Reply(reply) => {
                stream.write_all(&reply.bytes()).await?;
                if reply.closes() {
                    return stream.shutdown().await;
                }
            }
            Behavior::CloseAfterReading | Behavior::CloseBeforeReading => return stream.shutdown().await,
            Behavior::ResetAfterReading | Behavior::ResetBeforeReading => return stream.set_zero_linger(),
            Behavior::StaySilent => std::future::pending().await,
            Behavior::CutAfter { reply, bytes } => {
                let whole = reply.bytes();
                stream.write_all(whole.get(..bytes).unwrap_or(&whole)).await?;
                return stream.shutdown().await;
            }
            Behavior::Trickle(reply) => {
                let mut all_but_one = reply.bytes();
                all_but_one.pop();
                stream.write_all(&all_but_one).await?;
                std::future::pending().await
            }
            Behavior::Script(script) => {
                if !script.early {
                    play(&mut stream, &script).await?;
                }
                if !script.stays_open {
                    return stream.shutdown().await;
                }
            }
        }
    }
    Ok(())
}

async fn play(stream: &mut TcpStream, script: &Script) -> io::Result<()> {
    for _ in 0..script.times {
        stream.write_all(&script.bytes).await?;
    }
    stream.write_all(&script.tail).await
}

/// Looks at the next request without taking it off the socket; `None` when the client closed the connection. The number is the
/// request's whole length.
async fn look_ahead(stream: &TcpStream) -> io::Result<Option<(Received, usize)>> {
    let mut buffer = vec![0; LARGEST_REQUEST];
    for _ in 0..PATIENCE {
        let seen = stream.peek(&mut buffer).await?;
        if seen == 0 {
            return Ok(None);
        }
        if let Some(request) = parse(buffer.get(..seen).unwrap_or_default()) {
            return Ok(Some(request));
        }
        assert!(
            seen < LARGEST_REQUEST,
            "the fault server reads requests of less than {LARGEST_REQUEST} bytes"
        );
        // Looking does not wait for more than there is already.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(None)
}

/// The request at the start of the bytes, if it is there as a whole.
pub(crate) fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(bytes.get(..end)?).expect("a request's head is text");
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next().expect("a request line has a path"));
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').expect("a header has a name and a value"))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let length: usize =
        find(&headers, "content-length").map_or(0, |text| text.parse().expect("Content-Length is a number"));
    let whole = bytes.get(..end + 4 + length)?;
    let body = whole.get(end + 4..)?.to_vec();
    Some((Received { method, path, headers, body, bytes: whole.to_vec(), earlier: 0 }, whole.len()))
}
