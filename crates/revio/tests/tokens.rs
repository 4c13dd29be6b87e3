//! The stored cards of a client over several pages.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::future::poll_fn;
use std::pin::Pin;

use common::{CLIENT, client};
use futures_util::Stream;
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use revio::{Effect, ErrorKind, RecurringTokens};

/// A server whose list answers `page` for each query; `{origin}` becomes the address that the request named.
async fn serving(page: fn(&str) -> String) -> FaultServer {
    FaultServer::start(move |request, _| {
        let host = request.header("host").expect("a host");
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let list = format!("http://{host}/api/v1/clients/{CLIENT}/recurring_tokens/");
        Behavior::Reply(RawReply::json(200, page(query).replace("{list}", &list).replace("{host}", host)))
    })
    .await
}

fn body(next: &str, tokens: &[&str]) -> String {
    let tokens: Vec<String> = tokens.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    format!(r#"{{"next":{next},"previous":null,"results":[{}]}}"#, tokens.join(","))
}

/// Everything the stream gives, errors as their text.
async fn all(mut tokens: RecurringTokens) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(token) = tokens.next().await {
        seen.push(
            token.map_or_else(|error| error.message().to_owned(), |token| token.id.expose().to_owned()),
        );
    }
    assert!(tokens.next().await.is_none(), "what has ended stays ended");
    seen
}

#[tokio::test]
async fn every_page_is_read_past_an_empty_one() {
    let server = serving(|query| match query {
        "" => body(r#""{list}?page=2""#, &["a", "b"]),
        "page=2" => body(r#""{list}?page=3""#, &[]),
        _ => body("null", &["c"]),
    })
    .await;
    let client = client(&server.url());
    assert_eq!(all(client.recurring_tokens(CLIENT)).await, ["a", "b", "c"]);
    let paths: Vec<String> = server.received().into_iter().map(|request| request.path).collect();
    let list = format!("/api/v1/clients/{CLIENT}/recurring_tokens/");
    assert_eq!(paths, [list.clone(), format!("{list}?page=2"), format!("{list}?page=3")]);

    let page = client.list_recurring_tokens(CLIENT, None).await.expect("a page");
    let second = client.list_recurring_tokens(CLIENT, page.next.as_ref()).await.expect("a page");
    assert_eq!((page.results.len(), second.results.len()), (2, 0));
}

#[tokio::test]
async fn it_is_a_stream_and_asks_only_when_it_is_polled() {
    let server = serving(|_| body("null", &["a"])).await;
    let mut tokens = client(&server.url()).recurring_tokens(CLIENT);
    assert_eq!(server.connections(), 0);
    let token = poll_fn(|context| Pin::new(&mut tokens).poll_next(context)).await;
    assert_eq!(token.expect("a token").expect("no error").id.expose(), "a");
    assert!(poll_fn(|context| Pin::new(&mut tokens).poll_next(context)).await.is_none());
}

#[tokio::test]
async fn a_page_that_comes_again_ends_the_list_with_an_error() {
    let server = serving(|query| match query {
        "" => body(r#""{list}?page=2""#, &["a"]),
        _ => body(r#""{list}?page=2""#, &["b"]),
    })
    .await;
    let seen = all(client(&server.url()).recurring_tokens(CLIENT)).await;
    assert_eq!(seen, ["a", "b", "the list of recurring tokens names a next page that was read already"]);
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn an_address_elsewhere_is_not_followed() {
    let elsewhere = FaultServer::start(|_, _| Behavior::StaySilent).await;
    for next in [
        "https://evil.example/api/v1/clients/98e9cf98-dbd4-4a84-a304-dffbda2bef19/recurring_tokens/?page=2",
        "https://{host}/api/v1/clients/98e9cf98-dbd4-4a84-a304-dffbda2bef19/recurring_tokens/?page=2",
        "http://user@{host}/api/v1/clients/98e9cf98-dbd4-4a84-a304-dffbda2bef19/recurring_tokens/?page=2",
        "http://{host}/clients/98e9cf98-dbd4-4a84-a304-dffbda2bef19/recurring_tokens/?page=2",
        "http://{host}/api/v1/clients/another/recurring_tokens/?page=2",
        "http://{host}/api/v1/purchases/",
        "?page=2",
        "ELSEWHERE/api/v1/clients/98e9cf98-dbd4-4a84-a304-dffbda2bef19/recurring_tokens/?page=2",
    ] {
        let next = next.replace("ELSEWHERE", &elsewhere.url());
        let server = FaultServer::start(move |request, _| {
            let next = next.replace("{host}", request.header("host").expect("a host"));
            Behavior::Reply(RawReply::json(200, body(&format!("{next:?}"), &["a"])))
        })
        .await;
        let client = client(&server.url());
        let page = client.list_recurring_tokens(CLIENT, None).await.expect("a page");
        let error = client.list_recurring_tokens(CLIENT, page.next.as_ref()).await.expect_err("not followed");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
        assert!(error.message().contains("below the base URL"), "{error}");
        assert_eq!(server.requests(), 1);

        let seen = all(client.recurring_tokens(CLIENT)).await;
        assert_eq!(seen.len(), 2, "the card of the first page, then the error");
        assert_eq!(server.requests(), 2);
    }
    assert_eq!(elsewhere.connections(), 0);
}
