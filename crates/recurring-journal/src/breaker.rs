use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a billing run sends nothing more to a gateway, for a while or until the next run.
///
/// Each `unknown` answer is a payment that has to be looked up, and a gateway in trouble only makes more of them: too
/// many of them pause it. A gateway that refuses every charge for a cause that concerns all of them (a refused key, a
/// closed port) is left alone for the rest of the run, and so is one that asks to wait for too long.
///
/// A gateway that asks to be called less often (429, `Retry-After`) is waited for, and called less often afterwards. Only
/// the first such answer after each wait counts as unknown here: those that were under way are no sign that the slower
/// pace does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breaker {
    /// How many of the last charges count.
    pub window: usize,
    /// How many unknown ones among them pause the gateway.
    pub most_unknown: usize,
    /// How long the first pause is. Then one charge is tried; if that is unknown too, the pause doubles, up to an hour (or
    /// this, if it is longer).
    pub pause: Duration,
    /// How many refusals in a row stop the gateway for this run: charges that were not applied for a cause that
    /// concerns all of them ([`Refusal`](crate::Refusal)), or that the gateway refused as too many (429) with nothing
    /// accepted in between, although the run waited as asked. 0 means 1; the first 429 is always waited for.
    pub max_refusals: usize,
    /// The longest wait that a gateway may ask for (`Retry-After`). A longer one leaves the rest to the next run.
    pub max_wait: Duration,
}

impl Default for Breaker {
    /// Unknown: 10 of the last 20, and one minute. Refusals: 3 in a row. The longest wait: 10 minutes.
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { window: 20, most_unknown: 10, pause: minute, max_refusals: 3, max_wait: 10 * minute }
    }
}

const HOUR: Duration = Duration::from_secs(3600);
/// More than this no clock needs to hold.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// How a gateway has been answering.
#[derive(Debug)]
pub(crate) struct Health {
    rules: Breaker,
    last: VecDeque<bool>,
    paused: Option<Pause>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    length: Duration,
    /// One charge is under way that decides.
    trying: bool,
}

impl Health {
    pub(crate) fn new(rules: Breaker) -> Self {
        Self { rules, last: VecDeque::new(), paused: None }
    }

    /// Why nothing may be sent now, if that is so.
    pub(crate) fn paused(&self, now: Instant) -> Option<String> {
        let pause = self.paused.filter(|pause| pause.trying || now < pause.until)?;
        let left = pause.until.saturating_duration_since(now).as_secs();
        let (unknown, last) = (self.unknown(), self.last.len());
        Some(format!(
            "{unknown} of the last {last} charges are unknown: paused, one is tried again in {left} s"
        ))
    }

    /// Records each charge that is begun, which [`paused`](Self::paused) allowed. The first one after a pause is the one
    /// that decides.
    pub(crate) fn begun(&mut self) {
        if let Some(pause) = &mut self.paused {
            pause.trying = true;
        }
    }

    /// Records a charge that shows neither that the gateway works nor that it does not.
    pub(crate) fn undecided(&mut self) {
        if let Some(pause) = &mut self.paused {
            pause.trying = false;
        }
    }

    /// Records each other charge.
    pub(crate) fn record(&mut self, unknown: bool, now: Instant) {
        if self.last.len() >= self.rules.window.max(1) {
            self.last.pop_front();
        }
        self.last.push_back(unknown);
        match self.paused {
            Some(pause) if pause.trying && unknown => {
                let length = pause.length.saturating_mul(2);
                self.paused = Some(self.pause(length, now));
            }
            Some(pause) if pause.trying => {
                self.paused = None;
                self.last.clear();
            }
            // Charges that were under way when the pause began.
            Some(_) => {}
            None if self.unknown() >= self.rules.most_unknown.max(1) => {
                self.paused = Some(self.pause(self.rules.pause, now));
            }
            None => {}
        }
    }

    fn pause(&self, length: Duration, now: Instant) -> Pause {
        // It doubles up to an hour, or stays as long as it was asked for; more than a year no clock needs to hold.
        let length = length.min(self.rules.pause.clamp(HOUR, YEAR));
        let until = now.checked_add(length).unwrap_or(now);
        Pause { until, length, trying: false }
    }

    fn unknown(&self) -> usize {
        self.last.iter().filter(|unknown| **unknown).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(window: usize, most_unknown: usize, pause: u64) -> Breaker {
        Breaker { window, most_unknown, pause: Duration::from_secs(pause), ..Breaker::default() }
    }

    /// Begins a charge, if that is allowed.
    fn begin(health: &mut Health, now: Instant) -> bool {
        let may = health.paused(now).is_none();
        if may {
            health.begun();
        }
        may
    }

    #[test]
    fn too_many_unknown_answers_pause_and_one_good_one_ends_it() {
        let (mut health, start) = (Health::new(rules(4, 2, 60)), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        // One in four is not enough.
        for round in 0..8 {
            health.record(round % 4 == 0, at(0));
            assert!(begin(&mut health, at(0)));
        }
        health.record(true, at(0));
        assert!(begin(&mut health, at(0)));
        health.record(true, at(0));
        let why = health.paused(at(59)).expect("a pause");
        assert!(why.contains("2 of the last 4 charges are unknown") && why.contains("in 1 s"), "{why}");
        // One is tried; it is unknown too: twice as long.
        assert!(begin(&mut health, at(60)));
        assert!(!begin(&mut health, at(60)));
        health.record(true, at(61));
        assert!(!begin(&mut health, at(180)));
        // One that shows nothing decides nothing: another is tried.
        assert!(begin(&mut health, at(181)));
        health.undecided();
        assert!(begin(&mut health, at(181)));
        assert!(!begin(&mut health, at(181)));
        health.record(false, at(182));
        assert!(begin(&mut health, at(182)) && begin(&mut health, at(182)));
        health.record(true, at(183));
        assert!(begin(&mut health, at(183)));
    }

    #[test]
    fn charge_under_way_when_the_pause_began_decides_nothing() {
        let (mut health, start) = (Health::new(rules(1, 1, 60)), Instant::now());
        health.record(true, start);
        for unknown in [false, true] {
            health.record(unknown, start + Duration::from_secs(1));
            assert!(!begin(&mut health, start + Duration::from_secs(59)), "{unknown}");
        }
        assert!(begin(&mut health, start + Duration::from_secs(60)));
    }

    #[test]
    fn a_pause_grows_to_an_hour_or_is_as_long_as_it_was_asked_for() {
        for (asked, longest) in [(60, 3600), (7200, 7200), (u64::MAX, 31_536_000)] {
            let (mut health, start) = (Health::new(rules(1, 1, asked)), Instant::now());
            let (mut now, mut last) = (start, Duration::ZERO);
            for _ in 0..70 {
                health.record(true, now);
                last = health.paused.unwrap().length;
                now = health.paused.unwrap().until;
                assert!(!begin(&mut health, now - Duration::from_secs(1)));
                assert!(begin(&mut health, now));
            }
            assert_eq!(last.as_secs(), longest);
        }
    }
}
