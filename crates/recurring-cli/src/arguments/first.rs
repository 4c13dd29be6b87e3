//! The first payment.

use std::path::PathBuf;

use clap::Args;
use recurring_facade::ProviderId;

use super::choice::{PendingChoice, ProviderChoice};
use super::payment::{Attempt, JournalChoice};
use super::values::provider;

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// The gateway, such as emspay.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// Write what `resume` needs to this new file, which only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) pending: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
    /// Your own identifier of the customer.
    #[arg(long, value_name = "ID", help_heading = "Customer")]
    pub(crate) customer: Option<String>,
    /// The gateway's identifier of the customer, if there is one already (revio: the client).
    #[arg(long, value_name = "ID", help_heading = "Customer")]
    pub(crate) gateway_customer: Option<String>,
    /// The customer's e-mail address.
    #[arg(long, help_heading = "Customer")]
    pub(crate) email: Option<String>,
    /// A JSON file with the billing details that omno needs: first_name, last_name, address1, city, state,
    /// country, postal_code, phone, email.
    #[arg(long, value_name = "FILE", help_heading = "Customer")]
    pub(crate) billing: Option<PathBuf>,
    /// The description that the customer sees.
    #[arg(long, help_heading = "Pages")]
    pub(crate) description: Option<String>,
    /// The page to which the customer returns after paying.
    #[arg(long, value_name = "URL", help_heading = "Pages")]
    pub(crate) success_url: Option<String>,
    /// The page to which the customer returns after a failure.
    #[arg(long, value_name = "URL", help_heading = "Pages")]
    pub(crate) failure_url: Option<String>,
    /// The address to which the gateway sends notifications (webhooks).
    #[arg(long, value_name = "URL", help_heading = "Pages")]
    pub(crate) notification_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) pending: PendingChoice,
    #[command(flatten)]
    pub(crate) provider: ProviderChoice,
    /// Write the stored credential to this new file, which only you can read, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) credential: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}
