//! Where attempts are kept.

#[cfg(feature = "postgres")]
mod postgres;
mod row;
mod sqlite;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recurring_core::AttemptId;
use recurring_facade::{PaymentRef, ProviderId};

use crate::attempt::{AttemptRecord, Ending, Event, Fence, Intent, State};
use crate::error::StoreError;
use crate::inbox::{Delivery, InboxEntry};

#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

/// A durable store of attempts. Every method that writes has committed when it answers `Ok`.
///
/// What the journal promises rests on four properties, which one suite of tests asks of every store:
///
/// 1. [`arm`](Store::arm) hands an attempt to one caller at a time, whatever else runs, on however many machines.
/// 2. [`change`](Store::change) writes only for the fence that the attempt has now.
/// 3. `Ok` means that the write survives the loss of power.
/// 4. Every change leaves a line in the log, which nothing changes afterwards.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
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

    /// Stores an attempt as planned, for anybody to take, and answers how it stands. One that is there stays as it is.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn plan(&self, intent: &Intent, now: Timestamp) -> Result<AttemptRecord, StoreError>;

    /// Reserves the name of an enrolment before anything is sent: stores it in the [state](Intent::initial_state) of
    /// its operation. [`Claim::Acquired`] when the name is new, or when nothing was ever sent under it and it belonged to
    /// an enrolment at this gateway, whose intent is then replaced. Anything else is answered as it stands.
    ///
    /// # Errors
    /// When it could not be stored: then nothing may be sent.
    async fn reserve(&self, intent: &Intent, now: Timestamp) -> Result<Claim, StoreError>;

    /// Stores attempts as planned and takes them for this owner until `lease.until`, as far as nobody else has them:
    /// the answers come in the order of the intents. An attempt that has been planned before is taken; one that has
    /// been armed, or that another owner holds, is answered as it stands.
    ///
    /// # Errors
    /// When nothing could be stored.
    async fn claim(&self, intents: &[Intent], lease: &Lease) -> Result<Vec<Claim>, StoreError>;

    /// Arms one attempt: stores it, if it is new, and gives it to this owner until `lease.until`. It must be new,
    /// planned and free (or this owner's), or not applied; anything else is answered as it stands. The intent of one
    /// that was not applied must be the same, unless nothing was ever sent under its name ([`Change::unsent`]): then it
    /// is replaced by another one of the same operation and provider.
    ///
    /// # Errors
    /// When it is not proven that it was armed: then nothing may be sent.
    async fn arm(&self, intent: &Intent, lease: &Lease) -> Result<Claim, StoreError>;

    /// Writes what is known now, and answers how the attempt stands with it.
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
    /// ([`Due::One`]) may be taken again by its own owner.
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

    /// How many attempts there are in each state. An enrolment is not counted: it moves no money, and stays pending
    /// for good.
    ///
    /// # Errors
    /// When they cannot be counted.
    async fn count(&self) -> Result<Vec<(State, u64)>, StoreError>;

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

    /// Stores a notification, or counts that it came again.
    ///
    /// # Errors
    /// When it could not be stored: then the gateway must be asked to send it again.
    async fn receive(&self, entry: &InboxEntry, now: Timestamp) -> Result<Delivery, StoreError>;

    /// Marks a notification as dealt with.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn handled(&self, entry: &InboxEntry, now: Timestamp) -> Result<(), StoreError>;

    /// Notifications that were stored and not dealt with, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn unhandled(&self, limit: u32) -> Result<Vec<InboxEntry>, StoreError>;

    /// The word for the kind of this store: `sqlite`, `postgres`.
    fn kind(&self) -> &'static str;
}

/// For how long an owner may work on what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: String,
    /// From now.
    pub now: Timestamp,
    /// Until then; nobody else gets it before.
    pub until: Timestamp,
}

/// Which owners have ended, and which are proven to be alive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    /// Provably gone.
    pub gone: Vec<String>,
    /// Not gone: their lock is held.
    pub alive: Vec<String>,
    /// How much longer than its lease an owner that is alive keeps what it has armed.
    pub grace: Duration,
}

impl Owners {
    /// Only these are known to be gone; of the others nothing is known.
    pub fn gone(owners: impl IntoIterator<Item = String>) -> Self {
        Self { gone: owners.into_iter().collect(), ..Self::default() }
    }
}

/// Whether an attempt was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is yours, under this fence.
    Acquired(Fence),
    /// It is not; this is how it stands.
    Existing(Box<AttemptRecord>),
}

/// What is written about an attempt. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The new state.
    pub state: State,
    /// The payment, when it is known now.
    pub payment: Option<PaymentRef>,
    /// What came back, when something did.
    pub ending: Option<Ending>,
    /// How often it was looked up so far.
    pub looks: Option<u32>,
    /// How often nothing was found so far.
    pub nothing_found: Option<u32>,
    /// When it is looked up next; `None` for never.
    pub next_look: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why, in a sentence.
    pub note: Option<String>,
    /// The credential that came of it, sealed.
    pub sealed: Option<Vec<u8>>,
    /// Whether the owner still works on it.
    pub keep_lease: bool,
    /// Whether it is proven that nothing left this process in the try that ends with this. As long as that is so of
    /// every try, the attempt may be armed with another intent.
    pub unsent: bool,
}

impl Change {
    /// A new state and nothing else. The owner lets go of the attempt.
    pub fn to(state: State) -> Self {
        Self {
            state,
            payment: None,
            ending: None,
            looks: None,
            nothing_found: None,
            next_look: None,
            decided_by: None,
            note: None,
            sealed: None,
            keep_lease: false,
            unsent: false,
        }
    }
}

/// What a worker found out after it had lost the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// The payment, when it learned which.
    pub payment: Option<PaymentRef>,
    /// Whether the gateway has the payment: the money was taken, or may still be.
    pub taken: bool,
    /// Whether what it saw contradicts the journal, so that the attempt goes to manual review in any case.
    pub review: bool,
    /// What it saw, in a sentence.
    pub note: String,
}

/// What an operator found out after the store had forgotten something: a replica of PostgreSQL took over, or the
/// journal was restored from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    /// Who compared the journal with the gateways. Kept for good.
    pub by: String,
    /// What came of it. Kept for good.
    pub why: String,
    /// Whether nothing that the journal shows as planned was sent in the time that is missing: it then stays planned,
    /// and is charged when it is due. **If that is wrong, it is charged twice.**
    pub planned_were_not_sent: bool,
    /// What the gateways charged in that time. An attempt that the journal does not show as settled by the gateway goes
    /// to manual review; one that it lacks is added there, so that its name cannot be charged again.
    pub charged: Vec<FoundCharge>,
}

/// A charge that an operator found at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCharge {
    /// The merchant's reference of it: the attempt's name.
    pub attempt: AttemptId,
    /// Which gateway.
    pub provider: ProviderId,
    /// The gateway's identifier of the payment, where it is known.
    pub payment: Option<PaymentRef>,
}

/// The payment and the note to record for a charge that was found: a payment that belongs to another attempt is not
/// recorded a second time.
fn found<'a>(failover: &Failover, charge: &'a FoundCharge, other: Option<&str>) -> (Option<&'a str>, String) {
    let payment = charge.payment.as_ref().map(PaymentRef::as_str);
    let note = format!("found at the gateway: {}", failover.why);
    match (payment, other) {
        (Some(payment), Some(other)) => {
            let note =
                format!("{note}; its payment {payment} belongs to the attempt {other} already: compare both");
            (None, note)
        }
        _ => (payment, note),
    }
}

/// What became of the attempts after a failover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledged {
    /// How many were armed and are unknown now.
    pub unknown: u64,
    /// How many are in manual review now: planned, not applied, or found at a gateway.
    pub review: u64,
}

/// Which attempts are due for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// To be looked up: unknown or pending, and the time for the next look has come.
    Look,
    /// This one, to be looked up or decided now: unknown, pending or in review.
    One(AttemptId),
    /// To be charged: planned with a sealed credential.
    Planned,
}

/// Which attempts are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this gateway.
    pub provider: Option<ProviderId>,
    /// Only after this one.
    pub after: Option<AttemptId>,
}

/// The rule for what an operator says about a decision.
pub(crate) const NOTE_RULE: &str = "must have 1 to 1000 characters: it is kept for good";

/// Which of the two breaks that rule.
pub(crate) fn missing_note(by: &str, why: &str) -> Option<&'static str> {
    let breaks = |text: &str| text.trim().is_empty() || text.len() > 1000;
    [("by", by), ("why", why)].into_iter().find(|(_, text)| breaks(text)).map(|(field, _)| field)
}
