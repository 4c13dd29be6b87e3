//! The tables, and on which server they are.

use jiff::Timestamp;
use tokio_postgres::Client;

use super::problem;
use crate::error::StoreError;
use crate::store::postgres::{Acknowledged, FailOver};
use crate::store::{SAID, unsaid};

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
    let flushed: String = client
        .query_one("SELECT current_setting('fsync')", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(problem)?;
    if flushed == "off" {
        let rule =
            "the server has fsync = off, so that a commit does not survive the loss of power: switch it on";
        return Err(StoreError::Failed(rule.to_owned()));
    }
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

/// Takes note of the timeline, and of what it means for the attempts, in one transaction.
pub(in crate::store::postgres) async fn acknowledge(
    client: &mut Client,
    fail_over: &FailOver,
    now: Timestamp,
) -> Result<Acknowledged, StoreError> {
    if let Some(field) = unsaid(&fail_over.by, &fail_over.why) {
        return Err(StoreError::Failed(format!("`{field}` {SAID}")));
    }
    let now = now.as_millisecond();
    let transaction = client.transaction().await.map_err(problem)?;
    let noted = format!(
        "WITH before AS (SELECT timeline FROM recurring_schema),
           changed AS (UPDATE recurring_schema SET timeline = ({TIMELINE}) WHERE timeline <> ({TIMELINE})
             RETURNING timeline)
         INSERT INTO recurring_fail_overs (at, timeline_before, timeline_now, decided_by, note)
           SELECT $1, before.timeline, changed.timeline, $2, $3 FROM before, changed"
    );
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&now, &fail_over.by, &fail_over.why];
    if transaction.execute(&noted, &values).await.map_err(problem)? == 0 {
        return Err(StoreError::Failed(
            "no replica has taken the database over, there is nothing to acknowledge".to_owned(),
        ));
    }
    let armed = "UPDATE recurring_attempts
         SET lines = lines + 1, state = 'unknown', owner = NULL, fence = fence + 1, lease_until = NULL,
           next_look = $1, updated = $1, decided_by = $2, note = 'a replica took the database over: ' || $3
         WHERE state = 'armed'";
    let unknown = transaction.execute(armed, &values).await.map_err(problem)?;
    let planned = "UPDATE recurring_attempts
         SET lines = lines + 1, state = 'review', owner = NULL, fence = fence + 1, lease_until = NULL,
           updated = $1, decided_by = $2, note = 'a replica took the database over, it may have been sent: ' || $3
         WHERE state = 'planned'";
    let review = match fail_over.planned_were_not_sent {
        true => 0,
        false => transaction.execute(planned, &values).await.map_err(problem)?,
    };
    transaction.commit().await.map_err(problem)?;
    Ok(Acknowledged { unknown, review })
}
