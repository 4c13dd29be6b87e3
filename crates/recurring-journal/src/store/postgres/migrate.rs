//! Finds the tables, of whatever version, and brings those of an earlier one to the present one, step by step.

use tokio_postgres::{Client, Transaction};

use super::problem::problem;
use super::stamp::{TIMELINE, stamp};
use super::statements::{OWNER_LOCKED, number, owner_key, text};
use crate::error::StoreError;
use crate::store::version::{VERSION, in_use};

/// The steps, of which the first one leads from version 1 to 2.
const STEPS: [&str; 4] = [
    include_str!("../migrations/postgres/2.sql"),
    include_str!("../migrations/postgres/3.sql"),
    include_str!("../migrations/postgres/4.sql"),
    include_str!("../migrations/postgres/5.sql"),
];

/// Held while the tables are made or changed: several processes that do it at once do it once.
const CHANGING: i64 = 0x7265_6375_7272_0001;

/// A journal.
pub(super) struct Located {
    pub(super) version: i64,
    /// The schema in which it is, quoted.
    pub(super) schema: String,
}

/// Whether a journal that is in another place than before is migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It stays as it is until that is acknowledged.
    IsRefused,
    /// It is being acknowledged.
    IsMigrated,
}

/// Waits for other processes that make or change the tables, until the end of the transaction.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&CHANGING]).await.map_err(problem).map(drop)
}

/// The journal of this database, if there is one. Asked of the catalog, which every role may read: a role without rights
/// on the schema must be shown an error about those rights, and not that there is no journal.
pub(super) async fn locate(client: &Transaction<'_>) -> Result<Option<Located>, StoreError> {
    // Version 1 was in whichever schema the role that made it wrote to, with another table of this name.
    let query = "SELECT quote_ident(nspname), nspname = 'recurring' FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relname = 'recurring_schema' AND relkind = 'r' AND (nspname = 'recurring' OR EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'timeline' AND NOT attisdropped))
        ORDER BY nspname <> 'recurring', nspname";
    let rows = client.query(query, &[]).await.map_err(problem)?;
    let places = rows.iter().map(|row| text(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let is_newer = rows.first().map(|row| row.try_get::<_, bool>(1)).transpose().map_err(problem)?;
    let schema = match (is_newer, places.as_slice()) {
        (None, _) | (_, []) => return Ok(None),
        (Some(true), [schema, ..]) | (_, [schema]) => schema.clone(),
        (Some(false), several) => {
            return Err(StoreError::Failed(format!(
                "cannot tell which of {} journals of version 1 is this one: they are in the schemas {}; compare them, and \
                 move the others to another database",
                several.len(),
                several.join(", ")
            )));
        }
    };
    let query = format!("SELECT version FROM {schema}.recurring_schema");
    let version = number(&client.query_one(&query, &[]).await.map_err(problem)?, 0)?;
    Ok(Some(Located { version, schema }))
}

/// The journal, if this program can use it. Under the [lock]: a migration may move the tables.
pub(super) async fn usable(client: &Transaction<'_>) -> Result<Located, StoreError> {
    match locate(client).await? {
        None => Err(StoreError::Missing("the database has no schema `recurring`".to_owned())),
        Some(located) if (1..=VERSION).contains(&located.version) => Ok(located),
        Some(located) => Err(StoreError::OtherSchema { found: located.version, known: VERSION }),
    }
}

/// Finds the journal and, if it has an earlier version, migrates it in one transaction: all of it or nothing. Another process
/// that does the same waits, and finds it done.
///
/// # Errors
/// [`StoreError::Locked`] when a process works on an attempt.
pub(super) async fn migrate(client: &mut Client, moved: Moved) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(problem)?;
    lock(&transaction).await?;
    let Located { version, schema } = usable(&transaction).await?;
    if version >= VERSION {
        return Ok(());
    }
    // A long journal takes its time.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await.map_err(problem)?;
    if moved == Moved::IsRefused {
        refuse_moved(&transaction, version, &schema).await?;
    }
    let lock = format!("LOCK TABLE {schema}.recurring_attempts IN ACCESS EXCLUSIVE MODE");
    transaction.batch_execute(&lock).await.map_err(problem)?;
    refuse_owners(&transaction, &schema).await?;
    let done = usize::try_from(version - 1)
        .map_err(|_| StoreError::OtherSchema { found: version, known: VERSION })?;
    let path = format!("SET LOCAL search_path = {schema}, pg_catalog");
    transaction.batch_execute(&path).await.map_err(problem)?;
    for step in STEPS.iter().skip(done) {
        transaction.batch_execute(step).await.map_err(problem)?;
    }
    transaction
        .execute("UPDATE recurring.recurring_schema SET version = $1", &[&VERSION])
        .await
        .map_err(problem)?;
    transaction.commit().await.map_err(problem)
}

async fn refuse_moved(transaction: &Transaction<'_>, version: i64, schema: &str) -> Result<(), StoreError> {
    let (known, found) = if version == 1 {
        let query = format!("SELECT timeline::text, ({TIMELINE})::text FROM {schema}.recurring_schema");
        let row = transaction.query_one(&query, &[]).await.map_err(problem)?;
        (text(&row, 0)?, text(&row, 1)?)
    } else {
        let query = "SELECT stamp FROM recurring.recurring_schema";
        let row = transaction.query_one(query, &[]).await.map_err(problem)?;
        (text(&row, 0)?, stamp(transaction).await?)
    };
    if known == found { Ok(()) } else { Err(StoreError::FailedOver { found, known }) }
}

/// What a process of an earlier version is doing now would be lost: it knows other words.
async fn refuse_owners(transaction: &Transaction<'_>, schema: &str) -> Result<(), StoreError> {
    let query = format!("SELECT DISTINCT owner FROM {schema}.recurring_attempts WHERE owner IS NOT NULL");
    for row in transaction.query(&query, &[]).await.map_err(problem)? {
        let key = owner_key(&text(&row, 0)?)?;
        if !transaction.query(OWNER_LOCKED, &[&key]).await.map_err(problem)?.is_empty() {
            return Err(in_use());
        }
    }
    Ok(())
}
