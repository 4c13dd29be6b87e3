//! The statements, and how rows are read. Each function runs in a transaction of its caller.

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use rusqlite::{Connection, ToSql, named_params};

use super::problem::problem;
use crate::attempt::{AttemptRecord, Event, Fence, State};
use crate::error::StoreError;
use crate::store::change::{Change, Due, Filter, Lease, Owners};
use crate::store::row::{CLOSED, COLUMNS, HAS_OWN_PAYMENT, Row, ending_text, instant, state, whole};
use crate::store::unsettled::{UNSETTLED_SQLITE, Unsettled, UnsettledRow};

pub(super) fn millis(time: Timestamp) -> i64 {
    time.unix_millis()
}

pub(super) fn change(
    connection: &Connection,
    attempt: &AttemptId,
    fence: Fence,
    change: &Change,
    now: Timestamp,
) -> Result<AttemptRecord, StoreError> {
    let ending = ending_text(change.ending.as_ref())?;
    let values = named_params! {
        ":state": change.state.as_str(),
        ":payment": change.payment.as_ref().map(PaymentRef::as_str),
        ":ending": ending,
        ":looks": change.looks,
        ":nothing_found": change.nothing_found,
        ":next_look": change.next_look.map(millis),
        ":decided_by": change.decided_by,
        ":note": change.note,
        ":sealed": change.sealed,
        ":keep": change.keep_lease,
        ":unsent": change.unsent,
        ":now": millis(now),
        ":attempt": attempt.as_str(),
        ":fence": fence.0,
    };
    let statement = format!(
        "UPDATE recurring_attempts
             SET lines = lines + 1, state = :state, payment = coalesce(:payment, payment), ending = coalesce(:ending, ending),
               looks = coalesce(:looks, looks), nothing_found = coalesce(:nothing_found, nothing_found),
               next_look = :next_look, decided_by = :decided_by, note = :note, sealed = coalesce(:sealed, sealed),
               owner = CASE WHEN :keep THEN owner END, lease_until = CASE WHEN :keep THEN lease_until END,
               sent = sent OR NOT (:unsent OR :state = 'planned'), updated = :now,
               holds_period = holds_period AND :state NOT IN {CLOSED},
               archived = CASE WHEN state = :state THEN archived END
             WHERE attempt = :attempt AND fence = :fence RETURNING {COLUMNS}"
    );
    let written = records(connection, &statement, values)
        .map_err(|failed| taken(connection, attempt, change.payment.as_ref(), failed))?;
    match written.into_iter().next() {
        Some(record) => Ok(record),
        None if get(connection, attempt)?.is_none() => Err(StoreError::NoSuchAttempt),
        None => Err(StoreError::Fenced),
    }
}

/// What a write failed of: of a payment that belongs to another attempt, or as it says itself.
pub(super) fn taken(
    connection: &Connection,
    attempt: &AttemptId,
    payment: Option<&PaymentRef>,
    failed: StoreError,
) -> StoreError {
    let (StoreError::Failed(_), Some(payment)) = (&failed, payment) else { return failed };
    let statement = format!(
        "SELECT attempt FROM recurring_attempts
         WHERE payment = :payment AND attempt <> :attempt AND {HAS_OWN_PAYMENT}
           AND provider = (SELECT provider FROM recurring_attempts WHERE attempt = :attempt)"
    );
    let values = named_params! {":payment": payment.as_str(), ":attempt": attempt.as_str()};
    let other = collect(connection, &statement, values, |row| row.get::<_, String>(0));
    let other = other.ok().and_then(|found| AttemptId::new(found.into_iter().next()?).ok());
    other.map_or(failed, |attempt| StoreError::PaymentTaken { payment: payment.clone(), attempt })
}

pub(super) fn expire_leases(
    connection: &Connection,
    owners: &Owners,
    first_look: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    // A list of owners is handed over as one JSON text: a statement has no room for a list of any length.
    let list = |owners: &[String]| {
        serde_json::to_string(owners).map_err(|error| StoreError::Failed(error.to_string()))
    };
    let (gone, alive) = (list(&owners.gone)?, list(&owners.alive)?);
    let end_of_grace = now.checked_sub(owners.grace).unwrap_or(Timestamp::MIN);
    let run = || -> rusqlite::Result<u64> {
        connection.execute(
            "UPDATE recurring_attempts SET lines = lines + 1, owner = NULL, fence = fence + 1, lease_until = NULL, updated = :now
             WHERE state <> 'armed' AND owner IN (SELECT value FROM json_each(:gone))",
            named_params! {":now": millis(now), ":gone": gone},
        )?;
        let unknown = connection.execute(
            "UPDATE recurring_attempts
             SET lines = lines + 1, state = 'unknown', owner = NULL, fence = fence + 1, lease_until = NULL, next_look = :first_look,
               note = CASE WHEN owner IN (SELECT value FROM json_each(:gone))
                 THEN 'the process working on this attempt stopped before it recorded a result'
                 ELSE 'the lease of the process working on this attempt ended before it recorded a result' END,
               updated = :now
             WHERE state = 'armed' AND (owner IN (SELECT value FROM json_each(:gone))
               OR lease_until < :now AND owner NOT IN (SELECT value FROM json_each(:alive))
               OR lease_until < :end_of_grace)",
            named_params! {
                ":now": millis(now),
                ":gone": gone,
                ":alive": alive,
                ":first_look": millis(first_look),
                ":end_of_grace": millis(end_of_grace),
            },
        )?;
        Ok(u64::try_from(unknown).unwrap_or(u64::MAX))
    };
    run().map_err(problem)
}

pub(super) fn take(
    connection: &Connection,
    due: &Due,
    limit: u32,
    lease: &Lease,
) -> Result<Vec<AttemptRecord>, StoreError> {
    // Not what this owner has already: it is at work on that. Only who names an attempt may go on with its own.
    let free = "(owner IS NULL OR lease_until < :now)";
    let free_or_own = "(owner IS NULL OR owner = :owner OR lease_until < :now)";
    let (which, one) = match due {
        Due::Look => (
            format!(
                "state IN ('unknown', 'pending') AND next_look <= :now AND operation <> 'enrolment' AND {free} AND :one IS NULL ORDER BY next_look"
            ),
            None,
        ),
        Due::One(attempt) => (
            format!(
                "attempt = :one AND state IN ('unknown', 'pending', 'review') AND operation <> 'enrolment' AND {free_or_own}"
            ),
            Some(attempt),
        ),
        Due::Enrolment(attempt) => (
            format!(
                "attempt = :one AND state NOT IN ('paid', 'authorized') AND operation = 'enrolment' AND {free_or_own}"
            ),
            Some(attempt),
        ),
        Due::Planned => (
            format!(
                "state = 'planned' AND sealed IS NOT NULL AND operation = 'charge' AND {free} AND :one IS NULL ORDER BY created"
            ),
            None,
        ),
    };
    let statement = format!(
        "UPDATE recurring_attempts SET lines = lines + 1, owner = :owner, fence = fence + 1, lease_until = :until, updated = :now
         WHERE attempt IN (SELECT attempt FROM recurring_attempts WHERE {which} LIMIT :limit) RETURNING {COLUMNS}"
    );
    let values = named_params! {
        ":owner": lease.owner,
        ":until": millis(lease.until),
        ":now": millis(lease.now),
        ":limit": limit,
        ":one": one.map(AttemptId::as_str),
    };
    records(connection, &statement, values)
}

pub(super) fn owners(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT DISTINCT owner FROM recurring_attempts WHERE owner IS NOT NULL";
    collect(connection, statement, &[], |row| row.get(0))
}

pub(super) fn get(connection: &Connection, attempt: &AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
    let statement = format!("SELECT {COLUMNS} FROM recurring_attempts WHERE attempt = :attempt");
    let found = records(connection, &statement, named_params! {":attempt": attempt.as_str()})?;
    Ok(found.into_iter().next())
}

pub(super) fn list(
    connection: &Connection,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<AttemptRecord>, StoreError> {
    // The word itself, so that the database sees which index has it.
    let state = filter.state.map(|state| format!("AND state = '{state}'")).unwrap_or_default();
    let series = if filter.series.is_some() { "series = :series" } else { ":series IS NULL" };
    let statement = format!(
        "SELECT {COLUMNS} FROM recurring_attempts
         WHERE attempt > :after {state} AND {series} AND (:provider IS NULL OR provider = :provider)
         ORDER BY attempt LIMIT :limit"
    );
    let values = named_params! {
        ":after": filter.after.as_ref().map_or("", AttemptId::as_str),
        ":series": filter.series,
        ":provider": filter.provider.as_ref().map(ProviderId::as_str),
        ":limit": limit,
    };
    records(connection, &statement, values)
}

/// How many attempts there are in each state.
pub(super) const COUNT: &str =
    "SELECT state, count(*) FROM recurring_attempts WHERE operation <> 'enrolment' GROUP BY state";

pub(super) fn count(connection: &Connection) -> Result<Vec<(State, u64)>, StoreError> {
    let rows = collect(connection, COUNT, &[], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    rows.into_iter().map(|(word, count)| Ok((state(&word)?, whole(count)?))).collect()
}

pub(super) fn unsettled(connection: &Connection, now: Timestamp) -> Result<Vec<Unsettled>, StoreError> {
    let rows = collect(connection, UNSETTLED_SQLITE, &[], |row| {
        Ok(UnsettledRow {
            provider: row.get(0)?,
            state: row.get(1)?,
            count: row.get(2)?,
            oldest: row.get(3)?,
        })
    })?;
    rows.into_iter().map(|row| row.read(now)).collect()
}

pub(super) fn events(connection: &Connection, attempt: &AttemptId) -> Result<Vec<Event>, StoreError> {
    let statement =
        "SELECT at, what, payment, owner, note FROM recurring_events WHERE attempt = :attempt ORDER BY line";
    let rows = collect(connection, statement, named_params! {":attempt": attempt.as_str()}, |row| {
        let at: i64 = row.get(0)?;
        Ok((
            at,
            Event {
                at: Timestamp::UNIX_EPOCH,
                what: row.get(1)?,
                payment: row.get::<_, Option<String>>(2)?.map(PaymentRef::new),
                owner: row.get(3)?,
                note: row.get(4)?,
            },
        ))
    })?;
    rows.into_iter().map(|(at, event)| Ok(Event { at: instant(at)?, ..event })).collect()
}

pub(super) fn open_with_payment(
    connection: &Connection,
    provider: &ProviderId,
    payment: &PaymentRef,
) -> Result<Vec<AttemptRecord>, StoreError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM recurring_attempts
         WHERE provider = :provider AND payment = :payment AND state IN ('armed', 'pending', 'unknown', 'review')"
    );
    let values = named_params! {":provider": provider.as_str(), ":payment": payment.as_str()};
    records(connection, &statement, values)
}

pub(super) fn records(
    connection: &Connection,
    statement: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<Vec<AttemptRecord>, StoreError> {
    collect(connection, statement, values, read_row)?.into_iter().map(Row::read).collect()
}

pub(super) fn collect<T>(
    connection: &Connection,
    statement: &str,
    values: &[(&str, &dyn ToSql)],
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let run = || -> rusqlite::Result<Vec<T>> {
        connection.prepare_cached(statement)?.query_map(values, |row| read(row))?.collect()
    };
    run().map_err(problem)
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        attempt: row.get(0)?,
        provider: row.get(1)?,
        operation: row.get(2)?,
        amount: row.get(3)?,
        currency: row.get(4)?,
        fingerprint: row.get(5)?,
        state: row.get(6)?,
        owner: row.get(7)?,
        fence: row.get(8)?,
        lease_until: row.get(9)?,
        payment: row.get(10)?,
        ending: row.get(11)?,
        created: row.get(12)?,
        updated: row.get(13)?,
        armed: row.get(14)?,
        looks: row.get(15)?,
        nothing_found: row.get(16)?,
        next_look: row.get(17)?,
        decided_by: row.get(18)?,
        note: row.get(19)?,
        sealed: row.get(20)?,
        lapsed: row.get(21)?,
        sent: row.get(22)?,
        series: row.get(23)?,
        period: row.get(24)?,
        number: row.get(25)?,
        archived: row.get(26)?,
    })
}
