//! Webhooks into the journal's inbox.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use recurring_facade::{
    AttemptId, ChargeRequest, Facade, LARGEST_NOTIFICATION, NotificationError, ProviderId, RawNotification,
    ReceiveError,
};
use recurring_journal::{InboxEntry, Journal};
use recurring_sandbox::Sandbox;

use crate::shop::{GOOD_CARD, enrolled, facade_of, price};

struct Shop {
    facade: Facade,
    journal: Journal,
}

/// Receives one notification, stores it, and answers the gateway.
async fn receive(
    State(shop): State<Arc<Shop>>,
    Path(gateway): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let gateway = ProviderId::new(gateway);
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let Ok(raw) = RawNotification::new(headers, body.to_vec()) else {
        return (StatusCode::BAD_REQUEST, "not readable");
    };
    let received = match shop.facade.receive(&gateway, raw).await {
        Ok(received) => received,
        Err(ReceiveError::Notification(NotificationError::Refused(_))) => {
            return (StatusCode::FORBIDDEN, "refused"); // a wrong signature or secret
        }
        Err(_) => return (StatusCode::BAD_REQUEST, "not readable"),
    };
    // Stored first, then acted on: the payment is read at the gateway.
    if shop.journal.notified(&shop.facade, &InboxEntry::from(&received)).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "try again");
    }
    match shop.facade.notification_answer(&gateway) {
        Ok(answer) => (StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK), answer.body),
        Err(_) => (StatusCode::OK, ""),
    }
}

fn routes(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/webhooks/{gateway}", post(receive))
        .layer(DefaultBodyLimit::max(LARGEST_NOTIFICATION))
        .with_state(shop)
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
    let shop = Arc::new(Shop { facade: facade.clone(), journal: journal.clone() });
    let server = tokio::spawn(async move { axum::serve(listener, routes(shop)).await });

    let credential = enrolled(&facade, &ProviderId::REVIO, "ann", GOOD_CARD).await?;
    let charge = ChargeRequest::new(AttemptId::new("ann-2026-12")?, credential, price(&ProviderId::REVIO)?);
    let answer = journal.charge(&facade, charge).await?;
    assert!(answer.is_paid());
    sandbox.settle().await; // all that is due has been delivered

    assert!(sandbox.deliveries().iter().any(|delivery| delivery.status == Some(200)));
    assert!(journal.store().unhandled(10).await?.is_empty());
    server.abort();
    Ok(())
}
