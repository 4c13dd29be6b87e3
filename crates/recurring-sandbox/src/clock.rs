//! The sandbox's one clock: real time plus an offset that only the test moves.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A single move is cut to a hundred years: a schedule then has a bounded number of payments to catch up with.
const LONGEST_MOVE: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: SignedDuration,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(crate) fn starting_at(start: Timestamp) -> Clock {
        Clock { offset: start.duration_since(Timestamp::now()) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.offset).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(LONGEST_MOVE).min(LONGEST_MOVE);
        let moved = self.offset.saturating_add(by);
        // Beyond the last time stamp there is nothing to move to.
        if Timestamp::now().checked_add(moved).is_ok() {
            self.offset = moved;
        }
    }
}
