//! What is sent, how often, and what is claimed about it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::time::Duration;

use recurring_core::{Effect, Error, ErrorKind, HttpOptions, Proof, Reply, RetryPolicy};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use tokio::net::TcpListener;

fn quick() -> HttpOptions {
    HttpOptions::new()
        .with_timeout(Duration::from_millis(500))
        .with_connect_timeout(Duration::from_millis(450))
        .with_retry(
            RetryPolicy::new()
                .with_initial_backoff(Duration::from_millis(1))
                .with_max_backoff(Duration::from_millis(5)),
        )
}

fn request(class: Class) -> PreparedRequest {
    let method = if class == Class::Read { Method::Get } else { Method::Post };
    PreparedRequest::new("test", class, method, "/orders/?a=b")
        .header("accept", "application/json")
        .body(b"{}".to_vec())
}

async fn send(options: HttpOptions, url: &str, class: Class) -> Result<Reply, Error<String>> {
    let transport = Transport::new(options).expect("options");
    transport.send(&BaseUrl::parse("base_url", url).expect("a base URL"), &request(class)).await
}

/// As a gateway crate reads it: anything but a JSON object with a member `id` is an error.
async fn call(url: String, class: Class) -> Result<(), &'static str> {
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "id")]
        _id: String,
    }
    let reply = send(quick(), &url, class).await.map_err(|error| error.effect().as_str())?;
    let answer: Result<Answer, Error<String>> = recurring_gateway::read_success(&reply, |_| None);
    answer.map(drop).map_err(|error| error.effect().as_str())
}

#[tokio::test]
async fn a_write_goes_out_once_whatever_happens() {
    let good = RawReply::json(200, r#"{"id":"1"}"#);
    fault::check(good, Sends::Once, fault::no_prelude, &[], |url| call(url, Class::Write)).await;
}

#[tokio::test]
async fn a_read_goes_out_three_times_at_most() {
    let good = RawReply::json(200, r#"{"id":"1"}"#);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], |url| call(url, Class::Read)).await;
}

#[tokio::test]
async fn a_read_is_repeated_until_it_succeeds() {
    for fault in [
        Behavior::CloseAfterReading,
        Behavior::ResetBeforeReading,
        Behavior::Reply(RawReply::new(503).header("Retry-After", "0")),
        Behavior::Reply(RawReply::new(429)),
        Behavior::Reply(RawReply::new(408)),
    ] {
        let server = FaultServer::start(move |_, before| match before {
            0 | 1 => fault.clone(),
            _ => Behavior::Reply(RawReply::json(200, "{}")),
        })
        .await;
        let reply = send(quick(), &server.url(), Class::Read).await.expect("the third answer");
        assert_eq!((reply.status(), server.requests()), (200, 3));
    }
}

#[tokio::test]
async fn what_goes_out_is_what_was_prepared() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &format!("{}/v1/", server.url())).expect("a base URL");
    let prepared = request(Class::Write).secret_header("authorization", "Basic aHVudGVyMjo=");
    let reply: Result<Reply, Error<String>> = transport.send(&base, &prepared).await;
    reply.expect("a reply");
    let received = server.received();
    let [received] = received.as_slice() else { panic!("one request, not {}", received.len()) };
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/v1/orders/?a=b"));
    assert_eq!(received.body, b"{}");
    assert_eq!(received.header("authorization"), Some("Basic aHVudGVyMjo="));
    assert_eq!(received.header("accept"), Some("application/json"));
    for unwanted in ["accept-encoding", "cookie", "referer", "expect", "upgrade"] {
        assert_eq!(received.header(unwanted), None, "{unwanted}");
    }
}

#[tokio::test]
async fn a_call_without_a_body_says_so_where_servers_ask_for_it() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    for (method, length) in [
        (Method::Post, Some("0")),
        (Method::Put, Some("0")),
        (Method::Patch, Some("0")),
        (Method::Get, None),
        (Method::Delete, None),
    ] {
        let prepared = PreparedRequest::new("test", Class::Write, method, "/");
        let reply: Result<Reply, Error<String>> = transport.send(&base, &prepared).await;
        reply.expect("a reply");
        let received = server.received().pop().expect("a request");
        assert_eq!(received.header("content-length"), length, "{method:?}");
        assert!(received.body.is_empty() && received.header("transfer-encoding").is_none());
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
        let target = elsewhere.url();
        let server = FaultServer::start(move |_, _| {
            Behavior::Reply(RawReply::new(status).header("Location", &target))
        })
        .await;
        let reply = send(quick(), &server.url(), Class::Write).await.expect("a reply");
        assert_eq!(reply.status(), status);
        assert_eq!((server.requests(), elsewhere.connections()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn connection_is_reused_unless_it_was_idle() {
    for (pool_idle_timeout, connections) in
        [(Duration::from_secs(5), 1), (Duration::from_nanos(1), 2), (Duration::ZERO, 2)]
    {
        let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
        let transport = Transport::new(quick().with_pool_idle_timeout(pool_idle_timeout)).expect("options");
        let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
        for _ in 0..2 {
            let reply: Result<Reply, Error<String>> = transport.send(&base, &request(Class::Write)).await;
            reply.expect("a reply");
        }
        assert_eq!(server.connections(), connections, "idle for {pool_idle_timeout:?}");
    }
}

#[tokio::test]
async fn request_on_own_connection_meets_no_other() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    for (alone, connections) in [(false, 1), (true, 2), (true, 3), (false, 3)] {
        let request = request(Class::Write);
        let request = if alone { request.on_own_connection() } else { request };
        let reply: Result<Reply, Error<String>> = transport.send(&base, &request).await;
        reply.expect("a reply");
        assert_eq!(server.connections(), connections, "alone: {alone}");
    }
}

/// The dangerous moment: a second write on a connection that the server is about to close.
#[tokio::test]
async fn write_on_a_broken_connection_is_unknown_and_sent_once() {
    for fault in [
        Behavior::CloseBeforeReading,
        Behavior::ResetBeforeReading,
        Behavior::CloseAfterReading,
        Behavior::ResetAfterReading,
    ] {
        let name = format!("{fault:?}");
        let server = FaultServer::start(move |_, before| match before {
            0 => Behavior::Reply(RawReply::json(200, "{}")),
            _ => fault.clone(),
        })
        .await;
        let transport = Transport::new(quick()).expect("options");
        let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
        let first: Result<Reply, Error<String>> = transport.send(&base, &request(Class::Write)).await;
        first.expect("a reply");
        let second: Result<Reply, Error<String>> = transport.send(&base, &request(Class::Write)).await;
        let error = second.expect_err("broken");
        assert_eq!(error.effect(), Effect::Unknown, "{name}");
        assert_eq!((server.connections(), server.requests()), (1, 2), "{name}");
    }
}

#[tokio::test]
async fn handshake_failed_or_endless_proves_nothing_was_sent() {
    // Speaks no TLS at all.
    let plain = FaultServer::start(|_, _| Behavior::CloseBeforeReading).await;
    // Accepts, and stays silent: connecting times out in the middle of the handshake.
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mute_url = format!("https://{}", mute.local_addr().expect("an address"));
    let accepting = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = mute.accept().await {
            held.push(stream);
        }
    });
    // A label of 64 characters is in no name service, and is looked up nowhere.
    let nameless = format!("https://{}.invalid", "a".repeat(64));
    for url in [plain.url().replace("http:", "https:"), mute_url, nameless] {
        let error = send(quick(), &url, Class::Write).await.expect_err("no handshake");
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Transport, Effect::NotApplied(Proof::NeverSent)),
            "{url}"
        );
    }
    assert!(plain.received().is_empty(), "not one whole request");
    accepting.abort();
}

#[tokio::test]
async fn a_reply_is_read_up_to_the_limit() {
    for (bytes, fits) in [(1000, true), (1001, false)] {
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, vec![b' '; bytes]))).await;
        let result = send(quick().with_max_response_bytes(1000), &server.url(), Class::Write).await;
        match result {
            Ok(reply) => assert!(fits && reply.body().len() == bytes),
            Err(error) => {
                assert!(!fits && error.effect() == Effect::Unknown && error.kind() == ErrorKind::Protocol)
            }
        }
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn long_answer_is_read_up_to_sixteen_times_the_limit() {
    for (bytes, fits) in [(16_000, true), (16_001, false)] {
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, vec![b' '; bytes]))).await;
        let request = PreparedRequest::new("list", Class::Read, Method::Get, "/list").long_answer();
        let base = BaseUrl::parse("base_url", &server.url()).expect("an address");
        let options =
            quick().with_max_response_bytes(1000).with_retry(RetryPolicy::new().with_max_attempts(1));
        let result = Transport::new(options).expect("options").send::<()>(&base, &request).await;
        match result {
            Ok(reply) => assert!(fits && reply.body().len() == bytes),
            Err(error) => assert!(!fits && error.to_string().contains("16000 bytes"), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_not_sent() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    for prepared in [
        request(Class::Write).secret_header("authorization", "hunter2\r\nx: y"),
        request(Class::Write).secret_header("no name", "hunter2"),
        request(Class::Write).header("x-note", "hunter2\r\nx: y"),
    ] {
        let result: Result<Reply, Error<String>> = transport.send(&base, &prepared).await;
        let error = result.expect_err("refused");
        let expected = (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local));
        assert_eq!((error.kind(), error.effect()), expected);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn header_set_twice_is_sent_once() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    for (body, length) in [(None, "0"), (Some(b"{}".to_vec()), "2")] {
        let prepared = PreparedRequest::new("test", Class::Write, Method::Post, "/")
            .header("Content-Length", "0")
            .header("content-length", "7")
            .header("Transfer-Encoding", "chunked")
            .header("host", "elsewhere.example")
            .secret_header("Connection", "close")
            .header("Accept", "text/html")
            .header("accept", "application/json")
            .header("User-Agent", "a shop")
            .secret_header("X-Api-Key", "hunter2");
        let prepared = body.into_iter().fold(prepared, PreparedRequest::body);
        let reply: Result<Reply, Error<String>> = transport.send(&base, &prepared).await;
        assert_eq!(reply.expect("a reply").status(), 200);
        let received = server.received().pop().expect("a request");
        let mut names: Vec<_> = received.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "content-length", "host", "user-agent", "x-api-key"]);
        assert_eq!(received.header("content-length"), Some(length));
        assert_eq!(received.header("host"), server.url().strip_prefix("http://"));
        assert_eq!(received.header("accept"), Some("application/json"));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn body_that_cannot_be_written_is_not_sent() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let transport = Transport::new(quick()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    let by_pair = std::collections::BTreeMap::from([((1, 2), 3)]);
    let prepared = PreparedRequest::new("test", Class::Write, Method::Post, "/").json(&by_pair);
    let result: Result<Reply, Error<String>> = transport.send(&base, &prepared).await;
    let error = result.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local)));
    assert_eq!(server.connections(), 0);
}

#[test]
fn options_that_cannot_work_are_named() {
    for (options, field) in [
        (HttpOptions::new().with_proxy("not a proxy"), "proxy"),
        (HttpOptions::new().with_root_certificate("not a certificate"), "root_certificate"),
        (HttpOptions::new().with_timeout(Duration::from_secs(1)), "connect_timeout"),
    ] {
        assert_eq!(Transport::new(options).expect_err(field).field(), field);
    }
}

/// Proxies from the environment would see every payment; only one that is handed in is used.
#[tokio::test]
async fn a_proxy_is_used_only_when_it_is_handed_in() {
    let proxy = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    send(quick(), &server.url(), Class::Write).await.expect("a reply");
    assert_eq!((proxy.requests(), server.requests()), (0, 1));
    send(quick().with_proxy(proxy.url()), &server.url(), Class::Write).await.expect("a reply");
    assert_eq!((proxy.requests(), server.requests()), (1, 1));
}

/// Plain text to a gateway on this machine must not leave the machine through a proxy of another one.
#[tokio::test]
async fn proxy_elsewhere_is_not_asked_for_this_machine() {
    let server = FaultServer::start(|_, _| Behavior::Reply(RawReply::json(200, "{}"))).await;
    // An address that is kept for documentation: nothing answers there.
    send(quick().with_proxy("http://ann:pw@192.0.2.1:9"), &server.url(), Class::Write)
        .await
        .expect("a reply");
    assert_eq!(server.requests(), 1);
}

#[test]
fn proxy_of_another_kind_is_refused_without_its_password() {
    for bad in ["socks5://ann:hunter2@127.0.0.1:1", "ftp://127.0.0.1", "http://", "http://ann:hunter2@", ""] {
        let error = Transport::new(HttpOptions::new().with_proxy(bad)).expect_err(bad);
        assert_eq!(error.field(), "proxy");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    for good in [
        "http://127.0.0.1:3128",
        "https://proxy.example",
        "proxy.example:3128",
        "http://a:b@proxy.example:1/",
    ] {
        assert!(Transport::new(HttpOptions::new().with_proxy(good)).is_ok(), "{good}");
    }
}
