//! A request that carries an access token: how often it is sent, and with which token.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use recurring_core::{Effect, Error, ErrorKind, HttpOptions, Proof, Reply, Secret};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_gateway::{
    AccessToken, BaseUrl, Class, ErrorExt as _, Method, PreparedRequest, TokenCache, TokenSource, Transport,
};

/// Grants `token-1`, `token-2` and so on, or nothing.
struct Source {
    granted: AtomicUsize,
    grants: bool,
}

impl Source {
    fn new(grants: bool) -> Self {
        Self { granted: AtomicUsize::new(0), grants }
    }
}

impl TokenSource for Source {
    type Api = String;

    async fn fetch(&self, _: &Transport) -> Result<AccessToken, Error<String>> {
        if !self.grants {
            return Err(Error::unknown(ErrorKind::Unavailable, "down"));
        }
        let number = self.granted.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(AccessToken { text: Secret::new(format!("token-{number}")), lives: Duration::from_secs(300) })
    }

    fn authorize(&self, request: PreparedRequest, token: &Secret) -> PreparedRequest {
        request.secret_header("authorization", token.expose())
    }

    fn refuses(&self, reply: &Reply) -> bool {
        reply.status() == 401 && reply.body() == b"expired"
    }
}

/// A server that refuses the first `expired` requests as sent with an expired token, and accepts the others.
async fn server(expired: usize) -> FaultServer {
    let seen = AtomicUsize::new(0);
    FaultServer::start(move |_, _| {
        let refused = seen.fetch_add(1, Ordering::SeqCst) < expired;
        Behavior::Reply(if refused {
            RawReply { body: b"expired".to_vec(), ..RawReply::new(401) }
        } else {
            RawReply::json(200, "{}")
        })
    })
    .await
}

/// Sends one write. Returns the reply, and the tokens that the server saw.
async fn send(source: &Source, server: &FaultServer) -> (Result<Reply, Error<String>>, Vec<String>) {
    let transport = Transport::new(HttpOptions::new()).expect("options");
    let base = BaseUrl::parse("base_url", &server.url()).expect("a base URL");
    let write = PreparedRequest::new("test", Class::Write, Method::Post, "/").body(b"{}".to_vec());
    let result = TokenCache::new().send(source, &transport, &base, &write).await;
    let token = |request: &Received| request.header("authorization").unwrap_or_default().to_owned();
    (result, server.received().iter().map(token).collect())
}

#[tokio::test]
async fn accepted_request_is_sent_once() {
    let (source, server) = (Source::new(true), server(0).await);
    let (reply, tokens) = send(&source, &server).await;
    assert_eq!((reply.expect("a reply").status(), tokens), (200, vec!["token-1".to_owned()]));
}

#[tokio::test]
async fn refused_token_is_renewed_once() {
    for (expired, status) in [(1, 200), (2, 401), (3, 401)] {
        let (source, server) = (Source::new(true), server(expired).await);
        let (reply, tokens) = send(&source, &server).await;
        assert_eq!(reply.expect("a reply").status(), status, "{expired}");
        assert_eq!(tokens, ["token-1", "token-2"], "{expired}");
    }
}

#[tokio::test]
async fn request_without_a_token_is_not_sent() {
    let (source, server) = (Source::new(false), server(0).await);
    let (reply, tokens) = send(&source, &server).await;
    let error = reply.expect_err("no token");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent));
    assert_eq!((tokens.len(), server.connections()), (0, 0));
}
