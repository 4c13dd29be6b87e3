//! Taking a copy of the journal into use.

use recurring_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::problem::problem;
use super::statements::millis;
use crate::error::StoreError;
use crate::store::failover::{Acknowledged, Failover, found};
use crate::store::row::HAS_OWN_PAYMENT;

/// Records that a copy is taken into use, and what that means for the attempts, in one transaction.
pub(super) fn acknowledge(
    connection: &mut Connection,
    failover: &Failover,
    now: Timestamp,
) -> Result<Acknowledged, StoreError> {
    let now = millis(now);
    let holder = format!(
        "SELECT attempt FROM recurring_attempts WHERE provider = ? AND payment = ? AND attempt <> ? AND {HAS_OWN_PAYMENT}"
    );
    let mut run = || -> rusqlite::Result<Option<Acknowledged>> {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let noted = transaction.execute(
            "INSERT INTO recurring_failovers (at, before, now, decided_by, note)
             SELECT ?, 'the original', 'a copy of ' || copied, ?, ? FROM recurring_schema WHERE copied IS NOT NULL",
            params![now, failover.by, failover.why],
        )?;
        if noted == 0 {
            return Ok(None);
        }
        transaction.execute("UPDATE recurring_schema SET copied = NULL", [])?;
        let free = "lines = lines + 1, lapsed = 1, owner = NULL, fence = fence + 1, lease_until = NULL, updated = :now";
        let values = named_params! {":now": now, ":by": failover.by, ":why": failover.why};
        let note = "decided_by = :by, note = 'the journal was restored from a copy: ' || :why";
        transaction.execute(
            &format!(
                "UPDATE recurring_attempts SET {free}, {note}
                 WHERE state IN ('unknown', 'pending', 'review') AND operation <> 'enrolment' AND NOT lapsed"
            ),
            values,
        )?;
        let unknown = transaction.execute(
            &format!(
                "UPDATE recurring_attempts SET {free}, state = 'unknown', next_look = :now, {note} WHERE state = 'armed'"
            ),
            values,
        )?;
        // Everything from which money could be sent again: it may have been sent in the time that is missing.
        let or_planned = if failover.planned_were_not_sent { "" } else { " OR state = 'planned'" };
        let mut review = transaction.execute(
            &format!(
                "UPDATE recurring_attempts SET {free}, state = 'review', {note}
                 WHERE operation <> 'enrolment' AND archived IS NULL AND (state = 'not_applied'{or_planned})"
            ),
            values,
        )?;
        for charge in &failover.charged {
            let other = match &charge.payment {
                Some(payment) => transaction
                    .query_row(
                        &holder,
                        params![charge.provider.as_str(), payment.as_str(), charge.attempt.as_str()],
                        |row| row.get::<_, String>(0),
                    )
                    .optional()?,
                None => None,
            };
            let (payment, note) = found(failover, charge, other.as_deref());
            review += transaction.execute(
                "INSERT INTO recurring_attempts
                   (attempt, provider, operation, fingerprint, state, created, updated, payment, decided_by, note, lapsed)
                 VALUES (:attempt, :provider, 'charge', '', 'review', :now, :now, :payment, :by, :note, 1)
                 ON CONFLICT (attempt) DO UPDATE
                   SET lines = lines + 1, lapsed = 1, owner = NULL, fence = fence + 1, lease_until = NULL, state = 'review',
                     updated = excluded.updated, payment = coalesce(payment, excluded.payment),
                     decided_by = excluded.decided_by, note = excluded.note, archived = NULL
                   WHERE state NOT IN ('paid', 'authorized', 'unknown', 'pending')",
                named_params! {
                    ":attempt": charge.attempt.as_str(),
                    ":provider": charge.provider.as_str(),
                    ":payment": payment,
                    ":now": now,
                    ":by": failover.by,
                    ":note": note,
                },
            )?;
        }
        transaction.commit()?;
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        Ok(Some(Acknowledged { unknown: count(unknown), review: count(review) }))
    };
    run().map_err(problem)?.ok_or_else(|| {
        StoreError::Failed("the journal is not a copy, there is nothing to acknowledge".to_owned())
    })
}
