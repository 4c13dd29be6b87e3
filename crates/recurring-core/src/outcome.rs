use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Where a payment stands, as far as the gateway's answer proves it.
///
/// A gateway's status that is not known is [`Pending`](Outcome::Pending): ask again. It is never read
/// as paid and never as failed, however long it lasts.
///
/// For a refund or a void the same words tell whether money went back: `Paid` is that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The money was taken. It may have gone back since: see the amounts refunded and disputed.
    Paid,
    /// The money is held on the card and not taken: a capture takes it, a void lets it go.
    Authorized,
    /// Not decided yet, or not understood: read the payment again, or wait for the gateway's notification.
    Pending,
    /// The customer must do something first, usually visit a page.
    ActionRequired,
    /// The gateway declined it. Final for this attempt.
    Declined,
    /// Canceled, expired or reversed without money being kept, and it cannot be paid any more. Final for this attempt.
    Canceled,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Paid, Self::Authorized, Self::Pending, Self::ActionRequired, Self::Declined, Self::Canceled];

    /// The word used in machine-readable output: `paid`, `authorized`, `pending`, `action_required`, `declined`,
    /// `canceled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Authorized => "authorized",
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the gateway has taken or holds the money: the payment went through, and must not be made again.
    pub fn went_through(self) -> bool {
        matches!(self, Self::Paid | Self::Authorized)
    }

    /// Whether it is decided. What decides must prove that it is about this payment.
    pub fn is_definite(self) -> bool {
        !matches!(self, Self::Pending | Self::ActionRequired)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the word names no outcome")]
pub struct UnknownOutcome;

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(word: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word).ok_or(UnknownOutcome)
    }
}

/// How much of a payment was captured, given back or disputed, as far as the gateway says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Portion {
    /// This much.
    Of(Money),
    /// The gateway says that it happened, and not how much it was.
    Unstated,
}

impl Portion {
    /// The amount, where the gateway states it.
    pub fn amount(self) -> Option<Money> {
        match self {
            Self::Of(amount) => Some(amount),
            Self::Unstated => None,
        }
    }
}

impl From<Option<Money>> for Portion {
    fn from(amount: Option<Money>) -> Self {
        amount.map_or(Self::Unstated, Self::Of)
    }
}

/// The amount and its currency, such as `40.00 EUR`, or `unstated`.
impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(amount) => amount.fmt(f),
            Self::Unstated => f.pad("unstated"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_can_be_read_again() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        assert_eq!("approved".parse::<Outcome>(), Err(UnknownOutcome));
    }
}
