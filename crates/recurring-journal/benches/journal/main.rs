//! What the journal costs. Everything is a ratio of two things that are measured side by side in one run.
//!
//! `cargo xtask bench journal`. A bound that is missed is measured again, four times at the most: other work on the machine,
//! and a host that is faster at one moment than at the next, are no property of the journal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "a measurement stops by panicking, and its ratios are no money"
)]
#![allow(missing_docs, reason = "a program of its own")]

mod bare;
mod disk;
mod gateway;
mod history;
mod latency;
mod machines;
mod million;
mod throughput;

use std::process::ExitCode;

/// A bound, what was measured, and how it is said.
struct Measured {
    what: String,
    value: f64,
    bound: Bound,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Measured {
    fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.value <= most,
            Bound::AtLeast(least) => self.value >= least,
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.holds() { "ok" } else { "MISSED" };
        let bound = match self.bound {
            Bound::AtMost(most) => format!("at most {most:.3}"),
            Bound::AtLeast(least) => format!("at least {least}"),
        };
        write!(f, "  {}: {:.3} ({bound}) {verdict}", self.what, self.value)
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // Processes of their own, that the measurements below start.
        ["million", folder, number] => million::child(folder, number.parse().unwrap()),
        ["machine", address, number] => machines::child(address, number.parse().unwrap()),
        // All of it, or the parts that are named.
        parts => return measure(parts),
    }
    ExitCode::SUCCESS
}

/// How often a part is measured before a missed bound is a fault.
const TRIES: u32 = 5;

/// A name to ask for it by, what it measures, and how.
type Part = (&'static str, &'static str, fn() -> Vec<Measured>);

/// The parts whose bounds compare the journal with the wait for the disk.
const WITH_THE_DISK: [&str; 2] = ["throughput", "million"];

/// The part that takes minutes and gigabytes.
const WHEN_NAMED: &str = "history";

fn measure(wanted: &[&str]) -> ExitCode {
    let mut missed = false;
    let mut not_judged = Vec::new();
    let wait = disk::wait();
    println!("a durable insert takes {wait:.1} times as long as one that waits for no disk");
    let parts: [Part; 5] = [
        (
            "latency",
            "a journaled charge against the same charge without, at a gateway that takes 50 ms",
            latency::measure,
        ),
        ("throughput", "arming against a bare insert of the same row, in SQLite", throughput::measure),
        ("million", "a run of 1,000,000 due attempts against one of 10,000, in SQLite", million::measure),
        ("machines", "several processes on one PostgreSQL", machines::measure),
        (
            "history",
            "a journal of 10,000,000 attempts against one of 10,000, in PostgreSQL",
            history::measure,
        ),
    ];
    for (name, title, part) in parts
        .into_iter()
        .filter(|(name, ..)| wanted.contains(name) || wanted.is_empty() && *name != WHEN_NAMED)
    {
        println!("{title}");
        if WITH_THE_DISK.contains(&name) && !disk::can_judge(wait) {
            for one in part() {
                println!("{one}");
            }
            not_judged.push(name);
            continue;
        }
        // A bound that held once needs not hold again while another one of the part is measured again.
        let mut held = Vec::new();
        for number in 1..=TRIES {
            let measured = part();
            held.resize(measured.len(), false);
            for (held, one) in held.iter_mut().zip(&measured) {
                println!("{one}");
                *held |= one.holds();
            }
            if held.iter().all(|held| *held) {
                break;
            }
            println!("  {}", if number < TRIES { "once more:" } else { "missed each time" });
        }
        missed |= held.contains(&false);
    }
    if !not_judged.is_empty() {
        println!(
            "not judged: {}; the disk is too fast for their bounds, which compare with its wait ({wait:.1} times the \
             insert itself, at least {} is needed)",
            not_judged.join(", "),
            disk::SLOW_ENOUGH
        );
    }
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
