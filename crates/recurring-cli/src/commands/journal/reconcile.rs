//! Looking up at the gateways what is unknown or pending. Nothing is ever sent again.

use std::collections::BTreeSet;

use recurring_facade::{AttemptId, Facade};
use recurring_journal::store::Filter;
use recurring_journal::{Journal, Reconciled, State};

use super::line::RecordLine;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::text;

/// Attempts that are read at a time.
const PAGE: u32 = 500;

/// Looks one attempt up.
pub(super) async fn one(
    journal: &Journal,
    facade: &Facade,
    attempt: &AttemptId,
    out: &Output,
) -> Result<Exit, CliError> {
    journal.recover().await?;
    match journal.look(facade, attempt).await? {
        Some(looked) => show(&looked, out),
        None => out.note("nothing to look up: this attempt is not open"),
    }
    Ok(Exit::from(&journal.attempt(attempt).await?))
}

/// Looks up everything that is open, or only what is due.
pub(super) async fn all(
    journal: &Journal,
    facade: &Facade,
    due: bool,
    out: &Output,
) -> Result<Exit, CliError> {
    let mut seen: BTreeSet<AttemptId> = BTreeSet::new();
    let mut looked_up = 0_u64;
    for looked in journal.reconcile(facade).await? {
        show(&looked, out);
        looked_up += 1;
        seen.insert(looked.record.attempt.clone());
    }
    let open = if due { [].as_slice() } else { &[State::Unknown, State::Pending] };
    for state in open {
        let mut filter = Filter { state: Some(*state), ..Filter::default() };
        loop {
            let page = journal.list(&filter, PAGE).await?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.attempt.clone());
            for record in page.into_iter().filter(|record| seen.insert(record.attempt.clone())) {
                if let Some(looked) = journal.look(facade, &record.attempt).await? {
                    show(&looked, out);
                    looked_up += 1;
                }
            }
        }
    }
    if looked_up == 0 {
        out.note(if due {
            "nothing is due to be looked up"
        } else {
            "nothing to look up: no attempt is open"
        });
    }
    let counts = journal.store().count().await?;
    let there_are = |wanted: &[State]| counts.iter().any(|(state, _)| wanted.contains(state));
    Ok(if there_are(&[State::Unknown, State::Review]) {
        Exit::Unknown
    } else if there_are(&[State::Pending]) {
        Exit::Pending
    } else {
        Exit::Done
    })
}

fn show(looked: &Reconciled, out: &Output) {
    let record = &looked.record;
    let mut line = RecordLine::from(record);
    line.before = Some(looked.before);
    let note = record.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
    let after = text::state(record);
    out.line(&line, &format!("{}: {} -> {after}{note}", record.attempt, looked.before));
}
