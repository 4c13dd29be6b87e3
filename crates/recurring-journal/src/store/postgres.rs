use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use recurring_core::{AttemptId, Secret, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use tokio::sync::Mutex;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::archive::{Archivable, Departure};
use super::change::{Change, Claim, Due, Filter, Late, Lease, Owners};
use super::contract::Store;
use super::failover::{Acknowledged, Failover};
use super::info::JournalInfo;
use super::plan::PLAN_POSTGRES;
use super::row;
use super::sealed::Sealed;
use super::unsettled::{UNSETTLED_POSTGRES, Unsettled};
use crate::attempt::{AttemptRecord, Event, Fence, State};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry, UnhandledEntry};
use crate::intent::Intent;

mod archive;
mod connect;
mod migrate;
mod options;
mod passfile;
mod problem;
mod schema;
mod series;
mod server;
mod stamp;
mod statements;
mod tls;

use connect::Place;
use problem::problem;
use series::share_a_period;
use server::{Server, Values};
use statements as sql;

/// Attempts in PostgreSQL, for any number of machines, in the schema `recurring`.
///
/// Every write is one statement that has committed when it is answered, with `synchronous_commit` on, whatever the
/// server's or the database's own setting is. Beside the pool, one connection holds an advisory lock for as long as
/// this store lives: by it the others see that the owner of an armed attempt is gone. The time is that of the server.
///
/// **Failover.** With asynchronous replication, a replica that takes over may lack what its predecessor stored last:
/// an attempt that was armed and sent may look as if it had never been. Replicate synchronously
/// (`synchronous_standby_names`), and nothing is missing. Either way the failover is noticed by the server's timeline,
/// and a journal that was restored from a dump by its tables: opening, and every new connection, fail with
/// [`StoreError::FailedOver`] until an operator has compared with the gateways what was charged in that time and has
/// called [`acknowledge_failover`](Self::acknowledge_failover).
pub struct PostgresStore {
    place: Place,
    server: Server,
    identity: String,
    stamp: String,
    owner: Mutex<Option<Owner>>,
}

/// How far the clocks of this machine and of the server may be apart.
const MAX_SKEW: Duration = Duration::from_secs(120);

/// The journal's times are the server's; a machine whose own clock is far off cannot tell when it has to stop.
fn check_skew(server: Timestamp, here: Timestamp) -> Result<(), StoreError> {
    if here.duration_since(server).max(server.duration_since(here)) <= MAX_SKEW {
        return Ok(());
    }
    Err(StoreError::ClockSkew { here, store: server })
}

/// The proof of life: a connection that holds a lock. The server lets go of it when the connection ends.
struct Owner {
    name: String,
    client: Client,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.place).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Creates a journal in the database of `postgres://USER:PASSWORD@HOST/DATABASE`, which must exist, and opens it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one; otherwise those of [`open`](Self::open).
    pub async fn create(address: &Secret) -> Result<Self, StoreError> {
        let mut client = Place::parse(address)?.client().await?;
        schema::create(&mut client).await?;
        Self::open(address).await
    }

    /// Opens the journal in the database of `postgres://USER:PASSWORD@HOST/DATABASE`. A journal of an earlier version is
    /// migrated to the present one, all of it or nothing, by the role that owns its tables: back it up before.
    ///
    /// TLS by rustls, with the platform's trusted roots, or with those of `sslrootcert=/PATH` alone. To another machine it is
    /// always used: `sslmode=disable` is refused there unless the address also has `dangerous_plaintext=true`, which sends
    /// the password and the journal in plain text. `require` and `verify-full` mean the same: the
    /// certificate and its name are verified; `verify-ca` takes any name, and needs `sslrootcert`.
    ///
    /// What the address leaves out is read from the environment: `PGSSLMODE`, `PGSSLROOTCERT`, and for the password
    /// `PGPASSWORD` or the file that `PGPASSFILE` names.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none; when the address cannot be used or leads to a pooler that shares
    /// sessions between transactions (PgBouncer with `pool_mode = transaction`), the server cannot be reached, its
    /// clock and that of this machine differ by more than two minutes, the journal is that of a newer version, or a
    /// replica has taken over.
    pub async fn open(address: &Secret) -> Result<Self, StoreError> {
        let place = Place::parse(address)?;
        place.refuse_pooler().await?;
        let found = schema::open(&mut place.client().await?).await?;
        let store = Self {
            server: Server::new(place.pool(found.stamp.clone())?),
            place,
            identity: found.identity,
            stamp: found.stamp,
            owner: Mutex::new(None),
        };
        check_skew(store.now().await?, Timestamp::now())?;
        store.owner().await?;
        Ok(store)
    }

    /// Describes the journal in this database, and changes nothing: an earlier version is not migrated.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none; when it cannot be read, or is that of a newer version.
    pub async fn inspect(address: &Secret) -> Result<JournalInfo, StoreError> {
        schema::inspect(&mut Place::parse(address)?.client().await?).await
    }

    /// Records that a replica has taken over, or that the journal was restored from a dump, and the journal opens
    /// again. Nothing is sent. An armed attempt becomes [unknown](State::Unknown) and is looked up. What could be sent
    /// again may have been sent in the time that is missing, with nothing left to look for: what is planned (unless the
    /// failover says that none was sent), not applied, or found at a gateway goes to [manual review](State::Review). For
    /// every attempt that is open now, "nothing found" and "declined" prove nothing any more.
    ///
    /// Compare with the gateways first what was charged in that time: an attempt that was stored and sent in it is not
    /// in the journal at all, and would be charged again if it were asked for again. Name it in
    /// [`Failover::charged`].
    ///
    /// # Errors
    /// When the journal is where it was, or it cannot be stored.
    pub async fn acknowledge_failover(
        address: &Secret,
        failover: &Failover,
    ) -> Result<Acknowledged, StoreError> {
        let mut client = Place::parse(address)?.client().await?;
        schema::acknowledge(&mut client, failover).await
    }
}

impl Sealed for PostgresStore {}

#[async_trait]
impl Store for PostgresStore {
    async fn owner(&self) -> Result<String, StoreError> {
        let mut held = self.owner.lock().await;
        if let Some(owner) = held.as_ref().filter(|owner| !owner.client.is_closed()) {
            return Ok(owner.name.clone());
        }
        // Another process may see by now that the old owner is gone. What it had armed is unknown; this is a new one.
        let client = self.place.client().await?;
        let found = stamp::stamp(&client).await?;
        if found != self.stamp {
            return Err(StoreError::FailedOver { found, known: self.stamp.clone() });
        }
        let name = uuid::Uuid::new_v4().simple().to_string();
        client.execute(sql::LOCK_OWNER, &[&sql::owner_key(&name)?]).await.map_err(problem)?;
        let owner = held.insert(Owner { name, client });
        Ok(owner.name.clone())
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let rows = self.server.rows(sql::NOW, &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::Failed("no answer".to_owned()))?;
        row::instant(sql::number(row, 0)?)
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError> {
        let rows = self.server.rows(sql::OWNER_LOCKED, &[&sql::owner_key(owner)?]).await?;
        Ok(rows.is_empty())
    }

    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        let (columns, now) = (row::IntentColumns::of(intent), sql::millis(now));
        let state = intent.initial_state().as_str();
        let more: [&(dyn ToSql + Sync); 8] = [
            &state,
            &now,
            &now,
            &intent.sealed,
            &columns.series,
            &columns.period,
            &columns.number,
            &columns.credential,
        ];
        let values = [&sql::columns(&columns)[..], &more].concat();
        // The unique indexes decide; this also sees a try that holds its period no more and has turned out to be open. When
        // it misses one of those that is found out at this moment, arming does not.
        if intent.series.is_some()
            && self.get(&intent.attempt).await?.is_none()
            && let Some(other) = self.server.other_try(intent).await?
        {
            return Err(StoreError::OtherTry(other));
        }
        match self.server.rows(PLAN_POSTGRES, &values).await {
            Ok(_) => self.get(&intent.attempt).await?.ok_or_else(row::neither),
            Err(failed) => Err(self.server.other_try(intent).await?.map_or(failed, StoreError::OtherTry)),
        }
    }

    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError> {
        let columns = row::IntentColumns::of(intent);
        let (state, now) = (intent.initial_state().as_str(), sql::millis(now));
        let more: [&(dyn ToSql + Sync); 2] = [&state, &now];
        let values = [&sql::columns(&columns)[..], &more].concat();
        let taken = self.server.rows(sql::RESERVE, &values).await?;
        let claims = self.server.claims(std::slice::from_ref(intent), &taken).await?;
        claims.into_iter().flatten().next().ok_or_else(row::neither)
    }

    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError> {
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        if !share_a_period(intents) {
            return self.server.take_all(sql::CLAIM, intents, lease).await;
        }
        let mut claims = Vec::with_capacity(intents.len());
        for intent in intents {
            claims.push(self.server.take_one(sql::CLAIM, intent, lease).await?);
        }
        Ok(claims)
    }

    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError> {
        self.server.take_one(sql::ARM, intent, lease).await
    }

    async fn change(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<AttemptRecord, StoreError> {
        let ending = row::ending_text(change.ending.as_ref())?;
        let values: Values<'_> = &[
            &attempt.as_str(),
            &fence.0,
            &change.state.as_str(),
            &change.payment.as_ref().map(PaymentRef::as_str),
            &ending,
            &change.looks.map(i64::from),
            &change.nothing_found.map(i64::from),
            &change.next_look.map(sql::millis),
            &change.decided_by,
            &change.note,
            &change.sealed,
            &change.keep_lease,
            &sql::millis(now),
            &change.unsent,
        ];
        let written = match self.server.records(&sql::CHANGE, values).await {
            Ok(written) => written,
            Err(failed) => return Err(self.server.taken(attempt, change.payment.as_ref(), failed).await),
        };
        match written.into_iter().next() {
            Some(record) => Ok(record),
            None if self.get(attempt).await?.is_none() => Err(StoreError::NoSuchAttempt),
            None => Err(StoreError::Fenced),
        }
    }

    async fn record_late_result(
        &self,
        attempt: &AttemptId,
        late: &Late,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let payment = late.payment.as_ref().map(PaymentRef::as_str);
        let values: Values<'_> =
            &[&attempt.as_str(), &payment, &late.taken, &late.note, &sql::millis(now), &late.review];
        match self.server.rows(&sql::RECORD_LATE_RESULT, values).await {
            Ok(_) => Ok(()),
            Err(failed) => Err(self.server.taken(attempt, late.payment.as_ref(), failed).await),
        }
    }

    async fn expire_leases(
        &self,
        owners: &Owners,
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let end_of_grace = now.checked_sub(owners.grace).unwrap_or(Timestamp::MIN);
        let now = sql::millis(now);
        self.server.rows(sql::FREE, &[&owners.gone, &now]).await?;
        let values: Values<'_> =
            &[&owners.gone, &now, &sql::millis(first_look), &owners.alive, &sql::millis(end_of_grace)];
        let unknown = self.server.rows(sql::EXPIRE_LEASES, values).await?;
        Ok(u64::try_from(unknown.len()).unwrap_or(u64::MAX))
    }

    async fn owners(&self) -> Result<Vec<String>, StoreError> {
        self.server.rows(sql::OWNERS, &[]).await?.iter().map(|row| sql::text(row, 0)).collect()
    }

    async fn take(&self, due: &Due, limit: u32, lease: &Lease) -> Result<Vec<AttemptRecord>, StoreError> {
        let one = match due {
            Due::One(attempt) | Due::Enrolment(attempt) => Some(attempt.as_str()),
            Due::Look | Due::Planned => None,
        };
        let values: Values<'_> =
            &[&lease.owner, &sql::millis(lease.now), &sql::millis(lease.until), &i64::from(limit), &one];
        self.server.records(&sql::take(due), values).await
    }

    async fn get(&self, attempt: &AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
        Ok(self.server.records(&sql::SOME, &[&vec![attempt.as_str()]]).await?.into_iter().next())
    }

    async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<AttemptRecord>, StoreError> {
        let values: Values<'_> = &[
            &filter.after.as_ref().map_or("", AttemptId::as_str),
            &filter.series,
            &filter.provider.as_ref().map(ProviderId::as_str),
            &i64::from(limit),
        ];
        self.server.records(&sql::list(filter), values).await
    }

    async fn series(&self, series: &str) -> Result<Vec<AttemptRecord>, StoreError> {
        self.server.records(&series::SERIES, &[&series]).await
    }

    async fn credential_history(
        &self,
        digest: &str,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.server.records(&series::CREDENTIAL_HISTORY, &[&digest, &sql::millis(since)]).await
    }

    async fn unsettled(&self) -> Result<Vec<Unsettled>, StoreError> {
        let now = self.now().await?;
        self.server
            .rows(UNSETTLED_POSTGRES, &[])
            .await?
            .iter()
            .map(|row| sql::unsettled(row)?.read(now))
            .collect()
    }

    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError> {
        let mut counts = Vec::new();
        for row in self.server.rows(sql::COUNT, &[]).await? {
            counts.push((row::state(&sql::text(&row, 0)?)?, row::whole(sql::number(&row, 1)?)?));
        }
        Ok(counts)
    }

    async fn archivable(
        &self,
        after: Option<&AttemptId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<Archivable, StoreError> {
        archive::archivable(&self.server, after, before, limit).await
    }

    async fn archive(&self, departures: &[Departure], now: Timestamp) -> Result<u64, StoreError> {
        archive::archive(&self.server, departures, now).await
    }

    async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, StoreError> {
        self.server.rows(sql::EVENTS, &[&attempt.as_str()]).await?.iter().map(sql::event).collect()
    }

    async fn open_with_payment(
        &self,
        provider: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.server.records(&sql::OPEN, &[&provider.as_str(), &payment.as_str()]).await
    }

    async fn receive(&self, entry: &InboxEntry, now: Timestamp) -> Result<Delivery, StoreError> {
        let values: Values<'_> = &[
            &entry.provider.as_str(),
            &entry.dedupe_key,
            &entry.authenticity.as_str(),
            &entry.event,
            &entry.payment.as_ref().map(PaymentRef::as_str),
            &entry.merchant_reference,
            &sql::millis(now),
        ];
        let rows = self.server.rows(sql::RECEIVE, values).await?;
        let row = rows.first().ok_or_else(|| StoreError::Failed("no answer".to_owned()))?;
        let times = row::whole(sql::number(row, 0)?)?;
        Ok(Delivery { times, handled: row.try_get(1).map_err(problem)? })
    }

    async fn handled(&self, entry: &InboxEntry, times: u64, now: Timestamp) -> Result<(), StoreError> {
        let values: Values<'_> =
            &[&entry.provider.as_str(), &entry.dedupe_key, &sql::millis(now), &row::stored(times)];
        self.server.rows(sql::HANDLED, values).await?;
        Ok(())
    }

    async fn backlog(
        &self,
        provider: Option<&ProviderId>,
        after: Option<&UnhandledEntry>,
        limit: u32,
    ) -> Result<Vec<UnhandledEntry>, StoreError> {
        let values: Values<'_> = &[
            &provider.map(ProviderId::as_str),
            &after.map_or(i64::MIN, |row| sql::millis(row.first_received)),
            &after.map_or("", |row| row.entry.provider.as_str()),
            &after.map_or("", |row| row.entry.dedupe_key.as_str()),
            &i64::from(limit),
        ];
        self.server.rows(sql::BACKLOG, values).await?.iter().map(sql::unhandled_entry).collect()
    }

    fn kind(&self) -> &'static str {
        "postgres"
    }
}
