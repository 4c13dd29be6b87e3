//! The commands that say what is to be charged.

use std::path::PathBuf;

use clap::Args;
use recurring_schedule::jiff::civil::Date;

use super::values::until;
use crate::subscription::Until;

#[derive(Debug, Args)]
pub(crate) struct Due {
    /// The subscriptions, one JSON object a line (CSV is not read); `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) subscriptions: PathBuf,
    /// A date, in the zone of each subscription, or a moment: what begins then, or before it, is printed; by default now. A later
    /// one prints what is not due yet, and `run` charges it early.
    #[arg(long, value_name = "DATE", value_parser = until)]
    pub(crate) until: Option<Until>,
    /// Leave out the periods that begin before this date.
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<Date>,
    /// Draw the coming periods of this subscription, and the tries of the first of them if each is declined for insufficient
    /// funds. Opens no journal.
    #[arg(long, value_name = "SUBSCRIPTION", conflicts_with_all = ["until", "since"])]
    pub(crate) preview: Option<String>,
    /// The policy of retries for --preview; by default the preset `standard` in the zone of the subscription.
    #[arg(long, value_name = "FILE", requires = "preview")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The subscriptions, one JSON object a line, as for `due`; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) subscriptions: PathBuf,
    /// The policy, a TOML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// Leave out the periods that begin before this date.
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<Date>,
    /// Print only the tries that are due now, as the lines that `run` takes.
    #[arg(long)]
    pub(crate) due: bool,
}
