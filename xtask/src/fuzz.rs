//! `cargo xtask fuzz`: builds `outside/fuzz` with the instrumentation of libFuzzer, lays down what each target begins
//! with, and runs the targets.
//!
//! The flags that instrument are stable ones, and libFuzzer comes as source with its crate: a C++ compiler is all that
//! is needed beside Rust. The sanitizers are not: there is no `unsafe` in this workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fuzz_seeds;
use crate::workspace::{self, cargo, root};

/// Counters for each edge, and what is compared, for libFuzzer's guesses.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The names of the targets, as `outside/fuzz/src/main.rs` has them.
pub(crate) const TARGETS: [&str; 13] = [
    "omno",
    "ngenius",
    "tokenpay-signed",
    "revio",
    "emspay",
    "notifications",
    "signed-notifications",
    "keys",
    "money",
    "words",
    "settings",
    "charge-lines",
    "secrets",
];

/// Reading keys and making signatures takes long.
const SLOW: [&str; 2] = ["signed-notifications", "keys"];

/// How often each target runs for CI, the slow ones less.
const QUICK_RUNS: u64 = 10_000;
const QUICK_RUNS_SLOW: u64 = 300;

/// A longer input is cut. The longest stored answer has 9 KB.
const LONGEST_INPUT: u32 = 16_384;

/// How long a target runs.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Runs(u64),
    Seconds(u64),
    /// Few runs, from the stored examples alone and with a fixed seed, so that CI does the same each time.
    Quick,
}

impl Limit {
    fn of(self, target: &str) -> String {
        match self {
            Self::Runs(runs) => format!("-runs={runs}"),
            Self::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Self::Quick if SLOW.contains(&target) => format!("-runs={QUICK_RUNS_SLOW}"),
            Self::Quick => format!("-runs={QUICK_RUNS}"),
        }
    }

    /// With little optimization, what CI does is built in less time.
    fn profile(self) -> &'static str {
        if matches!(self, Self::Quick) { "dev" } else { "release" }
    }
}

/// Runs one target or all. A missing tool is a failure with `required`, and is reported as ignored without.
pub(crate) fn run(only: Option<&str>, limit: Limit, required: bool) -> Result<(), String> {
    let targets: Vec<&str> =
        TARGETS.into_iter().filter(|name| only.is_none_or(|only| only == *name)).collect();
    if targets.is_empty() {
        return Err(format!("cannot fuzz: there is no such target; there are {}", TARGETS.join(", ")));
    }
    if let Some(missing) = missing_tool() {
        if required {
            return Err(format!("cannot fuzz: {missing} is missing; `cargo xtask setup` installs it"));
        }
        println!("fuzz: ignored, {missing} is missing (`cargo xtask setup` installs it)");
        return Ok(());
    }
    let folder = target_folder();
    let program = build(&folder, limit.profile())?;
    let key = folder.join("key.pem");
    fuzz_seeds::write_key(&key)?;
    let dictionary = folder.join("dictionary");
    fuzz_seeds::write_dictionary(&dictionary)?;
    println!("{:22} {:>12} {:>8} {:>8}", "target", "executions", "a second", "edges");
    for target in targets {
        let seeds = folder.join("seeds").join(target);
        fuzz_seeds::write(target, &seeds, &key)?;
        let stats =
            Run { folder: &folder, program: &program, key: &key, dictionary: &dictionary, seeds: &seeds }
                .fuzz(target, limit)?;
        println!("{target:22} {:>12} {:>8} {:>8}", stats.executions, stats.per_second, stats.edges);
    }
    Ok(())
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("fuzz")
}

fn missing_tool() -> Option<&'static str> {
    let runs = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if !runs(&compiler, "--version") {
        return Some("a C++ compiler");
    }
    (!runs("openssl", "version")).then_some("openssl")
}

/// Builds for the host by its name: then build scripts and macros are not instrumented.
fn build(folder: &Path, profile: &str) -> Result<PathBuf, String> {
    let rustc = workspace::output(Command::new("rustc").arg("-vV"))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    workspace::run(
        cargo()
            .args(["build", "--locked", "--manifest-path", "outside/fuzz/Cargo.toml", "--profile", profile])
            .args(["--target", host, "--target-dir"])
            .arg(folder)
            .env("RUSTFLAGS", INSTRUMENTATION),
    )?;
    let kind = if profile == "dev" { "debug" } else { profile };
    Ok(folder.join(host).join(kind).join(format!("outside-fuzz{}", std::env::consts::EXE_SUFFIX)))
}

/// What a run needs.
struct Run<'a> {
    folder: &'a Path,
    program: &'a Path,
    key: &'a Path,
    dictionary: &'a Path,
    seeds: &'a Path,
}

impl Run<'_> {
    fn fuzz(&self, target: &str, limit: Limit) -> Result<Stats, String> {
        let is_quick = matches!(limit, Limit::Quick);
        let corpus = self.folder.join(if is_quick { "quick" } else { "corpus" }).join(target);
        let artifacts = self.folder.join("artifacts").join(target);
        let log = self.folder.join(format!("{target}.log"));
        let failed = |error: std::io::Error| format!("cannot fuzz {target}: {error}");
        if is_quick && corpus.exists() {
            fs::remove_dir_all(&corpus).map_err(failed)?;
        }
        for folder in [&corpus, &artifacts] {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut command = Command::new(self.program);
        command.env("FUZZ_TARGET", target).env("FUZZ_KEY", self.key).arg(limit.of(target));
        command.args(["-print_final_stats=1", "-timeout=20", "-rss_limit_mb=2048"]);
        command.arg(format!("-max_len={LONGEST_INPUT}")).arg(format!("-dict={}", self.dictionary.display()));
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        if is_quick {
            command.arg("-seed=1");
        }
        command.arg(&corpus).arg(self.seeds);
        command.stdout(Stdio::null()).stderr(fs::File::create(&log).map_err(failed)?);
        let status = command.status().map_err(failed)?;
        let printed = fs::read(&log).map_err(failed)?;
        let printed = String::from_utf8_lossy(&printed);
        if !status.success() {
            let lines: Vec<&str> = printed.lines().collect();
            let end = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n");
            let again = format!("FUZZ_TARGET={target} FUZZ_KEY={}", self.key.display());
            return Err(format!(
                "{end}\n{target}: {status}\nagain: {again} {} ARTIFACT",
                self.program.display()
            ));
        }
        Stats::read(&printed).ok_or_else(|| format!("{}: no statistics", log.display()))
    }
}

/// What libFuzzer counted.
#[derive(Debug, PartialEq, Eq)]
struct Stats {
    executions: u64,
    per_second: u64,
    edges: u64,
}

impl Stats {
    fn read(log: &str) -> Option<Self> {
        let stat = |name: &str| {
            let line = log.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().parse().ok()
        };
        let edges =
            log.lines().rev().find_map(|line| line.split_once(" cov: ")?.1.split(' ').next()?.parse().ok());
        Some(Self {
            executions: stat("stat::number_of_executed_units")?,
            per_second: stat("stat::average_exec_per_sec")?,
            edges: edges?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_program() {
        let main = workspace::read(&root().join("outside/fuzz/src/main.rs")).unwrap();
        let table = main.split_once("TARGETS: &[Target] = &[").unwrap().1.split_once("];").unwrap().0;
        let names: Vec<&str> =
            table.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next()).collect();
        assert_eq!(names, TARGETS);
    }

    #[test]
    fn statistics_are_read() {
        let log = "#2 INITED cov: 7 ft: 8\n#9 DONE   cov: 19 ft: 20 corp: 1/1b\nstat::number_of_executed_units: 219227\n\
                   stat::average_exec_per_sec:     36537\n";
        assert_eq!(Stats::read(log), Some(Stats { executions: 219_227, per_second: 36_537, edges: 19 }));
        assert_eq!(Stats::read("ERROR"), None);
    }
}
