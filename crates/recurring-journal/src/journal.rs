use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use recurring_core::AttemptId;
use recurring_facade::{ChargeRequest, Facade, PaymentRef};

use crate::address::Address;
use crate::attempt::{AttemptRecord, Event, Intent, State};
use crate::clock::{Clock, SystemClock};
use crate::error::{JournalError, StoreError};
use crate::policy::Policy;
use crate::reconcile::Seen;
use crate::seal::EncryptionKey;
#[cfg(feature = "postgres")]
use crate::store::PostgresStore;
use crate::store::{Change, Due, Filter, Lease, NOTE_RULE, Owners, SqliteStore, Store, missing_note};

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
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Another clock for this machine, for tests. Leases and the settle time run by the clock of the store.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Keeps stored credentials under this key, so that planned charges can be made without handing them in again.
    /// Without a key none is kept.
    #[must_use]
    pub fn encryption_key(mut self, key: EncryptionKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Opens only the journal with this identity ([`Journal::identity`]), and refuses every other one.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Opens the journal at this [`Address`]: `sqlite:/PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none: nothing that moves money creates a journal. When the address cannot
    /// be used, or the store cannot be opened.
    pub async fn open(self, address: &str) -> Result<Journal, JournalError> {
        let store: Arc<dyn Store> = match Address::parse(address)? {
            Address::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => Arc::new(PostgresStore::open(&address).await?),
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

    /// Takes a store of your own. What its owner left behind is made [unknown](State::Unknown) first.
    ///
    /// # Errors
    /// When the policy contradicts itself, the journal is not the one with the [identity](Self::identity) that was
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
    /// ([`JournalBuilder::identity`]), so that no other journal is taken for this one.
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

    pub(crate) async fn now(&self) -> Result<Timestamp, StoreError> {
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
    /// only planned. An owner that is proven to be alive keeps its attempt for [`Policy::settle_time`] longer. Opening a
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
        self.store().abandon(&owners, now, now).await
    }

    /// Plans a charge without making it. With an [`EncryptionKey`], [`BillingRun::planned`](crate::BillingRun::planned)
    /// makes it later, here or on another machine; without one it is made by handing the request in again.
    ///
    /// An attempt that has been planned or made before stays as it is.
    ///
    /// # Errors
    /// When the name is taken by another payment, or the store fails.
    pub async fn plan(&self, request: &ChargeRequest) -> Result<AttemptRecord, JournalError> {
        let intent = self.intent_of(request)?;
        let record = self.store().plan(&intent, self.now().await?).await?;
        self.same(&intent, &record)?;
        Ok(record)
    }

    /// What `request` is, with its credential sealed if there is a key.
    pub(crate) fn intent_of(&self, request: &ChargeRequest) -> Result<Intent, JournalError> {
        let mut intent = Intent::charge(request);
        if let Some(key) = self.key() {
            intent.sealed = Some(key.seal(&request.attempt, &request.into())?);
        }
        Ok(intent)
    }

    /// Refuses an attempt that has the name of another one.
    pub(crate) fn same(&self, intent: &Intent, stored: &AttemptRecord) -> Result<(), JournalError> {
        match intent.differs_from(stored) {
            Some(difference) => {
                Err(JournalError::OtherPayment { attempt: intent.attempt.clone(), difference })
            }
            None => Ok(()),
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

    /// The log of one attempt, the oldest line first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, JournalError> {
        Ok(self.store().events(attempt).await?)
    }

    /// Records an operator's decision about an attempt that is pending, unknown or in review. It looks at the gateway
    /// first ([`look`](Self::look)): what the gateway settles needs no decision. Nothing is sent.
    ///
    /// [`Decided::NotApplied`] allows the attempt to be made again. So it is refused while a call may still be under way
    /// ([`Policy::settle_time`] after it was armed) and when the gateway shows a payment or cannot be read, unless
    /// [`Decision::force`] is set; and always while a process works on the attempt.
    ///
    /// # Errors
    /// When the attempt is in another state, or what is known contradicts the decision ([`JournalError::Contradicted`]);
    /// when `by` or `why` is empty, or the store fails.
    pub async fn resolve(
        &self,
        facade: &Facade,
        attempt: &AttemptId,
        decision: &Decision,
    ) -> Result<AttemptRecord, JournalError> {
        if let Some(field) = missing_note(&decision.by, &decision.why) {
            return Err(JournalError::Invalid { field, rule: NOTE_RULE.to_owned() });
        }
        self.recover().await?;
        let (seen, looked) = match self.look_for(facade, attempt).await? {
            Some((seen, looked)) => (Some(seen), looked.map(|looked| looked.record)),
            None => (None, None),
        };
        let lease = self.lease().await?;
        let known = match looked {
            Some(record) => record,
            None => self.attempt(attempt).await?,
        };
        self.check_decision(&known, seen.as_ref(), decision, lease.now)?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        let Some(record) = taken.into_iter().next() else {
            let state = self.attempt(attempt).await?.state.as_str();
            return Err(JournalError::NotToDecide { attempt: attempt.clone(), state });
        };
        let mut change = Change::to(decision.what.state());
        change.payment.clone_from(&decision.payment);
        change.decided_by = Some(decision.by.clone());
        change.note = Some(decision.why.clone());
        Ok(self.store().change(attempt, record.fence, &change, lease.now).await?)
    }

    /// Whether a decision fits what is known.
    fn check_decision(
        &self,
        known: &AttemptRecord,
        seen: Option<&Seen>,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        if known.state.is_final() && known.state != decision.what.state() {
            return Err(JournalError::NotToDecide {
                attempt: known.attempt.clone(),
                state: known.state.as_str(),
            });
        }
        if decision.what != Decided::NotApplied || decision.force {
            return Ok(());
        }
        let refuse = |why: String| {
            Err(JournalError::Contradicted {
                attempt: known.attempt.clone(),
                decision: decision.what.state().as_str(),
                why,
            })
        };
        let settled = known.armed.unwrap_or(known.created).checked_add(self.policy().settle_time);
        let settled = settled.unwrap_or(Timestamp::MAX);
        match seen {
            _ if now < settled && known.armed.is_some() => {
                refuse(format!("a call may be under way until {settled:.0}; decide after that, or force it"))
            }
            Some(Seen::Payment(payment) | Seen::Unclear { payment, .. }) => refuse(format!(
                "the gateway shows a payment, which is `{}`; look at it there, and force it if it is not this one",
                payment.status
            )),
            Some(Seen::Several(number)) => refuse(format!(
                "the gateway shows {number} payments with this name; look at them there, or force it"
            )),
            Some(Seen::Unreadable(why)) => {
                refuse(format!("the gateway could not be asked ({why}); try again, or force it"))
            }
            Some(Seen::Nothing { .. } | Seen::Canceled | Seen::NoMeans(_)) | None => Ok(()),
        }
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

/// An operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub what: Decided,
    /// The payment, where the operator found it.
    pub payment: Option<PaymentRef>,
    /// Who decided. Kept for good.
    pub by: String,
    /// Why. Kept for good.
    pub why: String,
    /// Decides [`Decided::NotApplied`] although a call may still be under way, or the gateway shows a payment or cannot be
    /// asked. **If that is wrong, the attempt can be charged twice.**
    pub force: bool,
}

/// What an operator found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The money was taken.
    Approved,
    /// The gateway declined it.
    Declined,
    /// Nothing happened, and nothing can be under way: the attempt may be made again.
    NotApplied,
}

impl Decided {
    fn state(self) -> State {
        match self {
            Self::Approved => State::Approved,
            Self::Declined => State::Declined,
            Self::NotApplied => State::NotApplied,
        }
    }
}
