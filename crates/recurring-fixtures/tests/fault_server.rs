//! The fault server, seen through a raw TCP client.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::ErrorKind;
use std::time::Duration;

use recurring_fixtures::fault::{Behavior, Expected, FaultServer, RawReply, refused_url, rows};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] =
    b"POST /orders/?a=b HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\nContent-Length: 4\r\n\r\nbody";
const ANSWER: &str =
    "HTTP/1.1 201 Answer\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";

fn good() -> RawReply {
    RawReply::json(201, "{\"a\": 1}")
}

async fn server(behavior: Behavior) -> FaultServer {
    FaultServer::start(move |_, _| behavior.clone()).await
}

async fn connect(server: &FaultServer) -> TcpStream {
    TcpStream::connect(server.url().strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends the request and reads until the server closes; the text, or how it failed.
async fn talk(server: &FaultServer) -> Result<String, ErrorKind> {
    let mut stream = connect(server).await;
    stream.write_all(REQUEST).await.map_err(|error| error.kind())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| error.kind())?;
    Ok(answer)
}

#[tokio::test]
async fn reply_is_sent_and_connection_kept() {
    let server = FaultServer::start(|received, before| {
        let last = if before == 1 { "close" } else { "keep-alive" };
        Behavior::Reply(RawReply::new(200).header("Connection", last).header("X-Path", &received.path))
    })
    .await;
    let mut stream = connect(&server).await;
    // Two requests at once: the second is read off the same connection after the first was answered.
    stream.write_all(&[REQUEST, b"GET /x HTTP/1.1\r\n\r\n"].concat()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();

    let empty = "Content-Length: 0\r\n\r\n";
    assert_eq!(
        answers,
        format!(
            "HTTP/1.1 200 Answer\r\nConnection: keep-alive\r\nX-Path: /orders/?a=b\r\n{empty}\
             HTTP/1.1 200 Answer\r\nConnection: close\r\nX-Path: /x\r\n{empty}"
        )
    );
    let received = server.received();
    assert_eq!((received.len(), server.requests(), server.connections()), (2, 2, 1));
    let first = received.first().unwrap();
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/orders/?a=b"));
    assert_eq!((first.header("x-test"), first.header("absent")), (Some("yes"), None));
    assert_eq!(first.body, b"body");
}

#[tokio::test]
async fn request_in_pieces_is_read_whole() {
    let server = server(Behavior::Reply(good().header("Connection", "close"))).await;
    let mut stream = connect(&server).await;
    stream.set_nodelay(true).unwrap();
    for piece in REQUEST.chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("{\"a\": 1}"), "{answer}");
    assert_eq!(server.received().first().unwrap().body, b"body");
}

#[tokio::test]
async fn before_reading_nothing_is_received_or_answered() {
    let closing = server(Behavior::CloseBeforeReading).await;
    // With the request unread, the system may turn the close into a reset.
    assert!(matches!(talk(&closing).await.as_deref(), Ok("") | Err(ErrorKind::ConnectionReset)));
    let resetting = server(Behavior::ResetBeforeReading).await;
    assert_eq!(talk(&resetting).await, Err(ErrorKind::ConnectionReset));
    for server in [closing, resetting] {
        assert_eq!((server.received().len(), server.requests(), server.connections()), (0, 1, 1));
    }
}

#[tokio::test]
async fn after_reading_request_is_received_not_answered() {
    let closing = server(Behavior::CloseAfterReading).await;
    assert_eq!(talk(&closing).await.as_deref(), Ok(""));
    let resetting = server(Behavior::ResetAfterReading).await;
    assert_eq!(talk(&resetting).await, Err(ErrorKind::ConnectionReset));
    for server in [closing, resetting] {
        assert_eq!((server.received().len(), server.requests(), server.connections()), (1, 1, 1));
    }
}

#[tokio::test]
async fn cut_reply_ends_at_the_cut() {
    for bytes in [0, 5, ANSWER.len() - 1] {
        let server = server(Behavior::CutAfter { reply: good(), bytes }).await;
        assert_eq!(talk(&server).await.as_deref(), Ok(ANSWER.split_at(bytes).0));
    }
    let server = server(Behavior::CutAfter { reply: good(), bytes: usize::MAX }).await;
    assert_eq!(talk(&server).await.as_deref(), Ok(ANSWER));
}

#[tokio::test]
async fn trickle_holds_back_last_byte_and_silence_all() {
    for (behavior, sent) in [(Behavior::Trickle(good()), ANSWER.len() - 1), (Behavior::StaySilent, 0)] {
        let server = server(behavior).await;
        let mut stream = connect(&server).await;
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = vec![0; sent];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, ANSWER.split_at(sent).0.as_bytes());
        // Nothing more comes, and the connection stays open: the read is still waiting when the time is up.
        let more = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
        assert!(more.is_err(), "{more:?}");
        // Dropping the server ends the connection.
        drop(server);
        assert!(stream.read_u8().await.is_err());
    }
}

#[tokio::test]
async fn status_204_announces_no_body() {
    let server = server(Behavior::Reply(RawReply::new(204).header("Connection", "close"))).await;
    assert_eq!(talk(&server).await.as_deref(), Ok("HTTP/1.1 204 Answer\r\nConnection: close\r\n\r\n"));
}

#[tokio::test]
async fn refused_address_has_no_listener() {
    let url = refused_url();
    let error = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn every_row_behaves_as_named() {
    let rows = rows(good());
    let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "each row has its own name");

    for row in rows {
        let Some(behavior) = row.behavior else {
            assert_eq!((row.name, row.expected), ("nothing listens", Expected::NeverSent));
            continue;
        };
        assert_eq!(row.expected, Expected::Unknown, "{}", row.name);
        let Behavior::Reply(reply) = behavior else { continue };
        let server = server(Behavior::Reply(reply.clone().header("Connection", "close"))).await;
        let answer = talk(&server).await.unwrap();
        let status = row.name.split(' ').next().unwrap().replace("2xx", "201");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {answer}", row.name);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.len(), reply.body.len(), "{}", row.name);
        assert_eq!(head.contains("Location: /elsewhere"), status.starts_with('3'), "{}", row.name);
        assert_eq!(head.contains("Retry-After: 0"), status == "429" || status == "503", "{}", row.name);
        if row.name == "2xx over 1 MiB" {
            assert!(body.len() > 1024 * 1024 && serde_json::from_str::<serde_json::Value>(body).is_ok());
        }
        if row.name == "2xx cut JSON" {
            assert_eq!(body, "{\"a\"");
        }
    }
}

async fn sends(head: &str) {
    let server = server(Behavior::Reply(good())).await;
    let mut stream = connect(&server).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
#[should_panic = "`POST /x` has the header `content-length` twice"]
async fn duplicate_header_fails_the_test() {
    sends("POST /x HTTP/1.1\r\ncontent-length: 0\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
}

#[tokio::test]
#[should_panic = "has Transfer-Encoding"]
async fn chunked_request_fails_the_test() {
    sends("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
}
