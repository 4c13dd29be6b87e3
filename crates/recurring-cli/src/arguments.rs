//! The command line. The texts here are the program's `--help`.

mod journal;
#[cfg(feature = "sandbox")]
mod sandbox;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use recurring_facade::{AttemptId, Currency, ProviderId};

use values::{duration, provider};

#[cfg(feature = "sandbox")]
pub(crate) use sandbox::{Clock, ClockCommand, Fault, Listen, Trigger};

pub(crate) use journal::{AcknowledgeFailover, Decision, Journal, JournalCommand, Resolve};

/// What scripts depend on.
const EXIT_CODES: &str = "\
Exit codes:
   0  paid, or done; an enrolment was started
   1  anything that has no code of its own, such as output that cannot be written
   2  usage or configuration, or refused before anything was sent
   4  the notification is not genuine
   5  not found
   6  the journal's store failed, and nothing was sent
  10  pending
  11  the customer must act first
  12  declined
  13  canceled
  14  authorized: held, and not taken
  20  not applied: safe to try again
  30  unknown, or in manual review: look at it, never repeat it blindly

With --json an error is one object, too: {\"outcome\":\"error\",\"kind\":\"..\",\"effect\":\"not_applied\",\"message\":\"..\",\"exit\":2}";

/// Recurring card payments through five gateways.
///
/// Keys come from the environment (EMSPAY_API_KEY, ...) or from a TOML file, never from arguments.
#[derive(Debug, Parser)]
#[command(name = "recurring", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// A TOML file with a table for each gateway; by default the file that RECURRING_CONFIG names.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The time-out of one call to a gateway, such as 30s or 500ms.
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Print one JSON object a line on standard output, and nothing else there.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every flow of all five gateways against a built-in sandbox.
    Demo,
    /// Show what each gateway can do, what protects against a second charge, and whether it is configured.
    Providers,
    /// Run the sandbox until Ctrl-C, and print the settings that point the clients at it.
    Sandbox {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
        listen: SocketAddr,
        /// Allow an address that other machines can reach. The sandbox has no access control.
        #[arg(long)]
        allow_other_machines: bool,
        /// Write every request and response into this folder as a fixture, with secrets, names and ids replaced. Files that
        /// are in the folder are kept.
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
    /// Print the webhooks of a running sandbox until Ctrl-C, and forward them to a server on this machine.
    #[cfg(feature = "sandbox")]
    Listen(Listen),
    /// Make an event happen in a running sandbox: money moves there, and the webhooks are sent as the gateway sends them.
    #[cfg(feature = "sandbox")]
    Trigger(Trigger),
    /// Arm, list or clear the faults of a running sandbox.
    #[cfg(feature = "sandbox")]
    Fault(Fault),
    /// Show or move the clock of a running sandbox.
    #[cfg(feature = "sandbox")]
    Clock(Clock),
    /// Start a first payment, and print the page to send the customer to.
    ///
    /// Takes no money, and works without a journal; with one, it reserves the attempt's name. Exit code 0: the enrolment was
    /// started, and the customer can be sent to the page.
    Enrol(Enrol),
    /// Finish a first payment after the customer came back: print the stored credential, or the state of the payment.
    ///
    /// With tokenpay-signed this takes the first payment, and needs a journal. With the other gateways it only reads.
    Resume(Resume),
    /// List the cards that a gateway stores for a customer.
    Cards {
        /// The gateway, such as emspay.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// The gateway's identifier of the customer.
        #[arg(long, value_name = "ID")]
        customer: String,
    },
    /// Charge a stored credential once. Takes money.
    Charge(Charge),
    /// Start a schedule that the gateway runs. Takes the first payment at once.
    ///
    /// Reads the card as JSON from standard input: {"pan":"..","expiry":"YYYY-MM","cvv":"..","cardholder_name":".."}
    Schedule(Schedule),
    /// Refund a payment, or a part of it.
    ///
    /// Every attempt is a new refund: never start one while another one is unknown.
    Refund(PaymentPart),
    /// Capture a payment that is only authorized, or a part of it. Takes money.
    Capture(PaymentPart),
    /// Verify and read a notification (webhook), whose body comes on standard input.
    ///
    /// Exit code 0: verified, or unsigned because the gateway signs nothing; 4: not genuine; 1: genuine, but unreadable.
    Notification {
        /// The gateway, such as emspay.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// A header as it arrived, such as 'X-Signature: ..'. May be given several times.
        #[arg(long = "header", value_name = "NAME: VALUE")]
        headers: Vec<String>,
        /// The journal that stores it; the attempt that it is about is looked up.
        #[arg(long, value_name = "ADDRESS")]
        journal: Option<String>,
    },
    /// Charge everything that is due, each attempt once. Takes money.
    ///
    /// Reads one JSON object a line from a file or standard input: {"attempt":"..","amount":"40.00","currency":"EUR",
    /// "credential":{..},"reason":"..","notification_url":".."}; writes one object a line to standard output. Give the same
    /// lines again to continue after a stop. Several processes may share one journal and the same lines.
    ///
    /// Exit code, the first that fits: 30: some are unknown or in manual review; 6: the journal's store failed; 2: some
    /// lines are not charges, or were refused; 20: a gateway refused every charge; 10: some are pending, authorized or
    /// left for the next run; 0: everything has ended.
    Run(Run),
    /// Create, inspect and reconcile the durable record of attempts.
    Journal(Journal),
    /// Show the state of a payment.
    Status {
        /// The gateway, such as emspay.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// The gateway's identifier of the payment.
        #[arg(long, value_name = "REF")]
        payment: String,
    },
}

impl Command {
    /// Whether it works with a sandbox alone, and not with the gateways that are set up.
    pub(crate) fn needs_no_settings(&self) -> bool {
        match self {
            Self::Demo | Self::Sandbox { .. } => true,
            #[cfg(feature = "sandbox")]
            Self::Listen(_) | Self::Trigger(_) | Self::Fault(_) | Self::Clock(_) => true,
            _ => false,
        }
    }
}

/// The journal in which an attempt is recorded.
#[derive(Debug, Args)]
pub(crate) struct JournalChoice {
    /// The journal: sqlite:/PATH or postgres://..; by default RECURRING_JOURNAL, where an address with a password belongs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) journal: Option<String>,
    /// Keep no durable record: running the command again can move the money twice.
    #[arg(long, conflicts_with = "journal")]
    pub(crate) no_journal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The charges that are due, one JSON object a line; `-` reads standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "planned")]
    pub(crate) input: Option<PathBuf>,
    /// Charge what was planned in the journal with a sealed credential (RECURRING_JOURNAL_KEY), instead of a file.
    #[arg(long, conflicts_with = "input")]
    pub(crate) planned: bool,
    /// The journal: sqlite:/PATH or postgres://..; by default RECURRING_JOURNAL, where an address with a password belongs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) journal: Option<String>,
    /// The maximum number of charges under way at each gateway.
    #[arg(long, default_value_t = 16)]
    pub(crate) concurrency: usize,
    /// The maximum number of charges started per second at each gateway.
    #[arg(long, value_name = "PER SECOND")]
    pub(crate) rate: Option<std::num::NonZeroU32>,
}

/// What every command that moves money needs.
#[derive(Debug, Args)]
pub(crate) struct Attempt {
    /// The gateway, such as emspay.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
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

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    /// Your own identifier of the customer.
    #[arg(long, value_name = "ID")]
    pub(crate) customer: Option<String>,
    /// The gateway's identifier of the customer, if there is one already (revio: the client).
    #[arg(long, value_name = "ID")]
    pub(crate) gateway_customer: Option<String>,
    /// The customer's e-mail address.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// A JSON file with the billing details that omno needs: first_name, last_name, address1, city, state,
    /// country, postal_code, phone, email.
    #[arg(long, value_name = "FILE")]
    pub(crate) billing: Option<PathBuf>,
    /// The description that the customer sees.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// The page to which the customer returns after paying.
    #[arg(long, value_name = "URL")]
    pub(crate) success_url: Option<String>,
    /// The page to which the customer returns after a failure.
    #[arg(long, value_name = "URL")]
    pub(crate) failure_url: Option<String>,
    /// The address to which the gateway sends notifications (webhooks).
    #[arg(long, value_name = "URL")]
    pub(crate) notification_url: Option<String>,
    /// Write what `resume` needs to this new file, which only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) pending: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The gateway, such as emspay.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// The file that `enrol` wrote, or its line of JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) pending: PathBuf,
    /// Write the stored credential to this new file, which only you can read, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) credential: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Charge {
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    /// The stored credential, JSON, as `resume` wrote it; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) credential: PathBuf,
    /// The reason, for the gateway or the customer's statement.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// The address to which the gateway sends notifications (webhooks).
    #[arg(long, value_name = "URL")]
    pub(crate) notification_url: Option<String>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

/// All or a part of a payment, for `refund` and `capture`.
#[derive(Debug, Args)]
pub(crate) struct PaymentPart {
    /// The gateway, such as emspay.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// Your identifier of this attempt: store it before you run this, and never use it for another one.
    #[arg(long, value_name = "ID")]
    pub(crate) attempt: AttemptId,
    /// The gateway's identifier of the payment.
    #[arg(long, value_name = "REF")]
    pub(crate) payment: String,
    /// The amount in major units, such as 40.00; by default all that is left.
    #[arg(long)]
    pub(crate) amount: Option<String>,
    /// The currency of the amount, ISO 4217; by default that of the payment, which is read first.
    #[arg(long, requires = "amount")]
    pub(crate) currency: Option<Currency>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Schedule {
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    /// How often the gateway charges: WEEKLY, MONTHLY or YEARLY.
    #[arg(long)]
    pub(crate) frequency: String,
    /// The customer's e-mail address.
    #[arg(long)]
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
