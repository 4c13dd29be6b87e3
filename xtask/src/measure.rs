//! What the measurements share: the program that is measured, callgrind's counts of it, and rows with bounds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{self, cargo, output, root};

/// The difference of two runs leaves out what the process takes to start.
pub(crate) const FEW: u64 = 100;
pub(crate) const MANY: u64 = 300;

/// What one charge takes.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// What a measurement may be of what it is compared with, in hundredths.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(u64),
    AtLeast(u64),
    /// Shows how far two runs of the same differ on this machine.
    None,
}

/// Prints a row. Returns the problem when its bound is missed.
pub(crate) fn row(what: &str, measured: u64, against: u64, bound: Bound) -> Option<String> {
    // Rounded against ourselves.
    let percent = match bound {
        Bound::AtMost(_) => (measured * 100).div_ceil(against.max(1)),
        _ => measured * 100 / against.max(1),
    };
    let (shown, missed) = match bound {
        Bound::AtMost(most) => (format!("at most {}", decimal(most)), percent > most),
        Bound::AtLeast(least) => (format!("at least {}", decimal(least)), percent < least),
        Bound::None => (String::new(), false),
    };
    let missed_word = if missed { ", missed" } else { "" };
    println!("{what:52}{measured:>12}{against:>12}{:>7}  {shown}{missed_word}", decimal(percent));
    missed.then(|| {
        format!("{what}: {} of what it is compared with, and the bound is {shown}", decimal(percent))
    })
}

/// Prints the head of a table of rows.
pub(crate) fn head(what: &str, measured: &str, against: &str) {
    println!("{what:52}{measured:>12}{against:>12}{:>7}  bound", "ratio");
}

pub(crate) fn decimal(percent: u64) -> String {
    format!("{}.{:02}", percent / 100, percent % 100)
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Builds the program that is measured.
pub(crate) fn build() -> Result<(), String> {
    workspace::run(cargo().args(BUILD))
}

/// Builds what charges without a network, in less time.
pub(crate) fn build_without_http() -> Result<(), String> {
    workspace::run(cargo().args(BUILD).arg("--no-default-features"))
}

const BUILD: [&str; 5] = ["build", "--release", "--locked", "--package", "recurring-bench"];

/// The program that is measured.
pub(crate) fn program() -> PathBuf {
    target().join("release").join("recurring-bench")
}

/// Runs it, and reads the numbers that it prints.
pub(crate) fn numbers<const N: usize>(arguments: &[&str]) -> Result<[u64; N], String> {
    let printed = output(Command::new(program()).args(arguments))?;
    let read: Vec<u64> = printed.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    read.try_into().map_err(|_| format!("{arguments:?} printed {printed:?}"))
}

/// Whether valgrind can be run. Without it nothing is counted; in CI that is a failure.
pub(crate) fn can_count(ci: bool) -> Result<bool, String> {
    let Err(error) = output(Command::new("valgrind").arg("--version")) else { return Ok(true) };
    let missing = format!("valgrind cannot be run (on Debian: apt-get install valgrind): {error}");
    if ci {
        return Err(missing);
    }
    println!("ignored: {missing}");
    Ok(false)
}

/// What one charge takes: the last argument is how many there are. With `only`, what is inside of the functions of this
/// name.
pub(crate) fn cost(arguments: &[&str], only: Option<&str>) -> Result<Cost, String> {
    let (few, many) = (counted(arguments, only, FEW)?, counted(arguments, only, MANY)?);
    let each = |few: u64, many: u64| many.saturating_sub(few) / (MANY - FEW);
    Ok(Cost {
        instructions: each(few.instructions, many.instructions),
        allocations: each(few.allocations, many.allocations),
    })
}

fn counted(arguments: &[&str], only: Option<&str>, times: u64) -> Result<Cost, String> {
    let profile = program().with_extension(format!("{}.callgrind", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.args(only.map(|name| format!("--toggle-collect=*{name}*")));
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind.arg(program()).args(arguments).arg(times.to_string());
    let ran = output(&mut valgrind).and_then(|_| workspace::read(&profile));
    remove(&profile);
    read_profile(&ran?)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

fn remove(profile: &Path) {
    // It is missing where valgrind failed, which is reported.
    let _ = std::fs::remove_file(profile);
}

/// Sums up a profile of callgrind: all instructions, and the calls of the allocating functions.
fn read_profile(profile: &str) -> Result<Cost, String> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let (mut called, mut allocations, mut instructions) = ("", 0, None);
    for line in profile.lines() {
        let named = line.strip_prefix("cfn=").or_else(|| line.strip_prefix("fn="));
        if let Some((id, name)) = named.and_then(|named| named.split_once(')')) {
            if !name.is_empty() {
                names.insert(id, name.trim());
            }
            if line.starts_with('c') {
                called = names.get(id).copied().unwrap_or_default();
            }
        } else if let Some(calls) = line.strip_prefix("calls=") {
            if matches!(called, "malloc" | "calloc" | "realloc" | "posix_memalign") {
                let count = calls.split(' ').next().unwrap_or_default();
                allocations += count.parse::<u64>().map_err(|error| format!("{line}: {error}"))?;
            }
        } else if let Some(total) = line.strip_prefix("totals: ") {
            instructions = total.trim().parse().ok();
        }
    }
    let instructions = instructions.ok_or("callgrind's profile has no total")?;
    Ok(Cost { instructions, allocations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_summed_up() {
        let profile = "fn=(1) main\n16 400\ncfn=(2) malloc\ncalls=3 0\n16 90\ncfn=(3) free\ncalls=3 0\n16 30\n\
                       fn=(4) read\n12 1\ncfn=(2)\ncalls=2 0\n16 60\ntotals: 581\n";
        let cost = read_profile(profile).unwrap();
        assert_eq!((cost.instructions, cost.allocations), (581, 5));
        assert!(read_profile("fn=(1) main\n").is_err());
    }

    #[test]
    fn a_bound_is_missed_by_the_smallest_step() {
        assert!(row("x", 125, 100, Bound::AtMost(125)).is_none());
        assert!(row("x", 125_001, 100_000, Bound::AtMost(125)).is_some());
        assert!(row("x", 97, 100, Bound::AtLeast(97)).is_none());
        assert!(row("x", 96_999, 100_000, Bound::AtLeast(97)).is_some());
        assert!(row("x", 9, 1, Bound::None).is_none());
        assert_eq!(median(vec![3, 1, 2]), 2);
    }
}
