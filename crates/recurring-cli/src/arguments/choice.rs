//! What may be named by its place or by an option, and what a gateway is named by.

use std::path::PathBuf;

use clap::Args;
use recurring_facade::{AttemptId, ProviderId};

use super::values::provider;
use crate::error::CliError;

/// The gateway, where something else that the command is given names it too.
#[derive(Debug, Args)]
pub(crate) struct ProviderChoice {
    /// The gateway, such as emspay. Must agree with what else names it.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: Option<ProviderId>,
}

impl ProviderChoice {
    /// The gateway that a file names, with which `--provider` must agree.
    pub(crate) fn agreed(&self, what: &str, named: ProviderId, option: &str) -> Result<ProviderId, CliError> {
        match &self.provider {
            Some(provider) if *provider != named => Err(CliError::usage(format!(
                "cannot use both: {what} belongs to {named}, not to {provider}; correct --provider or {option}"
            ))),
            _ => Ok(named),
        }
    }
}

/// The payment that a command is about.
#[derive(Debug, Args)]
pub(crate) struct PaymentChoice {
    /// The gateway's identifier of the payment; with the gateway before it, such as emspay:4c8bc680-.., or with
    /// --provider. Where one gateway alone is configured, neither is needed.
    #[arg(value_name = "REF", required_unless_present = "payment")]
    reference: Option<String>,
    /// The same as REF.
    #[arg(long, value_name = "REF")]
    payment: Option<String>,
    #[command(flatten)]
    pub(crate) provider: ProviderChoice,
}

impl PaymentChoice {
    /// The payment as the caller named it.
    pub(crate) fn text(&self) -> Result<&str, CliError> {
        one(self.reference.as_deref(), self.payment.as_deref(), "REF", "--payment")
    }
}

/// An attempt of the journal.
#[derive(Debug, Args)]
pub(crate) struct AttemptChoice {
    /// The attempt.
    #[arg(value_name = "ID", required_unless_present = "attempt")]
    id: Option<AttemptId>,
    /// The same as ID.
    #[arg(long, value_name = "ID")]
    attempt: Option<AttemptId>,
}

impl AttemptChoice {
    pub(crate) fn attempt(self) -> Result<AttemptId, CliError> {
        one(self.id, self.attempt, "ID", "--attempt")
    }
}

/// One attempt of the journal, or all of them.
#[derive(Debug, Args)]
pub(crate) struct AttemptOrAll {
    /// Only this attempt.
    #[arg(value_name = "ID")]
    id: Option<AttemptId>,
    /// The same as ID.
    #[arg(long, value_name = "ID")]
    attempt: Option<AttemptId>,
}

impl AttemptOrAll {
    pub(crate) fn attempt(self) -> Result<Option<AttemptId>, CliError> {
        match (self.id, self.attempt) {
            (None, None) => Ok(None),
            (placed, named) => one(placed, named, "ID", "--attempt").map(Some),
        }
    }
}

/// The file that `enrol` wrote.
#[derive(Debug, Args)]
pub(crate) struct PendingChoice {
    /// The file that `enrol` wrote, or its line of JSON; `-` reads standard input.
    #[arg(value_name = "FILE", required_unless_present = "pending")]
    file: Option<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE")]
    pending: Option<PathBuf>,
}

impl PendingChoice {
    pub(crate) fn path(self) -> Result<PathBuf, CliError> {
        one(self.file, self.pending, "FILE", "--pending")
    }
}

/// The stored credential that is charged.
#[derive(Debug, Args)]
pub(crate) struct CredentialChoice {
    /// The stored credential, JSON, as `resume` wrote it; `-` reads standard input.
    #[arg(value_name = "FILE", required_unless_present = "credential")]
    file: Option<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE")]
    credential: Option<PathBuf>,
}

impl CredentialChoice {
    pub(crate) fn path(self) -> Result<PathBuf, CliError> {
        one(self.file, self.credential, "FILE", "--credential")
    }
}

/// The customer whose cards are listed.
#[derive(Debug, Args)]
pub(crate) struct CustomerChoice {
    /// The gateway's identifier of the customer.
    #[arg(value_name = "ID", required_unless_present = "customer")]
    id: Option<String>,
    /// The same as ID.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
}

impl CustomerChoice {
    pub(crate) fn customer(self) -> Result<String, CliError> {
        one(self.id, self.customer, "ID", "--customer")
    }
}

/// What is named by its place, by an option, or the same by both.
pub(super) fn one<T: PartialEq>(
    placed: Option<T>,
    named: Option<T>,
    place: &str,
    option: &str,
) -> Result<T, CliError> {
    match (placed, named) {
        (Some(placed), Some(named)) if placed != named => Err(CliError::usage(format!(
            "cannot use both {place} and {option}: they differ; give one of them"
        ))),
        (Some(value), _) | (None, Some(value)) => Ok(value),
        (None, None) => Err(CliError::usage(format!("{place} is missing: give it, or {option}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_option_must_agree() {
        let one = |placed, named| one(placed, named, "REF", "--payment");
        assert_eq!(one(Some("a"), None).ok(), Some("a"));
        assert_eq!(one(None, Some("a")).ok(), Some("a"));
        assert_eq!(one(Some("a"), Some("a")).ok(), Some("a"));
        let error = one(Some("a"), Some("b")).expect_err("which is meant is not known");
        assert!(error.to_string().contains("REF and --payment"), "{error}");
        assert!(one(None, None).is_err());
    }
}
