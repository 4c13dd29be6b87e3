//! The tables, and on which server they are.

use jiff::Timestamp;
use tokio_postgres::Client;

use super::problem;
use crate::error::StoreError;

/// Held while the tables are made: several processes that open a new database at once make them once.
const MIGRATING: i64 = 0x7265_6375_7272_0001;

/// Counts the servers that a database has been on: a replica that takes over begins a new one. Read from the name of the
/// log's file that is written now: the control file says it only after the first checkpoint.
const TIMELINE: &str = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint";

pub(in crate::store::postgres) async fn timeline(client: &tokio_postgres::Client) -> Result<i64, StoreError> {
    client.query_one(TIMELINE, &[]).await.and_then(|row| row.try_get(0)).map_err(problem)
}

/// Makes the tables, or says why this program cannot use those that are there.
pub(in crate::store::postgres) async fn migrate(client: &mut Client, newest: i64) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(problem)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await.map_err(problem)?;
    let there: bool = transaction
        .query_one("SELECT to_regclass('recurring_schema') IS NOT NULL", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(problem)?;
    if !there {
        transaction.batch_execute(include_str!("../../schema_postgres.sql")).await.map_err(problem)?;
        let insert = format!("INSERT INTO recurring_schema SELECT $1, ({TIMELINE})");
        transaction.execute(&insert, &[&newest]).await.map_err(problem)?;
        return transaction.commit().await.map_err(problem);
    }
    let query = format!("SELECT version, timeline, ({TIMELINE}) FROM recurring_schema");
    let row = transaction.query_one(&query, &[]).await.map_err(problem)?;
    let number = |index: usize| row.try_get::<_, i64>(index).map_err(problem);
    let (version, known, found) = (number(0)?, number(1)?, number(2)?);
    if version > newest {
        return Err(StoreError::NewerSchema { found: version, known: newest });
    }
    if known != found {
        return Err(StoreError::FailedOver { found, known });
    }
    Ok(())
}

/// Takes note of the timeline, and makes every armed attempt unknown, in one transaction.
pub(in crate::store::postgres) async fn acknowledge(
    client: &mut Client,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let transaction = client.transaction().await.map_err(problem)?;
    transaction
        .execute(&format!("UPDATE recurring_schema SET timeline = ({TIMELINE})"), &[])
        .await
        .map_err(problem)?;
    let statement = "UPDATE recurring_attempts
         SET lines = lines + 1, state = 'unknown', owner = NULL, fence = fence + 1, lease_until = NULL,
           next_look = $1, updated = $1, note = 'a replica took the database over'
         WHERE state = 'armed'";
    let unknown = transaction.execute(statement, &[&now.as_millisecond()]).await.map_err(problem)?;
    transaction.commit().await.map_err(problem)?;
    Ok(unknown)
}
