use jiff::Timestamp;
use jiff::civil::Date;

use crate::name::AttemptName;

/// One period of a billing cycle. It is charged when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub(crate) index: u32,
    pub(crate) date: Date,
    pub(crate) due: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) name: AttemptName,
}

impl Period {
    /// Returns its number in the cycle, counted from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Returns the date on which it begins, in the cycle's zone.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Returns the moment at which it begins and is to be charged.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// Returns the moment at which it ends and the next one begins, whether or not the cycle has a next one.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Returns the name of the first attempt to charge it, such as `sub-42.2026-11`. No other period has it.
    pub fn name(&self) -> &AttemptName {
        &self.name
    }
}
