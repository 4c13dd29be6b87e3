use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use recurring_core::AttemptId;
#[cfg(feature = "postgres")]
use recurring_core::Secret;
use recurring_facade::{ChargeRequest, PaymentRef};

use crate::attempt::{AttemptRecord, Event, Intent, State};
use crate::clock::{Clock, SystemClock};
use crate::error::{JournalError, StoreError};
use crate::policy::Policy;
use crate::seal::EncryptionKey;
#[cfg(feature = "postgres")]
use crate::store::PostgresStore;
use crate::store::{Change, Due, Filter, Lease, SAID, SqliteStore, Store, unsaid};

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
}

impl JournalBuilder {
    /// How patient it is.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Another clock than the machine's, for tests.
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

    /// Opens a store by its address: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    /// When it is no such address, or the store cannot be opened.
    pub async fn open(self, address: &str) -> Result<Journal, JournalError> {
        let store: Arc<dyn Store> = match address.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
                    let rule = "must be sqlite:PATH with the path of a file: a journal in memory is none";
                    return Err(StoreError::Address(rule.to_owned()).into());
                }
                Arc::new(SqliteStore::open(PathBuf::from(path)).await?)
            }
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                Arc::new(PostgresStore::open(&Secret::new(address)).await?)
            }
            _ => {
                let rule = "must begin with sqlite: or postgres://";
                return Err(StoreError::Address(rule.to_owned()).into());
            }
        };
        self.with_store(store).await
    }

    /// Takes a store of your own. What its owner left behind is made [unknown](State::Unknown) first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn with_store(self, store: Arc<dyn Store>) -> Result<Journal, JournalError> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let journal = Journal { inner: Arc::new(Inner { store, clock, policy: self.policy, key: self.key }) };
        journal.recover().await?;
        Ok(journal)
    }
}

impl Journal {
    /// Opens a store by its address, with the usual patience: see [`JournalBuilder::open`].
    ///
    /// # Errors
    /// Those of [`JournalBuilder::open`].
    pub async fn open(address: &str) -> Result<Self, JournalError> {
        Self::builder().open(address).await
    }

    /// A journal with settings of your own.
    pub fn builder() -> JournalBuilder {
        JournalBuilder::default()
    }

    /// The store itself.
    pub fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// How patient it is.
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    pub(crate) fn key(&self) -> Option<&EncryptionKey> {
        self.inner.key.as_ref()
    }

    pub(crate) async fn lease(&self) -> Result<Lease, StoreError> {
        let now = self.clock().now();
        // A time that no calendar holds is never reached: the lease then simply does not end.
        let until = now.checked_add(self.policy().lease).unwrap_or(jiff::Timestamp::MAX);
        Ok(Lease { owner: self.store().owner().await?, now, until })
    }

    /// Makes every armed attempt unknown whose owner is gone, or whose time is over, and frees what such owners had
    /// only planned. Opening a journal does it; a program that runs for long does it again from time to time
    /// ([`reconcile`](Journal::reconcile) does).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recover(&self) -> Result<u64, JournalError> {
        let mut gone = Vec::new();
        for owner in self.store().owners().await? {
            if self.store().is_gone(&owner).await? {
                gone.push(owner);
            }
        }
        let now = self.clock().now();
        Ok(self.store().abandon(&gone, now, now).await?)
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
        let record = self.store().plan(&intent, self.clock().now()).await?;
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

    /// Records a person's decision about an attempt that is pending, unknown or in review. Nothing is sent.
    ///
    /// Deciding that nothing happened allows the attempt to be made again: look at the gateway first, and wait until
    /// nothing can be under way any more ([`Policy::quiet`]).
    ///
    /// # Errors
    /// When the attempt is in another state, `by` or `why` is empty, or the store fails.
    pub async fn resolve(
        &self,
        attempt: &AttemptId,
        decision: &Decision,
    ) -> Result<AttemptRecord, JournalError> {
        if let Some(field) = unsaid(&decision.by, &decision.why) {
            return Err(JournalError::Invalid { field, rule: SAID.to_owned() });
        }
        let lease = self.lease().await?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        let Some(record) = taken.into_iter().next() else {
            let state = self.attempt(attempt).await?.state.as_str();
            return Err(JournalError::NotToDecide { attempt: attempt.clone(), state });
        };
        let mut change = Change::to(match decision.what {
            Decided::Approved => State::Approved,
            Decided::Declined => State::Declined,
            Decided::NotApplied => State::NotApplied,
        });
        change.payment.clone_from(&decision.payment);
        change.decided_by = Some(decision.by.clone());
        change.note = Some(decision.why.clone());
        Ok(self.store().change(attempt, record.fence, &change, lease.now).await?)
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

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub what: Decided,
    /// The payment, where the person found it.
    pub payment: Option<PaymentRef>,
    /// Who decided. Kept for good.
    pub by: String,
    /// Why. Kept for good.
    pub why: String,
}

/// What a person found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The money was taken.
    Approved,
    /// The gateway said no.
    Declined,
    /// Nothing happened, and nothing can be under way: the attempt may be made again.
    NotApplied,
}
