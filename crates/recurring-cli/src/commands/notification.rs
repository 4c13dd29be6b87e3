use recurring_facade::{NotificationError, Operation, RawNotification, ReceiveError};
use recurring_journal::InboxEntry;
use serde_json::json;

use crate::commands::facade_of;
use crate::exit::Exit;
use crate::files;
use crate::output::{Output, require};
use crate::session::Session;

/// Verifies, reads and prints a notification.
pub(crate) async fn run(
    session: &Session,
    provider: &str,
    headers: &[String],
    journal: Option<&str>,
    out: &Output,
) -> Result<Exit, String> {
    let headers = headers
        .iter()
        .map(|header| {
            // The value may be a secret: it is not quoted.
            header
                .split_once(':')
                .map(|(name, value)| (name.trim(), value.trim()))
                .ok_or("a header must be `Name: value`")
        })
        .collect::<Result<Vec<_>, _>>()?;
    let (facade, id) = facade_of(&session.settings, provider)?;
    require(&facade, &id, Operation::Receive)?;
    let body = files::standard_input_bytes()?;
    let received = match RawNotification::new(headers, body) {
        Ok(raw) => facade.receive(&id, raw).await,
        Err(error) => Err(error.into()),
    };
    match received {
        Ok(notification) => {
            let mut deliveries = None;
            if let Some(journal) = session.journal(journal).await? {
                // Once this is done the gateway may be told that it has arrived.
                let entry = InboxEntry::from(&notification);
                let delivery = journal.notified(&facade, &entry).await.map_err(|error| error.to_string())?;
                deliveries = Some(delivery.times);
            }
            let mut object = json!({
                "provider": id.as_str(),
                "authenticity": notification.authenticity.as_str(),
                "dedupe_key": notification.dedupe_key,
            });
            let mut human = format!("{id}: {}", notification.authenticity);
            let members = [
                ("event", notification.event.as_deref()),
                ("payment", notification.payment.as_ref().map(|payment| payment.as_str())),
            ];
            for (name, value) in members {
                if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                    object.insert(name.to_owned(), value.into());
                    human += &format!("\n{name:10} {value}");
                }
            }
            if let (Some(deliveries), Some(object)) = (deliveries, object.as_object_mut()) {
                object.insert("deliveries".to_owned(), deliveries.into());
                human += &format!("\nkept in the journal; it has come {deliveries} times");
            }
            human += &format!(
                "\ndedupe key {}\nread the payment's state before acting on it",
                notification.dedupe_key
            );
            out.line(&object, &human);
            Ok(Exit::Done)
        }
        Err(error) => {
            let (authenticity, exit) =
                if error.is_verified() { ("verified", Exit::Failed) } else { ("refused", Exit::Refused) };
            let mut object =
                json!({"provider": id.as_str(), "authenticity": authenticity, "message": error.to_string()});
            let unreadable = error.is_verified()
                || matches!(error, ReceiveError::Notification(NotificationError::Unreadable(_)));
            if let (true, Some(object)) = (unreadable, object.as_object_mut()) {
                object.insert("kind".to_owned(), "unreadable".into());
            }
            out.line(&object, &format!("{id}: {error}"));
            Ok(exit)
        }
    }
}
