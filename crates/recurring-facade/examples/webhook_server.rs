//! Receives the notifications of all five gateways, at `POST /{provider}`: verifies each, drops what came before, answers
//! what the gateway expects, and then reads the payment's state, since a notification is only a hint.
//!
//! The gateways are configured as for the program `recurring`, by environment variables or a TOML file:
//!
//! `LISTEN=127.0.0.1:8080 cargo run -p recurring-facade --example webhook_server`
//!
//! It prints where it listens, and then one JSON object for each notification.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use recurring_facade::{
    Authenticity, Facade, NotificationError, PaymentRef, ProviderId, RawNotification, ReceiveError,
    ReceivedNotification, Settings,
};
use serde_json::json;

struct Shop {
    facade: Facade,
    /// What was received before. A real shop keeps this in its database, in the same transaction as the work that a
    /// notification causes: a set in memory forgets everything when the process ends.
    seen: Mutex<HashSet<(ProviderId, String)>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let facade = Settings::from_environment()?.facade()?;
    let shop = Arc::new(Shop { facade, seen: Mutex::new(HashSet::new()) });
    let app = Router::new()
        .route("/{provider}", post(receive))
        .layer(DefaultBodyLimit::max(recurring_facade::LARGEST_NOTIFICATION))
        .with_state(shop);
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("{}", json!({"listening": format!("http://{}", listener.local_addr()?)}));
    axum::serve(listener, app).await?;
    Ok(())
}

async fn receive(
    State(shop): State<Arc<Shop>>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let id = ProviderId::new(provider);
    let Ok(answer) = shop.facade.notification_answer(&id) else {
        return (StatusCode::NOT_FOUND, "no such gateway");
    };
    // A header that is not text cannot be one that a gateway signs with.
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let received = match RawNotification::new(headers, body.to_vec()) {
        Ok(raw) => shop.facade.receive(&id, raw).await,
        Err(error) => Err(error.into()),
    };
    let notification = match received {
        Ok(notification) => notification,
        Err(ReceiveError::Notification(NotificationError::Refused(_))) => {
            return (StatusCode::FORBIDDEN, "refused");
        }
        Err(_) => return (StatusCode::BAD_REQUEST, "not readable"),
    };
    let answer = (StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK), answer.body);
    let key = (id, notification.dedupe_key.clone());
    let is_new = shop.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    // What came before is dropped only when its origin is proven: all that an unsigned notification says is "look",
    // and looking twice does no harm.
    if is_new || notification.authenticity == Authenticity::Unsigned {
        // Answered at once, read afterwards: a gateway waits a few seconds only.
        tokio::spawn(look(shop, notification));
    }
    answer
}

/// Asks the gateway where the payment stands: that, and not the notification, decides.
async fn look(shop: Arc<Shop>, notification: ReceivedNotification) {
    let outcome = match &notification.payment {
        Some(payment) => match shop.facade.status(&notification.provider, payment).await {
            Ok(status) => status.payment.outcome.to_string(),
            Err(error) => format!("not known: {}", error.message()),
        },
        None => "not known".to_owned(),
    };
    println!(
        "{}",
        json!({
            "provider": notification.provider,
            "authenticity": notification.authenticity.as_str(),
            "event": notification.event,
            "payment": notification.payment.as_ref().map(PaymentRef::as_str),
            "outcome": outcome,
        })
    );
}
