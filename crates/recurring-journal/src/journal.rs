use std::fmt;
use std::sync::Arc;

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::StoredCredential;

use crate::address::Address;
use crate::attempt::{AttemptRecord, Event};
use crate::clock::{Clock, SystemClock};
use crate::error::{JournalError, StoreError};
use crate::intent::{Intent, credential_digest};
use crate::observe;
use crate::policy::Policy;
use crate::seal::{EncryptionKey, Sealed};
use crate::series::ChargeIntent;
#[cfg(feature = "postgres")]
use crate::store::PostgresStore;
use crate::store::{Filter, JournalInfo, Lease, Owners, SqliteStore, Store, Unsettled};

/// The durable record of every attempt to move money: at most one for each name.
///
/// It is cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    policy: Policy,
    key: Option<EncryptionKey>,
}

/// Sets a journal up; made by [`Journal::builder`].
#[derive(Debug, Default)]
pub struct JournalBuilder {
    clock: Option<Arc<dyn Clock>>,
    policy: Policy,
    key: Option<EncryptionKey>,
    identity: Option<String>,
}

impl JournalBuilder {
    /// The timeouts of the journal.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Another clock for this machine, for tests. Leases and the settle time run by the clock of the store.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Keeps stored credentials under this key, so that planned charges can be made without handing them in again.
    /// Without a key none is kept.
    #[must_use]
    pub fn with_encryption_key(mut self, key: EncryptionKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Opens only the journal with this identity ([`Journal::identity`]), and refuses every other one.
    #[must_use]
    pub fn with_identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Opens the journal at this [`Address`]: `sqlite:/PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`. A journal of an
    /// earlier version is migrated first, all of it or nothing: back it up before.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none: nothing that moves money creates a journal. When the address cannot
    /// be used, or the store cannot be opened.
    pub async fn open(self, address: &str) -> Result<Journal, JournalError> {
        let store: Arc<dyn Store> = match Address::parse(address)? {
            Address::Sqlite(path) => {
                let opened = SqliteStore::open(path).await;
                Arc::new(opened.inspect_err(|error| observe::store_failed("sqlite", error))?)
            }
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => {
                let opened = PostgresStore::open(&address).await;
                Arc::new(opened.inspect_err(|error| observe::store_failed("postgres", error))?)
            }
            #[cfg(not(feature = "postgres"))]
            Address::Postgres(_) => return Err(without_postgres().into()),
        };
        self.with_store(store).await
    }

    /// Creates a journal at this [`Address`] and opens it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one; when the address cannot be used, or nothing can be written there.
    pub async fn create(self, address: &str) -> Result<Journal, JournalError> {
        let store: Arc<dyn Store> = match Address::parse(address)? {
            Address::Sqlite(path) => Arc::new(SqliteStore::create(path).await?),
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => Arc::new(PostgresStore::create(&address).await?),
            #[cfg(not(feature = "postgres"))]
            Address::Postgres(_) => return Err(without_postgres().into()),
        };
        self.with_store(store).await
    }

    /// Describes the journal at this address, and changes nothing: an earlier version is not migrated, and no attempt becomes
    /// unknown.
    ///
    /// # Errors
    /// When the address cannot be used, there is no journal, it is not the one with the [identity](Self::with_identity) that
    /// was asked for, it cannot be read, or it has a newer version.
    pub async fn inspect(self, address: &str) -> Result<JournalInfo, JournalError> {
        let info = match Address::parse(address)? {
            Address::Sqlite(path) => SqliteStore::inspect(path).await?,
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => PostgresStore::inspect(&address).await?,
            #[cfg(not(feature = "postgres"))]
            Address::Postgres(_) => return Err(without_postgres().into()),
        };
        match (self.identity, info.identity.as_deref()) {
            (Some(expected), found) if found != Some(expected.as_str()) => {
                let found = found.unwrap_or("none, as version 1 has").to_owned();
                Err(StoreError::OtherJournal { found, expected }.into())
            }
            _ => Ok(info),
        }
    }

    /// Takes a store that is open already. What its owner left behind is made [unknown](crate::State::Unknown) first.
    ///
    /// # Errors
    /// When the policy contradicts itself, the journal is not the one with the [identity](Self::with_identity) that was
    /// asked for, or the store fails.
    pub async fn with_store(self, store: Arc<dyn Store>) -> Result<Journal, JournalError> {
        self.policy.check()?;
        if let Some(expected) = self.identity.filter(|expected| expected != store.identity()) {
            return Err(StoreError::OtherJournal { found: store.identity().to_owned(), expected }.into());
        }
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let journal = Journal { inner: Arc::new(Inner { store, clock, policy: self.policy, key: self.key }) };
        journal.recover().await?;
        Ok(journal)
    }
}

#[cfg(not(feature = "postgres"))]
fn without_postgres() -> StoreError {
    StoreError::Address("names PostgreSQL: switch on the feature `postgres`".to_owned())
}

impl Journal {
    /// Opens the journal at this address, with the default timeouts: see [`JournalBuilder::open`].
    ///
    /// # Errors
    /// Those of [`JournalBuilder::open`].
    pub async fn open(address: &str) -> Result<Self, JournalError> {
        Self::builder().open(address).await
    }

    /// Creates a journal at this address: see [`JournalBuilder::create`].
    ///
    /// # Errors
    /// Those of [`JournalBuilder::create`].
    pub async fn create(address: &str) -> Result<Self, JournalError> {
        Self::builder().create(address).await
    }

    /// Describes the journal at this address, and changes nothing: see [`JournalBuilder::inspect`].
    ///
    /// # Errors
    /// Those of [`JournalBuilder::inspect`].
    pub async fn inspect(address: &str) -> Result<JournalInfo, JournalError> {
        Self::builder().inspect(address).await
    }

    /// A journal with settings of your own.
    pub fn builder() -> JournalBuilder {
        JournalBuilder::default()
    }

    /// Waits until everything is written, and closes the store: with SQLite, all of the journal is in its file then.
    /// Every clone of this journal fails afterwards. A journal that is dropped without it does the same, but blocks its
    /// thread for that time.
    ///
    /// # Errors
    /// When the last writes could not be moved into the file; they are kept beside it.
    pub async fn close(self) -> Result<(), JournalError> {
        Ok(self.store().close().await?)
    }

    /// The identity that the journal was given when it was created. A configuration may name it
    /// ([`JournalBuilder::with_identity`](crate::JournalBuilder::with_identity)), so that no other journal is taken for this one.
    pub fn identity(&self) -> &str {
        self.store().identity()
    }

    /// The store itself.
    pub fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// The timeouts of the journal.
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// The clock of this machine. What others rely on too is counted by the store's, see [`now`](Self::now).
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The time by the clock of the store, which the times of attempts are counted by. The clock of this machine may
    /// differ from it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store().now().await
    }

    pub(crate) fn key(&self) -> Option<&EncryptionKey> {
        self.inner.key.as_ref()
    }

    pub(crate) async fn lease(&self) -> Result<Lease, StoreError> {
        let now = self.now().await?;
        // A time that no calendar holds is never reached: the lease then simply does not end.
        let until = now.checked_add(self.policy().lease).unwrap_or(Timestamp::MAX);
        Ok(Lease { owner: self.store().owner().await?, now, until })
    }

    /// Makes every armed attempt unknown whose owner is gone, or whose lease is over, and frees what such owners had
    /// only planned. An owner that is proven to be alive keeps its attempt for [`Policy::settle_time`](crate::Policy::settle_time) longer. Opening a
    /// journal does it; a program that runs for long does it again from time to time
    /// ([`reconcile`](Journal::reconcile) does).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recover(&self) -> Result<u64, StoreError> {
        let mut owners = Owners { grace: self.policy().settle_time, ..Owners::default() };
        for owner in self.store().owners().await? {
            let list = if self.store().is_gone(&owner).await? { &mut owners.gone } else { &mut owners.alive };
            list.push(owner);
        }
        let now = self.now().await?;
        let expired = self.store().expire_leases(&owners, now, now).await?;
        observe::leases_lost(self.store().kind(), expired);
        Ok(expired)
    }

    /// Plans a charge without making it. With an [`EncryptionKey`], [`BillingRun::planned`](crate::BillingRun::planned)
    /// makes it later, here or on another machine; without one it is made by handing the request in again.
    ///
    /// An attempt that has been planned or made before stays as it is.
    ///
    /// # Errors
    /// When the name is taken by another payment, another try of the same period is open or paid
    /// ([`JournalError::OtherTry`]), or the store fails.
    pub async fn plan(&self, charge: impl Into<ChargeIntent>) -> Result<AttemptRecord, JournalError> {
        let intent = self.intent_of(&charge.into())?;
        let record = self.store().plan(&intent, self.now().await?).await?;
        // It is not planned by this: what is stored must be what was asked for.
        match intent.refused_by(&record) {
            Some(refused) => Err(refused),
            None => Ok(record),
        }
    }

    /// What is charged, with its credential sealed if there is a key.
    pub(crate) fn intent_of(&self, charge: &ChargeIntent) -> Result<Intent, JournalError> {
        let (request, mut intent) = (&charge.request, Intent::from(charge));
        intent.credential = Some(credential_digest(self.identity(), &request.credential));
        if let Some(key) = self.key() {
            intent.sealed = Some(key.seal(&request.attempt, &Sealed::from(request))?);
        }
        Ok(intent)
    }

    /// Refuses an attempt that has the name of another one, unless nothing was ever sent under it.
    pub(crate) fn same(&self, intent: &Intent, stored: &AttemptRecord) -> Result<(), JournalError> {
        match intent.refused_by(stored) {
            Some(refused) if !intent.replaces(stored) => Err(refused),
            _ => Ok(()),
        }
    }

    /// One attempt.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn attempt(&self, attempt: &AttemptId) -> Result<AttemptRecord, JournalError> {
        Ok(self.store().get(attempt).await?.ok_or(StoreError::NoSuchAttempt)?)
    }

    /// Attempts in the order of their names, at most `limit`. To go on, hand in the last name as
    /// [`Filter::after`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<AttemptRecord>, JournalError> {
        Ok(self.store().list(filter, limit).await?)
    }

    /// Every try of a series (a subscription), in the order of its periods, then of the tries.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn series(&self, series: &str) -> Result<Vec<AttemptRecord>, JournalError> {
        Ok(self.store().series(series).await?)
    }

    /// Every charge with a credential that was armed since `since`, or planned since then and not armed, the oldest
    /// first. The limits of the card schemes count them, whichever subscription they were for.
    ///
    /// The journal knows the credential by a digest that no other journal has, and that shows nothing of it. Charges
    /// that were stored by a journal before its version 5 have none, and are missing here.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential_history(
        &self,
        credential: &StoredCredential,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, JournalError> {
        Ok(self.store().credential_history(&self.credential_name(credential), since).await?)
    }

    /// The name by which this journal knows a credential: the same for the same credential, also when it was stored anew, and
    /// another one in another journal. It shows nothing of the credential.
    pub fn credential_name(&self, credential: &StoredCredential) -> String {
        credential_digest(self.identity(), credential)
    }

    /// How many attempts are not settled, by gateway and state, and how old the oldest of them is: for the gauges of a
    /// monitor. It is read from the store, so that it is the same on every machine and after a restart. What it costs
    /// depends on how many there are, and not on the length of the journal.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unsettled(&self) -> Result<Vec<Unsettled>, JournalError> {
        Ok(self.store().unsettled().await?)
    }

    /// The log of one attempt, the oldest line first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, JournalError> {
        Ok(self.store().events(attempt).await?)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("store", &self.inner.store)
            .field("policy", &self.inner.policy)
            .field("key", &self.inner.key)
            .finish_non_exhaustive()
    }
}
