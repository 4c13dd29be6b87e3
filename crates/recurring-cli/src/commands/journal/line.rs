//! An attempt of the journal as one JSON object.

use recurring_facade::{AttemptId, Currency, Money, PaymentRef, ProviderId, Timestamp};
use recurring_journal::{AttemptRecord, Operation, SeriesTry, State};
use serde::Serialize;

use crate::error::{CliError, Kind};
use crate::exit::Exit;
use crate::line::Other;

/// One attempt. The optional members are left out when there is nothing to say.
#[derive(Debug, Serialize)]
pub(super) struct RecordLine<'a> {
    attempt: &'a AttemptId,
    provider: &'a ProviderId,
    operation: Operation,
    state: State,
    amount: Option<String>,
    currency: Option<Currency>,
    updated: Timestamp,
    /// Three members: `series`, `period` and `try`.
    #[serde(flatten)]
    series: Option<&'a SeriesTry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a PaymentRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    /// The state before it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<State>,
    /// What the gateway has just shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) looked: Option<&'a str>,
    /// Why a decision was refused.
    #[serde(flatten)]
    refused: Option<Refused>,
}

/// An error beside what is known of the attempt.
#[derive(Debug, Serialize)]
struct Refused {
    outcome: Other,
    kind: Kind,
    message: String,
    exit: u8,
}

impl RecordLine<'_> {
    /// Adds why a decision was refused.
    pub(super) fn refused(&mut self, error: &CliError) {
        let (kind, exit) = (error.kind, Exit::from(error).code());
        self.refused = Some(Refused { outcome: Other::Error, kind, message: error.message.clone(), exit });
    }
}

impl<'a> From<&'a AttemptRecord> for RecordLine<'a> {
    fn from(record: &'a AttemptRecord) -> Self {
        Self {
            attempt: &record.attempt,
            provider: &record.provider,
            operation: record.operation,
            state: record.state,
            amount: record.amount.map(Money::to_decimal),
            currency: record.amount.map(Money::currency),
            updated: record.updated,
            series: record.series.as_ref(),
            archived: record.archived,
            payment: record.payment.as_ref(),
            note: record.note.as_deref(),
            decided_by: record.decided_by.as_deref(),
            before: None,
            looked: None,
            refused: None,
        }
    }
}
