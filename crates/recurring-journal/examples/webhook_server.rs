//! Receives the notifications of all five gateways, at `POST /{gateway}`, into the inbox of a journal: each is verified and
//! stored before it is answered as its gateway expects. A worker then reads the payments, since a notification is only a
//! hint, and goes on after a restart.
//!
//! The gateways are configured as for the program `recurring`, by environment variables or a TOML file, and the journal by
//! its address; `recurring journal create` makes one:
//!
//! `JOURNAL=/var/lib/shop/journal.db LISTEN=127.0.0.1:8080 cargo run -p recurring-journal --example webhook_server`
//!
//! It prints where it listens, and then one JSON object for each answer. It ends with Ctrl-C.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::any;
use recurring_facade::Settings;
use recurring_journal::{Journal, Webhooks};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let facade = Settings::from_environment()?.facade()?;
    let journal = Journal::open(&std::env::var("JOURNAL")?).await?;
    let webhooks = Webhooks::new(journal.clone(), facade);
    let worker = webhooks.start_worker();
    let app = Router::new().route("/{gateway}", any(receive)).with_state(webhooks);
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("{}", json!({"listening": format!("http://{}", listener.local_addr()?)}));
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            // Without signals it runs until it is killed, which the journal survives.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        })
        .await?;
    worker.shutdown().await;
    journal.close().await?;
    Ok(())
}

async fn receive(
    State(webhooks): State<Webhooks>,
    Path(gateway): Path<String>,
    request: Request,
) -> Result<Response, axum::http::StatusCode> {
    let (parts, body) = request.into_parts();
    let (method, headers) = (parts.method.as_str(), &parts.headers);
    let answer = webhooks.receive(&gateway, method, headers, body.into_data_stream()).await;
    println!("{}", json!({"gateway": gateway, "status": answer.status}));
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).map_err(|_| axum::http::StatusCode::INTERNAL_SERVER_ERROR)
}
