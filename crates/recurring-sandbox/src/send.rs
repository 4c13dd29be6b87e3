//! Sending what is due, over HTTP/1.1, to this machine only.

use crate::loopback::target;
use crate::outbox::{Pending, Reply};
use crate::state::{SharedState, lock};
use axum::http::header;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const LARGEST_ANSWER: usize = 64 * 1024;
/// Scheduled payments fall due without a request; this is how soon they are noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Sends what is due until the task is dropped; deliveries under way end with it.
pub(crate) async fn run(
    shared: SharedState,
    mut changed: watch::Receiver<()>,
    notification_timeout: Duration,
) {
    let mut calls = JoinSet::new();
    loop {
        changed.borrow_and_update();
        let (due, wait) = {
            let mut state = lock(&shared);
            state.catch_up();
            let now = state.common.now();
            (state.common.outbox.take_due(now), state.common.outbox.next_due(now))
        };
        for pending in due {
            calls.spawn(deliver(SharedState::clone(&shared), pending, notification_timeout));
        }
        while calls.try_join_next().is_some() {}
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(LONGEST_SLEEP);
        tokio::select! {
            news = changed.changed() => if news.is_err() { return },
            () = sleep(wait.min(LONGEST_SLEEP)) => {}
        }
    }
}

async fn deliver(shared: SharedState, pending: Pending, notification_timeout: Duration) {
    let recorder = lock(&shared).recorder.clone();
    if let (Some(recorder), 1, false) = (recorder, pending.attempt, pending.notification.forged) {
        recorder.notification(pending.notification.clone()).await;
    }
    let late = || Err(format!("no answer within {} ms", notification_timeout.as_millis()));
    let reply = timeout(notification_timeout, send(&pending)).await.unwrap_or_else(|_| late());
    lock(&shared).finish_delivery(pending, reply);
}

/// One POST on a connection of its own. No redirect is followed and no proxy is asked.
async fn send(pending: &Pending) -> Reply {
    let notification = &pending.notification;
    let target = target(&notification.url)?;
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    let stream = TcpStream::connect(target.addresses.as_slice())
        .await
        .map_err(|error| failed("no connection", &error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed("no connection", &error))?;
    let mut request = hyper::Request::post(target.path)
        .header(header::HOST, target.host)
        .header(header::CONTENT_TYPE, notification.content_type)
        .header(header::USER_AGENT, "recurring-sandbox")
        .header(header::CONNECTION, "close");
    if let Some((name, value)) = &notification.header {
        request = request.header(*name, value);
    }
    let body = Full::new(Bytes::from(notification.body.clone()));
    let request = request.body(body).map_err(|error| failed("no request", &error))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| failed("no answer", &error))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        Ok((status, body.map_err(|error| failed("the answer broke off", &error))?.to_bytes().to_vec()))
    };
    // The connection only moves while it is polled; when it ends first, the exchange says how.
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        reply = &mut exchange => reply,
        _ = &mut connection => exchange.await,
    }
}
