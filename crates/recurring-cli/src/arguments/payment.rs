//! The commands that move money, and what each of them needs.

use std::path::PathBuf;

use clap::Args;
use recurring_facade::{AttemptId, Currency, ProviderId};

use super::choice::{CredentialChoice, PaymentChoice, ProviderChoice, one};
use super::values::provider;
use crate::error::CliError;

/// What every command that moves money needs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Attempt")]
pub(crate) struct Attempt {
    /// Your identifier of this attempt: store it before you run this, and never use it for another payment.
    #[arg(long, value_name = "ID")]
    pub(crate) attempt: AttemptId,
    /// The amount in major units, such as 40.00.
    #[arg(long)]
    pub(crate) amount: String,
    /// The currency, ISO 4217, such as EUR.
    #[arg(long)]
    pub(crate) currency: Currency,
}

/// Whether the attempt is recorded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Attempt")]
pub(crate) struct JournalChoice {
    /// Keep no durable record: running the command again can move the money twice.
    #[arg(long)]
    pub(crate) no_journal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Charge {
    #[command(flatten)]
    pub(crate) credential: CredentialChoice,
    #[command(flatten)]
    pub(crate) provider: ProviderChoice,
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
    /// The reason, for the gateway or the customer's statement.
    #[arg(long, help_heading = "For the gateway")]
    pub(crate) reason: Option<String>,
    /// The address to which the gateway sends notifications (webhooks).
    #[arg(long, value_name = "URL", help_heading = "For the gateway")]
    pub(crate) notification_url: Option<String>,
}

/// All or a part of a payment, for `refund` and `capture`.
#[derive(Debug, Args)]
pub(crate) struct PaymentPart {
    #[command(flatten)]
    pub(crate) payment: PaymentChoice,
    /// Your identifier of this attempt: store it before you run this, and never use it for another one.
    #[arg(long, value_name = "ID", help_heading = "Attempt")]
    pub(crate) attempt: AttemptId,
    /// The amount in major units, such as 40.00; by default all that is left.
    #[arg(long, help_heading = "Attempt")]
    pub(crate) amount: Option<String>,
    /// The currency of the amount, ISO 4217; by default that of the payment, which is read first.
    #[arg(long, requires = "amount", help_heading = "Attempt")]
    pub(crate) currency: Option<Currency>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Schedule {
    /// The gateway, such as ngenius.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// How often the gateway charges: WEEKLY, MONTHLY or YEARLY.
    #[arg(long)]
    pub(crate) frequency: String,
    /// The customer's e-mail address.
    #[arg(long)]
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The charges that are due, one JSON object a line; `-` reads standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["input", "planned"])]
    file: Option<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Charge what was planned in the journal with a sealed credential (RECURRING_JOURNAL_KEY), instead of a file.
    #[arg(long, conflicts_with_all = ["input", "file"])]
    pub(crate) planned: bool,
    /// Store the charges of the file as planned, with their credentials sealed, and send nothing. They are made later,
    /// by --planned or by an engine.
    #[arg(long, conflicts_with_all = ["planned", "concurrency", "rate"])]
    pub(crate) plan: bool,
    /// The maximum number of charges under way at each gateway.
    #[arg(long, default_value_t = 16, help_heading = "Speed")]
    pub(crate) concurrency: usize,
    /// The maximum number of charges started per second at each gateway.
    #[arg(long, value_name = "PER SECOND", help_heading = "Speed")]
    pub(crate) rate: Option<std::num::NonZeroU32>,
    /// Serve the metrics of this run for Prometheus while it lasts, such as at 127.0.0.1:9465.
    #[cfg(feature = "metrics")]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "plan")]
    pub(crate) metrics_listen: Option<std::net::SocketAddr>,
}

impl Run {
    /// Where the lines are; `None` for what is planned.
    pub(crate) fn input(&self) -> Result<Option<PathBuf>, CliError> {
        match (&self.file, &self.input) {
            (None, None) => Ok(None),
            (placed, named) => one(placed.clone(), named.clone(), "FILE", "--input").map(Some),
        }
    }
}
