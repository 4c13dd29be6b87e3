//! The maintainers' commands: `cargo xtask <command>`.

mod api;
mod bench;
mod builds;
mod calls;
mod ci;
mod circles;
mod clients;
mod contract;
mod docs;
mod fixtures;
mod fuzz;
mod fuzz_seeds;
mod http;
mod language;
mod measure;
mod metered;
mod msrv;
mod must_use;
mod mutants;
mod new_provider;
mod operations;
mod setup;
mod signing;
mod sources;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::cargo;

/// The maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares docs/api/, where each published library's public items are listed, with the code.
    Api {
        /// Writes the listings instead.
        #[arg(long)]
        bless: bool,
    },
    /// Measures, prints each figure with what it is compared with and its bound, and fails when a bound is missed. Without
    /// a name: `calls`, `http` and `signing`.
    Bench {
        /// What is measured.
        what: Option<Bench>,
        /// How many charges, for the sandbox.
        #[arg(long, default_value_t = 1_000_000)]
        charges: usize,
        /// Fewer rounds and charges: within two minutes after the build.
        #[arg(long)]
        quick: bool,
        /// For the calls: fails above the counts recorded in the code instead of the bound.
        #[arg(long)]
        recorded: bool,
    },
    /// Everything that must hold before a change goes in; stops at the first step that fails.
    Ci {
        /// Leaves out `cargo test --workspace`, and the tests with a browser and with a pooler, for a caller that has just
        /// run them.
        #[arg(long)]
        skip_tests: bool,
    },
    /// Runs clients from package registries against the sandbox, whose ledger is the judge. What this machine cannot run is
    /// listed as ignored; with the variable `CI` it is a failure.
    Clients,
    /// Checks who depends on whom: gateways stand alone, one crate talks HTTP, one version of each package.
    Contract,
    /// Writes docs/providers.md from the code.
    Docs,
    /// Checks fixtures/: sources, JSON, no live-looking key, no real card number, no unused example.
    Fixtures {
        /// Another folder of the same layout, such as a recording of the sandbox; there, no test needs to use them.
        folder: Option<PathBuf>,
    },
    /// Fuzzes what reads the bytes of others, guided by coverage. A tool that this machine lacks is reported; with the
    /// variable `CI` it is a failure.
    Fuzz {
        /// One target; all of them unless named.
        target: Option<String>,
        /// How long each target runs. A minute unless set.
        #[arg(long, default_value_t = 60, conflicts_with_all = ["runs", "quick"])]
        seconds: u64,
        /// How often each target runs, in place of a time.
        #[arg(long, conflicts_with = "quick")]
        runs: Option<u64>,
        /// Few runs from the stored examples with a fixed seed, built with little optimization: what CI does.
        #[arg(long)]
        quick: bool,
    },
    /// Compares the stated minimum Rust version with what the dependencies of the published crates need.
    Msrv,
    /// Changes the code that decides about money, one place at a time, and lists the changes that no test notices. Takes
    /// hours, and changes this work tree meanwhile; needs cargo-mutants.
    Mutants {
        /// One area; all of them unless named.
        area: Option<String>,
    },
    /// Creates a crate for another gateway, with one operation, its examples and its tests, and prints what to do next.
    NewProvider {
        /// The name of the crate: small letters, digits and hyphens.
        #[arg(required_unless_present = "check")]
        name: Option<String>,
        /// Instead, generates one in a copy of the workspace, and lints and tests it there.
        #[arg(long, conflicts_with = "name")]
        check: bool,
    },
    /// Lists the programs that the tests need and this machine lacks, and installs them by apt where that is wanted.
    Setup {
        /// Installs without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Runs every case of the journal's simulation, of which `cargo test` takes a sample, and more failovers of a real
    /// replica.
    Sim {
        /// How many seeds of the random part, from 0 on.
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        /// Runs one of so many enumerated cases; all of them by default.
        #[arg(long, default_value = "1")]
        every: std::num::NonZeroU32,
    },
    /// Lives years of subscriptions at all five gateways in the sandbox, of which `cargo test` lives one of a few. Takes minutes to
    /// an hour.
    Years {
        /// How many subscriptions.
        #[arg(long, default_value_t = 1_000)]
        subscriptions: u64,
        /// How long, in days: three years by default.
        #[arg(long, default_value_t = 1_096)]
        days: u64,
        /// What customers, cards and accidents are drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Checks the shape of the repository: required files, file sizes, circles of files, names of operations and tests,
    /// the words we use, and each gateway's SOURCES.md against its code.
    Tidy,
}

/// What can be measured.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Bench {
    /// What one charge takes without a network, in instructions and allocations, against the same by hand with serde.
    Calls,
    /// A charge over TLS on this machine: with a gateway's crate and through the facade, against reqwest and serde by hand.
    Http,
    /// What metrics cost a charge through a journal, in instructions, with a recorder against none.
    Metrics,
    /// What a gateway's crate and the facade add to a cold build, to the packages, and to the size of a program.
    Build,
    /// Signatures and notifications a second, against the bare computation.
    Signing,
    /// Charges a second of the sandbox over loopback, and its memory.
    Sandbox,
    /// What the journal costs: a charge with it and without, its store, a run of a million, several processes.
    Journal,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Api { bless: true } => api::bless(),
        Command::Api { bless: false } => workspace::report(api::check()),
        Command::Mutants { area } => mutants::run(area.as_deref()),
        Command::Bench { what, charges, quick, recorded } => bench(what, charges, quick, recorded),
        Command::NewProvider { name: Some(name), .. } => new_provider::run(&name),
        Command::NewProvider { name: None, .. } => new_provider::check(),
        Command::Setup { yes } => setup::run(yes),
        Command::Sim { seeds, every } => sim(seeds, every),
        Command::Ci { skip_tests } => ci::run(skip_tests),
        Command::Clients => clients::run(std::env::var_os("CI").is_some()),
        Command::Contract => workspace::report(contract::check()),
        Command::Docs => docs::write(),
        Command::Fixtures { folder: None } => workspace::report(fixtures::check()),
        Command::Fixtures { folder: Some(folder) } => workspace::report(fixtures::check_folder(&folder)),
        Command::Fuzz { target, seconds, runs, quick } => {
            let limit = match (quick, runs) {
                (true, _) => fuzz::Limit::Quick,
                (false, Some(runs)) => fuzz::Limit::Runs(runs),
                (false, None) => fuzz::Limit::Seconds(seconds),
            };
            fuzz::run(target.as_deref(), limit, std::env::var_os("CI").is_some())
        }
        Command::Msrv => workspace::report(msrv::check()),
        Command::Years { subscriptions, days, seed } => years(subscriptions, days, seed),
        Command::Tidy => workspace::report(tidy::check()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn bench(what: Option<Bench>, charges: usize, quick: bool, recorded: bool) -> Result<(), String> {
    let ci = std::env::var_os("CI").is_some();
    match what {
        Some(Bench::Calls) => workspace::report(calls::run(recorded, ci)),
        Some(Bench::Http) => workspace::report(http::run(quick, ci)),
        Some(Bench::Metrics) => workspace::report(metered::run(ci)),
        Some(Bench::Build) => workspace::report(builds::run()),
        Some(Bench::Signing) => workspace::report(signing::run(quick)),
        Some(Bench::Sandbox) => bench::sandbox(charges),
        Some(Bench::Journal) => {
            workspace::run(cargo().args(["bench", "--package", "recurring-journal", "--bench", "journal"]))
        }
        None => {
            let mut problems = calls::run(recorded, ci)?;
            problems.extend(http::run(quick, ci)?);
            problems.extend(signing::run(quick)?);
            workspace::report(Ok(problems))
        }
    }
}

fn years(subscriptions: u64, days: u64, seed: u64) -> Result<(), String> {
    let tests = ["test", "--package", "recurring-cli", "--test", "years"];
    let size = [
        ("RECURRING_YEARS_SUBSCRIPTIONS", subscriptions.to_string()),
        ("RECURRING_YEARS_DAYS", days.to_string()),
        ("RECURRING_YEARS_SEED", seed.to_string()),
        ("RECURRING_YEARS_MEAN_WRITES", "300".to_owned()),
    ];
    workspace::run(cargo().args(tests).args(["--", "--nocapture", "--test-threads", "1"]).envs(size))
}

fn sim(seeds: u64, every: std::num::NonZeroU32) -> Result<(), String> {
    let tests = [
        "test",
        "--package",
        "recurring-journal",
        "--features",
        "statement",
        "--test",
        "simulation",
        "--test",
        "simulation-postgres",
        "--test",
        "replica",
    ];
    let cases = [("RECURRING_SIM", every.to_string()), ("RECURRING_SIM_SEEDS", seeds.to_string())];
    workspace::run(cargo().args(tests).args(["--", "--nocapture"]).envs(cases))
}
