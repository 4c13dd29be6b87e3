//! The sandbox's one clock: real time plus an offset that only the test moves.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A single move is cut to a hundred years: a schedule then has a bounded number of payments to catch up with.
const LONGEST_MOVE: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: SignedDuration,
    /// The part of the offset by which it was moved.
    moved: SignedDuration,
    /// Whether the callers' clocks are moved with it.
    shared: bool,
    /// What it shows while one request acts, so that a replay of the request sees the same.
    stopped: Option<Timestamp>,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(crate) fn starting_at(start: Timestamp) -> Clock {
        Clock { offset: start.duration_since(Timestamp::now()), ..Clock::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.stopped.unwrap_or_else(|| Timestamp::now().checked_add(self.offset).unwrap_or(Timestamp::MAX))
    }

    /// Stops it at this time, or lets it go on.
    pub(crate) fn stop(&mut self, at: Option<Timestamp>) {
        self.stopped = at;
    }

    /// Whether it is stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// How far it is ahead of the real time.
    pub(crate) fn offset(&self) -> SignedDuration {
        self.offset
    }

    /// One that is ahead by this much, and was not moved.
    pub(crate) fn ahead_by(offset: SignedDuration) -> Clock {
        Clock { offset, ..Clock::default() }
    }

    /// What the clock would show if it had never been moved: the time at the caller, who keeps a clock of its own.
    pub(crate) fn unmoved(&self) -> Timestamp {
        let moved = if self.shared { SignedDuration::ZERO } else { self.moved };
        self.now().checked_sub(moved).unwrap_or(Timestamp::MIN)
    }

    /// States that the callers' clocks are moved with it.
    pub(crate) fn share(&mut self, shared: bool) {
        self.shared = shared;
    }

    /// What it would show after a move.
    pub(crate) fn after(&self, by: Duration) -> Timestamp {
        let now = self.now();
        now.checked_add(capped(by)).unwrap_or(now)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let by = capped(by);
        let moved = self.offset.saturating_add(by);
        // Beyond the last time stamp there is nothing to move to.
        if Timestamp::now().checked_add(moved).is_ok() {
            self.offset = moved;
            self.moved = self.moved.saturating_add(by);
        }
    }
}

fn capped(by: Duration) -> SignedDuration {
    SignedDuration::try_from(by).unwrap_or(LONGEST_MOVE).min(LONGEST_MOVE)
}
