//! What a store is asked about attempts that leave, and what it answers.

use recurring_core::{AttemptId, Timestamp};

use crate::attempt::{AttemptRecord, Event, Fence};

/// Some of the names of a journal, and which of these attempts may leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archivable {
    /// Those that may leave, with their logs.
    pub attempts: Vec<(AttemptRecord, Vec<Event>)>,
    /// The last name that was looked at; `None` when there are no more.
    pub last: Option<AttemptId>,
}

/// An attempt that leaves: it does only when nothing was learned of it since it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Its name, which stays.
    pub attempt: AttemptId,
    /// The fence under which it was read.
    pub fence: Fence,
    /// When it had been changed last when it was read.
    pub updated: Timestamp,
    /// The line of the log that stays.
    pub note: String,
}

impl Departure {
    /// The departure of an attempt as it was read.
    pub fn of(record: &AttemptRecord, note: String) -> Self {
        Self { attempt: record.attempt.clone(), fence: record.fence, updated: record.updated, note }
    }
}

/// The states in which an attempt may leave: the final ones, as far as nothing works on it.
pub(crate) const MAY_LEAVE: &str = "state IN ('paid', 'authorized', 'declined', 'canceled', 'not_applied') AND archived IS NULL AND owner IS NULL";
