use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decline::Decline;
use crate::error::{ScheduleError, written_as_text};

/// An amount of money, to tell attempts of one amount from those of another. Nothing is computed with it.
///
/// As text it is `4000 EUR`: the number of the smallest units, and the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: [u8; 3],
}

impl Amount {
    /// Creates an amount of so many of the smallest units of a currency.
    ///
    /// # Errors
    /// Names `amount` unless it is at least 1, and `currency` unless it is three capital letters.
    pub fn new(minor: i64, currency: &str) -> Result<Self, ScheduleError> {
        if minor < 1 {
            return Err(ScheduleError::new("amount", "must be at least 1 of the currency's smallest unit"));
        }
        let letters = <[u8; 3]>::try_from(currency.as_bytes()).ok();
        let currency = letters.filter(|code| code.iter().all(u8::is_ascii_uppercase));
        let rule = "must be three capital letters of ISO 4217, such as EUR";
        Ok(Self { minor, currency: currency.ok_or_else(|| ScheduleError::new("currency", rule))? })
    }

    /// Returns the number of the currency's smallest units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Returns the currency's code.
    pub fn currency(&self) -> &str {
        std::str::from_utf8(&self.currency).unwrap_or_default()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency())
    }
}

/// Reads `4000 EUR`.
impl FromStr for Amount {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let malformed = || {
            let rule =
                "must be a number of the smallest units and a currency, such as `4000 EUR` for 40 euros";
            ScheduleError::new("amount", rule)
        };
        let (minor, currency) = text.split_once(' ').ok_or_else(malformed)?;
        if !minor.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(malformed());
        }
        Self::new(minor.parse().map_err(|_| malformed())?, currency)
    }
}

written_as_text!(Amount);

/// Who began an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initiator {
    /// The merchant: a charge on demand.
    #[default]
    Merchant,
    /// The customer, on a page.
    Customer,
}

/// Where an attempt stands, in the words of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptState {
    /// Recorded, and not sent yet.
    Planned,
    /// May be under way.
    Armed,
    /// The gateway has not decided.
    Pending,
    /// The customer must act first.
    ActionRequired,
    /// Not known: the answer was lost.
    Unknown,
    /// Waits for the decision of an operator.
    Review,
    /// The money was taken.
    Paid,
    /// The money is held and not taken.
    Authorized,
    /// Given up or voided.
    Canceled,
    /// Refused, definitely.
    Declined,
    /// Never reached the scheme, with a proof.
    NotApplied,
}

impl AttemptState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Planned,
        Self::Armed,
        Self::Pending,
        Self::ActionRequired,
        Self::Unknown,
        Self::Review,
        Self::Paid,
        Self::Authorized,
        Self::Canceled,
        Self::Declined,
        Self::NotApplied,
    ];

    /// Returns the word, such as `not_applied`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Armed => "armed",
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Unknown => "unknown",
            Self::Review => "review",
            Self::Paid => "paid",
            Self::Authorized => "authorized",
            Self::Canceled => "canceled",
            Self::Declined => "declined",
            Self::NotApplied => "not_applied",
        }
    }

    /// Returns whether it can still end as paid, so that another try could take the money twice.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Planned | Self::Armed | Self::Pending | Self::ActionRequired | Self::Unknown | Self::Review
        )
    }

    /// Returns whether the money was taken or is held.
    pub fn is_approved(self) -> bool {
        matches!(self, Self::Paid | Self::Authorized)
    }

    /// Returns whether the scheme may have seen it, so that it counts for the limits.
    pub fn is_sent(self) -> bool {
        !matches!(self, Self::Planned | Self::NotApplied)
    }
}

impl fmt::Display for AttemptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One attempt to charge a credential, as the caller's record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The name of the attempt. Those of other periods, and of other subscriptions with the same card, may have any name.
    pub name: String,
    /// The caller's identifier of the stored credential; not the credential itself, which is a secret.
    pub credential: String,
    /// When it was sent; of one that was not sent, when it was recorded.
    pub at: Timestamp,
    /// The amount.
    pub amount: Amount,
    /// Who began it.
    #[serde(default)]
    pub initiator: Initiator,
    /// Where it stands.
    pub state: AttemptState,
    /// Why it was declined, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline: Option<Decline>,
}
