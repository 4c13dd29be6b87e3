//! What the program's exit code says.

use std::process::ExitCode;

use recurring_facade::{ErrorKind, Outcome};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Paid, or done.
    Done,
    /// Anything that has no code of its own.
    Failed,
    /// The command or the configuration cannot work.
    Usage,
    /// A notification is not from the gateway, or cannot be read.
    Refused,
    /// Not decided yet.
    Pending,
    /// The customer must do something.
    ActionRequired,
    /// The gateway declined it.
    Declined,
    /// Canceled or expired at the gateway.
    Canceled,
    /// The money is held and was not taken.
    Authorized,
    /// Nothing happened: safe to try again.
    NotApplied,
    /// It may have happened: look, never repeat blindly.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 4,
            Exit::Pending => 10,
            Exit::ActionRequired => 11,
            Exit::Declined => 12,
            Exit::Canceled => 13,
            Exit::Authorized => 14,
            Exit::NotApplied => 20,
            Exit::Unknown => 30,
        })
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Paid => Self::Done,
            Outcome::Pending => Self::Pending,
            Outcome::ActionRequired => Self::ActionRequired,
            Outcome::Declined => Self::Declined,
            Outcome::Canceled => Self::Canceled,
            Outcome::Authorized => Self::Authorized,
        }
    }
}

impl From<&recurring_facade::Error> for Exit {
    fn from(error: &recurring_facade::Error) -> Self {
        match (error.kind(), error.effect().is_unknown()) {
            (_, true) => Self::Unknown,
            (ErrorKind::Config, false) => Self::Usage,
            (_, false) => Self::NotApplied,
        }
    }
}
