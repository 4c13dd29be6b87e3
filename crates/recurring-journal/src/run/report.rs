//! What a run reports.

use std::collections::BTreeMap;
use std::fmt;

use recurring_core::{AttemptId, Effect, ErrorKind, Proof};
use recurring_facade::{Error, ProviderId};
use serde::Serialize;

use crate::attempt::State;
use crate::error::JournalError;
use crate::perform::Answer;

/// What became of one attempt that was due.
///
/// As JSON it is an object with one member: `made` with an [`Answer`], `skipped` with `attempt`, `provider` and `why`,
/// `refused` with `attempt`, `provider` and `error`, or `unreadable`. The last two values are sentences. No secret is in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Report {
    /// It was made, now or before ([`Answer::again`]).
    Made(Box<Answer>),
    /// It was not made, and may be in the next run. Nothing was sent.
    Skipped {
        /// The attempt.
        attempt: AttemptId,
        /// Which gateway.
        provider: ProviderId,
        /// Why.
        why: SkipReason,
    },
    /// It was refused: the name is another payment's, or the gateway is not set up. Nothing was sent.
    Refused {
        /// The attempt.
        attempt: AttemptId,
        /// Which gateway.
        provider: ProviderId,
        /// Why.
        error: JournalError,
    },
    /// What came from the stream was not a charge. Nothing was sent.
    Unreadable(UnreadableLine),
}

/// Why an entry of a stream of charges is not one, as a sentence. It must not show a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{0}")]
pub struct UnreadableLine(String);

impl UnreadableLine {
    /// Creates it from the sentence.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Why an attempt was left for another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// Another process has it.
    InProgress,
    /// The gateway is paused, or asks to wait for too long, and why.
    Paused(String),
    /// The gateway refuses every charge: nothing more is sent to it in this run.
    Refusing(Refusal),
    /// The run was stopped.
    Stopped,
}

/// Why a gateway refuses every charge: a cause that concerns all of them, and not the one payment. Nothing was applied,
/// and the same lines can be given again once the cause is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// What went wrong: [`Authentication`](ErrorKind::Authentication), [`Permission`](ErrorKind::Permission) or
    /// [`Config`](ErrorKind::Config), or [`Transport`](ErrorKind::Transport) or
    /// [`Unavailable`](ErrorKind::Unavailable) where the request provably never left.
    pub kind: ErrorKind,
    /// What went wrong with the last charge, in a sentence.
    pub message: String,
}

impl Refusal {
    /// Whether an error has a cause for which the gateway would refuse every other charge too. Nothing was applied then. One
    /// such error does not prove it; several in a row do, or one for each charge of a run ([`Summary::refusing`]).
    pub fn may_be(error: &Error) -> bool {
        let Effect::NotApplied(proof) = error.effect() else { return false };
        match error.kind() {
            // A dead stored credential is this customer's.
            _ if error.decline_reason().is_some() => false,
            ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Config => true,
            ErrorKind::Transport | ErrorKind::Unavailable => proof == Proof::NeverSent,
            _ => false,
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        Self { kind: error.kind(), message: error.message().to_owned() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What became of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many ended in each state, made now.
    pub made: BTreeMap<State, u64>,
    /// How many had been made before, and are in each state now.
    pub again: BTreeMap<State, u64>,
    /// How many were left for another run.
    pub left: u64,
    /// How many were refused, or were no charge.
    pub refused: u64,
    /// The gateways that refused every charge, and why: [`Breaker::max_refusals`](crate::Breaker::max_refusals) in a
    /// row, or all that the run had for it.
    pub refusing: BTreeMap<ProviderId, Refusal>,
    /// Whether the run was stopped.
    pub stopped: bool,
}

impl Summary {
    /// How many ended in this state, made now.
    pub fn of(&self, state: State) -> u64 {
        self.made.get(&state).copied().unwrap_or_default()
    }

    /// How many are in this state, made now or before.
    pub fn now(&self, state: State) -> u64 {
        self.of(state) + self.again.get(&state).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, report: &Report) {
        let counter = match report {
            Report::Made(answer) if answer.again => self.again.entry(answer.record.state).or_default(),
            Report::Made(answer) => self.made.entry(answer.record.state).or_default(),
            Report::Skipped { .. } => &mut self.left,
            Report::Refused { .. } | Report::Unreadable(_) => &mut self.refused,
        };
        *counter = counter.saturating_add(1);
    }
}
