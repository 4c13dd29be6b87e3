//! Lives random histories of declined cards, and has every decision judged by an independent count of the schemes' limits:
//!
//! ```sh
//! cargo run --release -p recurring-schedule --example histories -- 10000000 [SEED]
//! ```
//!
//! It ends with the numbers, or with the first decision that breaks a rule. The same seed gives the same histories.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a judge stops by panicking"
)]

#[path = "../tests/judge/mod.rs"]
mod judge;

use std::time::Instant;

use judge::{Counts, Random};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let histories = arguments.next().unwrap_or(100_000);
    let seed = arguments.next().unwrap_or(1);
    let threads =
        std::thread::available_parallelism().map_or(1, |count| u64::try_from(count.get()).unwrap_or(1));
    let beginning = Instant::now();
    let shares = std::thread::scope(|scope| {
        let lives: Vec<_> =
            (0..threads).map(|share| scope.spawn(move || part(histories, seed, share, threads))).collect();
        lives.into_iter().map(|life| life.join().expect("every decision keeps the rules")).collect::<Vec<_>>()
    });
    let sum = |field: fn(&Counts) -> u64| shares.iter().map(field).sum::<u64>();
    println!("{histories} histories with seed {seed} in {:.0?}: no rule was broken", beginning.elapsed());
    println!("{} tries, {} decisions", sum(|one| one.lived_tries), sum(|one| one.decisions));
    println!(
        "{} at a time, {} of these delayed by a limit",
        sum(|one| one.retries),
        sum(|one| one.delayed_by_limits)
    );
    println!("{} need the customer, {} never again", sum(|one| one.customers), sum(|one| one.never));
    println!("{} wait for an open try, {} stop otherwise", sum(|one| one.open), sum(|one| one.other_stops));
}

/// Every history has a seed of its own, whatever the number of threads.
fn part(histories: u64, seed: u64, share: u64, threads: u64) -> Counts {
    let (zones, mut counts) = (judge::zones(), Counts::default());
    let step = usize::try_from(threads).unwrap_or(1);
    for number in (share..histories).step_by(step) {
        judge::live(&mut Random::new(seed.rotate_left(40) ^ number), &zones, &mut counts);
    }
    counts
}
