//! The tables, and in which place they are.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::migrate::{Located, Moved, locate, lock, migrate, usable};
use super::problem::problem;
use super::stamp::{STAMP, stamp};
use super::statements::{COUNT, NOW, number, text};
use crate::error::StoreError;
use crate::store::failover::{Acknowledged, Failover, NOTE_RULE, found, missing_note};
use crate::store::info::JournalInfo;
use crate::store::row::{HAS_OWN_PAYMENT, whole};
use crate::store::version::VERSION;

/// What opening learns of a journal.
pub(super) struct Found {
    pub(super) identity: String,
    pub(super) stamp: String,
}

/// Creates the journal.
pub(super) async fn create(client: &mut Client) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(problem)?;
    lock(&transaction).await?;
    if locate(&transaction).await?.is_some() {
        return Err(StoreError::Exists);
    }
    transaction.batch_execute(include_str!("../schema_postgres.sql")).await.map_err(problem)?;
    let insert = format!(
        "INSERT INTO recurring.recurring_schema (version, identity, created, stamp) SELECT $1, $2, ({NOW}), ({STAMP})"
    );
    let identity = uuid::Uuid::new_v4().to_string();
    transaction.execute(&insert, &[&VERSION, &identity]).await.map_err(problem)?;
    transaction.commit().await.map_err(problem)
}

/// Finds the journal and migrates it if it has an earlier version, or says why this program cannot use it. One that is in
/// another place than before is left as it is.
pub(super) async fn open(client: &mut Client) -> Result<Found, StoreError> {
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
    migrate(client, Moved::IsRefused).await?;
    let row = client
        .query_one("SELECT identity, stamp FROM recurring.recurring_schema", &[])
        .await
        .map_err(problem)?;
    let (identity, known, found) = (text(&row, 0)?, text(&row, 1)?, stamp(client).await?);
    if known != found {
        return Err(StoreError::FailedOver { found, known });
    }
    Ok(Found { identity, stamp: found })
}

/// Describes the journal, and changes nothing.
pub(super) async fn inspect(client: &mut Client) -> Result<JournalInfo, StoreError> {
    let client = client.transaction().await.map_err(problem)?;
    lock(&client).await?;
    let Located { version, schema } = usable(&client).await?;
    let identity = match version {
        1 => None,
        _ => {
            let query = "SELECT identity FROM recurring.recurring_schema";
            Some(text(&client.query_one(query, &[]).await.map_err(problem)?, 0)?)
        }
    };
    let query = COUNT.replace("recurring.", &format!("{schema}."));
    let rows = client.query(&query, &[]).await.map_err(problem)?;
    let attempts = rows.iter().map(|row| Ok((text(row, 0)?, whole(number(row, 1)?)?)));
    Ok(JournalInfo {
        kind: "postgres",
        version,
        identity,
        attempts: attempts.collect::<Result<_, StoreError>>()?,
    })
}

/// Records that the journal is in another place, and what that means for the attempts, in one transaction.
pub(super) async fn acknowledge(
    client: &mut Client,
    failover: &Failover,
) -> Result<Acknowledged, StoreError> {
    if let Some(field) = missing_note(&failover.by, &failover.why) {
        return Err(StoreError::Failed(format!("`{field}` {}", NOTE_RULE)));
    }
    migrate(client, Moved::IsMigrated).await?;
    let transaction = client.transaction().await.map_err(problem)?;
    let noted = format!(
        "WITH before AS (SELECT stamp FROM recurring.recurring_schema),
           changed AS (UPDATE recurring.recurring_schema SET stamp = ({STAMP}) WHERE stamp <> ({STAMP}) RETURNING stamp)
         INSERT INTO recurring.recurring_failovers (at, before, now, decided_by, note)
           SELECT ({NOW}), before.stamp, changed.stamp, $1, $2 FROM before, changed"
    );
    let values: [&(dyn ToSql + Sync); 2] = [&failover.by, &failover.why];
    if transaction.execute(&noted, &values).await.map_err(problem)? == 0 {
        return Err(StoreError::Failed(
            "no replica and no copy has taken the journal over, there is nothing to acknowledge".to_owned(),
        ));
    }
    let free = "lines = lines + 1, lapsed = true, owner = NULL, fence = fence + 1, lease_until = NULL";
    let note = "decided_by = $1, note = 'a replica or a copy took the journal over: ' || $2";
    let armed = format!(
        "UPDATE recurring.recurring_attempts SET {free}, state = 'unknown', next_look = ({NOW}), updated = ({NOW}), {note}
         WHERE state = 'armed'"
    );
    let open = format!(
        "UPDATE recurring.recurring_attempts SET {free}, updated = ({NOW}), {note}
         WHERE state IN ('unknown', 'pending', 'review') AND operation <> 'enrolment' AND NOT lapsed"
    );
    // Everything from which money could be sent again: it may have been sent in the time that is missing.
    let sendable = format!(
        "UPDATE recurring.recurring_attempts SET {free}, state = 'review', updated = ({NOW}), {note}
         WHERE operation <> 'enrolment' AND archived IS NULL AND (state = 'not_applied' OR state = 'planned' AND {})",
        !failover.planned_were_not_sent
    );
    let holder = format!(
        "SELECT attempt FROM recurring.recurring_attempts
         WHERE provider = $1 AND payment = $2 AND attempt <> $3 AND {HAS_OWN_PAYMENT}"
    );
    let insert = format!(
        "INSERT INTO recurring.recurring_attempts AS a
           (attempt, provider, operation, fingerprint, state, created, updated, payment, decided_by, note, lapsed)
         VALUES ($2, $3, 'charge', '', 'review', ({NOW}), ({NOW}), $4, $1, $5, true)
         ON CONFLICT (attempt) DO UPDATE SET lines = a.lines + 1, lapsed = true, owner = NULL, fence = a.fence + 1,
           lease_until = NULL, state = 'review', updated = excluded.updated,
           payment = coalesce(a.payment, excluded.payment), decided_by = excluded.decided_by, note = excluded.note,
           archived = NULL
         WHERE a.state NOT IN ('paid', 'authorized', 'unknown', 'pending')"
    );
    transaction.execute(&open, &values).await.map_err(problem)?;
    let unknown = transaction.execute(&armed, &values).await.map_err(problem)?;
    let mut review = transaction.execute(&sendable, &values).await.map_err(problem)?;
    for charge in &failover.charged {
        let (attempt, provider) = (charge.attempt.as_str(), charge.provider.as_str());
        let payment = charge.payment.as_ref().map(recurring_facade::PaymentRef::as_str);
        let other =
            transaction.query_opt(&holder, &[&provider, &payment, &attempt]).await.map_err(problem)?;
        let other = other.map(|row| text(&row, 0)).transpose()?;
        let (payment, note) = found(failover, charge, other.as_deref());
        let values: [&(dyn ToSql + Sync); 5] = [&failover.by, &attempt, &provider, &payment, &note];
        review += transaction.execute(&insert, &values).await.map_err(problem)?;
    }
    transaction.commit().await.map_err(problem)?;
    Ok(Acknowledged { unknown, review })
}
