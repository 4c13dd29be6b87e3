//! The commands of the durable record.

#[cfg(feature = "metrics")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use recurring_facade::{ProviderId, Timestamp};
use recurring_journal::State;

use super::choice::{AttemptChoice, AttemptOrAll};
use super::examples;
use super::values::{provider, time};

/// The durable record of attempts.
#[derive(Debug, Args)]
pub(crate) struct Journal {
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Create a journal where there is none. No other command does that.
    ///
    /// Prints the identity of the new journal. Set RECURRING_JOURNAL_ID to it, and every command refuses another
    /// journal.
    #[command(after_help = examples::JOURNAL_CREATE)]
    Create,
    /// Show the identity of the journal, where it is, and how many attempts there are in each state.
    #[command(after_help = examples::JOURNAL_INFO)]
    Info,
    /// Copy the journal into a new file, while it is in use.
    ///
    /// The copy lacks what is recorded after it, so every command refuses it until `acknowledge-failover`. A journal in
    /// PostgreSQL is copied with pg_basebackup or pg_dump.
    #[command(after_help = examples::JOURNAL_BACKUP)]
    Backup {
        /// The new file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Move old attempts with their logs into a file. Their names stay, and are never charged again.
    ///
    /// Each attempt in a final state that was last changed before DATE becomes a line of JSON. It is on the disk before
    /// anything leaves the journal. Run it again with the same DATE and FILE to go on after an interruption.
    #[command(after_help = examples::JOURNAL_ARCHIVE)]
    Archive {
        /// A day, which begins at midnight UTC, or a time such as 2026-11-28T09:00:00Z.
        #[arg(long, value_name = "DATE", value_parser = time)]
        before: Timestamp,
        /// The file. Keep it: it has what the journal no longer has.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// List attempts in the order of their names.
    #[command(after_help = examples::JOURNAL_LIST)]
    List {
        /// Only those in this state: planned, armed, paid, authorized, pending, declined, canceled, not_applied,
        /// unknown, review.
        #[arg(long)]
        state: Option<State>,
        /// Only those of this gateway.
        #[arg(long, value_parser = provider)]
        provider: Option<ProviderId>,
        /// Only the tries of this series (a subscription).
        #[arg(long)]
        series: Option<String>,
        /// The maximum number of attempts.
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show one attempt and its log.
    #[command(after_help = examples::JOURNAL_SHOW)]
    Show {
        #[command(flatten)]
        attempt: AttemptChoice,
    },
    /// Serve the metrics for Prometheus until Ctrl-C: how many attempts are unsettled, and how old the oldest is.
    ///
    /// They are read from the journal each time. No secret is in them; keep the address on this machine or in a private
    /// network all the same.
    #[cfg(feature = "metrics")]
    #[command(after_help = examples::JOURNAL_METRICS)]
    Metrics {
        /// The address and the port; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:9464", value_name = "ADDRESS")]
        listen: SocketAddr,
    },
    /// Look up at the gateways what is unknown or pending. No payment is ever sent again.
    ///
    /// Exit code 0: nothing is open; 10: some attempts are pending; 30: some are unknown or in manual review.
    #[command(after_help = examples::JOURNAL_RECONCILE)]
    Reconcile {
        #[command(flatten)]
        attempt: AttemptOrAll,
        /// Only what is due, with growing intervals between two look-ups: for a timer.
        #[arg(long)]
        due: bool,
    },
    /// Record an operator's decision about an attempt that looking up could not settle.
    ///
    /// Looks it up at the gateway first. `not-applied` is refused while a call may be under way, and when the gateway shows
    /// a payment or cannot be asked.
    #[command(after_help = examples::JOURNAL_RESOLVE)]
    Resolve(Resolve),
    /// Acknowledge a PostgreSQL failover, or a restored backup.
    ///
    /// First compare with the gateways what was charged in the time that is missing. Every armed attempt becomes unknown;
    /// what is planned or not applied goes to manual review.
    #[command(alias = "acknowledge-fail-over", after_help = examples::JOURNAL_ACKNOWLEDGE)]
    AcknowledgeFailover(AcknowledgeFailover),
}

#[derive(Debug, Args)]
pub(crate) struct Resolve {
    #[command(flatten)]
    pub(crate) attempt: AttemptChoice,
    /// What happened. `not-applied` allows the attempt to be made again.
    #[arg(long = "as", value_enum)]
    pub(crate) decision: Decision,
    /// The gateway's identifier of the payment, where it was found.
    #[arg(long, value_name = "REF")]
    pub(crate) payment: Option<String>,
    /// The operator who decides. Kept permanently.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// The reason. Kept permanently.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
    /// Record `not-applied` although that is refused. If it is wrong, the attempt can be charged twice.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AcknowledgeFailover {
    /// The operator who compared. Kept permanently.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// The result of the comparison. Kept permanently.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
    /// Keep planned attempts planned, because none was sent in that time. If that is wrong, they are charged twice.
    #[arg(long)]
    pub(crate) planned_were_not_sent: bool,
    /// The charges that the gateways show for that time, one JSON object a line: {"provider":"..","attempt":"..",
    /// "payment":".."}, the payment where it is known; `-` reads standard input. These attempts cannot be charged again.
    #[arg(long, value_name = "FILE")]
    pub(crate) charged: Option<PathBuf>,
}

/// An operator's decision.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Decision {
    /// The money was taken.
    Paid,
    /// The money is held and was not taken.
    Authorized,
    /// The gateway declined it.
    Declined,
    /// Canceled or expired at the gateway: no money is kept.
    Canceled,
    /// Nothing happened, and nothing can be under way any more.
    #[value(alias = "not_applied")]
    NotApplied,
}
