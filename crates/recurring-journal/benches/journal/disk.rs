//! How long this disk takes over a commit, measured by the work that it makes wait.

use std::time::Instant;

use crate::bare::Bare;

const INSERTS: usize = 1_000;

/// The bounds on the store are for a disk whose commit takes at least so many times as long as the insert itself: there the
/// wait is what a charge waits for. On a faster one they would compare the work of the journal with next to nothing.
pub(crate) const SLOW_ENOUGH: f64 = 12.0;

/// How many times as long a durable insert takes as one that waits for no disk.
pub(crate) fn wait() -> f64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let took = |bare: &Bare, round: usize| {
        let begun = Instant::now();
        for number in 0..INSERTS {
            bare.insert(&format!("d-{round}-{number:06}"));
        }
        begun.elapsed().as_secs_f64()
    };
    let (durable, undurable) =
        (Bare::open(&runtime, folder.path()), Bare::without_disk(&runtime, folder.path()));
    let mut ratios: Vec<f64> = (0..5).map(|round| took(&durable, round) / took(&undurable, round)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[2]
}

/// Whether the bounds on the store mean something on a disk with this wait.
pub(crate) fn can_judge(wait: f64) -> bool {
    wait >= SLOW_ENOUGH
}
