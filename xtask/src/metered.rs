//! `cargo xtask bench metrics`: what metrics cost a charge through a journal, in instructions, as callgrind counts them.

use crate::measure::{Bound, build, can_count, cost, head, row};

/// How much a charge may take with a recorder of metrics against one without, in hundredths.
const BOUND_PERCENT: u64 = 101;

/// Runs differ, since threads wait for each other: the least of so many.
const ROUNDS: usize = 3;

/// Measures with a recorder and without one, and prints a table.
pub(crate) fn run(ci: bool) -> Result<Vec<String>, String> {
    if !can_count(ci)? {
        return Ok(Vec::new());
    }
    build()?;
    let (none, again, recorder) = (least("none")?, least("none")?, least("recorder")?);
    head("one charge through a journal: instructions", "measured", "without");
    let noise = row("without a recorder, measured again", again, none, Bound::None);
    let bound = row("with a recorder", recorder, none, Bound::AtMost(BOUND_PERCENT));
    Ok(noise.into_iter().chain(bound).collect())
}

fn least(recorder: &str) -> Result<u64, String> {
    let mut least = u64::MAX;
    for _ in 0..ROUNDS {
        least = least.min(cost(&["journaled", recorder], None)?.instructions);
    }
    Ok(least)
}
