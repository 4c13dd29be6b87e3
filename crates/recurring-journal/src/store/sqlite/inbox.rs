//! The statements about notifications.

use recurring_core::Timestamp;
use recurring_facade::{Authenticity, PaymentRef, ProviderId};
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::problem::problem;
use super::statements::{collect, millis};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry, UnhandledEntry};
use crate::store::row::{authenticity, instant, stored, whole};

pub(super) fn receive(
    connection: &Connection,
    entry: &InboxEntry,
    now: Timestamp,
) -> Result<Delivery, StoreError> {
    let run = || -> rusqlite::Result<(i64, bool)> {
        let mut known = connection.prepare_cached(
            "SELECT handled IS NOT NULL FROM recurring_inbox WHERE provider = ? AND dedupe_key = ?",
        )?;
        let key = params![entry.provider.as_str(), entry.dedupe_key];
        let handled = known.query_row(key, |row| row.get(0)).optional()?.unwrap_or(false);
        let mut prepared = connection.prepare_cached(
            "INSERT INTO recurring_inbox
               (provider, dedupe_key, authenticity, event, payment, merchant_reference, first_received, last_received, times)
             VALUES (:provider, :key, :authenticity, :event, :payment, :reference, :now, :now, 1)
             ON CONFLICT (provider, dedupe_key) DO UPDATE SET last_received = excluded.last_received, times = times + 1,
               handled = CASE WHEN excluded.authenticity = 'unsigned' THEN NULL ELSE handled END
             RETURNING times",
        )?;
        let values = named_params! {
            ":provider": entry.provider.as_str(),
            ":key": entry.dedupe_key,
            ":authenticity": entry.authenticity.as_str(),
            ":event": entry.event,
            ":payment": entry.payment.as_ref().map(PaymentRef::as_str),
            ":reference": entry.merchant_reference,
            ":now": millis(now),
        };
        Ok((prepared.query_row(values, |row| row.get(0))?, handled))
    };
    let (times, handled) = run().map_err(problem)?;
    Ok(Delivery { times: whole(times)?, handled })
}

pub(super) fn handled(
    connection: &Connection,
    entry: &InboxEntry,
    times: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE recurring_inbox SET handled = ? WHERE provider = ? AND dedupe_key = ? AND times <= ?",
            params![millis(now), entry.provider.as_str(), entry.dedupe_key, stored(times)],
        )
        .map_err(problem)?;
    Ok(())
}

pub(super) fn backlog(
    connection: &Connection,
    provider: Option<&ProviderId>,
    after: Option<&UnhandledEntry>,
    limit: u32,
) -> Result<Vec<UnhandledEntry>, StoreError> {
    let statement =
        "SELECT provider, dedupe_key, authenticity, event, payment, merchant_reference, times, first_received
         FROM recurring_inbox
         WHERE handled IS NULL AND (:provider IS NULL OR provider = :provider)
           AND (first_received, provider, dedupe_key) > (:since, :after_provider, :after_key)
         ORDER BY first_received, provider, dedupe_key LIMIT :limit";
    let values = named_params! {
        ":provider": provider.map(ProviderId::as_str),
        ":since": after.map_or(i64::MIN, |row| millis(row.first_received)),
        ":after_provider": after.map_or("", |row| row.entry.provider.as_str()),
        ":after_key": after.map_or("", |row| row.entry.dedupe_key.as_str()),
        ":limit": limit,
    };
    let rows = collect(connection, statement, values, |row| {
        let entry = InboxEntry {
            provider: ProviderId::new(row.get::<_, String>(0)?),
            dedupe_key: row.get(1)?,
            authenticity: Authenticity::Unsigned,
            event: row.get(3)?,
            payment: row.get::<_, Option<String>>(4)?.map(PaymentRef::new),
            merchant_reference: row.get(5)?,
        };
        Ok((entry, row.get::<_, String>(2)?, row.get(6)?, row.get(7)?))
    })?;
    rows.into_iter()
        .map(|(entry, word, times, first)| {
            let entry = InboxEntry { authenticity: authenticity(&word)?, ..entry };
            Ok(UnhandledEntry { entry, times: whole(times)?, first_received: instant(first)? })
        })
        .collect()
}
