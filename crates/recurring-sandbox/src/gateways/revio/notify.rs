//! Notifications: the object itself with `event_type` in it, signed over its bytes.

use super::account::Revio;
use super::purchase::{GATEWAY, Purchase};
use crate::common::Common;
use crate::outbox::{Notification, WebhookRules};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::Value;

/// A guess of the waits: only "8 attempts over about 36 hours" is known. They add up to 36 hours.
const MINUTES: [i64; 7] = [5, 25, 90, 240, 360, 720, 720];

/// From public documentation: eight attempts in all. That any 2xx counts as received is a guess.
pub(crate) const WEBHOOKS: WebhookRules = WebhookRules {
    accepts: |status, _| matches!(status, 200..300),
    backoff: |attempts| MINUTES.get(usize::try_from(attempts.checked_sub(1)?).ok()?).copied(),
};

/// The events about a purchase.
pub(super) const EVENTS: &[&str] = &[
    "purchase.paid",
    "purchase.payment_failure",
    "purchase.pending_charge",
    "purchase.created",
    "purchase.hold",
    "purchase.preauthorized",
    "purchase.captured",
    "purchase.released",
    "purchase.cancelled",
    "purchase.recurring_token_deleted",
];

impl Revio {
    /// Sends a purchase as it is now to the account's webhook, and to `success_callback` when it was paid.
    pub(super) fn notify(&self, common: &mut Common, id: &str, event: &str) {
        let Some(purchase) = self.purchases.get(id) else { return };
        self.sign_and_send(common, self.render(common, purchase), event, self.urls(common, purchase, event));
    }

    fn urls(&self, common: &Common, purchase: &Purchase, event: &str) -> Vec<String> {
        let callback = purchase.redirect("success_callback").filter(|_| event == "purchase.paid");
        self.webhook_urls(common, event).into_iter().chain(callback.map(str::to_owned)).collect()
    }

    pub(super) fn sign_and_send(&self, common: &mut Common, body: Value, event: &str, urls: Vec<String>) {
        if common.outbox.has_receiver(&urls)
            && let Some(notification) = self.signed(body, event)
        {
            common.notify(&notification, urls);
        }
    }

    /// The webhook of this event about a purchase, and its addresses.
    pub(super) fn about(
        &self,
        common: &Common,
        id: &str,
        event: &str,
    ) -> Option<(Notification, Vec<String>)> {
        let purchase = self.purchases.get(id)?;
        let notification = self.signed(self.render(common, purchase), event)?;
        Some((notification, self.urls(common, purchase, event)))
    }

    fn signed(&self, mut body: Value, event: &str) -> Option<Notification> {
        if let Some(body) = body.as_object_mut() {
            body.insert("event_type".to_owned(), event.into());
        }
        let payment = body
            .pointer("/related_to/id")
            .or(body.get("id"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let body = body.to_string();
        let signature = self.key.try_sign(body.as_bytes()).ok()?;
        let header = Some(("X-Signature", STANDARD.encode(signature.to_bytes())));
        Some(Notification { header, ..Notification::new(GATEWAY, event, &payment, body) })
    }
}
