//! The durable record, for an operator and for a timer.

mod place;
mod resolve;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use recurring_facade::{AttemptId, Facade, ProviderId};
use recurring_journal::store::Filter;
use recurring_journal::{AttemptRecord, Journal, Reconciled, State};
use serde_json::{Value, json};

use crate::arguments::{self, JournalCommand};
use crate::exit::Exit;
use crate::output::Output;
use crate::record::{exit_of, record_object, record_text};
use crate::session::Session;

/// Attempts that are read at a time.
const PAGE: u32 = 500;

pub(crate) async fn run(
    session: &Session,
    arguments: arguments::Journal,
    out: &Output,
) -> Result<Exit, String> {
    let address = arguments.journal.as_deref();
    match arguments.command {
        JournalCommand::Create => place::create(session, address, out).await,
        JournalCommand::Info => place::info(session, address, out).await,
        JournalCommand::Backup { file } => place::backup(session, address, &file, out).await,
        JournalCommand::List { state, provider, limit } => {
            let filter = Filter {
                state: state.as_deref().map(read_state).transpose()?,
                provider: provider.map(ProviderId::new),
                after: None,
            };
            list(&session.needed(address).await?, filter, limit.unwrap_or(usize::MAX), out).await
        }
        JournalCommand::Show { attempt } => {
            let attempt = name(&attempt)?;
            show(&session.needed(address).await?, &attempt, out).await
        }
        JournalCommand::Reconcile { attempt, due } => {
            let only = attempt.as_deref().map(name).transpose()?;
            let facade = session.settings.facade().map_err(text)?;
            reconcile(&session.needed(address).await?, &facade, only, due, out).await
        }
        JournalCommand::Resolve(resolve) => {
            resolve::run(&session.settings, &session.needed(address).await?, resolve, out).await
        }
        JournalCommand::AcknowledgeFailover(arguments) => {
            place::acknowledge(session, address, arguments, out).await
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn name(attempt: &str) -> Result<AttemptId, String> {
    AttemptId::new(attempt).map_err(text)
}

fn read_state(word: &str) -> Result<State, String> {
    State::from_word(word).ok_or_else(|| {
        format!("there is no state `{word}`; there are {}", State::ALL.map(State::as_str).join(", "))
    })
}

/// An attempt as one line for a program.
fn line(record: &AttemptRecord) -> Value {
    let mut object = json!({
        "attempt": record.attempt.as_str(),
        "provider": record.provider.as_str(),
        "operation": record.operation.as_str(),
        "state": record.state.as_str(),
        "amount": record.amount.map(|amount| amount.to_decimal()),
        "currency": record.amount.map(|amount| amount.currency().to_string()),
        "updated": record.updated.to_string(),
    });
    if let Some(object) = object.as_object_mut() {
        let optional = [
            ("payment", record.payment.as_ref().map(ToString::to_string)),
            ("note", record.note.clone()),
            ("decided_by", record.decided_by.clone()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.into());
            }
        }
    }
    object
}

async fn list(journal: &Journal, mut filter: Filter, most: usize, out: &Output) -> Result<Exit, String> {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["attempt", "gateway", "what", "state", "amount", "updated"]);
    let mut left = most;
    while left > 0 {
        let page =
            journal.list(&filter, u32::try_from(left).unwrap_or(PAGE).min(PAGE)).await.map_err(text)?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.attempt.clone());
        left = left.saturating_sub(page.len());
        for record in &page {
            if out.is_json() {
                out.line(&line(record), "");
            } else {
                table.add_row([
                    record.attempt.to_string(),
                    record.provider.to_string(),
                    record.operation.to_string(),
                    record.state.to_string(),
                    record.amount.map(|amount| amount.to_string()).unwrap_or_default(),
                    record.updated.to_string(),
                ]);
            }
        }
    }
    if !out.is_json() {
        out.line(&Value::Null, &table.to_string());
    }
    Ok(Exit::Done)
}

async fn show(journal: &Journal, attempt: &AttemptId, out: &Output) -> Result<Exit, String> {
    let record = journal.attempt(attempt).await.map_err(text)?;
    let events = journal.events(attempt).await.map_err(text)?;
    let mut object = record_object(&record);
    object.insert("state".to_owned(), record.state.as_str().into());
    object.insert("operation".to_owned(), record.operation.as_str().into());
    object.insert("created".to_owned(), record.created.to_string().into());
    object.insert("updated".to_owned(), record.updated.to_string().into());
    let mut human = format!("{attempt}\n{}", record_text(&record));
    let mut lines = Vec::new();
    for event in &events {
        lines.push(json!({
            "at": event.at.to_string(), "what": event.what, "payment": event.payment, "owner": event.owner,
            "note": event.note,
        }));
        let note = event.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        human += &format!("\n- {} {}{note}", event.at, event.what);
    }
    object.insert("events".to_owned(), Value::Array(lines));
    out.line(&Value::Object(object), &human);
    Ok(exit_of(&record))
}

async fn reconcile(
    journal: &Journal,
    facade: &Facade,
    only: Option<AttemptId>,
    due: bool,
    out: &Output,
) -> Result<Exit, String> {
    let tell = |looked: &Reconciled| {
        let mut object = line(&looked.record);
        if let Some(object) = object.as_object_mut() {
            object.insert("before".to_owned(), looked.before.as_str().into());
        }
        let human = format!(
            "{}: {} -> {} ({})",
            looked.record.attempt,
            looked.before,
            looked.record.state,
            looked.record.note.as_deref().unwrap_or_default()
        );
        out.line(&object, &human);
    };
    if let Some(attempt) = only {
        journal.recover().await.map_err(text)?;
        if let Some(looked) = journal.look(facade, &attempt).await.map_err(text)? {
            tell(&looked);
        }
        return Ok(exit_of(&journal.attempt(&attempt).await.map_err(text)?));
    }
    let mut seen: std::collections::BTreeSet<AttemptId> = std::collections::BTreeSet::new();
    for looked in journal.reconcile(facade).await.map_err(text)? {
        tell(&looked);
        seen.insert(looked.record.attempt.clone());
    }
    if !due {
        for state in [State::Unknown, State::Pending] {
            let mut filter = Filter { state: Some(state), ..Filter::default() };
            loop {
                let page = journal.list(&filter, PAGE).await.map_err(text)?;
                let Some(last) = page.last() else { break };
                filter.after = Some(last.attempt.clone());
                for record in page.into_iter().filter(|record| seen.insert(record.attempt.clone())) {
                    if let Some(looked) = journal.look(facade, &record.attempt).await.map_err(text)? {
                        tell(&looked);
                    }
                }
            }
        }
    }
    let counts = journal.store().count().await.map_err(text)?;
    let there_are = |wanted: &[State]| counts.iter().any(|(state, _)| wanted.contains(state));
    Ok(if there_are(&[State::Unknown, State::Review]) {
        Exit::Unknown
    } else if there_are(&[State::Pending]) {
        Exit::Pending
    } else {
        Exit::Done
    })
}
