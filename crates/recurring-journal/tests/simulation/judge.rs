//! What the journal says, compared with what was taken.

use std::collections::BTreeMap;

use recurring_journal::State;

use crate::process::Bench;

/// Compares what the journal says with what was taken.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    ends: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Judge {
    pub(crate) fn judge(&mut self, bench: &Bench, name: &str, reported: Option<State>, case: &str) {
        let (end, again) = bench.last_lives(name);
        let taken = bench.taken(name);
        let success = reported == Some(State::Paid) || again;
        let wrong = match end {
            _ if taken > 1 => "taken more than once",
            _ if success && taken == 0 => "success reported and nothing taken",
            State::Paid if taken == 0 => "approved and nothing taken",
            State::Declined | State::NotApplied if taken > 0 => "failed and taken",
            State::Paid | State::Declined | State::NotApplied | State::Review => "",
            _ => "neither final nor in review",
        };
        if !wrong.is_empty() {
            self.wrong.push(format!("{case}: {end}, {taken} taken: {wrong}"));
        }
        let end = match end {
            // In review although the money was taken: allowed, and counted.
            State::Review if taken == 1 => "review, taken",
            State::Review => "review, not taken",
            other => other.as_str(),
        };
        *self.ends.entry(end).or_default() += 1;
        // The next case begins on the same day, so that it finds its orders in the period that it looks through.
        bench.clock.reset();
    }

    pub(crate) fn report(&self, bench: &Bench, what: &str, cases: usize) {
        let run = self.ends.values().sum::<usize>();
        println!("{}, {what}: {run} of {cases} cases were run, and end as {:?}", bench.provider(), self.ends);
        assert!(self.wrong.is_empty(), "{}: {:#?}", bench.provider(), self.wrong);
        assert!(run >= cases / crate::every() && run > 0, "{what}: {run} of {cases}");
    }

    /// How often the money was taken more than once.
    pub(crate) fn taken_twice(&self) -> usize {
        self.wrong.iter().filter(|wrong| wrong.ends_with("taken more than once")).count()
    }
}
