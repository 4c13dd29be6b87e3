//! The exit codes of the program.

use std::process::ExitCode;

use recurring_facade::{Effect, ErrorKind, Outcome, Payment, Proof};

use crate::error::{CliError, Kind};

/// The exit code of a command. Scripts depend on the numbers: none is ever given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Paid, or done.
    Done,
    /// Anything that has no code of its own.
    Failed,
    /// The command or the configuration cannot work, or was refused before anything was sent.
    Usage,
    /// A notification is not genuine.
    NotGenuine,
    /// What was asked for does not exist.
    NotFound,
    /// The store failed, and nothing was sent.
    Store,
    /// Not decided yet.
    Pending,
    /// The customer must act first.
    ActionRequired,
    /// The gateway declined it.
    Declined,
    /// Canceled or expired at the gateway.
    Canceled,
    /// The money is held and was not taken.
    Authorized,
    /// Nothing happened: safe to try again.
    NotApplied,
    /// It may have happened, or is in manual review: look, never repeat blindly.
    Unknown,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotGenuine => 4,
            Self::NotFound => 5,
            Self::Store => 6,
            Self::Pending => 10,
            Self::ActionRequired => 11,
            Self::Declined => 12,
            Self::Canceled => 13,
            Self::Authorized => 14,
            Self::NotApplied => 20,
            Self::Unknown => 30,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What a command ended with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// The outcome of a payment.
    Outcome(Outcome),
    /// The money was taken, and all of it, or a part, is not with the merchant any more.
    NotKept,
    /// An error of this kind, with this effect on the money.
    Error(Kind, Effect),
}

/// The one place that decides the exit code.
impl From<End> for Exit {
    fn from(end: End) -> Self {
        match end {
            End::Outcome(Outcome::Paid) => Self::Done,
            End::Outcome(Outcome::Pending) => Self::Pending,
            End::Outcome(Outcome::ActionRequired) => Self::ActionRequired,
            End::Outcome(Outcome::Declined) => Self::Declined,
            End::Outcome(Outcome::Canceled) => Self::Canceled,
            End::Outcome(Outcome::Authorized) => Self::Authorized,
            End::NotKept => Self::Failed,
            End::Error(kind, effect) => match (kind, effect) {
                (Kind::NotGenuine, _) => Self::NotGenuine,
                // Only what was read can be missing: after a write, "not found" proves nothing.
                (Kind::NotFound, _) => Self::NotFound,
                (Kind::Io, _) => Self::Failed,
                (_, Effect::Unknown) => Self::Unknown,
                (Kind::Usage | Kind::Configuration, _) => Self::Usage,
                (Kind::Store, _) => Self::Store,
                (Kind::Operation(ErrorKind::NotFound), _) => Self::NotFound,
                (Kind::Operation(ErrorKind::Config), _) => Self::Usage,
                (Kind::Operation(_), Effect::NotApplied(Proof::Local)) => Self::Usage,
                (Kind::Operation(_), Effect::NotApplied(Proof::NeverSent | Proof::Refused)) => {
                    Self::NotApplied
                }
            },
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        End::Outcome(outcome).into()
    }
}

impl From<&CliError> for Exit {
    fn from(error: &CliError) -> Self {
        End::Error(error.kind, error.effect).into()
    }
}

impl Exit {
    /// For a payment that was asked about: 0 only for money that was taken and is still there.
    pub(crate) fn of_kept(payment: &Payment) -> Self {
        match payment.outcome {
            Outcome::Paid if !payment.is_kept() => End::NotKept.into(),
            outcome => outcome.into(),
        }
    }

    /// For a first payment that has begun: where the customer must act next, the command is done.
    pub(crate) fn of_started(outcome: Outcome) -> Self {
        match outcome {
            Outcome::ActionRequired => Self::Done,
            outcome => outcome.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(end: End) -> u8 {
        Exit::from(end).code()
    }

    #[test]
    fn outcome_has_its_exit_code() {
        for (outcome, expected) in [
            (Outcome::Paid, 0),
            (Outcome::Pending, 10),
            (Outcome::ActionRequired, 11),
            (Outcome::Declined, 12),
            (Outcome::Canceled, 13),
            (Outcome::Authorized, 14),
        ] {
            assert_eq!(code(End::Outcome(outcome)), expected, "{outcome}");
        }
        assert_eq!(code(End::NotKept), 1);
        for &outcome in Outcome::ALL {
            let expected = if outcome == Outcome::ActionRequired { 0 } else { code(End::Outcome(outcome)) };
            assert_eq!(Exit::of_started(outcome).code(), expected, "{outcome}");
        }
    }

    #[test]
    fn error_has_the_exit_code_of_kind_and_effect() {
        let [local, never_sent, refused] =
            [Proof::Local, Proof::NeverSent, Proof::Refused].map(Effect::NotApplied);
        let unknown = Effect::Unknown;
        for &kind in ErrorKind::ALL {
            let of = |effect| code(End::Error(Kind::Operation(kind), effect));
            let expected = match kind {
                ErrorKind::NotFound => [5, 5, 5, 30],
                ErrorKind::Config => [2, 2, 2, 30],
                _ => [2, 20, 20, 30],
            };
            assert_eq!([local, never_sent, refused, unknown].map(of), expected, "{kind}");
        }
        for (kind, expected) in [
            (Kind::Usage, [2, 2, 2, 30]),
            (Kind::Configuration, [2, 2, 2, 30]),
            (Kind::Store, [6, 6, 6, 30]),
            (Kind::NotFound, [5, 5, 5, 5]),
            (Kind::NotGenuine, [4, 4, 4, 4]),
            (Kind::Io, [1, 1, 1, 1]),
        ] {
            let of = |effect| code(End::Error(kind, effect));
            assert_eq!([local, never_sent, refused, unknown].map(of), expected, "{kind:?}");
        }
    }
}
