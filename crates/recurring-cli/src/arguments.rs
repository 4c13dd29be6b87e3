//! The command line. The texts here are the program's `--help`.

mod journal;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use recurring_facade::{AttemptId, Currency, ProviderId};

use values::{duration, provider};

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
    /// A TOML file with a table for each gateway; without it, the file that RECURRING_CONFIG names.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The longest that one call of a gateway may take, such as 30s or 500ms.
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
    /// Go through the whole story of all five gateways, against a sandbox inside this program.
    Demo,
    /// Show what each gateway can do, what protects against a second charge, and whether it is configured.
    Providers,
    /// Run the sandbox until Ctrl-C, and print the settings that point the clients at it.
    Sandbox {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
        listen: SocketAddr,
        /// Listen on an address that other machines can reach. The sandbox has no protection against strangers.
        #[arg(long)]
        allow_other_machines: bool,
        /// Write every exchange into this folder as an example, with secrets, names and ids replaced. What is in the
        /// folder stays.
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
    /// Begin a first payment, and print the page to send the customer to.
    ///
    /// It takes no money, and works without a journal. With one, nothing else can be made under its name. Exit code 0: the
    /// enrolment was started, and the customer can be sent to the page.
    Enrol(Enrol),
    /// After the customer came back: print the stored credential, or where the payment stands.
    ///
    /// With tokenpay-signed this takes the first payment, and needs a journal. Elsewhere it only reads.
    Resume(Resume),
    /// List the cards that a gateway keeps for a customer.
    Cards {
        /// Which gateway.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// The customer.
        #[arg(long, value_name = "ID")]
        customer: String,
    },
    /// Charge a stored credential once. This takes money.
    Charge(Charge),
    /// Start a schedule that the gateway runs. This takes the first payment at once.
    ///
    /// The card comes as JSON on standard input: {"pan":"..","expiry":"YYYY-MM","cvv":"..","cardholder_name":".."}
    Schedule(Schedule),
    /// Give money back. Every attempt is a new refund: never begin one while another one is unknown.
    Refund(PaymentPart),
    /// Take money that is authorized and not taken.
    Capture(PaymentPart),
    /// Verify and read a notification, whose body comes on standard input.
    ///
    /// Exit code 0: verified, or the gateway signs nothing (then it says so); 4: refused.
    Notification {
        /// Which gateway.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// A header as it arrived, such as 'X-Signature: ..'. May be given several times.
        #[arg(long = "header", value_name = "NAME: VALUE")]
        headers: Vec<String>,
        /// Keep it in this journal, and look up the attempt that it is about.
        #[arg(long, value_name = "ADDRESS")]
        journal: Option<String>,
    },
    /// Charge everything that is due, each attempt once. This takes money.
    ///
    /// One JSON object a line on standard input or in a file: {"attempt":"..","amount":"40.00","currency":"EUR",
    /// "credential":{..},"reason":"..","notification_url":".."}; one object a line on standard output. Give the same
    /// lines again to go on after a stop. Several such programs may share one journal and the same lines.
    ///
    /// Exit code, the first that fits: 30: some are unknown or in manual review; 6: the journal's store failed; 2: some
    /// lines are not charges, or were refused; 20: a gateway refused every charge; 10: some are pending, authorized or
    /// left for the next run; 0: everything has ended.
    Run(Run),
    /// The durable record of attempts.
    Journal(Journal),
    /// Show where a payment stands.
    Status {
        /// Which gateway.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// The gateway's identifier of the payment.
        #[arg(long, value_name = "REF")]
        payment: String,
    },
}

/// Where an attempt is recorded.
#[derive(Debug, Args)]
pub(crate) struct JournalChoice {
    /// The journal: sqlite:/PATH or postgres://..; by default RECURRING_JOURNAL. An address with a password belongs there.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) journal: Option<String>,
    /// Keep no durable record: nothing here keeps a repetition from moving the money twice.
    #[arg(long, conflicts_with = "journal")]
    pub(crate) no_journal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What is due, one JSON object a line; `-` reads standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "planned")]
    pub(crate) input: Option<PathBuf>,
    /// Instead, what was planned in the journal with a sealed credential (RECURRING_JOURNAL_KEY).
    #[arg(long, conflicts_with = "input")]
    pub(crate) planned: bool,
    /// The journal: sqlite:/PATH or postgres://..; by default RECURRING_JOURNAL. An address with a password belongs there.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) journal: Option<String>,
    /// How many charges are under way at a time at each gateway.
    #[arg(long, default_value_t = 16)]
    pub(crate) concurrency: usize,
    /// How many charges a second are begun at each gateway, at most.
    #[arg(long, value_name = "PER SECOND")]
    pub(crate) rate: Option<std::num::NonZeroU32>,
}

/// What every command that moves money needs.
#[derive(Debug, Args)]
pub(crate) struct Attempt {
    /// Which gateway.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// Your name for this attempt: store it before you run this, and never use it for another payment.
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
    /// What the customer reads.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Where the customer goes after paying.
    #[arg(long, value_name = "URL")]
    pub(crate) success_url: Option<String>,
    /// Where the customer goes after a failure.
    #[arg(long, value_name = "URL")]
    pub(crate) failure_url: Option<String>,
    /// Where the gateway reports what happens.
    #[arg(long, value_name = "URL")]
    pub(crate) notification_url: Option<String>,
    /// Write what `resume` needs to this file, readable by you alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) pending: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Which gateway.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// What `enrol` wrote, or its line of JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) pending: PathBuf,
    /// Write the stored credential to this file, readable by you alone, instead of printing it.
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
    /// Why, in words for the gateway or the customer's statement.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Where the gateway reports what happens.
    #[arg(long, value_name = "URL")]
    pub(crate) notification_url: Option<String>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

/// All or a part of a payment, for `refund` and `capture`.
#[derive(Debug, Args)]
pub(crate) struct PaymentPart {
    /// Which gateway.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: ProviderId,
    /// Your name for this attempt: store it before you run this, and never use it for another one.
    #[arg(long, value_name = "ID")]
    pub(crate) attempt: AttemptId,
    /// The gateway's identifier of the payment.
    #[arg(long, value_name = "REF")]
    pub(crate) payment: String,
    /// How much in major units, such as 40.00; all of it when left out.
    #[arg(long)]
    pub(crate) amount: Option<String>,
    /// The currency of the amount, ISO 4217; when left out, the payment is read to learn it.
    #[arg(long, requires = "amount")]
    pub(crate) currency: Option<Currency>,
    #[command(flatten)]
    pub(crate) journal: JournalChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Schedule {
    #[command(flatten)]
    pub(crate) attempt: Attempt,
    /// How often, in the gateway's word: WEEKLY, MONTHLY or YEARLY.
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
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
