//! In which place the journal is.

use tokio_postgres::GenericClient;

use super::problem::problem;
use crate::error::StoreError;

/// The place of the journal, as `TIMELINE/SERVER/DATABASE/TABLE`. A replica that takes over begins a new timeline, read
/// from the name of the log's file that is written now: the control file has it only after the first checkpoint. A
/// dump that is restored has another server, database or table.
pub(super) const STAMP: &str =
    "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || system_identifier || '/'
      || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
      || 'recurring.recurring_attempts'::regclass::oid
    FROM pg_control_system()";

pub(super) async fn stamp(client: &impl GenericClient) -> Result<String, StoreError> {
    client.query_one(STAMP, &[]).await.and_then(|row| row.try_get(0)).map_err(problem)
}

/// The timeline of the server, in which version 1 saw that a replica had taken over, as it recorded it.
pub(super) const TIMELINE: &str = "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint";
