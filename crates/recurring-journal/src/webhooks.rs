//! Notifications over HTTP: verified, stored before they are answered, and then settled by reading.

mod answer;
mod lane;
mod worker;

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use recurring_facade::Operation as FacadeOperation;
use recurring_facade::{
    Facade, LARGEST_NOTIFICATION, NotificationError, ProviderId, RawNotification, ReceiveError,
};

use crate::error::JournalError;
use crate::inbox::InboxEntry;
use crate::journal::Journal;
use crate::observe;
use lane::{Fresh, Lane};

pub use answer::WebhookAnswer;
pub use worker::InboxWorker;

/// Receives the notifications (webhooks) of every gateway of a facade into the inbox of a journal, for any HTTP server.
///
/// Each is verified and stored durably **before** it is answered. What it is about is settled afterwards by the
/// [worker](Self::start_worker), which reads the payment at the gateway: nothing that a notification says is believed,
/// and nothing is ever charged. A clone is cheap, and shares the worker.
#[derive(Clone)]
pub struct Webhooks {
    journal: Journal,
    facade: Facade,
    lanes: Arc<HashMap<ProviderId, Arc<Lane>>>,
    body_timeout: Duration,
    storing_timeout: Duration,
    max_body_bytes: usize,
    max_backoff: Duration,
}

impl Webhooks {
    /// Receives for the gateways of this facade that send notifications. Bodies may have 1 MiB and take 8 seconds, storing
    /// may take 5: a gateway may wait for 15 seconds only.
    pub fn new(journal: Journal, facade: Facade) -> Self {
        let ids = facade.providers().map(recurring_facade::Provider::id);
        let lanes = ids.filter(|id| facade.require(id, FacadeOperation::Receive).is_ok());
        let lanes = lanes.map(|id| (id, Arc::new(Lane::default()))).collect();
        Self {
            journal,
            facade,
            lanes: Arc::new(lanes),
            body_timeout: Duration::from_secs(8),
            storing_timeout: Duration::from_secs(5),
            max_body_bytes: LARGEST_NOTIFICATION,
            max_backoff: worker::MAX_BACKOFF,
        }
    }

    /// How long a body may take to arrive. It is 8 seconds.
    #[must_use]
    pub fn with_body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// How long it may take to verify and store a notification. It is 5 seconds.
    #[must_use]
    pub fn with_storing_timeout(mut self, timeout: Duration) -> Self {
        self.storing_timeout = timeout;
        self
    }

    /// The largest body, in bytes. It is 1 MiB, and cannot be more.
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes.min(LARGEST_NOTIFICATION);
        self
    }

    /// The longest time until the worker reads again about a notification of which it could not read the payment. The
    /// first is one second, and each is twice the one before. It is an hour.
    #[must_use]
    pub fn with_max_backoff(mut self, max: Duration) -> Self {
        self.max_backoff = max;
        self
    }

    /// Answers one HTTP request to the address of `gateway`, such as `revio`.
    ///
    /// `body` are the exact bytes that arrived, in any pieces; nothing of it is read before method and gateway are known,
    /// and not more than the [limit](Self::with_max_body_bytes). Notifications are stored also when the caller drops this
    /// future once the body is there, as servers do when the gateway hangs up.
    ///
    /// | status | when |
    /// | --- | --- |
    /// | what the gateway expects, with its body | the notification is stored |
    /// | 400 | it cannot be read |
    /// | 403 | it is not genuine |
    /// | 404 | the gateway is not set up, or sends no notifications |
    /// | 405 | the method is not POST |
    /// | 408, 413 | the body took too long, or is too large |
    /// | 503 | it could not be verified or stored in time: let the gateway send it again |
    pub async fn receive<N, V, D, E>(
        &self,
        gateway: &str,
        method: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Stream<Item = Result<D, E>>,
    ) -> WebhookAnswer
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
        D: AsRef<[u8]>,
    {
        let id = ProviderId::new(gateway.to_owned());
        let (Some(lane), Ok(expected)) = (self.lanes.get(&id), self.facade.notification_answer(&id)) else {
            return WebhookAnswer::no_such_gateway();
        };
        if method != "POST" {
            return WebhookAnswer::method_not_allowed();
        }
        // One that is not text stays, so that a header that came twice is not taken for one that came once.
        let headers: Vec<(String, String)> = headers
            .into_iter()
            .map(|(name, value)| {
                (name.as_ref().to_owned(), String::from_utf8_lossy(value.as_ref()).into_owned())
            })
            .collect();
        let reading = read_body(body, declared_length(&headers), self.max_body_bytes);
        let body = match tokio::time::timeout(self.body_timeout, reading).await {
            Ok(Ok(body)) => body,
            Ok(Err(answer)) => return answer,
            Err(_) => return WebhookAnswer::too_slow(),
        };
        let Ok(raw) = RawNotification::new(headers, body) else { return WebhookAnswer::unreadable() };
        let storing = self.clone().store(id, Arc::clone(lane), raw, WebhookAnswer::expected(expected));
        match tokio::time::timeout(self.storing_timeout, tokio::spawn(storing)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => WebhookAnswer::unavailable(),
        }
    }

    /// Starts the worker: a task for each gateway, which reads about the notifications that were received, and about
    /// those that were left when a process ended. Until there is one, notifications are only stored.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start_worker(&self) -> InboxWorker {
        worker::start(&self.journal, &self.facade, &self.lanes, self.max_backoff)
    }

    async fn store(
        self,
        id: ProviderId,
        lane: Arc<Lane>,
        raw: RawNotification,
        expected: WebhookAnswer,
    ) -> WebhookAnswer {
        let entry = match self.facade.receive(&id, raw).await {
            Ok(received) => InboxEntry::from(&received),
            Err(ReceiveError::Notification(NotificationError::Refused(_))) => return WebhookAnswer::forged(),
            Err(ReceiveError::Notification(_)) => return WebhookAnswer::unreadable(),
            Err(_) => return WebhookAnswer::unavailable(),
        };
        match self.journal.keep_notification(&self.facade, &entry).await {
            Ok(Some(times)) => {
                lane.push(Fresh { entry, times });
                expected
            }
            Ok(None) => expected,
            Err(error) => {
                if let JournalError::Store(error) = &error {
                    observe::store_failed(self.journal.store().kind(), error);
                }
                WebhookAnswer::unavailable()
            }
        }
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("journal", &self.journal)
            .field("gateways", &self.lanes.keys().collect::<Vec<_>>())
            .field("body_timeout", &self.body_timeout)
            .field("storing_timeout", &self.storing_timeout)
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

/// What `content-length` says, if it says a number.
fn declared_length(headers: &[(String, String)]) -> Option<u64> {
    let mut found = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    found.next().and_then(|(_, value)| value.parse().ok())
}

async fn read_body<D: AsRef<[u8]>, E>(
    body: impl Stream<Item = Result<D, E>>,
    declared: Option<u64>,
    max_bytes: usize,
) -> Result<Vec<u8>, WebhookAnswer> {
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max_bytes)) {
        return Err(WebhookAnswer::too_large());
    }
    let (mut body, mut bytes) = (pin!(body), Vec::new());
    while let Some(piece) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        let piece = piece.map_err(|_| WebhookAnswer::unreadable())?;
        if piece.as_ref().len() > max_bytes.saturating_sub(bytes.len()) {
            return Err(WebhookAnswer::too_large());
        }
        bytes.extend_from_slice(piece.as_ref());
    }
    Ok(bytes)
}
