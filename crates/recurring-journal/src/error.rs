use recurring_core::{AttemptId, Effect, ErrorKind, Money, Proof, Timestamp};
use recurring_facade::{Facade, PaymentRef, ProviderId, Refusal};
use serde::{Serialize, Serializer};

use crate::attempt::{AttemptRecord, State};

/// Why a try of a period is not made: another try of the same period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot make the attempt {attempt}: {}", self.why())]
pub struct OtherTry {
    /// The attempt that is refused.
    pub attempt: AttemptId,
    /// The other try of the period.
    pub other: AttemptId,
    /// The state of the other one.
    pub state: State,
    /// Whether the other one has the same number.
    pub same_number: bool,
}

impl OtherTry {
    fn why(&self) -> String {
        let Self { other, state, .. } = self;
        match state {
            State::Paid | State::Authorized => {
                format!(
                    "{other}, another try of the same period, is {state}; the period is not charged again"
                )
            }
            State::Declined | State::Canceled | State::NotApplied => {
                format!("{other} is the same try of the same period; give it the next number of a try")
            }
            _ => format!(
                "{other}, another try of the same period, is {state}; wait until it is declined, canceled or not \
                 applied (`recurring journal reconcile`)"
            ),
        }
    }
}

/// Why the store could not do what was asked. It never quotes what was to be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another worker has the attempt now: this one was too late.
    #[error("another worker has taken this attempt over")]
    Fenced,
    /// There is no such attempt.
    #[error("there is no attempt with this name")]
    NoSuchAttempt,
    /// The payment belongs to another attempt already. Nothing was changed.
    #[error("the payment {payment} belongs to the attempt {attempt}")]
    PaymentTaken {
        /// The payment.
        payment: PaymentRef,
        /// The attempt to which it belongs.
        attempt: AttemptId,
    },
    /// Another try of the same period is open or paid, or has the same number. Nothing was changed.
    #[error(transparent)]
    OtherTry(OtherTry),
    /// The disk, or the space the database may take, is full.
    #[error("the journal's disk is full: {0}")]
    Full(String),
    /// The file may not be written.
    #[error("the journal can only be read: {0}")]
    ReadOnly(String),
    /// Another process keeps the database locked.
    #[error("the journal is locked by another process: {0}")]
    Locked(String),
    /// The file is damaged, or is not a database.
    #[error("not a valid journal: {0}; restore it from a backup, and do not start with an empty one")]
    Corrupt(String),
    /// A row holds what this program did not write: another program has changed it, or the disk has.
    #[error("invalid {what} in stored row; compare the journal with a backup, and change no row by hand")]
    InvalidRow {
        /// What is invalid, such as `state`.
        what: &'static str,
    },
    /// The journal has a later version than this program can read. An earlier one is migrated when the journal is opened.
    #[error("the journal has version {found}, this program reads up to version {known}: use a later program")]
    OtherSchema {
        /// The version of the database.
        found: i64,
        /// The version that this program writes, the last one that it reads.
        known: i64,
    },
    /// The journal is in another place than before: a replica has taken over, or it was restored from a copy. What was
    /// stored last may be missing, so an attempt that was sent may look as if it had never been armed.
    #[error(
        "the journal was taken over by a replica or restored from a copy ({found}, it was {known}): the last attempts \
         may be missing. Compare with the gateways what was charged in that time, then run \
         `recurring journal acknowledge-failover`"
    )]
    FailedOver {
        /// The place of the journal now.
        found: String,
        /// The place that the journal knows.
        known: String,
    },
    /// Other users of the machine could change the journal: it would prove nothing.
    #[error("cannot open the journal: {0}")]
    Unsafe(String),
    /// There is no journal at this address.
    #[error("there is no journal here: {0}; check the address, or make one with `recurring journal create`")]
    Missing(String),
    /// There is a journal at this address already.
    #[error("there is a journal here already: open it instead")]
    Exists,
    /// The journal is another one than the configuration names.
    #[error("the journal has the identity {found}, the configuration names {expected}: check the address")]
    OtherJournal {
        /// The identity of the journal at this address.
        found: String,
        /// The identity that was asked for.
        expected: String,
    },
    /// The clock of this machine is far from that of the store.
    #[error("the clock of this machine says {here}, that of the journal's server {store}: set it right")]
    ClockSkew {
        /// By the clock of this machine.
        here: Timestamp,
        /// By the clock of the store.
        store: Timestamp,
    },
    /// The connection to the database is lost or cannot be made. Whether the last write was stored is not known.
    #[error("the journal cannot be reached: {0}")]
    Lost(String),
    /// The address is not one of a journal.
    #[error("`journal` {0}")]
    Address(String),
    /// Anything else.
    #[error("the journal failed: {0}")]
    Failed(String),
}

/// The sentence of its `Display`.
impl Serialize for StoreError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why an attempt was not made, or what became of it when its record failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The store failed before anything was sent.
    #[error("{0}; nothing was sent")]
    Store(StoreError),
    /// Another try of the same period of the series is open or paid, or has the same number.
    #[error("{0}; nothing was sent")]
    OtherTry(OtherTry),
    /// The name is taken by an attempt to do something else.
    #[error(
        "the attempt {attempt} is already used for another {difference}: give every payment a name of its own"
    )]
    OtherPayment {
        /// The attempt.
        attempt: AttemptId,
        /// What is different: `provider`, `operation`, `credential`, `customer`, `payment`.
        difference: &'static str,
    },
    /// The name is taken by an attempt with another amount or currency.
    #[error(
        "the attempt {attempt} is already used for another amount ({}): give every payment a name of its own",
        amount_text(.recorded.as_ref())
    )]
    OtherAmount {
        /// The attempt.
        attempt: AttemptId,
        /// The recorded amount; `None` for all of a payment.
        recorded: Option<Money>,
    },
    /// The enrolment was paid: its page must not be opened again.
    #[error(
        "the enrolment {attempt} was paid already, and another page would take the money a second time: give every \
         enrolment a name of its own"
    )]
    Enrolled {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The gateway is not set up, or does not have the operation.
    #[error("{provider}: {refusal}; nothing was sent")]
    Refused {
        /// Which gateway.
        provider: ProviderId,
        /// Which of the two.
        refusal: Refusal,
    },
    /// An operator's decision is not possible in this state.
    #[error(
        "cannot decide {attempt}: it is {state}; only what is pending, unknown or in review can be decided"
    )]
    NotToDecide {
        /// The attempt.
        attempt: AttemptId,
        /// Its state.
        state: &'static str,
    },
    /// An operator's decision contradicts what is known, or comes too early.
    #[error("cannot record {attempt} as {decision}: {why}")]
    Contradicted {
        /// The attempt.
        attempt: AttemptId,
        /// What the operator decided.
        decision: &'static str,
        /// What is known, and what to do.
        why: String,
    },
    /// The attempt was not applied, and its log has left the journal: its name is not charged any more.
    #[error(
        "cannot make the attempt {attempt}: it is archived as not applied, and its name is not used again; give the payment \
         another name; nothing was sent"
    )]
    Archived {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The file into which old attempts leave cannot be used.
    #[error("cannot write the archive: {0}; what it does not have is still in the journal")]
    ArchiveFile(String),
    /// The time-outs of the gateway's client and those of the journal do not fit together.
    #[error("{0}; nothing was sent")]
    Settings(String),
    /// Something that was handed in breaks a rule.
    #[error("`{field}` {rule}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// The rule.
        rule: String,
    },
    /// The task that did the work was cut off by the end of the program, or by a bug. What was armed stays armed, and
    /// becomes unknown.
    #[error("the task that made the attempt was cut off; look at the journal")]
    CutOff,
}

fn amount_text(amount: Option<&Money>) -> String {
    amount.map_or_else(|| "all of a payment".to_owned(), Money::to_string)
}

/// The sentence of its `Display`.
impl Serialize for JournalError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OtherTry(other) => Self::OtherTry(other),
            error => Self::Store(error),
        }
    }
}

impl JournalError {
    /// What went wrong, in the words of every other error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(StoreError::NoSuchAttempt) => ErrorKind::NotFound,
            Self::Store(StoreError::PaymentTaken { .. } | StoreError::OtherTry(_)) | Self::OtherTry(_) => {
                ErrorKind::Conflict
            }
            Self::Store(
                StoreError::Address(_)
                | StoreError::Unsafe(_)
                | StoreError::OtherSchema { .. }
                | StoreError::FailedOver { .. }
                | StoreError::Missing(_)
                | StoreError::Exists
                | StoreError::OtherJournal { .. }
                | StoreError::ClockSkew { .. },
            ) => ErrorKind::Config,
            Self::Store(_) => ErrorKind::Unavailable,
            Self::OtherPayment { .. }
            | Self::OtherAmount { .. }
            | Self::Enrolled { .. }
            | Self::Archived { .. } => ErrorKind::Conflict,
            Self::Refused { refusal, .. } => refusal.kind(),
            Self::NotToDecide { .. } | Self::Contradicted { .. } | Self::Invalid { .. } => {
                ErrorKind::InvalidRequest
            }
            Self::Settings(_) | Self::ArchiveFile(_) => ErrorKind::Config,
            Self::CutOff => ErrorKind::Transport,
        }
    }

    /// What happened to the money by *this* call. The attempt of the same name may have been made before.
    pub fn effect(&self) -> Effect {
        match self {
            Self::CutOff => Effect::Unknown,
            Self::Store(_) => Effect::NotApplied(Proof::NeverSent),
            _ => Effect::NotApplied(Proof::Local),
        }
    }
}

/// Refuses an operation that the gateway does not have, or whose gateway is not set up, before anything is stored.
pub(crate) fn require(
    facade: &Facade,
    provider: &ProviderId,
    operation: recurring_facade::Operation,
) -> Result<(), JournalError> {
    facade.require(provider, operation).map_err(|error| refused(&error))
}

/// Refuses to make an attempt that was not applied and is archived: elsewhere the answer is the end that it had.
pub(crate) fn refuse_archived(record: &AttemptRecord) -> Result<(), JournalError> {
    match (record.state, record.archived) {
        (State::NotApplied, Some(_)) => Err(JournalError::Archived { attempt: record.attempt.clone() }),
        _ => Ok(()),
    }
}

/// What the facade refuses before a gateway is asked.
pub(crate) fn refused(error: &recurring_facade::Error) -> JournalError {
    let refusal = error.refusal().cloned().unwrap_or(Refusal::NotConfigured { missing: None });
    JournalError::Refused { provider: error.provider().clone(), refusal }
}
