//! The statements about notifications.

use recurring_core::Timestamp;
use recurring_facade::{Authenticity, PaymentRef, ProviderId};
use rusqlite::{Connection, named_params, params};

use super::problem::problem;
use super::statements::{collect, millis};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry};
use crate::store::row::{authenticity, whole};

pub(super) fn receive(
    connection: &Connection,
    entry: &InboxEntry,
    now: Timestamp,
) -> Result<Delivery, StoreError> {
    let run = || -> rusqlite::Result<(i64, bool)> {
        let mut prepared = connection.prepare_cached(
            "INSERT INTO recurring_inbox
               (provider, dedupe_key, authenticity, event, payment, merchant_reference, first_received, last_received, times)
             VALUES (:provider, :key, :authenticity, :event, :payment, :reference, :now, :now, 1)
             ON CONFLICT (provider, dedupe_key) DO UPDATE SET last_received = excluded.last_received, times = times + 1
             RETURNING times, handled IS NOT NULL",
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
        prepared.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let (times, handled) = run().map_err(problem)?;
    Ok(Delivery { times: whole(times)?, handled })
}

pub(super) fn handled(connection: &Connection, entry: &InboxEntry, now: Timestamp) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE recurring_inbox SET handled = ? WHERE provider = ? AND dedupe_key = ?",
            params![millis(now), entry.provider.as_str(), entry.dedupe_key],
        )
        .map_err(problem)?;
    Ok(())
}

pub(super) fn unhandled(connection: &Connection, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
    let statement = "SELECT provider, dedupe_key, authenticity, event, payment, merchant_reference
         FROM recurring_inbox WHERE handled IS NULL ORDER BY first_received LIMIT :limit";
    let rows = collect(connection, statement, named_params! {":limit": limit}, |row| {
        let entry = InboxEntry {
            provider: ProviderId::new(row.get::<_, String>(0)?),
            dedupe_key: row.get(1)?,
            authenticity: Authenticity::Unsigned,
            event: row.get(3)?,
            payment: row.get::<_, Option<String>>(4)?.map(PaymentRef::new),
            merchant_reference: row.get(5)?,
        };
        Ok((row.get::<_, String>(2)?, entry))
    })?;
    rows.into_iter()
        .map(|(word, entry)| Ok(InboxEntry { authenticity: authenticity(&word)?, ..entry }))
        .collect()
}
