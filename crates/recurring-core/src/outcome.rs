use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::{Money, MoneyOrText};
use crate::words::{UnknownWord, written_as_words};

/// Where a payment stands, as far as the gateway's answer proves it.
///
/// A gateway's status that is not known is [`Pending`](Outcome::Pending): ask again. It is never read
/// as paid and never as failed, however long it lasts.
///
/// For a refund or a void the same words say whether money went back: `Paid` is that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    pub const ALL: &'static [Self] =
        &[Self::Paid, Self::Authorized, Self::Pending, Self::ActionRequired, Self::Declined, Self::Canceled];

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

written_as_words!(Outcome, "outcome");

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

/// Reads `40.00 EUR`, or `unstated`.
impl FromStr for Portion {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "unstated" => Ok(Self::Unstated),
            amount => amount.parse().map(Self::Of).map_err(|_| unreadable()),
        }
    }
}

fn unreadable() -> UnknownWord {
    UnknownWord::new("amount", ["an amount such as 40.00 EUR", "unstated"])
}

/// Writes the object of a [`Money`], or the text `unstated`.
impl Serialize for Portion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(amount) => amount.serialize(serializer),
            Self::Unstated => serializer.serialize_str("unstated"),
        }
    }
}

impl<'de> Deserialize<'de> for Portion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match MoneyOrText::deserialize(deserializer)? {
            MoneyOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
            MoneyOrText::Object { amount, currency } => {
                Money::parse(&amount, currency).map(Self::Of).map_err(serde::de::Error::custom)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_word_is_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(*outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
            assert_eq!(serde_json::from_value::<Outcome>(outcome.as_str().into()).unwrap(), *outcome);
        }
        let error = "approved".parse::<Outcome>().expect_err("not an outcome");
        assert_eq!(
            error.to_string(),
            "unknown outcome: must be one of paid, authorized, pending, action_required, declined, canceled"
        );
    }

    #[test]
    fn paid_and_authorized_went_through() {
        for (outcome, went_through, is_definite) in [
            (Outcome::Paid, true, true),
            (Outcome::Authorized, true, true),
            (Outcome::Pending, false, false),
            (Outcome::ActionRequired, false, false),
            (Outcome::Declined, false, true),
            (Outcome::Canceled, false, true),
        ] {
            assert_eq!(
                (outcome.went_through(), outcome.is_definite()),
                (went_through, is_definite),
                "{outcome}"
            );
        }
    }

    #[test]
    fn portion_states_its_amount() {
        let amount: Money = "40.00 EUR".parse().unwrap();
        assert_eq!(Portion::from(Some(amount)).amount(), Some(amount));
        assert_eq!(Portion::from(None).amount(), None);
    }

    #[test]
    fn portion_text_is_read_back() {
        let amount: Money = "40.00 EUR".parse().unwrap();
        for portion in [Portion::Of(amount), Portion::Unstated] {
            assert_eq!(portion.to_string().parse(), Ok(portion));
            let json = serde_json::to_value(portion).unwrap();
            assert_eq!(serde_json::from_value::<Portion>(json).unwrap(), portion);
        }
        assert!("some".parse::<Portion>().is_err());
        assert!(serde_json::from_str::<Portion>("\"some\"").is_err());
    }
}
