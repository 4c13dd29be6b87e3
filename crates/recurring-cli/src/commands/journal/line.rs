//! An attempt of the journal as one JSON object.

use recurring_facade::{AttemptId, Money, PaymentRef, ProviderId};
use recurring_journal::AttemptRecord;
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Other;

/// One attempt. The optional members are left out when there is nothing to say.
#[derive(Debug, Serialize)]
pub(super) struct RecordLine<'a> {
    attempt: &'a AttemptId,
    provider: &'a ProviderId,
    operation: &'static str,
    state: &'static str,
    amount: Option<String>,
    currency: Option<String>,
    updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a PaymentRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    /// The state before it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<&'static str>,
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
    kind: &'static str,
    message: String,
    exit: u8,
}

impl RecordLine<'_> {
    /// Adds why a decision was refused.
    pub(super) fn refused(&mut self, error: &CliError) {
        let (kind, exit) = (error.kind.as_str(), Exit::from(error).code());
        self.refused = Some(Refused { outcome: Other::Error, kind, message: error.message.clone(), exit });
    }
}

impl<'a> From<&'a AttemptRecord> for RecordLine<'a> {
    fn from(record: &'a AttemptRecord) -> Self {
        Self {
            attempt: &record.attempt,
            provider: &record.provider,
            operation: record.operation.as_str(),
            state: record.state.as_str(),
            amount: record.amount.map(Money::to_decimal),
            currency: record.amount.map(|amount| amount.currency().to_string()),
            updated: record.updated.to_string(),
            payment: record.payment.as_ref(),
            note: record.note.as_deref(),
            decided_by: record.decided_by.as_deref(),
            before: None,
            looked: None,
            refused: None,
        }
    }
}
