use std::fmt;
use std::str::FromStr;

use crate::error::{ScheduleError, written_as_text};

/// The longest interval, in its units.
const MOST: u16 = 366;

/// What an interval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Days of the calendar, of 23 to 25 hours.
    Day,
    /// Seven days.
    Week,
    /// Months of the calendar.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

impl Unit {
    /// Every unit.
    pub const ALL: &'static [Self] = &[Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// Returns the word, such as `month`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// How far apart two charges are: a number of days, weeks, months, quarters or years.
///
/// As text it is `month`, `1 month`, `2 weeks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    every: u16,
    unit: Unit,
}

impl Interval {
    /// Every day.
    pub const DAILY: Self = Self { every: 1, unit: Unit::Day };
    /// Every week.
    pub const WEEKLY: Self = Self { every: 1, unit: Unit::Week };
    /// Every month.
    pub const MONTHLY: Self = Self { every: 1, unit: Unit::Month };
    /// Every three months.
    pub const QUARTERLY: Self = Self { every: 1, unit: Unit::Quarter };
    /// Every year.
    pub const YEARLY: Self = Self { every: 1, unit: Unit::Year };

    /// Creates an interval of `every` units.
    ///
    /// # Errors
    /// Names `interval` when `every` is not between 1 and 366.
    pub fn new(every: u16, unit: Unit) -> Result<Self, ScheduleError> {
        if every == 0 || every > MOST {
            let rule = "must be of 1 to 366 units; an interval of zero would charge without an end";
            return Err(ScheduleError::new("interval", rule));
        }
        Ok(Self { every, unit })
    }

    /// Returns how many units it has.
    pub fn every(self) -> u16 {
        self.every
    }

    /// Returns what it counts.
    pub fn unit(self) -> Unit {
        self.unit
    }

    pub(crate) fn step(self) -> Step {
        let every = i64::from(self.every);
        match self.unit {
            Unit::Day => Step::Days(every),
            Unit::Week => Step::Days(7 * every),
            Unit::Month => Step::Months(every),
            Unit::Quarter => Step::Months(3 * every),
            Unit::Year => Step::Months(12 * every),
        }
    }
}

/// An interval in the two units that the calendar has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Days(i64),
    Months(i64),
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.every == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.every, self.unit.as_str())
    }
}

/// Reads `month`, `1 month` or `3 months`.
impl FromStr for Interval {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let malformed = || {
            let rule = "must be a number and a unit, such as `1 month` or `2 weeks`; the units are day, week, month, quarter and year";
            ScheduleError::new("interval", rule)
        };
        let (every, unit) = text.split_once(' ').unwrap_or(("1", text));
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let unit = Unit::ALL.iter().find(|known| known.as_str() == unit).ok_or_else(malformed)?;
        if every.is_empty() || !every.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(malformed());
        }
        // What does not fit into the number is beyond the limit too.
        Self::new(every.parse().unwrap_or(u16::MAX), *unit)
    }
}

written_as_text!(Interval);
