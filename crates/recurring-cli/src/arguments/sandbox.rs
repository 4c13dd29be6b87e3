//! The arguments of the commands that control a running sandbox.

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use recurring_facade::ProviderId;

use super::values::{duration, provider};

pub(super) const LISTEN: &str = "\
Example:
  recurring listen --forward-to http://127.0.0.1:3000/webhooks";

pub(super) const TRIGGER: &str = "\
Example:
  recurring trigger emspay.paid
  recurring trigger --list";

pub(super) const FAULT: &str = "\
Example:
  recurring fault lost-answer --provider emspay
  recurring fault clear";

pub(super) const CLOCK: &str = "\
Example:
  recurring clock advance 31d";

const SHOW: &str = "\
Example:
  recurring clock show 31d";

const SET: &str = "\
Example:
  recurring clock set 2027-01-31T12:00:00Z";

/// The sandbox that a command controls.
#[derive(Debug, Args)]
pub(crate) struct SandboxChoice {
    /// Where the sandbox listens, such as http://127.0.0.1:4010; by default RECURRING_SANDBOX_URL, then the sandbox that
    /// the gateways' settings in the environment point to, then the one on its default port.
    #[arg(long, value_name = "URL")]
    pub(crate) sandbox: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Forward every webhook to this address on this machine, with the headers and the bytes that the gateway sends.
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,
    /// Stop after this number of deliveries.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<std::num::NonZeroU64>,
    #[command(flatten)]
    pub(crate) at: SandboxChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// The event, such as emspay.paid.
    #[arg(required_unless_present = "list")]
    pub(crate) event: Option<String>,
    /// Show the events.
    #[arg(long, conflicts_with_all = ["event", "forward_to"])]
    pub(crate) list: bool,
    /// Send its webhooks to this address on this machine, whether `recurring listen` runs or not.
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,
    #[command(flatten)]
    pub(crate) at: SandboxChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Fault {
    /// A preset such as lost-answer, a fault as JSON, `list`, `presets` or `clear`.
    #[arg(value_name = "PRESET|JSON|list|presets|clear")]
    pub(crate) fault: String,
    /// Limit a preset to this gateway.
    #[arg(long, value_parser = provider)]
    pub(crate) provider: Option<ProviderId>,
    #[command(flatten)]
    pub(crate) at: SandboxChoice,
}

#[derive(Debug, Args)]
pub(crate) struct Clock {
    #[command(subcommand)]
    pub(crate) command: ClockCommand,
    #[command(flatten)]
    pub(crate) at: SandboxChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Show the time of the sandbox, and what falls due. Moves nothing.
    #[command(after_help = SHOW)]
    Show {
        /// Show what falls due within this time, such as 31d.
        #[arg(value_name = "DURATION", value_parser = days)]
        within: Option<Duration>,
    },
    /// Move the clock forward, and take what falls due.
    #[command(after_help = CLOCK)]
    Advance {
        /// How far, such as 90s, 36h or 31d.
        #[arg(value_name = "DURATION", value_parser = days)]
        by: Duration,
    },
    /// Move the clock forward to this time, and take what falls due.
    #[command(after_help = SET)]
    Set {
        /// The time, such as 2027-01-31T12:00:00Z.
        #[arg(value_name = "TIME")]
        to: Timestamp,
    },
}

/// A duration that may be given in days or weeks, too: 24 hours, and seven days.
fn days(text: &str) -> Result<Duration, &'static str> {
    let (number, seconds) = match text.char_indices().last() {
        Some((at, 'd')) => (text.get(..at), 86_400),
        Some((at, 'w')) => (text.get(..at), 7 * 86_400),
        _ => return duration(text),
    };
    let whole = number.and_then(|number| number.parse::<u64>().ok()).filter(|number| *number > 0);
    let seconds = whole.and_then(|number| number.checked_mul(seconds));
    seconds.map(Duration::from_secs).ok_or("must be a whole number of days or weeks, such as 31d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_read() {
        for (text, hours) in [("1d", 24), ("31d", 744), ("2w", 336), ("36h", 36)] {
            assert_eq!(days(text), Ok(Duration::from_secs(hours * 3600)), "{text}");
        }
        for bad in ["d", "0d", "-1d", "1.5d", "", "1y", "99999999999999999999d"] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }
}
