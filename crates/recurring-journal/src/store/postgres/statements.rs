//! The statements, and how rows are read. Each is a transaction of its own.

use recurring_core::Timestamp;
use std::sync::LazyLock;

use recurring_facade::{PaymentRef, ProviderId};
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::ToSql;

use super::problem::problem;
use crate::attempt::Event;
use crate::error::StoreError;
use crate::inbox::{InboxEntry, UnhandledEntry};
use crate::intent::Intent;
use crate::series::SeriesTry;
use crate::store::change::{Due, Filter, Lease};
use crate::store::row::{
    CLOSED, COLUMNS, HAS_OWN_PAYMENT, IntentColumns, Row, authenticity, instant, invalid, whole,
};
use crate::store::unsettled::UnsettledRow;

/// The time of the server, in milliseconds since 1970.
pub(super) const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// A planned attempt that is free: without an owner, this owner's, or its lease is over.
macro_rules! free {
    () => {
        "(a.owner IS NULL OR a.owner = excluded.owner OR a.lease_until < excluded.updated)"
    };
}

/// An attempt under whose name nothing was ever sent: another intent of the same kind may take its place.
macro_rules! replaceable {
    () => {
        "a.state = 'not_applied' AND NOT a.sent AND NOT a.lapsed AND a.payment IS NULL
           AND a.provider = excluded.provider AND a.operation = excluded.operation"
    };
}

/// The same try of a period with another card, before anything was sent: the customer has replaced the card since it was planned.
macro_rules! same_try {
    () => {
        "a.state = 'planned' AND NOT a.sent AND a.payment IS NULL AND a.operation = 'charge' AND excluded.operation = 'charge'
           AND a.provider = excluded.provider AND a.amount = excluded.amount AND a.currency = excluded.currency
           AND a.series = excluded.series AND a.period = excluded.period AND a.try = excluded.try"
    };
}

/// The two ways to take attempts; they differ in what they become, and in what they may have been. The order of the
/// names keeps two callers from waiting for each other.
macro_rules! take {
    ($state:literal, $armed:literal, $set:literal, $may_be:literal, $or:expr) => {
        concat!(
            "INSERT INTO recurring.recurring_attempts AS a
               (attempt, provider, operation, amount, currency, fingerprint, sealed, series, period, try, credential,
                holds_period, state, owner, fence, lease_until, created, updated, armed)
             SELECT DISTINCT ON (attempt) attempt, provider, operation, amount, currency, fingerprint, sealed, series, period,
               try, credential, series IS NOT NULL, ",
            $state,
            ", $8, 1, $9, $10, $10, ",
            $armed,
            " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bytea[],
                 $11::text[], $12::text[], $13::bigint[], $14::text[])
               AS given (attempt, provider, operation, amount, currency, fingerprint, sealed, series, period, try, credential)
             WHERE given.series IS NULL OR NOT EXISTS (SELECT FROM recurring.recurring_attempts AS other
               WHERE other.series = given.series AND other.period = given.period AND other.attempt <> given.attempt
                 AND (other.state NOT IN ('declined', 'canceled', 'not_applied') OR other.try = given.try))
             ORDER BY attempt
             ON CONFLICT (attempt) DO UPDATE
               SET lines = a.lines + 1, owner = excluded.owner, fence = a.fence + 1, lease_until = excluded.lease_until,
                 updated = excluded.updated, credential = coalesce(excluded.credential, a.credential),
                 sealed = CASE WHEN a.fingerprint = excluded.fingerprint THEN coalesce(excluded.sealed, a.sealed)
                   ELSE excluded.sealed END",
            $set,
            " WHERE a.archived IS NULL AND (a.fingerprint IN (excluded.fingerprint, '') AND (",
            $may_be,
            " a.state = 'planned' AND ",
            free!(),
            ")",
            $or,
            ") RETURNING attempt, fence"
        )
    };
}

pub(super) const CLAIM: &str = take!(
    "'planned'",
    "NULL::bigint",
    ", fingerprint = excluded.fingerprint",
    "",
    concat!(" OR ", same_try!(), " AND ", free!())
);
pub(super) const ARM: &str = take!(
    "'armed'",
    "$10",
    ", state = 'armed', armed = excluded.armed, payment = NULL, ending = NULL, looks = 0, nothing_found = 0,
       next_look = NULL, decided_by = NULL, note = NULL, lapsed = false, fingerprint = excluded.fingerprint,
       provider = excluded.provider, operation = excluded.operation, amount = excluded.amount, currency = excluded.currency,
       series = excluded.series, period = excluded.period, try = excluded.try, holds_period = excluded.holds_period",
    "a.state = 'not_applied' OR",
    concat!(" OR ", replaceable!(), " OR ", same_try!(), " AND ", free!())
);

/// Reserves the name of an enrolment.
pub(super) const RESERVE: &str = concat!(
    "INSERT INTO recurring.recurring_attempts AS a
       (attempt, provider, operation, amount, currency, fingerprint, state, fence, created, updated)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
     ON CONFLICT (attempt) DO UPDATE
       SET lines = a.lines + 1, fence = a.fence + 1, state = excluded.state, updated = excluded.updated, ending = NULL,
         note = NULL, decided_by = NULL, fingerprint = excluded.fingerprint, amount = excluded.amount,
         currency = excluded.currency
       WHERE a.archived IS NULL AND a.operation IN ('enrolment', 'first_payment') AND ",
    replaceable!(),
    " RETURNING attempt, fence"
);

/// The other attempt to which the payment `$2` belongs.
pub(super) static HOLDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT attempt FROM recurring.recurring_attempts
         WHERE payment = $2 AND attempt <> $1 AND {HAS_OWN_PAYMENT}
           AND provider = (SELECT provider FROM recurring.recurring_attempts WHERE attempt = $1)"
    )
});

pub(super) static CHANGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE recurring.recurring_attempts
         SET lines = lines + 1, state = $3, payment = coalesce($4, payment), ending = coalesce($5, ending),
           looks = coalesce($6, looks), nothing_found = coalesce($7, nothing_found), next_look = $8, decided_by = $9,
           note = $10, sealed = coalesce($11, sealed), owner = CASE WHEN $12 THEN owner END,
           lease_until = CASE WHEN $12 THEN lease_until END, updated = $13,
           sent = sent OR NOT ($14 OR $3 = 'planned'), holds_period = holds_period AND $3 NOT IN {CLOSED},
           archived = CASE WHEN state = $3 THEN archived END
         WHERE attempt = $1 AND fence = $2 RETURNING {COLUMNS}"
    )
});

/// When a late worker's answer means that the money may have been taken where it should not have been, or twice: what
/// was said not to have happened, a further try that is under way, or another payment than the recorded one. Or it
/// contradicts the journal in another way.
const ALARM: &str =
    "($6 OR $3 AND (state IN ('not_applied', 'declined', 'canceled', 'planned', 'armed') OR payment <> $2))";

/// The worker's own line, and the change that it makes. Both see the attempt as it was before.
pub(super) static RECORD_LATE_RESULT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH changed AS (
      UPDATE recurring.recurring_attempts
      SET lines = lines + 2, updated = $5,
        payment = CASE WHEN state IN ('unknown', 'pending', 'review') OR {ALARM} THEN coalesce(payment, $2) ELSE payment END,
        next_look = CASE WHEN {ALARM} THEN NULL WHEN state IN ('unknown', 'pending') THEN $5 ELSE next_look END,
        note = CASE WHEN {ALARM} AND payment <> $2 THEN 'the payment ' || payment || ' is recorded, and a late worker reports ' || $2
            || ' too: compare with the gateway, and refund one if both were taken'
          WHEN {ALARM} THEN $4 ELSE note END,
        owner = CASE WHEN {ALARM} THEN NULL ELSE owner END,
        lease_until = CASE WHEN {ALARM} THEN NULL ELSE lease_until END,
        fence = CASE WHEN {ALARM} THEN fence + 1 ELSE fence END,
        archived = CASE WHEN {ALARM} THEN NULL ELSE archived END,
        state = CASE WHEN {ALARM} THEN 'review' ELSE state END
      WHERE attempt = $1 RETURNING attempt, lines
    )
    INSERT INTO recurring.recurring_events (attempt, line, at, what, payment, note)
      SELECT attempt, lines - 1, $5, 'late', $2, $4 FROM changed"
    )
});

/// What an owner that is gone has planned or was looking up.
pub(super) const FREE: &str = "UPDATE recurring.recurring_attempts
    SET lines = lines + 1, owner = NULL, fence = fence + 1, lease_until = NULL, updated = $2
    WHERE state <> 'armed' AND owner = ANY($1)";

/// `$1` are gone, `$4` are alive and have until `$5` after their lease.
pub(super) const EXPIRE_LEASES: &str = "UPDATE recurring.recurring_attempts
    SET lines = lines + 1, state = 'unknown', owner = NULL, fence = fence + 1, lease_until = NULL, next_look = $3,
      note = CASE WHEN owner = ANY($1) THEN 'the process working on this attempt stopped before it recorded a result'
        ELSE 'the lease of the process working on this attempt ended before it recorded a result' END, updated = $2
    WHERE state = 'armed'
      AND (owner = ANY($1) OR lease_until < $2 AND NOT owner = ANY($4) OR lease_until < $5) RETURNING attempt";

pub(super) const OWNERS: &str =
    "SELECT DISTINCT owner FROM recurring.recurring_attempts WHERE owner IS NOT NULL";

pub(super) const LOCK_OWNER: &str = "SELECT pg_advisory_lock($1)";

/// A row when a session holds the lock.
pub(super) const OWNER_LOCKED: &str = "SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32 | objid::bigint) = $1";

pub(super) const COUNT: &str = "SELECT state, count(*) FROM recurring.recurring_attempts
    WHERE operation <> 'enrolment' GROUP BY state";

pub(super) const EVENTS: &str =
    "SELECT at, what, payment, owner, note FROM recurring.recurring_events WHERE attempt = $1 ORDER BY line";

pub(super) const RECEIVE: &str = "WITH known AS
      (SELECT handled FROM recurring.recurring_inbox WHERE provider = $1 AND dedupe_key = $2)
    INSERT INTO recurring.recurring_inbox AS i
      (provider, dedupe_key, authenticity, event, payment, merchant_reference, first_received, last_received, times)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)
    ON CONFLICT (provider, dedupe_key) DO UPDATE SET last_received = excluded.last_received, times = i.times + 1,
      handled = CASE WHEN excluded.authenticity = 'unsigned' THEN NULL ELSE i.handled END
    RETURNING times, EXISTS (SELECT FROM known WHERE handled IS NOT NULL)";

pub(super) const HANDLED: &str = "UPDATE recurring.recurring_inbox SET handled = $3
    WHERE provider = $1 AND dedupe_key = $2 AND times <= $4";

pub(super) const BACKLOG: &str =
    "SELECT provider, dedupe_key, authenticity, event, payment, merchant_reference, times, first_received
    FROM recurring.recurring_inbox
    WHERE handled IS NULL AND ($1::text IS NULL OR provider = $1)
      AND (first_received, provider, dedupe_key) > ($2::bigint, $3::text, $4::text)
    ORDER BY first_received, provider, dedupe_key LIMIT $5";

pub(super) static SOME: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM recurring.recurring_attempts WHERE attempt = ANY($1)"));

/// Lists attempts. The word of a state is in the statement itself, so that the server sees which index has it.
pub(super) fn list(filter: &Filter) -> String {
    let state = filter.state.map(|state| format!("AND state = '{state}'")).unwrap_or_default();
    let series = if filter.series.is_some() { "series = $2" } else { "$2::text IS NULL" };
    format!(
        "SELECT {COLUMNS} FROM recurring.recurring_attempts
         WHERE attempt > $1 {state} AND {series} AND ($3::text IS NULL OR provider = $3)
         ORDER BY attempt LIMIT $4"
    )
}

pub(super) static OPEN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM recurring.recurring_attempts
         WHERE provider = $1 AND payment = $2 AND state IN ('armed', 'pending', 'unknown', 'review')"
    )
});

/// Takes what is due; what another caller is taking is passed over.
pub(super) fn take(due: &Due) -> String {
    // Not what this owner has already: it is at work on that. Only who names an attempt may go on with its own.
    let free = "(owner IS NULL OR lease_until < $2)";
    let free_or_own = "(owner IS NULL OR owner = $1 OR lease_until < $2)";
    let which = match due {
        Due::Look => format!(
            "state IN ('unknown', 'pending') AND next_look <= $2 AND operation <> 'enrolment' AND {free} AND $5::text IS NULL ORDER BY next_look"
        ),
        Due::One(_) => {
            format!(
                "attempt = $5::text AND state IN ('unknown', 'pending', 'review') AND operation <> 'enrolment'
                 AND {free_or_own}"
            )
        }
        Due::Enrolment(_) => {
            format!(
                "attempt = $5::text AND state NOT IN ('paid', 'authorized') AND operation = 'enrolment'
                 AND {free_or_own}"
            )
        }
        Due::Planned => {
            format!(
                "state = 'planned' AND sealed IS NOT NULL AND operation = 'charge' AND {free} AND $5::text IS NULL ORDER BY created"
            )
        }
    };
    format!(
        "UPDATE recurring.recurring_attempts
         SET lines = lines + 1, owner = $1, fence = fence + 1, lease_until = $3, updated = $2
         WHERE attempt IN (SELECT attempt FROM recurring.recurring_attempts WHERE {which} LIMIT $4 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    )
}

/// The columns of one intent, in the order of the tables.
pub(super) fn columns<'a>(columns: &'a IntentColumns<'_>) -> [&'a (dyn ToSql + Sync); 6] {
    [
        &columns.attempt,
        &columns.provider,
        &columns.operation,
        &columns.amount,
        &columns.currency,
        &columns.fingerprint,
    ]
}

/// Intents, column by column.
pub(super) struct Columns<'a> {
    attempts: Vec<&'a str>,
    providers: Vec<&'a str>,
    operations: Vec<&'a str>,
    amounts: Vec<Option<i64>>,
    currencies: Vec<Option<&'a str>>,
    fingerprints: Vec<&'a str>,
    sealed: Vec<Option<&'a [u8]>>,
    series: Vec<Option<&'a str>>,
    periods: Vec<Option<&'a str>>,
    tries: Vec<Option<i64>>,
    credentials: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(intents: &'a [Intent]) -> Self {
        let tries = || intents.iter().map(|intent| intent.series.as_ref());
        Self {
            attempts: intents.iter().map(|intent| intent.attempt.as_str()).collect(),
            providers: intents.iter().map(|intent| intent.provider.as_str()).collect(),
            operations: intents.iter().map(|intent| intent.operation.as_str()).collect(),
            amounts: intents.iter().map(|intent| intent.amount.map(|amount| amount.minor())).collect(),
            currencies: intents
                .iter()
                .map(|intent| intent.amount.map(|amount| amount.currency().code()))
                .collect(),
            fingerprints: intents.iter().map(|intent| intent.fingerprint.as_str()).collect(),
            sealed: intents.iter().map(|intent| intent.sealed.as_deref()).collect(),
            series: tries().map(|series| series.map(SeriesTry::series)).collect(),
            periods: tries().map(|series| series.map(SeriesTry::period)).collect(),
            tries: tries().map(|series| series.map(|series| i64::from(series.number()))).collect(),
            credentials: intents.iter().map(|intent| intent.credential.as_deref()).collect(),
        }
    }

    /// With the lease, the values of [`CLAIM`] and [`ARM`].
    pub(super) fn values<'b>(&'b self, lease: &'b Lease) -> TakeValues<'b> {
        TakeValues { columns: self, lease, until: millis(lease.until), now: millis(lease.now) }
    }
}

pub(super) struct TakeValues<'a> {
    columns: &'a Columns<'a>,
    lease: &'a Lease,
    until: i64,
    now: i64,
}

impl TakeValues<'_> {
    pub(super) fn as_refs(&self) -> [&(dyn ToSql + Sync); 14] {
        let columns = self.columns;
        [
            &columns.attempts,
            &columns.providers,
            &columns.operations,
            &columns.amounts,
            &columns.currencies,
            &columns.fingerprints,
            &columns.sealed,
            &self.lease.owner,
            &self.until,
            &self.now,
            &columns.series,
            &columns.periods,
            &columns.tries,
            &columns.credentials,
        ]
    }
}

pub(super) fn millis(time: Timestamp) -> i64 {
    time.unix_millis()
}

/// The lock of an owner: the first half of its name, which is random.
pub(super) fn owner_key(owner: &str) -> Result<i64, StoreError> {
    owner
        .get(..16)
        .and_then(|half| u64::from_str_radix(half, 16).ok())
        .map(|key| i64::from_be_bytes(key.to_be_bytes()))
        .ok_or_else(|| invalid("owner"))
}

pub(super) fn text(row: &PgRow, index: usize) -> Result<String, StoreError> {
    row.try_get(index).map_err(problem)
}

pub(super) fn number(row: &PgRow, index: usize) -> Result<i64, StoreError> {
    row.try_get(index).map_err(problem)
}

/// An attempt, from the columns in their order.
pub(super) fn row(row: &PgRow) -> Result<Row, StoreError> {
    let read = || -> Result<Row, tokio_postgres::Error> {
        Ok(Row {
            attempt: row.try_get(0)?,
            provider: row.try_get(1)?,
            operation: row.try_get(2)?,
            amount: row.try_get(3)?,
            currency: row.try_get(4)?,
            fingerprint: row.try_get(5)?,
            state: row.try_get(6)?,
            owner: row.try_get(7)?,
            fence: row.try_get(8)?,
            lease_until: row.try_get(9)?,
            payment: row.try_get(10)?,
            ending: row.try_get(11)?,
            created: row.try_get(12)?,
            updated: row.try_get(13)?,
            armed: row.try_get(14)?,
            looks: row.try_get(15)?,
            nothing_found: row.try_get(16)?,
            next_look: row.try_get(17)?,
            decided_by: row.try_get(18)?,
            note: row.try_get(19)?,
            sealed: row.try_get(20)?,
            lapsed: row.try_get(21)?,
            sent: row.try_get(22)?,
            series: row.try_get(23)?,
            period: row.try_get(24)?,
            number: row.try_get(25)?,
            archived: row.try_get(26)?,
        })
    };
    read().map_err(problem)
}

pub(super) fn unsettled(row: &PgRow) -> Result<UnsettledRow, StoreError> {
    Ok(UnsettledRow {
        provider: text(row, 0)?,
        state: text(row, 1)?,
        count: number(row, 2)?,
        oldest: number(row, 3)?,
    })
}

pub(super) fn event(row: &PgRow) -> Result<Event, StoreError> {
    event_after(row, 0)
}

/// A line of a log after this many other columns.
pub(super) fn event_after(row: &PgRow, others: usize) -> Result<Event, StoreError> {
    let optional = |index: usize| row.try_get::<_, Option<String>>(others + index).map_err(problem);
    Ok(Event {
        at: instant(number(row, others)?)?,
        what: text(row, others + 1)?,
        payment: optional(2)?.map(PaymentRef::new),
        owner: optional(3)?,
        note: optional(4)?,
    })
}

pub(super) fn unhandled_entry(row: &PgRow) -> Result<UnhandledEntry, StoreError> {
    let optional = |index: usize| row.try_get::<_, Option<String>>(index).map_err(problem);
    let entry = InboxEntry {
        provider: ProviderId::new(text(row, 0)?),
        dedupe_key: text(row, 1)?,
        authenticity: authenticity(&text(row, 2)?)?,
        event: optional(3)?,
        payment: optional(4)?.map(PaymentRef::new),
        merchant_reference: optional(5)?,
    };
    let (times, first_received) = (whole(number(row, 6)?)?, instant(number(row, 7)?)?);
    Ok(UnhandledEntry { entry, times, first_received })
}
