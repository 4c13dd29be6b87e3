//! The statements about attempts that leave.

use recurring_core::{AttemptId, Timestamp};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::problem::problem;
use super::statements::{events, millis, records};
use crate::error::StoreError;
use crate::store::archive::{Archivable, Departure, MAY_LEAVE};
use crate::store::row::{COLUMNS, invalid};

pub(super) fn archivable(
    connection: &Connection,
    after: Option<&AttemptId>,
    before: Timestamp,
    limit: u32,
) -> Result<Archivable, StoreError> {
    let after = after.map_or("", AttemptId::as_str);
    let last = "SELECT max(attempt) FROM (SELECT attempt FROM recurring_attempts WHERE attempt > :after
      ORDER BY attempt LIMIT :limit)";
    let run = || {
        let values = named_params! {":after": after, ":limit": limit};
        connection.prepare_cached(last)?.query_row(values, |row| row.get::<_, Option<String>>(0)).optional()
    };
    let Some(last) = run().map_err(problem)?.flatten() else { return Ok(Archivable::default()) };
    let statement = format!(
        "SELECT {COLUMNS} FROM recurring_attempts
         WHERE attempt > :after AND attempt <= :last AND updated < :before AND {MAY_LEAVE} ORDER BY attempt"
    );
    let values = named_params! {":after": after, ":last": last, ":before": millis(before)};
    let mut attempts = Vec::new();
    for record in records(connection, &statement, values)? {
        let log = events(connection, &record.attempt)?;
        attempts.push((record, log));
    }
    Ok(Archivable { attempts, last: Some(AttemptId::new(last).map_err(|_| invalid("attempt"))?) })
}

pub(super) fn archive(
    connection: &Connection,
    departures: &[Departure],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let update = format!(
        "UPDATE recurring_attempts
         SET lines = lines + 1, fence = fence + 1, archived = ?1, updated = ?1, sealed = NULL, decided_by = NULL, note = ?2
         WHERE attempt = ?3 AND fence = ?4 AND updated = ?5 AND {MAY_LEAVE}"
    );
    let delete = "DELETE FROM recurring_events
      WHERE attempt = ?1 AND line < (SELECT lines FROM recurring_attempts WHERE attempt = ?1)";
    let run = || -> rusqlite::Result<u64> {
        let (mut update, mut delete) =
            (connection.prepare_cached(&update)?, connection.prepare_cached(delete)?);
        let mut left = 0;
        for one in departures {
            let name = one.attempt.as_str();
            let values = params![millis(now), one.note, name, one.fence.0, millis(one.updated)];
            if update.execute(values)? > 0 {
                delete.execute([name])?;
                left += 1;
            }
        }
        Ok(left)
    };
    run().map_err(problem)
}
