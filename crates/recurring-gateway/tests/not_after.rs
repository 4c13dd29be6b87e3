//! The time limit of a call: what still leaves, and what is claimed about it, whenever the limit passes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::io::ErrorKind as IoErrorKind;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recurring_core::{Effect, Error, ErrorKind, HttpOptions, NotAfter, Proof, Reply, RetryPolicy, Timestamp};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

const HOUR: Duration = Duration::from_secs(60 * 60);
const NEVER_SENT: Effect = Effect::NotApplied(Proof::NeverSent);
const LIMIT_PASSED: (ErrorKind, Effect) = (ErrorKind::Unavailable, NEVER_SENT);
/// More often than this no call asks its clock that makes three sends.
const READINGS_OF_THREE: usize = 16;
/// More often than this no call asks its clock that makes one send.
const READINGS_OF_ONE: usize = 8;

fn transport() -> Transport {
    let retry = RetryPolicy::new()
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    Transport::new(HttpOptions::new().with_retry(retry)).expect("options")
}

/// Every shape of a request that the gateway crates make.
fn shapes() -> Vec<PreparedRequest> {
    let write = |method| PreparedRequest::new("test", Class::Write, method, "/orders/?a=b");
    vec![
        write(Method::Post).header("content-type", "application/json").body(b"{\"a\":1}".to_vec()),
        write(Method::Put).secret_header("authorization", "Bearer t").body(vec![b'x'; 40_000]),
        write(Method::Patch).body(b"{}".to_vec()),
        write(Method::Post).body(Vec::new()),
        write(Method::Post),
        write(Method::Put),
        write(Method::Delete),
        PreparedRequest::new("test", Class::Read, Method::Get, "/orders/"),
    ]
}

async fn send(transport: &Transport, url: &str, request: &PreparedRequest) -> Result<Reply, Error<String>> {
    transport.send(&BaseUrl::parse("base_url", url).expect("a base URL"), request).await
}

/// A limit whose clock jumps past it the `passing`-th time that it is read. `at_once` runs in that moment.
fn passes_at(passing: usize, at_once: impl Fn() + Send + Sync + 'static) -> NotAfter {
    let readings = AtomicUsize::new(0);
    let clock = move || {
        let reading = readings.fetch_add(1, Ordering::SeqCst);
        if reading == passing {
            at_once();
        }
        if reading < passing { Timestamp::UNIX_EPOCH } else { Timestamp::UNIX_EPOCH + 2 * HOUR }
    };
    NotAfter::within_by(HOUR, Arc::new(clock))
}

/// A limit that passes when the returned function is called.
fn passes_on_call() -> (NotAfter, impl Fn() + Send + Sync + 'static) {
    let passed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&passed);
    let clock =
        move || Timestamp::UNIX_EPOCH + if seen.load(Ordering::SeqCst) { 2 * HOUR } else { Duration::ZERO };
    (NotAfter::within_by(HOUR, Arc::new(clock)), move || passed.store(true, Ordering::SeqCst))
}

/// Takes one connection after the other, keeps every byte that comes in, and answers each whole request.
struct Wire {
    url: String,
    task: JoinHandle<Vec<Vec<u8>>>,
}

impl Wire {
    async fn start() -> Wire {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move {
            let mut connections = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut bytes = Vec::new();
                let mut answered = 0;
                while matches!(stream.read_buf(&mut bytes).await, Ok(read) if read > 0) {
                    while answered < whole_requests(&bytes) {
                        answered += 1;
                        let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                        stream.write_all(reply).await.expect("the client waits for the reply");
                    }
                }
                if bytes == b"stop" {
                    return connections;
                }
                connections.push(bytes);
            }
        });
        Wire { url, task }
    }

    /// Waits until every connection of the clients is closed. Returns what came in on each.
    async fn stop(self) -> Vec<Vec<u8>> {
        let address = self.url.strip_prefix("http://").expect("an address").to_owned();
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(b"stop").await.expect("the server reads");
        drop(stream);
        self.task.await.expect("no panic")
    }
}

/// How many requests are there with all of the body that they announce.
fn whole_requests(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        let Some(rest) = bytes.get(end + 4 + length..) else { break };
        count += 1;
        bytes = rest;
    }
    count
}

#[tokio::test]
async fn limit_passed_before_the_first_send_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = transport().with_not_after(NotAfter::within(Duration::ZERO));
    for request in shapes() {
        let error = send(&transport, &server.url(), &request).await.expect_err("too late");
        assert_eq!((error.kind(), error.effect()), LIMIT_PASSED, "{request:?}");
        assert!(error.message().contains("the time limit of this call has passed; make"), "{error}");
    }
    assert_eq!((server.connections(), server.requests()), (0, 0));
}

/// Nothing listens on the port until the moment the limit passes: any connect after that would be seen.
#[tokio::test]
async fn limit_passing_between_repeats_connects_no_more() {
    let shapes = shapes();
    let moments =
        || shapes.iter().flat_map(|shape| (1..READINGS_OF_THREE).map(move |passing| (shape, passing)));
    let (unlimited, mut passed) = (transport(), 0);
    for (request, passing) in moments() {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let (closed, open) = (Mutex::new(Some(socket)), Arc::new(Mutex::new(None)));
        let opens = Arc::clone(&open);
        let limit = passes_at(passing, move || {
            let socket = closed.lock().expect("the socket").take().expect("once");
            *opens.lock().expect("the listener") = Some(socket.listen(8).expect("a listener"));
        });
        let error = send(&unlimited.with_not_after(limit), &url, request).await.expect_err("no connection");
        assert_eq!(error.effect(), NEVER_SENT, "{passing}: {request:?}");
        let listener = open.lock().expect("the listener").take();
        if let Some(listener) = listener {
            passed += 1;
            let listener = listener.into_std().expect("a listener");
            let waiting = listener.accept().map(drop).map_err(|error| error.kind());
            assert_eq!(waiting, Err(IoErrorKind::WouldBlock), "{passing}: {request:?}");
        }
    }
    // Three sends read the clock four times each, and once more before each of the two waits.
    assert_eq!(passed, 14 * shapes.len());
}

/// Wherever the limit passes on the way to the wire: either a request arrived and was answered, or not one byte left.
#[tokio::test]
async fn limit_passing_before_the_bytes_sends_no_byte() {
    for request in shapes() {
        let mut refused = 0;
        for passing in 1..READINGS_OF_ONE {
            let server = Wire::start().await;
            let limited = transport().with_not_after(passes_at(passing, || {}));
            let result = send(&limited, &server.url, &request).await;
            drop(limited);
            let connections = server.stop().await;
            match result {
                Ok(reply) => {
                    assert_eq!(reply.status(), 200);
                    let whole: usize = connections.iter().map(|bytes| whole_requests(bytes)).sum();
                    assert_eq!(whole, 1, "{passing}: {request:?}");
                }
                Err(error) => {
                    refused = passing;
                    assert_eq!((error.kind(), error.effect()), LIMIT_PASSED, "{passing}: {request:?}");
                    let bytes = connections.concat();
                    assert_eq!(bytes, b"", "{passing}: {request:?}");
                }
            }
        }
        // The check of the time-out, before the send, before and after the connect, and with the body.
        let has_body = request.body_bytes().is_some_and(|body| !body.is_empty());
        assert_eq!(refused, if has_body { 5 } else { 4 }, "{request:?}");
    }
}

#[tokio::test]
async fn limit_passing_on_a_used_connection_sends_no_byte() {
    for request in shapes() {
        for passing in 1..READINGS_OF_ONE {
            let server = Wire::start().await;
            let unlimited = transport();
            send(&unlimited, &server.url, &request).await.expect("the first reply");
            let limited = unlimited.with_not_after(passes_at(passing, || {}));
            let result = send(&limited, &server.url, &request).await;
            drop((unlimited, limited));
            let connections = server.stop().await;
            let whole: usize = connections.iter().map(|bytes| whole_requests(bytes)).sum();
            assert_eq!(whole, if result.is_ok() { 2 } else { 1 }, "{passing}: {request:?}");
            if let Err(error) = result {
                assert_eq!((error.kind(), error.effect()), LIMIT_PASSED, "{passing}: {request:?}");
            }
            assert_eq!(connections.len(), 1, "the connection is shared");
        }
    }
}

#[tokio::test]
async fn limit_passing_during_the_reply_is_unknown() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let options = HttpOptions::new().with_timeout(HOUR).with_retry(RetryPolicy::new().with_max_attempts(1));
    let transport = Transport::new(options).expect("options");
    for (sent, request) in shapes().iter().enumerate().step_by(4) {
        let limited = transport.with_not_after(NotAfter::within(Duration::from_secs(1)));
        let error = send(&limited, &server.url(), request).await.expect_err("no reply");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Transport, Effect::Unknown));
        assert!(error.message().contains("no complete answer within 9"), "of a second: {error}");
        assert_eq!(server.requests(), sent / 4 + 1);
    }
}

/// A time-out that ends the connecting proves nothing by itself; that the body was not handed over does.
#[tokio::test]
async fn limit_passing_while_connecting_is_never_sent() {
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", mute.local_addr().expect("an address"));
    let limited = transport().with_not_after(NotAfter::within(Duration::from_millis(100)));
    let shapes = shapes();
    let request = shapes.first().expect("a write with a body");
    let error = send(&limited, &url, request).await.expect_err("no handshake");
    assert_eq!((error.kind(), error.effect()), LIMIT_PASSED);
}

#[tokio::test]
async fn limit_passing_after_a_reply_keeps_the_reply() {
    let (limit, pass) = passes_on_call();
    let server = FaultServer::start(move |_, _| {
        pass();
        Behavior::Reply(RawReply::new(503))
    })
    .await;
    let read = PreparedRequest::new("test", Class::Read, Method::Get, "/");
    let reply =
        send(&transport().with_not_after(limit), &server.url(), &read).await.expect("the first reply");
    assert_eq!((reply.status(), server.requests()), (503, 1));
}

#[tokio::test]
async fn limit_passing_after_a_reset_keeps_unknown() {
    let (limit, pass) = passes_on_call();
    let server = FaultServer::start(move |_, _| {
        pass();
        Behavior::ResetAfterReading
    })
    .await;
    let read = PreparedRequest::new("test", Class::Read, Method::Get, "/");
    let result = send(&transport().with_not_after(limit), &server.url(), &read).await;
    assert_eq!((result.expect_err("a reset").effect(), server.requests()), (Effect::Unknown, 1));
}

#[tokio::test]
async fn wait_longer_than_the_limit_is_not_waited() {
    let retry = RetryPolicy::new().with_initial_backoff(HOUR).with_max_backoff(HOUR);
    let transport = Transport::new(HttpOptions::new().with_retry(retry)).expect("options");
    let limited = transport.with_not_after(NotAfter::within(HOUR / 4));
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::new(503))).await;
    let read = PreparedRequest::new("test", Class::Read, Method::Get, "/");
    let reply = send(&limited, &server.url(), &read).await.expect("the first reply");
    assert_eq!((reply.status(), server.requests()), (503, 1));
}

#[tokio::test]
async fn bytes_with_and_without_a_limit_are_the_same() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let unlimited = transport();
    let limited = unlimited.with_not_after(NotAfter::within(HOUR));
    for request in shapes() {
        send(&unlimited, &server.url(), &request).await.expect("a reply");
        send(&limited, &server.url(), &request).await.expect("a reply");
        let received = server.received();
        let [.., without, with] = received.as_slice() else { panic!("two requests") };
        assert_eq!(String::from_utf8_lossy(&with.bytes), String::from_utf8_lossy(&without.bytes));
        assert_eq!(with.header("transfer-encoding"), None);
        let length = request.body_bytes().map_or(0, <[u8]>::len).to_string();
        let announced = request.method() == Method::Post || length != "0" || request.method() == Method::Put;
        assert_eq!(with.header("content-length"), announced.then_some(length.as_str()), "{request:?}");
    }
}
