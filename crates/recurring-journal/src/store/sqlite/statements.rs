//! The statements, and how rows are read. Each function runs in a transaction of its caller.

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use rusqlite::{Connection, OptionalExtension, ToSql, named_params, params};

use super::problem::problem;
use crate::attempt::{AttemptRecord, Event, Fence, State};
use crate::error::StoreError;
use crate::intent::Intent;
use crate::store::change::{Change, Claim, Due, Filter, Lease, Owners};
use crate::store::plan::PLAN_SQLITE;
use crate::store::row::{
    COLUMNS, HAS_OWN_PAYMENT, IntentColumns, Row, ending_text, instant, neither, state, whole,
};

/// A planned attempt that is free: without an owner, this owner's, or its lease is over.
macro_rules! free {
    () => {
        "(owner IS NULL OR owner = excluded.owner OR lease_until < excluded.updated)"
    };
}

/// An attempt under whose name nothing was ever sent: another intent of the same kind may take its place.
macro_rules! replaceable {
    () => {
        "state = 'not_applied' AND NOT sent AND NOT lapsed AND payment IS NULL
           AND provider = excluded.provider AND operation = excluded.operation"
    };
}

/// The two ways to take an attempt; they differ in what it becomes, and in what it may have been.
pub(super) const CLAIM: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, lease_until, created, updated, sealed)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, 'planned', :owner, 1, :until, :now, :now, :sealed)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, owner = excluded.owner, fence = fence + 1, lease_until = excluded.lease_until, updated = excluded.updated,
         sealed = coalesce(excluded.sealed, sealed)
       WHERE fingerprint IN (excluded.fingerprint, '') AND state = 'planned' AND ",
    free!(),
""
);
pub(super) const ARM: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, lease_until, created, updated, armed, sealed)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, 'armed', :owner, 1, :until, :now, :now, :now, :sealed)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, state = 'armed', owner = excluded.owner, fence = fence + 1, lease_until = excluded.lease_until,
         updated = excluded.updated, armed = excluded.armed,
         sealed = CASE WHEN fingerprint = excluded.fingerprint THEN coalesce(excluded.sealed, sealed) ELSE excluded.sealed END,
         payment = NULL, ending = NULL, looks = 0, nothing_found = 0, next_look = NULL, decided_by = NULL, note = NULL,
         lapsed = 0, fingerprint = excluded.fingerprint, provider = excluded.provider, operation = excluded.operation,
         amount = excluded.amount, currency = excluded.currency
       WHERE fingerprint IN (excluded.fingerprint, '')
         AND (state = 'not_applied' OR state = 'planned' AND ",
    free!(),
    ") OR ",
    replaceable!()
);

/// Reserves the name of an enrolment.
const RESERVE: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, state, fence, created, updated)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, :state, 1, :now, :now)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, fence = fence + 1, state = excluded.state, updated = excluded.updated, ending = NULL, note = NULL,
         decided_by = NULL, fingerprint = excluded.fingerprint, amount = excluded.amount, currency = excluded.currency
       WHERE operation IN ('enrolment', 'first_payment') AND ",
    replaceable!()
);

pub(super) fn millis(time: Timestamp) -> i64 {
    time.unix_millis()
}

pub(super) fn plan(
    connection: &Connection,
    intent: &Intent,
    now: Timestamp,
) -> Result<AttemptRecord, StoreError> {
    let columns = IntentColumns::of(intent);
    let more = params![intent.initial_state().as_str(), millis(now), millis(now), intent.sealed];
    let values = [&named(&columns).map(|(_, value)| value)[..], more].concat();
    connection
        .prepare_cached(PLAN_SQLITE)
        .and_then(|mut prepared| prepared.execute(&values[..]))
        .map_err(problem)?;
    get(connection, &intent.attempt)?.ok_or_else(neither)
}

/// The columns of an intent with the names of their parameters, in the order of the tables.
fn named<'a>(columns: &'a IntentColumns<'_>) -> [(&'static str, &'a dyn ToSql); 6] {
    [
        (":attempt", &columns.attempt),
        (":provider", &columns.provider),
        (":operation", &columns.operation),
        (":amount", &columns.amount),
        (":currency", &columns.currency),
        (":fingerprint", &columns.fingerprint),
    ]
}

/// Takes an attempt with [`CLAIM`] or [`ARM`], or returns it as it is.
pub(super) fn take_one(
    connection: &Connection,
    statement: &str,
    intent: &Intent,
    lease: &Lease,
) -> Result<Claim, StoreError> {
    let columns = IntentColumns::of(intent);
    let more = named_params! {
        ":owner": lease.owner,
        ":until": millis(lease.until),
        ":now": millis(lease.now),
        ":sealed": intent.sealed,
    };
    claimed(connection, statement, intent, &[&named(&columns)[..], more].concat())
}

/// Reserves the name of an enrolment, or returns the attempt of this name.
pub(super) fn reserve(connection: &Connection, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError> {
    let columns = IntentColumns::of(intent);
    let more = named_params! {
        ":state": intent.initial_state().as_str(),
        ":now": millis(now),
    };
    claimed(connection, RESERVE, intent, &[&named(&columns)[..], more].concat())
}

fn claimed(
    connection: &Connection,
    statement: &str,
    intent: &Intent,
    values: &[(&str, &dyn ToSql)],
) -> Result<Claim, StoreError> {
    let run = || -> rusqlite::Result<Option<i64>> {
        if connection.prepare_cached(statement)?.execute(values)? == 0 {
            return Ok(None);
        }
        // Read, and not `RETURNING`, for which SQLite makes a table each time.
        connection
            .prepare_cached("SELECT fence FROM recurring_attempts WHERE attempt = ?")?
            .query_row([intent.attempt.as_str()], |row| row.get(0))
            .optional()
    };
    match run().map_err(problem)? {
        Some(fence) => Ok(Claim::Acquired(Fence(fence))),
        None => match get(connection, &intent.attempt)? {
            Some(record) => Ok(Claim::Existing(Box::new(record))),
            None => Err(neither()),
        },
    }
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
               sent = sent OR NOT (:unsent OR :state = 'planned'), updated = :now
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
            format!("state = 'planned' AND sealed IS NOT NULL AND {free} AND :one IS NULL ORDER BY created"),
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
    let statement = format!(
        "SELECT {COLUMNS} FROM recurring_attempts
         WHERE attempt > :after AND (:state IS NULL OR state = :state) AND (:provider IS NULL OR provider = :provider)
         ORDER BY attempt LIMIT :limit"
    );
    let values = named_params! {
        ":after": filter.after.as_ref().map_or("", AttemptId::as_str),
        ":state": filter.state.map(State::as_str),
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

fn records(
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
    })
}
