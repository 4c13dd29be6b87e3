use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a gateway is paused that answers `unknown` too often: each such answer is a payment that somebody has to look
/// up, and a gateway in trouble only makes more of them.
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
}

impl Default for Breaker {
    /// 10 of the last 20; one minute.
    fn default() -> Self {
        Self { window: 20, most_unknown: 10, pause: Duration::from_secs(60) }
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

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

/// Whether a charge may be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    Paused(String),
}

impl Health {
    pub(crate) fn new(rules: Breaker) -> Self {
        Self { rules, last: VecDeque::new(), paused: None }
    }

    /// Asks before each charge. The first one after a pause is the one that decides.
    pub(crate) fn ask(&mut self, now: Instant) -> Verdict {
        let unknown = self.unknown();
        match &mut self.paused {
            None => Verdict::Go,
            Some(pause) if now >= pause.until && !pause.trying => {
                pause.trying = true;
                Verdict::Go
            }
            Some(pause) => {
                let left = pause.until.saturating_duration_since(now).as_secs();
                Verdict::Paused(format!(
                    "{unknown} of the last {} charges are unknown: paused, one is tried again in {left} s",
                    self.last.len()
                ))
            }
        }
    }

    /// Told after each charge.
    pub(crate) fn tell(&mut self, unknown: bool, now: Instant) {
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

    #[test]
    fn too_many_unknown_answers_pause_and_one_good_one_ends_it() {
        let rules = Breaker { window: 4, most_unknown: 2, pause: Duration::from_secs(60) };
        let (mut health, start) = (Health::new(rules), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        // One in four is no reason.
        for round in 0..8 {
            health.tell(round % 4 == 0, at(0));
            assert_eq!(health.ask(at(0)), Verdict::Go);
        }
        health.tell(true, at(0));
        assert_eq!(health.ask(at(0)), Verdict::Go);
        health.tell(true, at(0));
        let Verdict::Paused(why) = health.ask(at(59)) else { panic!("not paused") };
        assert!(why.contains("2 of the last 4 charges are unknown") && why.contains("in 1 s"), "{why}");
        // One is tried; it is unknown too: twice as long.
        assert_eq!(health.ask(at(60)), Verdict::Go);
        assert!(matches!(health.ask(at(60)), Verdict::Paused(_)));
        health.tell(true, at(61));
        assert!(matches!(health.ask(at(180)), Verdict::Paused(_)));
        assert_eq!(health.ask(at(181)), Verdict::Go);
        health.tell(false, at(182));
        assert_eq!((health.ask(at(182)), health.ask(at(182))), (Verdict::Go, Verdict::Go));
        health.tell(true, at(183));
        assert_eq!(health.ask(at(183)), Verdict::Go);
    }

    #[test]
    fn a_pause_grows_to_an_hour_or_is_as_long_as_it_was_asked_for() {
        for (asked, longest) in [(60, 3600), (7200, 7200), (u64::MAX, YEAR.as_secs())] {
            let rules = Breaker { window: 1, most_unknown: 1, pause: Duration::from_secs(asked) };
            let (mut health, start) = (Health::new(rules), Instant::now());
            let (mut now, mut last) = (start, Duration::ZERO);
            for _ in 0..70 {
                health.tell(true, now);
                last = health.paused.unwrap().length;
                now = health.paused.unwrap().until;
                assert!(matches!(health.ask(now - Duration::from_secs(1)), Verdict::Paused(_)));
                assert_eq!(health.ask(now), Verdict::Go);
            }
            assert_eq!(last.as_secs(), longest);
        }
    }
}
