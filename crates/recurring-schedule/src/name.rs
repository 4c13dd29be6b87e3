use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};

use crate::error::{ScheduleError, written_as_text};

/// The longest identifier of a subscription. A name has at most 64 characters, which every gateway's reference takes: so
/// many are left beside `.2026-11-03.99`.
const LONGEST_SUBSCRIPTION: usize = 50;

/// The highest number of a try: two digits in a name.
pub(crate) const MOST_TRIES: u8 = 99;

/// The caller's own identifier of a subscription, from which the names of its attempts are derived.
///
/// 1 to 50 characters: ASCII letters, digits, and `- _ .`; the first is a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// Checks and takes an identifier.
    ///
    /// # Errors
    /// Names `subscription` when it is not as described above.
    pub fn new(id: impl Into<String>) -> Result<Self, ScheduleError> {
        let id = id.into();
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let begins = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins || id.len() > LONGEST_SUBSCRIPTION || !id.bytes().all(usable) {
            let rule = "must be 1 to 50 characters, ASCII letters, digits and - _ . only, and begin with a letter or a digit: \
                        names of attempts are made of it, and every gateway's reference must take them";
            return Err(ScheduleError::new("subscription", rule));
        }
        Ok(Self(id))
    }

    /// Returns the identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The same as [`SubscriptionId::new`].
impl FromStr for SubscriptionId {
    type Err = ScheduleError;

    fn from_str(id: &str) -> Result<Self, ScheduleError> {
        Self::new(id)
    }
}

written_as_text!(SubscriptionId);

/// Which period of a subscription: `2026-11` where it begins in another month than the one before, else `2026-11-03`.
///
/// It is the date of the cycle's calendar, not the date of the charge in any zone: a retry keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeriodLabel {
    /// The first of the month, where only the month counts.
    date: Date,
    is_month: bool,
}

impl PeriodLabel {
    pub(crate) fn month(date: Date) -> Self {
        Self { date: date.first_of_month(), is_month: true }
    }

    pub(crate) fn day(date: Date) -> Self {
        Self { date, is_month: false }
    }

    /// Returns the date, or the first day of the month.
    pub fn date(self) -> Date {
        self.date
    }
}

impl fmt::Display for PeriodLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.date.year(), self.date.month())?;
        if self.is_month { Ok(()) } else { write!(f, "-{:02}", self.date.day()) }
    }
}

/// Reads `2026-11` or `2026-11-03`.
impl FromStr for PeriodLabel {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let malformed =
            || ScheduleError::new("period", "must be a month such as 2026-11, or a date such as 2026-11-03");
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let is_month = shape == "0000-00";
        if !is_month && shape != "0000-00-00" {
            return Err(malformed());
        }
        let whole = if is_month { format!("{text}-01") } else { text.to_owned() };
        let date = whole.parse().map_err(|_| malformed())?;
        Ok(Self { date, is_month })
    }
}

written_as_text!(PeriodLabel);

/// The name of one attempt to charge a period: `sub-42.2026-11` for the first try, `sub-42.2026-11.2` for the second.
///
/// It is the same on every machine and every day, so that a period that is asked for twice is charged once. At most 64
/// characters, ASCII letters, digits and `- _ .`, which the reference of every gateway takes that charges on demand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptName {
    subscription: SubscriptionId,
    period: PeriodLabel,
    number: u8,
}

impl AttemptName {
    /// Creates the name of the first try of a period.
    pub fn first(subscription: SubscriptionId, period: PeriodLabel) -> Self {
        Self { subscription, period, number: 1 }
    }

    /// Returns the name of try `number` of the same period, counted from 1. `None` unless it is between 1 and 99.
    pub fn with_number(&self, number: u8) -> Option<Self> {
        (1..=MOST_TRIES).contains(&number).then(|| Self { number, ..self.clone() })
    }

    /// Returns the subscription.
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// Returns the period.
    pub fn period(&self) -> PeriodLabel {
        self.period
    }

    /// Returns which try it is, counted from 1.
    pub fn number(&self) -> u8 {
        self.number
    }
}

impl fmt::Display for AttemptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.subscription, self.period)?;
        if self.number == 1 { Ok(()) } else { write!(f, ".{}", self.number) }
    }
}

/// Reads what `Display` writes, and nothing else: `sub.2026-11.02` and `sub.2026-11.1` are not names.
impl FromStr for AttemptName {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let malformed = || {
            let rule = "must be the identifier of a subscription, a period and from the second try on its number, such as sub-42.2026-11.2";
            ScheduleError::new("name", rule)
        };
        let (before, last) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (name, number) = match last.parse::<u8>() {
            Ok(number) if last.bytes().all(|byte| byte.is_ascii_digit()) => (before, number),
            _ => (text, 1),
        };
        let (subscription, period) = name.rsplit_once('.').ok_or_else(malformed)?;
        let first = Self::first(subscription.parse()?, period.parse()?);
        let name = first.with_number(number).ok_or_else(malformed)?;
        if name.to_string() == text { Ok(name) } else { Err(malformed()) }
    }
}

written_as_text!(AttemptName);

/// The first and the last day on which a cycle may begin: with a year of four digits, and room for periods after it.
pub(crate) const ANCHORS: (Date, Date) = (date(1970, 1, 1), date(2999, 12, 31));
