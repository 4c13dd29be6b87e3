//! How fast charges are sent to one gateway. Pure: nothing here waits or asks a clock.
//!
//! A gateway that is called too often says so by 429, and each charge that it answers like that is unknown and has to be
//! looked up. So a run begins with one charge at a time, and has another one under way for each [`ACCEPTED_FOR_ONE_MORE`]
//! that were answered. After a 429 it waits as asked, begins anew with one at a time, and keeps a gap between two charges:
//! twice what the accepted ones took on the average, the wait included. The gap is halved after [`TRUST`] times as many
//! charges as were accepted before the 429: the longer a speed went well, the longer it takes until a higher one is tried.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use recurring_core::RetryPolicy;

use crate::breaker::{Breaker, YEAR};

/// How many charges must be accepted for one more to be under way at a time.
const ACCEPTED_FOR_ONE_MORE: usize = 16;

/// How many times as many charges as were accepted before a 429 are made until a higher speed is tried.
const TRUST: u64 = 32;

/// The wait after a 429 that does not ask for a longer one. It doubles while nothing is accepted in between.
const BACKOFF: Duration = Duration::from_secs(1);

/// How much of the time that a late charge lost is made up for: timers wake a little late.
const CATCH_UP: Duration = Duration::from_millis(10);

/// Which 429s came before a charge was begun. One that was under way when the gateway asked to wait says nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u32);

#[derive(Debug)]
pub(super) struct Pace {
    concurrency: usize,
    /// The gap that the caller asked for.
    least_gap: Duration,
    /// The gap between two charges.
    gap: Duration,
    /// Nothing is begun before.
    next: Instant,
    epoch: Epoch,
    /// When the first charge since the last 429 was begun.
    since: Option<Instant>,
    /// How many charges were accepted since the last 429.
    accepted: u64,
    /// How many 429s there were in a row, each after a wait, with nothing accepted between them.
    refused: usize,
    /// How many charges are made at a speed before a higher one is tried, and how many of them are left.
    trust: u64,
    trust_left: u64,
}

impl Pace {
    pub(super) fn new(concurrency: usize, rate: Option<NonZeroU32>, now: Instant) -> Self {
        let gap = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.get());
        Self {
            concurrency,
            least_gap: gap,
            gap,
            next: now,
            epoch: Epoch(0),
            since: None,
            accepted: 0,
            refused: 0,
            trust: 0,
            trust_left: 0,
        }
    }

    /// How many charges may be under way.
    pub(super) fn at_a_time(&self) -> usize {
        let accepted = usize::try_from(self.accepted).unwrap_or(usize::MAX);
        self.concurrency.min(1 + accepted / ACCEPTED_FOR_ONE_MORE)
    }

    /// When the next charge may be begun.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Whether charges wait for more than others to end.
    pub(super) fn is_slowed(&self) -> bool {
        self.gap > Duration::ZERO || self.refused > 0
    }

    /// Records each charge that is begun.
    pub(super) fn begun(&mut self, now: Instant) -> Epoch {
        self.since.get_or_insert(now);
        let from = now.checked_sub(CATCH_UP).map_or(self.next, |earliest| self.next.max(earliest));
        self.next = from + self.gap;
        self.epoch
    }

    /// Records each charge that the gateway took and answered, whatever it said about the payment.
    pub(super) fn accepted(&mut self, begun: Epoch) {
        if begun != self.epoch {
            return;
        }
        (self.accepted, self.refused) = (self.accepted + 1, 0);
        self.trust_left = self.trust_left.saturating_sub(1);
        if self.trust_left == 0 && self.gap > self.least_gap {
            self.gap = (self.gap / 2).max(self.least_gap);
            self.trust_left = self.trust;
        }
    }

    /// Records each charge that the gateway refused as too many, with the wait that it asked for. Whether that is news: not
    /// of one that was under way when the gateway first asked to wait.
    ///
    /// # Errors
    /// Why nothing more is sent to this gateway in this run.
    pub(super) fn too_many(
        &mut self,
        begun: Epoch,
        asked: Option<Duration>,
        rules: &Breaker,
        now: Instant,
    ) -> Result<bool, String> {
        if let Some(asked) = asked.filter(|asked| *asked > rules.max_wait) {
            let (asked, longest) = (asked.as_secs(), rules.max_wait.as_secs());
            return Err(format!(
                "the gateway asks to wait {asked} s, and a run waits {longest} s at most: run again after that"
            ));
        }
        let is_new = begun == self.epoch;
        let before = if is_new { self.refused } else { self.refused.saturating_sub(1) };
        let max_wait = rules.max_wait.min(YEAR);
        let failures = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
        let policy = RetryPolicy::new().with_initial_backoff(BACKOFF).with_max_backoff(max_wait);
        let backoff = policy.backoff(failures);
        let wait = asked.unwrap_or_default().max(backoff).min(max_wait);
        self.next = self.next.max(now + wait);
        if !is_new {
            return Ok(false);
        }
        self.refused += 1;
        if self.refused >= rules.max_refusals.max(2) {
            return Err(format!(
                "the gateway asked {} times in a row to be called less often, and waiting did not help: run again later",
                self.refused
            ));
        }
        self.slow_down(wait, max_wait, now);
        Ok(true)
    }

    fn slow_down(&mut self, wait: Duration, max_gap: Duration, now: Instant) {
        let doubled = self.gap.saturating_mul(2);
        self.gap = match (self.since, u32::try_from(self.accepted)) {
            // The first time; later ones are measured against the gap that there is.
            (Some(since), Ok(accepted @ 1..)) if self.trust == 0 => {
                let took = now.saturating_duration_since(since) + wait;
                doubled.max(took / accepted * 2)
            }
            _ => doubled,
        };
        self.gap = self.gap.min(max_gap).max(self.least_gap);
        if self.gap > self.least_gap {
            self.trust = self.trust.max(self.accepted.max(1).saturating_mul(TRUST));
        }
        (self.trust_left, self.accepted, self.since) = (self.trust, 0, None);
        self.epoch = Epoch(self.epoch.0.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(now: Instant) -> Pace {
        Pace::new(16, None, now)
    }

    /// Makes so many charges one after the other, each of which is accepted at once; when the last one was.
    fn accept(pace: &mut Pace, count: u64, mut now: Instant) -> Instant {
        for _ in 0..count {
            now = now.max(pace.next());
            let begun = pace.begun(now);
            pace.accepted(begun);
        }
        now
    }

    fn refuse(pace: &mut Pace, asked: Option<u64>, now: Instant) -> Result<bool, String> {
        let begun = pace.begun(now);
        pace.too_many(begun, asked.map(Duration::from_secs), &Breaker::default(), now)
    }

    #[test]
    fn lane_begins_with_one_and_grows_with_what_is_accepted() {
        let now = Instant::now();
        let mut pace = pace(now);
        for (more, expected) in [(0, 1), (15, 1), (1, 2), (16, 3), (1000, 16)] {
            accept(&mut pace, more, now);
            assert_eq!(pace.at_a_time(), expected);
        }
        assert!(!pace.is_slowed() && pace.next() <= now);
    }

    #[test]
    fn rate_is_a_gap_without_a_burst() {
        let now = Instant::now();
        let mut pace = Pace::new(16, NonZeroU32::new(5), now);
        assert!(accept(&mut pace, 11, now) >= now + 2 * SECOND - CATCH_UP);
        assert!(pace.is_slowed());
        // After an idle minute, no more are begun at once than before.
        let later = now + 60 * SECOND;
        assert!(accept(&mut pace, 11, later) >= later + 2 * SECOND - CATCH_UP);
    }

    #[test]
    fn too_many_waits_as_asked_and_halves_the_speed() {
        let now = Instant::now();
        let mut pace = pace(now);
        accept(&mut pace, 10, now);
        refuse(&mut pace, Some(3), now).expect("a wait");
        assert_eq!((pace.next(), pace.at_a_time()), (now + 3 * SECOND, 1));
        // 10 in the 3 seconds that this was too many for: the next ones take twice as long.
        let now = accept(&mut pace, 1, now);
        assert_eq!(pace.gap, Duration::from_millis(600));
        let now = accept(&mut pace, 318, now);
        assert_eq!(pace.gap, Duration::from_millis(600));
        // That went well for long enough.
        let now = accept(&mut pace, 1, now);
        assert_eq!(pace.gap, Duration::from_millis(300));
        // Too fast again: back to what went well, and for longer.
        refuse(&mut pace, Some(3), now).expect("a wait");
        assert_eq!((pace.gap, pace.trust_left), (Duration::from_millis(600), 320 * TRUST));
    }

    #[test]
    fn too_many_for_what_was_under_way_counts_once() {
        let now = Instant::now();
        let mut pace = pace(now);
        accept(&mut pace, 10, now);
        let under_way: Vec<_> = (0..5).map(|_| pace.begun(now)).collect();
        for begun in under_way {
            let is_first = pace.refused == 0;
            let told = pace.too_many(begun, Some(SECOND), &Breaker::default(), now);
            assert_eq!(told, Ok(is_first));
        }
        assert_eq!((pace.refused, pace.gap), (1, Duration::from_millis(200)));
        assert_eq!(pace.next(), now + SECOND);
    }

    #[test]
    fn too_many_without_a_readable_wait_backs_off() {
        let now = Instant::now();
        let mut pace = pace(now);
        refuse(&mut pace, None, now).expect("a wait");
        assert_eq!(pace.next(), now + SECOND);
        // Asked for no wait at all: that cannot be meant.
        let now = pace.next();
        refuse(&mut pace, Some(0), now).expect("a wait");
        assert_eq!(pace.next(), now + 2 * SECOND);
        let now = pace.next();
        let why = refuse(&mut pace, None, now).expect_err("no third one");
        assert!(why.contains("asked 3 times in a row"), "{why}");
    }

    #[test]
    fn wait_that_is_too_long_leaves_the_rest() {
        let now = Instant::now();
        refuse(&mut pace(now), Some(600), now).expect("a wait");
        let why = refuse(&mut pace(now), Some(601), now).expect_err("too long");
        assert!(why.contains("601 s") && why.contains("600 s"), "{why}");
        refuse(&mut pace(now), Some(u64::MAX), now).expect_err("no clock holds that");
    }

    #[test]
    fn accepted_answer_ends_a_row_of_refusals() {
        let mut now = Instant::now();
        let mut pace = pace(now);
        for _ in 0..20 {
            for _ in 0..2 {
                refuse(&mut pace, Some(1), now).expect("a wait");
                now = pace.next();
            }
            now = accept(&mut pace, 1, now);
        }
    }
}
