use recurring_core::{AttemptId, Effect, ErrorKind, Proof};
use recurring_facade::ProviderId;

/// Why the store could not do what was asked. It never quotes what was to be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else has the attempt now: this worker was too late.
    #[error("another worker has taken this attempt over")]
    Fenced,
    /// There is no such attempt.
    #[error("there is no attempt with this name")]
    NoSuchAttempt,
    /// The disk, or the space the database may take, is full.
    #[error("the journal's disk is full: {0}")]
    Full(String),
    /// The file may not be written.
    #[error("the journal can only be read: {0}")]
    ReadOnly(String),
    /// Another process keeps the database locked.
    #[error("the journal is locked by another process: {0}")]
    Locked(String),
    /// The file is damaged, or is no database.
    #[error(
        "the journal is damaged or is no journal: {0}; restore it from a copy, and do not start with an empty one"
    )]
    Corrupt(String),
    /// A newer version of this program has been here.
    #[error("the journal has version {found}, this program knows {known}: use the newer program")]
    NewerSchema {
        /// The version of the database.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The database is another one than before: a replica has taken over. What its predecessor had stored last may be
    /// missing, so an attempt that was sent may look as if it had never been armed.
    #[error(
        "a replica has taken the database over (timeline {found}, it was {known}): the last attempts may be missing. \
         Compare with the gateways what was charged in that time, then acknowledge the fail-over"
    )]
    FailedOver {
        /// The timeline of the database now.
        found: i64,
        /// The timeline that the journal knew.
        known: i64,
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

/// Why an attempt was not made, or what became of it when its record failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The store failed before anything was sent.
    #[error("{0}; nothing was sent")]
    Store(#[from] StoreError),
    /// The name is taken by an attempt to do something else.
    #[error(
        "the attempt {attempt} is already used for another {difference}: give every payment a name of its own"
    )]
    OtherPayment {
        /// The attempt.
        attempt: AttemptId,
        /// What is different: `provider`, `operation`, `amount`, `currency`, `credential`, `payment`.
        difference: &'static str,
    },
    /// The gateway is not set up, or cannot do this.
    #[error("{provider} is not set up, or cannot do this")]
    NoCapability {
        /// Which gateway.
        provider: ProviderId,
    },
    /// A person's decision is not possible in this state.
    #[error("the attempt {attempt} is {state}: a person decides only what is pending, unknown or in review")]
    NotToDecide {
        /// The attempt.
        attempt: AttemptId,
        /// Its state.
        state: &'static str,
    },
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

impl JournalError {
    /// What went wrong, in the words of every other error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(StoreError::NoSuchAttempt) => ErrorKind::NotFound,
            Self::Store(
                StoreError::Address(_) | StoreError::NewerSchema { .. } | StoreError::FailedOver { .. },
            ) => ErrorKind::Config,
            Self::Store(_) => ErrorKind::Unavailable,
            Self::OtherPayment { .. } => ErrorKind::Conflict,
            Self::NoCapability { .. } => ErrorKind::Unsupported,
            Self::NotToDecide { .. } | Self::Invalid { .. } => ErrorKind::InvalidRequest,
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
