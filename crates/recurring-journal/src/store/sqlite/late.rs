//! What a worker reports after it has lost its attempt.

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::PaymentRef;
use rusqlite::{Connection, named_params, params};

use super::problem::problem;
use super::statements::{millis, taken};
use crate::error::StoreError;
use crate::store::change::Late;

/// When a late worker's answer means that the money may have been taken where it should not have been, or twice: what
/// was said not to have happened, a further try that is under way, or another payment than the recorded one. Or it
/// contradicts the journal in another way.
const ALARM: &str = "(:review OR :taken AND (state IN ('not_applied', 'declined', 'canceled', 'planned', 'armed') OR payment <> :payment))";

pub(super) fn record_late_result(
    connection: &Connection,
    attempt: &AttemptId,
    late: &Late,
    now: Timestamp,
) -> Result<(), StoreError> {
    let payment = late.payment.as_ref().map(PaymentRef::as_str);
    let run = || -> rusqlite::Result<()> {
        // The trigger writes the line of the update below; this one is the worker's own.
        connection.execute(
            "INSERT INTO recurring_events (attempt, line, at, what, payment, note)
             SELECT attempt, lines + 1, ?, 'late', ?, ? FROM recurring_attempts WHERE attempt = ?",
            params![millis(now), payment, late.note, attempt.as_str()],
        )?;
        let statement = format!(
            "UPDATE recurring_attempts
             SET lines = lines + 2, updated = :now,
               payment = CASE WHEN state IN ('unknown', 'pending', 'review') OR {ALARM}
                 THEN coalesce(payment, :payment) ELSE payment END,
               next_look = CASE WHEN {ALARM} THEN NULL
                 WHEN state IN ('unknown', 'pending') THEN :now ELSE next_look END,
               note = CASE WHEN {ALARM} AND payment <> :payment
                   THEN 'the payment ' || payment || ' is recorded, and a late worker reports ' || :payment
                     || ' too: compare with the gateway, and refund one if both were taken'
                 WHEN {ALARM} THEN :note ELSE note END,
               owner = CASE WHEN {ALARM} THEN NULL ELSE owner END,
               lease_until = CASE WHEN {ALARM} THEN NULL ELSE lease_until END,
               fence = CASE WHEN {ALARM} THEN fence + 1 ELSE fence END,
               archived = CASE WHEN {ALARM} THEN NULL ELSE archived END,
               state = CASE WHEN {ALARM} THEN 'review' ELSE state END
             WHERE attempt = :attempt"
        );
        connection.execute(
            &statement,
            named_params! {
                ":payment": payment,
                ":now": millis(now),
                ":taken": late.taken,
                ":review": late.review,
                ":note": late.note,
                ":attempt": attempt.as_str(),
            },
        )?;
        Ok(())
    };
    run().map_err(problem).map_err(|failed| taken(connection, attempt, late.payment.as_ref(), failed))
}
