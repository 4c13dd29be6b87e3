use std::path::Path;

use recurring_facade::{NotificationError, Operation, ProviderId, RawNotification, ReceiveError};
use recurring_journal::InboxEntry;
use serde_json::json;

use crate::error::{CliError, Kind};
use crate::exit::Exit;
use crate::files;
use crate::http_message::HttpMessage;
use crate::output::Output;
use crate::session::Session;

/// Verifies, reads and prints a notification.
pub(crate) async fn run(
    session: &Session,
    id: &ProviderId,
    headers: &[String],
    request: Option<&Path>,
    out: &Output,
) -> Result<Exit, CliError> {
    let headers = headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
    if *id == ProviderId::NGENIUS && !headers.is_empty() {
        out.problem(
            "the header of ngenius is a secret, and other users of this machine can read arguments: use --request FILE",
        );
    }
    let facade = session.gateway(id, Operation::Receive)?;
    let HttpMessage { headers, body } = match request {
        Some(path) => message(path)?,
        None => HttpMessage { headers, body: files::standard_input_bytes()? },
    };
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let received = match RawNotification::new(headers, body) {
        Ok(raw) => facade.receive(id, raw).await,
        Err(error) => Err(error.into()),
    };
    match received {
        Ok(notification) => {
            let mut deliveries = None;
            if let Some(journal) = session.journal().await? {
                // Once it is stored the gateway may be answered.
                let entry = InboxEntry::from(&notification);
                let delivery = journal.notified(&facade, &entry).await?;
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
        Err(ReceiveError::Unavailable(error)) => Err(error.into()),
        Err(error) => {
            let (authenticity, exit) = match error.is_verified() {
                true => ("verified", Exit::Failed),
                false => ("refused", Exit::from(&CliError::not_genuine(error.to_string()))),
            };
            let unreadable = error.is_verified()
                || matches!(error, ReceiveError::Notification(NotificationError::Unreadable(_)));
            let kind = if unreadable { "unreadable" } else { Kind::NotGenuine.as_str() };
            let line = json!({
                "provider": id, "authenticity": authenticity, "kind": kind, "message": error.to_string(),
            });
            out.line(&line, &format!("{id}: {error}"));
            Ok(exit)
        }
    }
}

/// A header of an argument. Its value may be a secret: it is not quoted.
fn header(text: &str) -> Result<(String, String), CliError> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| CliError::usage("cannot use --header: it must be `Name: value`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A whole request out of a file.
fn message(path: &Path) -> Result<HttpMessage, CliError> {
    let shown =
        if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    HttpMessage::parse(&files::bytes(path)?)
        .map_err(|why| CliError::usage(format!("cannot use --request {shown}: {why}")))
}
