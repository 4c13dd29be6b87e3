//! Taking attempts: planning, claiming, arming, reserving. Each function runs in a transaction of its caller.

use recurring_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql, named_params, params};

use super::problem::problem;
use super::series::other_try;
use super::statements::{get, millis};
use crate::attempt::{AttemptRecord, Fence};
use crate::error::StoreError;
use crate::intent::Intent;
use crate::store::change::{Claim, Lease};
use crate::store::plan::PLAN_SQLITE;
use crate::store::row::{IntentColumns, may_be_taken, neither};

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

/// The same try of a period with another card, before anything was sent: the customer has replaced the card since it was planned.
macro_rules! same_try {
    () => {
        "state = 'planned' AND NOT sent AND payment IS NULL AND operation = 'charge' AND excluded.operation = 'charge'
           AND provider = excluded.provider AND amount = excluded.amount AND currency = excluded.currency
           AND series = excluded.series AND period = excluded.period AND try = excluded.try"
    };
}

/// The two ways to take an attempt; they differ in what it becomes, and in what it may have been.
pub(super) const CLAIM: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, series, period, try, credential, holds_period, state,
        owner, fence, lease_until, created, updated, sealed)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, :series, :period, :try, :credential,
       :series IS NOT NULL, 'planned', :owner, 1, :until, :now, :now, :sealed)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, owner = excluded.owner, fence = fence + 1, lease_until = excluded.lease_until, updated = excluded.updated,
         sealed = CASE WHEN fingerprint = excluded.fingerprint THEN coalesce(excluded.sealed, sealed) ELSE excluded.sealed END,
         credential = coalesce(excluded.credential, credential), fingerprint = excluded.fingerprint
       WHERE archived IS NULL AND state = 'planned' AND (fingerprint IN (excluded.fingerprint, '') OR ",
    same_try!(),
    ") AND ",
    free!()
);
pub(super) const ARM: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, series, period, try, credential, holds_period, state,
        owner, fence, lease_until, created, updated, armed, sealed)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, :series, :period, :try, :credential,
       :series IS NOT NULL, 'armed', :owner, 1, :until, :now, :now, :now, :sealed)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, state = 'armed', owner = excluded.owner, fence = fence + 1, lease_until = excluded.lease_until,
         updated = excluded.updated, armed = excluded.armed,
         sealed = CASE WHEN fingerprint = excluded.fingerprint THEN coalesce(excluded.sealed, sealed) ELSE excluded.sealed END,
         payment = NULL, ending = NULL, looks = 0, nothing_found = 0, next_look = NULL, decided_by = NULL, note = NULL,
         lapsed = 0, fingerprint = excluded.fingerprint, provider = excluded.provider, operation = excluded.operation,
         amount = excluded.amount, currency = excluded.currency, series = excluded.series, period = excluded.period,
         try = excluded.try, credential = coalesce(excluded.credential, credential), holds_period = excluded.holds_period
       WHERE archived IS NULL AND (fingerprint IN (excluded.fingerprint, '')
         AND (state = 'not_applied' OR state = 'planned' AND ",
    free!(),
    ") OR ",
    replaceable!(),
    " OR ",
    same_try!(),
    " AND ",
    free!(),
    ")"
);

/// Reserves the name of an enrolment.
const RESERVE: &str = concat!(
    "INSERT INTO recurring_attempts
       (attempt, provider, operation, amount, currency, fingerprint, state, fence, created, updated)
     VALUES (:attempt, :provider, :operation, :amount, :currency, :fingerprint, :state, 1, :now, :now)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = lines + 1, fence = fence + 1, state = excluded.state, updated = excluded.updated, ending = NULL, note = NULL,
         decided_by = NULL, fingerprint = excluded.fingerprint, amount = excluded.amount, currency = excluded.currency
       WHERE archived IS NULL AND operation IN ('enrolment', 'first_payment') AND ",
    replaceable!()
);

pub(super) fn plan(
    connection: &Connection,
    intent: &Intent,
    now: Timestamp,
) -> Result<AttemptRecord, StoreError> {
    if let Some(other) = other_try(connection, intent)? {
        return get(connection, &intent.attempt)?.ok_or(StoreError::OtherTry(other));
    }
    let columns = IntentColumns::of(intent);
    let more = params![
        intent.initial_state().as_str(),
        millis(now),
        millis(now),
        intent.sealed,
        columns.series,
        columns.period,
        columns.number,
        columns.credential
    ];
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
    if let Some(other) = other_try(connection, intent)? {
        // What is not to be taken anyway is returned as it is.
        let existing = get(connection, &intent.attempt)?;
        return Ok(match existing {
            Some(record) if !may_be_taken(Some(&record)) => Claim::Existing(Box::new(record)),
            _ => Claim::Blocked(other),
        });
    }
    let columns = IntentColumns::of(intent);
    let more = named_params! {
        ":series": columns.series,
        ":period": columns.period,
        ":try": columns.number,
        ":credential": columns.credential,
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
