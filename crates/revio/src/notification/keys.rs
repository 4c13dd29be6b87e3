use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use recurring_core::notification::{NotificationError, RawNotification};
use recurring_gateway::signature::PublicKey;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::Client;
use crate::notification::verified::{Authenticated, not_genuine, signature, verify};

/// The key is not asked for more often than this, whatever arrives: otherwise every sender of a notification
/// could make us call the gateway.
const BETWEEN_FETCHES: Duration = Duration::from_secs(60);

/// Where the key comes from that a notification is checked with. Make one and keep it, shared by all deliveries.
#[derive(Debug)]
pub struct WebhookKeys(Source);

#[derive(Debug)]
enum Source {
    Configured(PublicKey),
    Fetched(Box<Fetched>),
}

#[derive(Debug)]
struct Fetched {
    client: Client,
    current: RwLock<Option<PublicKey>>,
    /// Held while the key is fetched, so that one fetch serves all who wait.
    last: Mutex<Option<LastFetch>>,
}

#[derive(Debug)]
struct LastFetch {
    began: Instant,
    failed: Option<NotificationError>,
}

impl WebhookKeys {
    /// Uses the key that is shown where a **webhook** is set up.
    pub fn configured(key: PublicKey) -> Self {
        Self(Source::Configured(key))
    }

    /// Uses the key of [`Client::public_key`], under which a **`success_callback`** is signed. It is fetched when the
    /// first notification arrives, and kept; and fetched again when a notification does not verify, in case the
    /// gateway has a new one, but not more often than once a minute. A fetch is a read, which the client may repeat
    /// when it fails.
    pub fn fetched(client: Client) -> Self {
        let keys = Fetched { client, current: RwLock::new(None), last: Mutex::new(None) };
        Self(Source::Fetched(Box::new(keys)))
    }

    /// Checks that a notification is the gateway's, as [`verify`] does.
    ///
    /// # Errors
    /// Those of [`verify`]; also [`NotificationError::Refused`] when the key could not be obtained. Answer that with an
    /// error status, and the gateway will deliver again.
    pub async fn verify(&self, raw: RawNotification) -> Result<Authenticated, NotificationError> {
        let keys = match &self.0 {
            Source::Configured(key) => return verify(raw, key),
            Source::Fetched(keys) => keys,
        };
        // Without a signature no key is needed.
        let signature = signature(&raw)?;
        let tried = keys.current();
        if tried.as_ref().is_some_and(|key| key.verifies(raw.body(), signature)) {
            return Ok(Authenticated(raw));
        }
        let key = keys.other_than(tried.as_ref()).await?;
        verify(raw, &key)
    }
}

impl Fetched {
    fn current(&self) -> Option<PublicKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A key that has not been tried: one that another task has fetched in the meantime, or a new one.
    async fn other_than(&self, tried: Option<&PublicKey>) -> Result<PublicKey, NotificationError> {
        let mut last = self.last.lock().await;
        if let Some(current) = self.current().filter(|current| Some(current) != tried) {
            return Ok(current);
        }
        if let Some(last) = last.as_ref().filter(|last| last.began.elapsed() < BETWEEN_FETCHES) {
            return Err(last.failed.clone().unwrap_or_else(not_genuine));
        }
        // Stays until the fetch has gone well, also when this task is dropped in the middle of it.
        let dropped = not_obtained("it was asked for less than a minute ago");
        let last = last.insert(LastFetch { began: Instant::now(), failed: Some(dropped) });
        match self.fetch().await {
            Ok(key) => {
                last.failed = None;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
                Ok(key)
            }
            Err(error) => Err(last.failed.insert(error).clone()),
        }
    }

    async fn fetch(&self) -> Result<PublicKey, NotificationError> {
        let pem = self.client.public_key().await.map_err(|error| not_obtained(error.message()))?;
        PublicKey::parse(&pem).map_err(|rule| not_obtained(&rule.to_string()))
    }
}

fn not_obtained(why: &str) -> NotificationError {
    NotificationError::refused(format!("cannot obtain the key to check it with: {why}"))
}
