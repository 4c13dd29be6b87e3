//! The command line. The texts here are the program's `--help`.

mod choice;
mod due;
mod examples;
mod first;
mod journal;
mod payment;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use recurring_facade::ProviderId;

use values::duration;
pub(crate) use values::provider;

pub(crate) use choice::{CustomerChoice, PaymentChoice};
pub(crate) use due::{Due, Retry};
pub(crate) use first::{Enrol, Resume};
pub(crate) use journal::{
    AcknowledgeFailover, Decision, Journal, JournalCommand, Resolve, StatementArguments,
};
pub(crate) use payment::{Attempt, Charge, JournalChoice, PaymentPart, Run, Schedule};
#[cfg(feature = "sandbox")]
pub(crate) use sandbox::{Clock, ClockCommand, Fault, Listen, Trigger};
pub(crate) use serve::Sandbox;

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

/// The heading of the options that every command has.
const GLOBAL: &str = "Global options";

/// Recurring card payments through five gateways.
///
/// Keys come from the environment (EMSPAY_API_KEY, ...) or from a TOML file, never from arguments.
#[derive(Debug, Parser)]
#[command(name = "recurring", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// A TOML file with a table for each gateway; by default the file that RECURRING_CONFIG names.
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) config: Option<PathBuf>,
    /// The journal: sqlite:/PATH or postgres://..; by default RECURRING_JOURNAL, where an address with a password belongs.
    #[arg(long, global = true, value_name = "ADDRESS", help_heading = GLOBAL)]
    pub(crate) journal: Option<String>,
    /// The time-out of one call to a gateway, such as 30s or 500ms.
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, help_heading = GLOBAL)]
    pub(crate) timeout: Option<Duration>,
    /// Print one JSON object a line on standard output, and nothing else there.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Log to standard error: -v each request and its answer, -vv everything; or what RUST_LOG asks for. No secret is logged.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GLOBAL)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every flow of all five gateways against a built-in sandbox.
    #[command(after_help = examples::DEMO)]
    Demo,
    /// Show what each gateway can do, what protects against a second charge, and whether it is configured.
    #[command(after_help = examples::PROVIDERS)]
    Providers,
    /// Run the sandbox until Ctrl-C, and print the settings that point the clients at it.
    #[command(after_help = examples::SANDBOX)]
    Sandbox(Sandbox),
    /// Print the webhooks of a running sandbox until Ctrl-C, and forward them to a server on this machine.
    #[cfg(feature = "sandbox")]
    #[command(after_help = sandbox::LISTEN)]
    Listen(Listen),
    /// Make an event happen in a running sandbox: money moves there, and the webhooks are sent as the gateway sends them.
    #[cfg(feature = "sandbox")]
    #[command(after_help = sandbox::TRIGGER)]
    Trigger(Trigger),
    /// Arm, list or clear the faults of a running sandbox.
    #[cfg(feature = "sandbox")]
    #[command(after_help = sandbox::FAULT)]
    Fault(Fault),
    /// Show or move the clock of a running sandbox.
    #[cfg(feature = "sandbox")]
    #[command(after_help = sandbox::CLOCK)]
    Clock(Clock),
    /// Start a first payment, and print the page to send the customer to.
    ///
    /// Takes no money, and works without a journal; with one, it reserves the attempt's name. Exit code 0: the enrolment was
    /// started, and the customer can be sent to the page.
    #[command(after_help = examples::ENROL)]
    Enrol(Enrol),
    /// Finish a first payment after the customer came back: print the stored credential, or the state of the payment.
    ///
    /// With tokenpay-signed this takes the first payment, and needs a journal. With the other gateways it only reads.
    #[command(after_help = examples::RESUME)]
    Resume(Resume),
    /// List the cards that a gateway stores for a customer.
    #[command(after_help = examples::CARDS)]
    Cards {
        /// The gateway, such as emspay.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        #[command(flatten)]
        customer: CustomerChoice,
    },
    /// Charge a stored credential once. Takes money.
    #[command(after_help = examples::CHARGE)]
    Charge(Charge),
    /// Start a schedule that the gateway runs. Takes the first payment at once.
    ///
    /// Reads the card as JSON from standard input: {"pan":"..","expiry":"YYYY-MM","cvv":"..","cardholder_name":".."}
    #[command(after_help = examples::SCHEDULE)]
    Schedule(Schedule),
    /// Refund a payment, or a part of it.
    ///
    /// Every attempt is a new refund: never start one while another one is unknown.
    #[command(after_help = examples::REFUND)]
    Refund(PaymentPart),
    /// Capture a payment that is only authorized, or a part of it. Takes money.
    #[command(after_help = examples::CAPTURE)]
    Capture(PaymentPart),
    /// Verify and read a notification (webhook), whose body comes on standard input.
    ///
    /// --request reads all of it, as it arrived, from a file or from standard input: so no secret is an argument, which
    /// other users of this machine can read.
    ///
    /// With a journal it is stored there, and the attempt that it is about is looked up.
    ///
    /// Exit code 0: verified, or unsigned because the gateway signs nothing; 4: not genuine; 1: genuine, but unreadable.
    #[command(visible_alias = "webhook", after_help = examples::NOTIFICATION)]
    Notification {
        /// The gateway, such as emspay.
        #[arg(long, value_parser = provider)]
        provider: ProviderId,
        /// A header as it arrived, such as 'X-Signature: ..'. May be given several times. A header that is a secret itself
        /// (N-Genius) belongs into --request.
        #[arg(long = "header", value_name = "NAME: VALUE")]
        headers: Vec<String>,
        /// The whole HTTP request: request line, headers, a blank line, and the body byte for byte; `-` reads standard
        /// input.
        #[arg(long, value_name = "FILE", conflicts_with = "headers")]
        request: Option<PathBuf>,
    },
    /// Print the charges of subscriptions that are due, as the lines that `run` takes. Sends nothing.
    ///
    /// Reads one JSON object a line: {"subscription":"..","anchor":"2026-01-31T09:00[Europe/Lisbon]","interval":"1 month",
    /// "amount":"40.00","currency":"EUR","credential":{..}}; instead of the credential "credential_file", relative to the folder
    /// of the file, or "schedule":{"provider":"ngenius","order_reference":".."} for what the gateway charges by itself. Optional:
    /// "since" (a date: earlier periods are not charged), "until", "count", "month_end", "scheme", "expiry", "reason",
    /// "notification_url". The lines hold the tokens of the file.
    ///
    /// With a journal, only what it does not have is printed. Give the date of the first charge as "since" where the first period
    /// was paid on a page.
    ///
    /// A schedule that the gateway runs is read and compared: a period without its charge is reported. Exit code 10: one is
    /// missing; 30: there is one that no period accounts for.
    #[command(after_help = examples::DUE)]
    Due(Due),
    /// Print what is to be tried again when, what needs the customer, and what stopped. Sends nothing.
    ///
    /// The journal has the tries; the limits of the card schemes hold whatever the policy says. The policy is TOML: zone =
    /// "Europe/Lisbon" and preset = "standard" or "gentle", or days and hours.
    #[command(after_help = examples::RETRY)]
    Retry(Retry),
    /// Charge everything that is due, each attempt once. Takes money.
    ///
    /// Reads one JSON object a line from a file or standard input: {"attempt":"..","amount":"40.00","currency":"EUR",
    /// "credential":{..},"reason":"..","notification_url":".."}; writes one object a line to standard output. Give the same
    /// lines again to continue after a stop. Several processes may share one journal and the same lines.
    ///
    /// Exit code, the first that fits: 30: some are unknown or in manual review; 6: the journal's store failed; 2: some
    /// lines are not charges, or were refused; 20: a gateway refused every charge; 10: some are pending, authorized or
    /// left for the next run; 0: everything has ended.
    #[command(after_help = examples::RUN)]
    Run(Run),
    /// Create, inspect and reconcile the durable record of attempts.
    #[command(after_help = examples::JOURNAL)]
    Journal(Journal),
    /// Show the state of a payment.
    #[command(after_help = examples::STATUS)]
    Status(PaymentChoice),
    /// Print the completions for a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of all commands into a folder. Those of an earlier version are replaced.
    #[command(after_help = examples::MANUAL)]
    Manual {
        /// The folder, which is made where it is missing.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

impl Command {
    /// Whether it works with a sandbox alone, and not with the gateways that are set up.
    pub(crate) fn needs_no_settings(&self) -> bool {
        match self {
            Self::Demo | Self::Sandbox { .. } | Self::Completions { .. } | Self::Manual { .. } => true,
            #[cfg(feature = "sandbox")]
            Self::Listen(_) | Self::Trigger(_) | Self::Fault(_) | Self::Clock(_) => true,
            _ => false,
        }
    }
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
