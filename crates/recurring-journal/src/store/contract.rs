//! What the journal asks of a store.

use std::fmt;

use async_trait::async_trait;
use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};

use super::archive::{Archivable, Departure};
use super::change::{Change, Claim, Due, Filter, Late, Lease, Owners};
use super::sealed::Sealed;
use super::unsettled::Unsettled;
use crate::attempt::{AttemptRecord, Event, Fence, State};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry, UnhandledEntry};
use crate::intent::Intent;

/// A durable store of attempts. Every method that writes has committed when it answers `Ok`.
///
/// The guarantees of the journal rest on four properties, which one suite of tests asks of every store:
///
/// 1. [`arm`](Store::arm) hands an attempt to one caller at a time, whatever else runs, on however many machines.
/// 2. [`change`](Store::change) writes only for the fence that the attempt has now.
/// 3. `Ok` means that the write survives the loss of power.
/// 4. Every change leaves a line in the log, which nothing changes afterwards.
///
/// It is sealed: the stores are those of this crate.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + Sealed {
    /// Who this store is, as the owner of attempts. It changes when the store can no longer prove that the old owner
    /// is alive.
    ///
    /// # Errors
    /// When no proof of life can be given.
    async fn owner(&self) -> Result<String, StoreError>;

    /// What time it is for this store. Leases and the settle time run by this clock and by no worker's own, so that a
    /// machine whose clock is wrong settles nothing too early.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// The identity that the journal was given when it was created.
    fn identity(&self) -> &str;

    /// Waits until everything is on the disk, and lets go of the owner. The store can do nothing afterwards.
    ///
    /// # Errors
    /// When the last writes could not be moved into the database.
    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether an owner is provably gone: its process has ended, or lost its connection. `false` when in doubt.
    ///
    /// # Errors
    /// When that cannot be asked.
    async fn is_gone(&self, owner: &str) -> Result<bool, StoreError>;

    /// Stores an attempt as planned, for any owner to take, and returns it. One that is there stays as it is.
    ///
    /// # Errors
    /// [`StoreError::OtherTry`] when it is new and another try of the same period is open or paid, or has its number; when
    /// it could not be stored.
    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError>;

    /// Reserves the name of an enrolment before anything is sent: stores it in the [state](Intent::initial_state) of
    /// its operation. [`Claim::Acquired`] when the name is new, or when nothing was ever sent under it and it belonged to
    /// an enrolment at this gateway, whose intent is then replaced. Anything else is returned as it is.
    ///
    /// # Errors
    /// When it could not be stored: then nothing may be sent.
    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError>;

    /// Stores attempts as planned and takes them for this owner until `lease.until`, as far as no other owner has them:
    /// the answers come in the order of the intents. An attempt that has been planned before is taken; one that has
    /// been armed, or that another owner holds, is returned as it is. [`Claim::Blocked`] is answered for one that could be
    /// taken if no other try of the same period were open or paid.
    ///
    /// # Errors
    /// When nothing could be stored.
    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError>;

    /// Arms one attempt: stores it, if it is new, and gives it to this owner until `lease.until`. It must be new,
    /// planned and free (or this owner's), or not applied; anything else is returned as it is. The intent of one
    /// that was not applied must be the same, unless nothing was ever sent under its name ([`Change::unsent`]): then it
    /// is replaced by another one of the same operation and provider. [`Claim::Blocked`] is answered, and nothing stored,
    /// while another try of the same period is anything but declined, canceled or not applied, or has the same number:
    /// of two that are armed at once on different machines, one is.
    ///
    /// # Errors
    /// When it is not proven that it was armed: then nothing may be sent.
    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError>;

    /// Writes what is known now, and returns the attempt with it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another owner has the attempt now, [`StoreError::NoSuchAttempt`] when there is none;
    /// [`StoreError::PaymentTaken`] when the payment belongs to another charge, schedule or first payment at this
    /// gateway.
    async fn change(
        &self,
        attempt: &AttemptId,
        fence: Fence,
        change: &Change,
        now: Timestamp,
    ) -> Result<AttemptRecord, StoreError>;

    /// Adds to the log what a worker found out that no longer owns the attempt. What is open stays as it is, but is
    /// looked up at once, with the payment as a hint where none is known. When the worker saw the gateway take it and
    /// that was said not to have happened, or a further try is under way, or another payment is recorded, the attempt
    /// goes to manual review, with both payments named, and a worker that is on it cannot go on: the one change without a
    /// fence, and one that only raises an alarm.
    ///
    /// # Errors
    /// [`StoreError::PaymentTaken`] when the payment belongs to another attempt: nothing is stored. When it could not
    /// be stored.
    async fn record_late_result(
        &self,
        attempt: &AttemptId,
        late: &Late,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Makes every armed attempt unknown whose owner is [gone](Owners::gone), or whose lease has ended, and frees what
    /// such owners only planned or looked up. An owner that is proven [alive](Owners::alive) keeps what it has armed for
    /// [`Owners::grace`] longer. The fence rises. Returns how many attempts became unknown.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn expire_leases(
        &self,
        owners: &Owners,
        first_look: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The owners of armed, claimed and looked up attempts.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn owners(&self) -> Result<Vec<String>, StoreError>;

    /// Takes up to `limit` attempts that are due, for this owner until `lease.until`. What one caller takes, no other
    /// one gets, nor the same one a second time while its lease lasts; only an attempt that is named
    /// ([`Due::One`], [`Due::Enrolment`]) may be taken again by its own owner.
    ///
    /// # Errors
    /// When they cannot be taken.
    async fn take(&self, due: &Due, limit: u32, lease: &Lease) -> Result<Vec<AttemptRecord>, StoreError>;

    /// One attempt.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn get(&self, attempt: &AttemptId) -> Result<Option<AttemptRecord>, StoreError>;

    /// Attempts in the order of their names, after `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<AttemptRecord>, StoreError>;

    /// Every try of a series, in the order of its periods and tries.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn series(&self, series: &str) -> Result<Vec<AttemptRecord>, StoreError>;

    /// The attempts with this digest of a credential that were armed, or if they never were created, since `since`, the
    /// oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn credential_history(
        &self,
        digest: &str,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, StoreError>;

    /// How many attempts are not settled, by gateway and state, and how old the oldest of them is.
    ///
    /// # Errors
    /// When they cannot be counted.
    async fn unsettled(&self) -> Result<Vec<Unsettled>, StoreError>;

    /// How many attempts there are in each state. An enrolment is not counted: it moves no money itself, and is pending
    /// until the customer has come back.
    ///
    /// # Errors
    /// When they cannot be counted.
    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError>;

    /// Looks at the next `limit` names after `after`, and returns those attempts among them, with their logs, that may
    /// leave: in a final state, last changed before `before`, without an owner, and not archived.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn archivable(
        &self,
        after: Option<&AttemptId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<Archivable, StoreError>;

    /// Makes a tombstone of each of these attempts of which nothing was learned since it was read, all of them in one
    /// transaction: the log goes but for one new line, and so does the sealed credential. The fence rises. Returns how many
    /// there were.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn archive(&self, departures: &[Departure], now: Timestamp) -> Result<u64, StoreError>;

    /// The log of one attempt, the oldest line first.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn events(&self, attempt: &AttemptId) -> Result<Vec<Event>, StoreError>;

    /// Attempts that are not final and have this payment.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn open_with_payment(
        &self,
        provider: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Vec<AttemptRecord>, StoreError>;

    /// Stores a notification, or counts that it came again. One that is unsigned is not dealt with any more then: its
    /// payment must be read again, also if the process ends before that. The answer says what it was before.
    ///
    /// # Errors
    /// When it could not be stored: then the gateway must be asked to send it again.
    async fn receive(&self, entry: &InboxEntry, now: Timestamp) -> Result<Delivery, StoreError>;

    /// Marks a notification as dealt with, unless it has come more often than `times` since: then it is read again.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn handled(&self, entry: &InboxEntry, times: u64, now: Timestamp) -> Result<(), StoreError>;

    /// Notifications that were stored and not dealt with, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn unhandled(&self, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        let rows = self.backlog(None, None, limit).await?;
        Ok(rows.into_iter().map(|row| row.entry).collect())
    }

    /// The same, of all gateways or of one, and only those that follow `after` in the order of their arrival.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn backlog(
        &self,
        provider: Option<&ProviderId>,
        after: Option<&UnhandledEntry>,
        limit: u32,
    ) -> Result<Vec<UnhandledEntry>, StoreError>;

    /// The word for the kind of this store: `sqlite`, `postgres`.
    fn kind(&self) -> &'static str;
}
