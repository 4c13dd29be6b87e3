//! `cargo xtask bench calls`: the instructions and allocations of one charge, ours against the same by hand with serde, as
//! callgrind counts them: the clock of a busy machine says nothing, the count repeats.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{self, cargo, output, root};

/// What a charge of each gateway may take today, in instructions. A count above it by more than the margin fails
/// `bench calls --quick`; a count that falls is recorded here.
const LIMITS: [(&str, u64); 5] = [
    ("emspay", 60_945),
    ("ngenius", 33_880),
    ("omno", 26_688),
    ("revio", 72_173),
    ("tokenpay-signed", 57_309),
];

/// Compilers and C libraries differ a little.
const MARGIN_PERCENT: u64 = 5;

/// The aim: how much a charge may take against the same by hand, in hundredths.
const AIM_PERCENT: u64 = 125;

/// The difference of two runs leaves out what the process takes to start.
const FEW: u64 = 100;
const MANY: u64 = 300;

/// What one charge takes.
#[derive(Clone, Copy)]
struct Cost {
    instructions: u64,
    allocations: u64,
}

/// Measures each gateway and prints a table. `quick` fails above the recorded limits, else above the aim.
pub(crate) fn run(quick: bool, ci: bool) -> Result<(), String> {
    if let Err(error) = output(Command::new("valgrind").arg("--version")) {
        let missing = format!("valgrind cannot be run (on Debian: apt-get install valgrind): {error}");
        if ci {
            return Err(missing);
        }
        println!("ignored: {missing}");
        return Ok(());
    }
    workspace::run(cargo().args(["build", "--release", "--locked", "--package", "recurring-bench"]))?;
    println!(
        "{:16}{:>9}{:>9}{:>7}{:>13}{:>9}",
        "one charge", "ours", "by hand", "ratio", "allocations", "by hand"
    );
    let mut problems = Vec::new();
    for (gateway, limit) in LIMITS {
        let (ours, hand) = (cost(gateway, "ours")?, cost(gateway, "hand")?);
        let percent = ours.instructions * 100 / hand.instructions.max(1);
        println!(
            "{gateway:16}{:>9}{:>9}{:>4}.{:02}{:>13}{:>9}",
            ours.instructions,
            hand.instructions,
            percent / 100,
            percent % 100,
            ours.allocations,
            hand.allocations
        );
        problems.extend(if quick {
            above_limit(gateway, ours.instructions, limit)
        } else {
            above_aim(gateway, percent)
        });
    }
    workspace::report(Ok(problems))
}

fn above_limit(gateway: &str, instructions: u64, limit: u64) -> Option<String> {
    (instructions * 100 > limit * (100 + MARGIN_PERCENT)).then(|| {
        format!("{gateway}: {instructions} instructions, more than {limit} and {MARGIN_PERCENT} % on top")
    })
}

fn above_aim(gateway: &str, percent: u64) -> Option<String> {
    (percent > AIM_PERCENT)
        .then(|| format!("{gateway}: {percent} % of the same by hand; the aim is {AIM_PERCENT} %"))
}

fn cost(gateway: &str, way: &str) -> Result<Cost, String> {
    let (few, many) = (counted(gateway, way, FEW)?, counted(gateway, way, MANY)?);
    let each = |few: u64, many: u64| many.saturating_sub(few) / (MANY - FEW);
    Ok(Cost {
        instructions: each(few.instructions, many.instructions),
        allocations: each(few.allocations, many.allocations),
    })
}

fn counted(gateway: &str, way: &str, times: u64) -> Result<Cost, String> {
    let release = target().join("release");
    let profile = release.join(format!("recurring-bench.{}.callgrind", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind.arg(release.join("recurring-bench")).args([gateway, way, &times.to_string()]);
    let ran = output(&mut valgrind).and_then(|_| workspace::read(&profile));
    remove(&profile);
    read_profile(&ran?)
}

fn target() -> PathBuf {
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
    fn a_count_above_its_limit_fails() {
        assert_eq!(above_limit("omno", 105, 100), None);
        assert!(above_limit("omno", 106, 100).is_some());
        assert_eq!(above_aim("omno", 125), None);
        assert!(above_aim("omno", 126).is_some());
    }
}
