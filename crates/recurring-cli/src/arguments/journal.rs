//! The commands of the durable record.

#[cfg(feature = "metrics")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use recurring_facade::{Money, ProviderId, Timestamp};
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
    ///
    /// With --statement it compares a gateway's statement with the journal, and settles what that proves: see
    /// docs/operations/statement.md. Exit code 30: an operator must look at something; 2: a line cannot be read.
    #[command(after_help = examples::JOURNAL_RECONCILE)]
    Reconcile {
        #[command(flatten)]
        attempt: AttemptOrAll,
        #[command(flatten)]
        statement: Box<StatementArguments>,
        /// Only what is due, with growing intervals between two look-ups: for a timer.
        #[arg(long, conflicts_with = "statement")]
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

/// A statement of a gateway, and what is known of it from another place.
#[derive(Debug, Args)]
pub(crate) struct StatementArguments {
    /// The gateway's statement, CSV or JSON lines.
    #[arg(
        long,
        value_name = "FILE",
        requires_all = ["map", "from", "until", "by"],
        conflicts_with_all = ["id", "attempt"]
    )]
    pub(crate) statement: Option<PathBuf>,
    /// What its columns mean, TOML.
    #[arg(long, value_name = "FILE", requires = "statement")]
    pub(crate) map: Option<PathBuf>,
    /// The beginning of the period that it covers, RFC 3339; a date alone is its first moment in UTC.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "statement")]
    pub(crate) from: Option<Timestamp>,
    /// The end of that period.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "statement")]
    pub(crate) until: Option<Timestamp>,
    /// How many hours earlier or later than it was made a payment may be booked.
    #[arg(long, value_name = "HOURS", default_value_t = 24, requires = "statement")]
    pub(crate) margin: u32,
    /// The number of lines that the statement has by the gateway's word, without the names of the columns. Without it or
    /// --total nothing is settled as not applied.
    #[arg(long, value_name = "NUMBER", requires = "statement")]
    pub(crate) lines: Option<u64>,
    /// The sum of its charges by the gateway's word, such as '120.00 EUR'; once for each currency.
    #[arg(long, value_name = "AMOUNT", requires = "statement")]
    pub(crate) total: Vec<Money>,
    /// The operator who has it settled. Kept permanently.
    #[arg(long, value_name = "NAME", requires = "statement")]
    pub(crate) by: Option<String>,
    /// Only show what would be settled.
    #[arg(long, requires = "statement")]
    pub(crate) dry_run: bool,
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
    /// "payment":".."}, the payment where it is known, or lines as `recurring run` prints them; `-` reads standard input.
    /// These attempts cannot be charged again.
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
