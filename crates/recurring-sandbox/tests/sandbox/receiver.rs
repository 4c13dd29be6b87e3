//! The merchant's side: a server that receives notifications and gives the answers of the test.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The header's value; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

type Inner = Arc<(Mutex<Vec<Heard>>, Mutex<(u16, &'static str)>, watch::Sender<usize>)>;

pub(crate) struct Receiver {
    pub(crate) url: String,
    inner: Inner,
}

impl Receiver {
    /// Answers 200 `OK` until the test sets another answer, and never at all at `/hangs`.
    pub(crate) async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner: Inner = Arc::new((Mutex::new(Vec::new()), Mutex::new((200, "OK")), watch::Sender::new(0)));
        let app = Router::new().fallback(hear).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Receiver { url, inner }
    }

    pub(crate) fn answers(&self, status: u16, body: &'static str) {
        *self.inner.1.lock().unwrap() = (status, body);
    }

    /// The notifications received since the last call of this.
    pub(crate) fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.inner.0.lock().unwrap())
    }

    /// Waits until this many notifications have been received in all.
    pub(crate) async fn has_heard(&self, count: usize) {
        self.inner.2.subscribe().wait_for(|heard| *heard >= count).await.unwrap();
    }
}

async fn hear(State(inner): State<Inner>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    assert_eq!(parts.method, "POST");
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let path = parts.uri.path().to_owned();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    inner.0.lock().unwrap().push(Heard { path: path.clone(), headers, body });
    inner.2.send_modify(|heard| *heard += 1);
    if path == "/hangs" {
        std::future::pending::<()>().await;
    }
    let (status, body) = *inner.1.lock().unwrap();
    (StatusCode::from_u16(status).unwrap(), body)
}
