//! The attempts of the journal: many of them, or one with its log.

use recurring_facade::AttemptId;
use recurring_journal::Journal;
use recurring_journal::store::Filter;

use super::line::RecordLine;
use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Line;
use crate::output::Output;
use crate::{table, text};

/// Attempts that are read at a time.
const PAGE: u32 = 500;

pub(super) async fn list(
    journal: &Journal,
    mut filter: Filter,
    most: usize,
    out: &Output,
) -> Result<Exit, CliError> {
    let mut rows = Vec::new();
    let filtered = filter.state.is_some() || filter.provider.is_some() || filter.series.is_some();
    let mut left = most;
    while left > 0 {
        let page = journal.list(&filter, u32::try_from(left).unwrap_or(PAGE).min(PAGE)).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.attempt.clone());
        left = left.saturating_sub(page.len());
        for record in &page {
            if out.is_json() {
                out.object(&RecordLine::from(record));
            } else {
                rows.push(vec![
                    record.attempt.to_string(),
                    record.provider.to_string(),
                    text::state(record),
                    record.amount.map(|amount| amount.to_string()).unwrap_or_default(),
                    text::to_the_second(&record.updated.to_string()),
                ]);
            }
        }
    }
    if out.is_json() {
        return Ok(Exit::Done);
    }
    out.text(&match (rows.is_empty(), filtered) {
        (true, true) => "no attempts of this kind".to_owned(),
        (true, false) => "no attempts: the journal is empty".to_owned(),
        (false, _) => table::of_records(&["attempt", "gateway", "state", "amount", "updated (UTC)"], rows),
    });
    Ok(Exit::Done)
}

pub(super) async fn show(journal: &Journal, attempt: &AttemptId, out: &Output) -> Result<Exit, CliError> {
    let record = journal.attempt(attempt).await?;
    let events = journal.events(attempt).await?;
    let mut human = format!("{attempt}\n{}", text::record(&record));
    for event in &events {
        let note = event.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        human += &format!("\n- {} {}{note}", event.at, event.what);
    }
    let line = Line {
        state: Some(record.state),
        operation: Some(record.operation),
        series: record.series.clone(),
        archived: record.archived,
        created: Some(record.created),
        updated: Some(record.updated),
        events: Some(events),
        ..Line::record(&record)
    };
    out.line(&line, &human);
    Ok(Exit::from(&record))
}
