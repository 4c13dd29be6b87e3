//! What a store is given, and what it answers.

use std::time::Duration;

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};

use crate::attempt::{AttemptRecord, Ending, Fence, State};
use crate::error::OtherTry;

/// For how long an owner may work on what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: String,
    /// From now.
    pub now: Timestamp,
    /// Until then; no other owner gets it before.
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
    /// It is not; this is the attempt as it is.
    Existing(Box<AttemptRecord>),
    /// It is not, because of another try of the same period. Nothing was stored.
    Blocked(OtherTry),
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

/// Which attempts are due for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// To be looked up: unknown or pending, and the time for the next look has come.
    Look,
    /// This one, to be looked up or decided now: unknown, pending or in review.
    One(AttemptId),
    /// This enrolment, whose payment was read, unless it is paid or authorized already.
    Enrolment(AttemptId),
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
    /// Only tries of this series.
    pub series: Option<String>,
    /// Only after this one.
    pub after: Option<AttemptId>,
}
