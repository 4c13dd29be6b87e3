//! Brings a journal of an earlier version to the present one, step by step.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::owner::owner_is_gone;
use super::problem::problem;
use crate::error::StoreError;
use crate::store::version::{VERSION, in_use};

/// What leads from one version to the next.
type Step = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The steps, of which the first one leads from version 1 to 2.
const STEPS: [Step; 4] = [to_2, to_3, to_4, to_5];

/// Migrates the journal in one transaction: all of it or nothing. Another process that does the same waits, and finds it
/// done.
///
/// # Errors
/// [`StoreError::Locked`] when a process works on an attempt.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(problem)?;
    let found = version(&transaction)?;
    if found >= VERSION {
        return Ok(());
    }
    refuse_owners(&transaction, path)?;
    let done = usize::try_from(found - 1).map_err(|_| StoreError::OtherSchema { found, known: VERSION })?;
    for (step, reached) in STEPS.iter().zip(2..).skip(done) {
        step(&transaction).and_then(|()| reach(&transaction, reached)).map_err(problem)?;
    }
    transaction.commit().map_err(problem)
}

/// The version of the tables.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(problem)
}

fn reach(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE recurring_schema SET version = ?", [version])?;
    transaction.pragma_update(None, "user_version", version)
}

/// What a process of an earlier version is doing now would be lost: it knows other words.
fn refuse_owners(transaction: &Transaction<'_>, path: &Path) -> Result<(), StoreError> {
    let owners = || -> rusqlite::Result<Vec<String>> {
        transaction
            .prepare("SELECT DISTINCT owner FROM recurring_attempts WHERE owner IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    for owner in owners().map_err(problem)? {
        if !owner_is_gone(path, &owner)? {
            return Err(in_use());
        }
    }
    Ok(())
}

fn to_2(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("../migrations/sqlite/2.sql"))
}

fn to_3(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("../migrations/sqlite/3.sql"))
}

fn to_4(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let column = "SELECT 1 FROM pragma_table_info('recurring_attempts') WHERE name = 'sent'";
    if transaction.query_row(column, [], |_| Ok(())).optional()?.is_none() {
        transaction.execute_batch(include_str!("../migrations/sqlite/4_sent.sql"))?;
    }
    transaction.execute_batch(include_str!("../migrations/sqlite/4.sql"))
}

fn to_5(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("../migrations/sqlite/5.sql"))
}
