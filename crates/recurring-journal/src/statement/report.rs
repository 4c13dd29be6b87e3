//! What reading a statement gave.

use recurring_core::{AttemptId, Money, written_as_words};
use recurring_facade::PaymentRef;
use serde::Serialize;

use crate::attempt::State;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// An open attempt was settled: its state is what was recorded.
    Settled,
    /// An open attempt would be settled; nothing was recorded, as asked for.
    WouldSettle,
    /// An open attempt is left to an operator.
    Left,
    /// Money was taken that the journal does not have as taken: under a name that it does not know, or an attempt that
    /// is in another state.
    NotRecorded,
    /// An attempt is recorded as paid, and the complete statement does not list it.
    NotTaken,
    /// Money was taken more than once under one name. Never settled.
    TakenTwice,
    /// The amount or the currency differs from the recorded one, or the payment is listed under another reference.
    Differs,
}

impl FindingKind {
    /// Every kind of finding.
    pub const ALL: &'static [Self] = &[
        Self::Settled,
        Self::WouldSettle,
        Self::Left,
        Self::NotRecorded,
        Self::NotTaken,
        Self::TakenTwice,
        Self::Differs,
    ];

    /// The word in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::WouldSettle => "would_settle",
            Self::Left => "left",
            Self::NotRecorded => "not_recorded",
            Self::NotTaken => "not_taken",
            Self::TakenTwice => "taken_twice",
            Self::Differs => "differs",
        }
    }
}

written_as_words!(FindingKind, "kind of finding");

/// One thing that was found. What is as it should be is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub finding: FindingKind,
    /// The attempt; for a line of which the journal knows none, its reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The payment as the statement names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentRef>,
    /// The state before, where the journal knows the attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<State>,
    /// The state now, or the one that would be recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The recorded amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Money>,
    /// The amount in the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Money>,
    /// The lines of the statement.
    pub lines: Vec<u64>,
    /// Why, in a sentence.
    pub why: String,
}

/// What reading a statement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementReport {
    /// What was found, in the order of the names of the attempts; then what the journal does not know.
    pub findings: Vec<Finding>,
    /// Why nothing was settled as not applied, whatever the attempt. `None` when that was possible.
    pub doubt: Option<String>,
}

impl StatementReport {
    /// How many findings of this kind there are.
    pub fn count(&self, kind: FindingKind) -> usize {
        self.findings.iter().filter(|finding| finding.finding == kind).count()
    }

    /// Whether an operator must look at something.
    pub fn needs_operator(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| !matches!(finding.finding, FindingKind::Settled | FindingKind::WouldSettle))
    }
}

impl Finding {
    /// What was found about nothing yet.
    pub(crate) fn new(finding: FindingKind, why: impl Into<String>) -> Self {
        Self {
            finding,
            attempt: None,
            payment: None,
            before: None,
            state: None,
            recorded: None,
            stated: None,
            lines: Vec::new(),
            why: why.into(),
        }
    }
}
