//! Webhooks into the journal's inbox.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::any;
use recurring_facade::{AttemptId, ChargeRequest, ProviderId};
use recurring_journal::{Journal, Webhooks};
use recurring_sandbox::Sandbox;

use crate::shop::{GOOD_CARD, enrolled, facade_of, price};

/// Hands one request to the journal, and its answer to the gateway.
async fn receive(
    State(webhooks): State<Webhooks>,
    Path(gateway): Path<String>,
    request: Request,
) -> Result<Response, StatusCode> {
    let (parts, body) = request.into_parts();
    let (method, headers) = (parts.method.as_str(), &parts.headers);
    let answer = webhooks.receive(&gateway, method, headers, body.into_data_stream()).await;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn routes(webhooks: Webhooks) -> Router {
    Router::new().route("/webhooks/{gateway}", any(receive)).with_state(webhooks)
}

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/webhooks/revio", listener.local_addr()?);
    let sandbox = Sandbox::builder().with_webhook("revio", &address).start().await?;
    let facade = facade_of(&sandbox)?;
    let folder = tempfile::tempdir()?;
    let journal = Journal::create(&format!("sqlite:{}/journal.db", folder.path().display())).await?;

    let webhooks = Webhooks::new(journal.clone(), facade.clone());
    let worker = webhooks.start_worker(); // reads the payments, and goes on after a restart
    let server = tokio::spawn(async move { axum::serve(listener, routes(webhooks)).await });

    let credential = enrolled(&facade, &ProviderId::REVIO, "ann", GOOD_CARD).await?;
    let charge = ChargeRequest::new(AttemptId::new("ann-2026-12")?, credential, price(&ProviderId::REVIO)?);
    let answer = journal.charge(&facade, charge).await?;
    assert!(answer.is_paid());
    sandbox.settle().await; // all that is due has been delivered

    assert!(sandbox.deliveries().iter().any(|delivery| delivery.status == Some(200)));
    let read = async {
        while !journal.store().unhandled(10).await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, recurring_journal::StoreError>(())
    };
    tokio::time::timeout(Duration::from_secs(30), read).await??;

    // When the server has stopped.
    server.abort();
    worker.shutdown().await;
    Ok(())
}
