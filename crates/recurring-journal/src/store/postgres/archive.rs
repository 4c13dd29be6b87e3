//! The statements about attempts that leave.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use recurring_core::{AttemptId, Timestamp};

use super::problem::problem;
use super::server::Server;
use super::statements::{event_after, millis, text};
use crate::error::StoreError;
use crate::store::archive::{Archivable, Departure, MAY_LEAVE};
use crate::store::row::{COLUMNS, invalid};

/// The last of the next `$2` names after `$1`.
const LAST: &str = "SELECT max(attempt) FROM (SELECT attempt FROM recurring.recurring_attempts
    WHERE attempt > $1 ORDER BY attempt LIMIT $2) AS page";

static MAY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM recurring.recurring_attempts
         WHERE attempt > $1 AND attempt <= $2 AND updated < $3 AND {MAY_LEAVE} ORDER BY attempt"
    )
});

const LOGS: &str = "SELECT attempt, at, what, payment, owner, note FROM recurring.recurring_events
    WHERE attempt = ANY($1) ORDER BY attempt, line";

/// The tombstones, and the logs of those that became one. The rows are locked in the order of their names.
static LEAVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE recurring.recurring_attempts AS a
         SET lines = lines + 1, fence = a.fence + 1, archived = $5, updated = $5, sealed = NULL, decided_by = NULL,
           note = given.note
         FROM (SELECT attempt, given.note FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
             AS given (attempt, fence, updated, note)
           JOIN recurring.recurring_attempts USING (attempt, fence, updated)
           WHERE {MAY_LEAVE} ORDER BY attempt FOR UPDATE OF recurring_attempts) AS given
         WHERE a.attempt = given.attempt RETURNING a.attempt"
    )
});
const FORGET: &str = "DELETE FROM recurring.recurring_events AS e USING recurring.recurring_attempts AS a
    WHERE a.attempt = ANY($1) AND e.attempt = a.attempt AND e.line < a.lines";

pub(super) async fn archivable(
    server: &Server,
    after: Option<&AttemptId>,
    before: Timestamp,
    limit: u32,
) -> Result<Archivable, StoreError> {
    let after = after.map_or("", AttemptId::as_str);
    let rows = server.rows(LAST, &[&after, &i64::from(limit)]).await?;
    let last: Option<String> = match rows.first() {
        Some(row) => row.try_get(0).map_err(problem)?,
        None => None,
    };
    let Some(last) = last else { return Ok(Archivable::default()) };
    let records = server.records(&MAY, &[&after, &last, &millis(before)]).await?;
    let names: Vec<&str> = records.iter().map(|record| record.attempt.as_str()).collect();
    let mut logs: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in server.rows(LOGS, &[&names]).await? {
        logs.entry(text(&row, 0)?).or_default().push(event_after(&row, 1)?);
    }
    let attempts = records.into_iter().map(|record| {
        let log = logs.remove(record.attempt.as_str()).unwrap_or_default();
        (record, log)
    });
    let attempts = attempts.collect();
    Ok(Archivable { attempts, last: Some(AttemptId::new(last).map_err(|_| invalid("attempt"))?) })
}

pub(super) async fn archive(
    server: &Server,
    departures: &[Departure],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let names: Vec<&str> = departures.iter().map(|one| one.attempt.as_str()).collect();
    let fences: Vec<i64> = departures.iter().map(|one| one.fence.0).collect();
    let updated: Vec<i64> = departures.iter().map(|one| millis(one.updated)).collect();
    let notes: Vec<&str> = departures.iter().map(|one| one.note.as_str()).collect();
    let mut client = server.client().await?;
    let transaction = client.transaction().await.map_err(problem)?;
    let left = transaction.query(LEAVE.as_str(), &[&names, &fences, &updated, &notes, &millis(now)]).await;
    let left = left.map_err(problem)?.iter().map(|row| text(row, 0)).collect::<Result<Vec<_>, _>>()?;
    transaction.execute(FORGET, &[&left]).await.map_err(problem)?;
    transaction.commit().await.map_err(problem)?;
    Ok(u64::try_from(left.len()).unwrap_or(u64::MAX))
}
