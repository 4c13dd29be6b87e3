//! The statements about series and the history of a credential.

use recurring_core::Timestamp;
use rusqlite::{Connection, named_params};

use super::problem::problem;
use super::statements::{millis, records};
use crate::attempt::AttemptRecord;
use crate::error::{OtherTry, StoreError};
use crate::intent::Intent;
use crate::store::row::{self, CLOSED, COLUMNS};

/// Another try of the same period that bars this one: it is open or paid, or has the same number. Asked in the transaction
/// that takes the attempt, and this database has one writer at a time.
pub(super) fn other_try(connection: &Connection, intent: &Intent) -> Result<Option<OtherTry>, StoreError> {
    let Some(series) = &intent.series else { return Ok(None) };
    let statement = format!(
        "SELECT attempt, state, try FROM recurring_attempts
         WHERE series = :series AND period = :period AND attempt <> :attempt AND (state NOT IN {CLOSED} OR try = :try)
         ORDER BY state IN {CLOSED}, try LIMIT 1"
    );
    let values = named_params! {
        ":series": series.series(),
        ":period": series.period(),
        ":attempt": intent.attempt.as_str(),
        ":try": series.number(),
    };
    let run = || -> rusqlite::Result<Option<(String, String, i64)>> {
        let mut prepared = connection.prepare_cached(&statement)?;
        let mut rows = prepared.query(values)?;
        rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).transpose()
    };
    let found = run().map_err(problem)?;
    found.map(|(other, state, number)| row::other_try(intent, other, &state, number)).transpose()
}

pub(super) fn series(connection: &Connection, series: &str) -> Result<Vec<AttemptRecord>, StoreError> {
    let statement =
        format!("SELECT {COLUMNS} FROM recurring_attempts WHERE series = :series ORDER BY period, try");
    records(connection, &statement, named_params! {":series": series})
}

pub(super) fn credential_history(
    connection: &Connection,
    digest: &str,
    since: Timestamp,
) -> Result<Vec<AttemptRecord>, StoreError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM recurring_attempts
         WHERE credential = :digest AND coalesce(armed, created) >= :since ORDER BY coalesce(armed, created), attempt"
    );
    records(connection, &statement, named_params! {":digest": digest, ":since": millis(since)})
}
