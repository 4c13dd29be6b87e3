//! Other machines, slow clients, broken HTTP and a thousand open connections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use recurring_sandbox::Sandbox;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connect(sandbox: &Sandbox) -> TcpStream {
    TcpStream::connect(sandbox.url().trim_start_matches("http://")).await.unwrap()
}

/// Sends and reads to the end, however it ends.
async fn talk(sandbox: &Sandbox, bytes: &[u8]) -> String {
    let mut stream = connect(sandbox).await;
    drop(stream.write_all(bytes).await);
    let mut seen = Vec::new();
    drop(stream.read_to_end(&mut seen).await);
    String::from_utf8_lossy(&seen).into_owned()
}

const ASK: &[u8] = b"GET /_sandbox/ledger HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn answers(sandbox: &Sandbox) {
    let reply = talk(sandbox, ASK).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\n[]"), "{reply}");
}

#[tokio::test]
async fn other_machines_are_refused_by_default() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Sandbox::builder().with_listen(everywhere).start().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("other machines"), "{refused}");
    let allowed =
        Sandbox::builder().with_listen(everywhere).allow_other_machines(true).start().await.unwrap();
    answers(&allowed).await;
}

#[tokio::test]
async fn slow_client_is_disconnected() {
    let sandbox = Sandbox::builder().with_client_timeout(Duration::from_millis(50)).start().await.unwrap();
    for head in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: localhost\r\n"] {
        assert!(!talk(&sandbox, head.as_bytes()).await.contains("200"), "{head}");
    }
    let body =
        talk(&sandbox, b"POST /omno/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12345").await;
    assert!(body.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{body}");
    answers(&sandbox).await;
}

#[tokio::test]
async fn client_that_reads_nothing_is_disconnected() {
    let sandbox = Sandbox::builder()
        .with_client_timeout(Duration::from_millis(50))
        .with_fault(recurring_sandbox::Fault::new(recurring_sandbox::FaultKind::HugeBody {
            bytes: 64 * 1024 * 1024,
        }))
        .start()
        .await
        .unwrap();
    let mut stream = connect(&sandbox).await;
    stream.write_all(b"GET /omno/x HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    while !sandbox.faults().is_empty() {
        tokio::task::yield_now().await;
    }
    // The sandbox gives up while nothing is read here; what the system had taken already still arrives.
    sandbox.shutdown().await;
    let mut seen = Vec::new();
    drop(stream.read_to_end(&mut seen).await);
    assert!(seen.len() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn broken_http_gets_400_or_a_close() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let deep =
        format!("GET /{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "a/".repeat(20_000));
    let lines: Vec<&[u8]> = vec![
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: \x00\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzzz\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
        deep.as_bytes(),
    ];
    for line in lines {
        let mut stream = connect(&sandbox).await;
        drop(stream.write_all(line).await);
        drop(stream.shutdown().await);
        let mut seen = Vec::new();
        drop(stream.read_to_end(&mut seen).await);
        let status = seen.get(9..10).map(|digit| char::from(digit[0]));
        assert!(matches!(status, None | Some('4')), "{line:.40?}: {}", String::from_utf8_lossy(&seen));
        answers(&sandbox).await;
    }
}

#[tokio::test]
async fn thousand_open_connections_are_served() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut open = Vec::new();
    rlimit::increase_nofile_limit(4096).expect("enough files for both ends of a thousand connections");
    for count in 0..1000 {
        let mut stream = connect(&sandbox).await;
        // Half of them have begun a request.
        if count % 2 == 0 {
            stream.write_all(b"POST /omno/x HTTP/1.1\r\nhost: localhost\r\ncontent-le").await.unwrap();
        }
        open.push(stream);
    }
    answers(&sandbox).await;
    // They are all still there, and answered when they go on.
    for (count, stream) in open.iter_mut().enumerate().rev().step_by(250) {
        let rest: &[u8] = if count % 2 == 0 { b"ngth: 0\r\n\r\n" } else { ASK };
        stream.write_all(rest).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert!(start.starts_with(b"HTTP/1.1 "), "{start:?}");
    }
}
