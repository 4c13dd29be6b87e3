//! Running statements, each of which is a transaction of its own.

use std::collections::BTreeMap;

use deadpool_postgres::{Object, Pool};
use recurring_core::AttemptId;
use recurring_facade::PaymentRef;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::problem::{lost_a_race, pool_problem, problem};
use super::series;
use super::statements as sql;
use crate::attempt::{AttemptRecord, Fence};
use crate::error::{OtherTry, StoreError};
use crate::intent::Intent;
use crate::store::change::{Claim, Lease};
use crate::store::row;

/// A statement that lost a race for locks has changed nothing, and is run again this often.
const RACES: u32 = 8;

/// What is handed to a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The connections to the server.
pub(super) struct Server {
    pool: Pool,
}

impl Server {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// A connection, for a transaction of several statements.
    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(pool_problem)
    }

    /// Runs one statement, again when it lost a race.
    pub(super) async fn rows(&self, statement: &str, values: Values<'_>) -> Result<Vec<Row>, StoreError> {
        let client = self.client().await?;
        let prepared = client.prepare_cached(statement).await.map_err(problem)?;
        let mut race = 1;
        loop {
            match client.query(&prepared, values).await {
                Err(error) if race < RACES && lost_a_race(&error) => race += 1,
                rows => return rows.map_err(problem),
            }
        }
    }

    pub(super) async fn records(
        &self,
        statement: &str,
        values: Values<'_>,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.rows(statement, values).await?.iter().map(|row| sql::row(row)?.read()).collect()
    }

    /// What a write failed of: of a payment that belongs to another attempt, or as it says itself.
    pub(super) async fn taken(
        &self,
        attempt: &AttemptId,
        payment: Option<&PaymentRef>,
        failed: StoreError,
    ) -> StoreError {
        let (StoreError::Failed(_), Some(payment)) = (&failed, payment) else { return failed };
        let other = match self.rows(&sql::HOLDER, &[&attempt.as_str(), &payment.as_str()]).await {
            Ok(rows) => rows.first().and_then(|row| AttemptId::new(sql::text(row, 0).ok()?).ok()),
            Err(_) => None,
        };
        other.map_or(failed, |attempt| StoreError::PaymentTaken { payment: payment.clone(), attempt })
    }

    /// Takes attempts with [`sql::CLAIM`] or [`sql::ARM`].
    pub(super) async fn take_all(
        &self,
        statement: &str,
        intents: &[Intent],
        lease: &Lease,
    ) -> Result<Vec<Claim>, StoreError> {
        let columns = sql::Columns::of(intents);
        let values = columns.values(lease);
        for _ in 0..RACES {
            let taken = self.rows(statement, &values.as_refs()).await?;
            if let Some(claims) = self.claims(intents, &taken).await? {
                return Ok(claims);
            }
            // Another try barred it, and has ended since.
        }
        Err(row::neither())
    }

    pub(super) async fn take_one(
        &self,
        statement: &str,
        intent: &Intent,
        lease: &Lease,
    ) -> Result<Claim, StoreError> {
        let claims = self.take_all(statement, std::slice::from_ref(intent), lease).await?;
        claims.into_iter().next().ok_or_else(row::neither)
    }

    /// Another try of the same period that bars this one.
    pub(super) async fn other_try(&self, intent: &Intent) -> Result<Option<OtherTry>, StoreError> {
        let Some(of) = &intent.series else { return Ok(None) };
        let values: Values<'_> =
            &[&of.series(), &of.period(), &intent.attempt.as_str(), &i64::from(of.number())];
        let rows = self.rows(&series::OTHER_TRY, values).await?;
        rows.first().map(|row| series::other_try(intent, row)).transpose()
    }

    /// Says for each intent whether it is among those that were taken, and the attempt as it is, or what bars it, where it
    /// is not. `None` when one is neither there nor barred.
    pub(super) async fn claims(
        &self,
        intents: &[Intent],
        taken: &[Row],
    ) -> Result<Option<Vec<Claim>>, StoreError> {
        let mut fences = BTreeMap::new();
        for row in taken {
            fences.insert(sql::text(row, 0)?, sql::number(row, 1)?);
        }
        let others: Vec<&str> = intents.iter().map(|intent| intent.attempt.as_str()).collect();
        // One that is named twice is taken once; the second time it is returned as it is.
        let standing = if fences.len() == intents.len() {
            Vec::new()
        } else {
            self.records(&sql::SOME, &[&others]).await?
        };
        let mut claims = Vec::with_capacity(intents.len());
        for intent in intents {
            if let Some(fence) = fences.remove(intent.attempt.as_str()) {
                claims.push(Claim::Acquired(Fence(fence)));
                continue;
            }
            let existing = standing.iter().find(|record| record.attempt == intent.attempt);
            let other = if row::may_be_taken(existing) { self.other_try(intent).await? } else { None };
            claims.push(match (other, existing) {
                (Some(other), _) => Claim::Blocked(other),
                (None, Some(record)) => Claim::Existing(Box::new(record.clone())),
                (None, None) => return Ok(None),
            });
        }
        Ok(Some(claims))
    }
}
