//! Sending what is due, over HTTP/1.1, to this machine only.
//!
//! The sandbox sends whatever address it is given: an address of another machine must never get a made-up payment,
//! so it is not called, and names are not looked up either.

use crate::outbox::{Pending, Reply};
use crate::server::{Shared, lock};
use axum::http::{Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const LARGEST_ANSWER: usize = 64 * 1024;
/// Scheduled payments fall due without a call; this is how soon they are noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Why this address is not called; `None` when it is on this machine.
pub(crate) fn refusal(url: &str) -> Option<&'static str> {
    target(url).err()
}

struct Target {
    /// The host as it goes into the `Host` header.
    host: String,
    addresses: Vec<SocketAddr>,
    path: String,
}

fn target(url: &str) -> Result<Target, &'static str> {
    const ELSEWHERE: &str = "not on this machine";
    let uri: Uri = url.parse().map_err(|_| "not an address")?;
    let authority = uri.authority().ok_or("not an address")?;
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ips: Vec<IpAddr> = match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => vec![ip],
        // The name is not looked up: what it stands for is fixed here.
        Err(_) if bare.eq_ignore_ascii_case("localhost") => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        _ => return Err(ELSEWHERE),
    };
    if authority.as_str().contains('@') {
        return Err("an address with a user name");
    }
    if uri.scheme_str() != Some("http") {
        return Err("only plain http is spoken on this machine");
    }
    let port = authority.port_u16().unwrap_or(80);
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    Ok(Target { host: authority.as_str().to_owned(), addresses, path })
}

/// Sends what is due until the task is dropped; calls under way end with it.
pub(crate) async fn run(shared: Shared, mut changed: watch::Receiver<()>, patience: Duration) {
    let mut calls = JoinSet::new();
    loop {
        changed.borrow_and_update();
        let (due, wait) = {
            let mut world = lock(&shared);
            world.catch_up();
            let now = world.common.now();
            (world.common.outbox.take_due(now), world.common.outbox.next_due(now))
        };
        for pending in due {
            calls.spawn(deliver(Shared::clone(&shared), pending, patience));
        }
        while calls.try_join_next().is_some() {}
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(LONGEST_SLEEP);
        tokio::select! {
            news = changed.changed() => if news.is_err() { return },
            () = sleep(wait.min(LONGEST_SLEEP)) => {}
        }
    }
}

async fn deliver(shared: Shared, pending: Pending, patience: Duration) {
    let recorder = lock(&shared).recorder.clone();
    if let (Some(recorder), 1, false) = (recorder, pending.attempt, pending.notice.forged) {
        recorder.notification(pending.notice.clone()).await;
    }
    let late = || Err(format!("no answer within {} ms", patience.as_millis()));
    let reply = timeout(patience, send(&pending)).await.unwrap_or_else(|_| late());
    let mut world = lock(&shared);
    let now = world.common.now();
    world.common.outbox.finish(pending, now, reply);
}

/// One POST on a connection of its own. No redirect is followed and no proxy is asked.
async fn send(pending: &Pending) -> Reply {
    let notice = &pending.notice;
    let target = target(&notice.url)?;
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    let stream = TcpStream::connect(target.addresses.as_slice())
        .await
        .map_err(|error| failed("no connection", &error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed("no connection", &error))?;
    let mut request = hyper::Request::post(target.path)
        .header(header::HOST, target.host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "recurring-sandbox")
        .header(header::CONNECTION, "close");
    if let Some((name, value)) = &notice.header {
        request = request.header(*name, value);
    }
    let body = Full::new(Bytes::from(notice.body.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for here in [
            "http://127.0.0.1:8080/hook",
            "http://127.8.9.10/",
            "http://[::1]:8080/hook?a=1",
            "http://localhost:1",
            "http://LOCALHOST:1/x#y",
        ] {
            assert_eq!(refusal(here), None, "{here}");
        }
        for elsewhere in [
            "https://merchant.example/hook",
            "http://merchant.example/hook",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://127.0.0.1.example/",
            "http://127.1/",
            "http://2130706433/",
            "http://localhost.example/",
            "http://localhost./",
            "http://127.0.0.1@merchant.example/",
            "http://192.168.0.1/",
            "http://169.254.169.254/",
        ] {
            assert_eq!(refusal(elsewhere), Some("not on this machine"), "{elsewhere}");
        }
        for odd in ["", "/hook", "http://", "http://user@127.0.0.1/", "https://127.0.0.1/", "ftp://[::1]/"] {
            assert!(refusal(odd).is_some(), "{odd}");
        }
    }
}
