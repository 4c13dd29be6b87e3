//! `cargo xtask mutants`: changes the code that decides about money, one place at a time, and looks which changes no test
//! notices.
//!
//! It is not a step of CI: each change is a build and a run of tests, a thousand of them take hours. What survived, and why,
//! is in `docs/reliability.md`.

use crate::workspace::{self, cargo};

/// One area: the package, its files, and the tests that must notice a change.
struct Area {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    /// Programs of tests, besides the unit tests.
    tests: &'static [&'static str],
}

const AREAS: &[Area] = &[
    Area {
        name: "core",
        package: "recurring-core",
        files: &[
            "error.rs",
            "outcome.rs",
            "retry.rs",
            "not_after.rs",
            "decline.rs",
            "money.rs",
            "secret_forms.rs",
        ],
        tests: &[],
    },
    Area {
        name: "gateway",
        package: "recurring-gateway",
        files: &["error.rs", "retry.rs", "check.rs", "limit.rs", "guard.rs", "token.rs"],
        tests: &["not_after", "token"],
    },
    Area {
        name: "omno",
        package: "omno",
        files: &["error.rs", "status.rs"],
        tests: &["wire", "echo", "faults", "tokens"],
    },
    Area {
        name: "ngenius",
        package: "ngenius",
        files: &["error.rs", "status.rs"],
        tests: &["wire", "echo", "faults", "token", "changes"],
    },
    Area {
        name: "tokenpay-signed",
        package: "tokenpay-signed",
        files: &["error.rs", "status.rs"],
        tests: &["wire", "echo", "faults", "orders"],
    },
    Area {
        name: "revio",
        package: "revio",
        files: &["error.rs", "status.rs", "decline.rs"],
        tests: &["wire", "echo", "faults", "operations", "operation_faults"],
    },
    Area {
        name: "emspay",
        package: "emspay",
        files: &["error.rs", "status.rs", "decline.rs"],
        tests: &["wire", "echo", "faults", "identity"],
    },
    Area {
        name: "look-up",
        package: "recurring-facade",
        files: &["lost.rs", "adapters/*.rs", "adapters/*/*.rs"],
        tests: &[
            "look_up",
            "whose_answer",
            "ngenius",
            "revio",
            "amounts",
            "money_guards",
            "credential_of",
            "conformance",
            "not_after",
            "faults",
        ],
    },
    Area {
        name: "journal",
        package: "recurring-journal",
        files: &["breaker.rs", "decide.rs", "reconcile.rs"],
        tests: &["settle", "one_payment", "charge"],
    },
];

/// Runs one area or all. The changes are made in this work tree, which must not be used meanwhile.
pub(crate) fn run(only: Option<&str>) -> Result<(), String> {
    let areas: Vec<&Area> = AREAS.iter().filter(|area| only.is_none_or(|only| only == area.name)).collect();
    if areas.is_empty() {
        let names: Vec<&str> = AREAS.iter().map(|area| area.name).collect();
        return Err(format!("cannot run: there is no such area; there are {}", names.join(", ")));
    }
    let version = cargo().args(["mutants", "--version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        return Err("cannot run: cargo-mutants is missing; `cargo install --locked cargo-mutants`".to_owned());
    }
    let mut survived = Vec::new();
    for area in areas {
        let mut command = cargo();
        command.args([
            "mutants",
            "--in-place",
            "--no-shuffle",
            "--timeout",
            "120",
            "--output",
            "target/mutants",
        ]);
        // How a value is shown decides nothing.
        command.args(["--exclude-re", "fmt", "--package", area.package, "--test-package", area.package]);
        for file in area.files {
            command.arg("--file").arg(format!("crates/{}/src/{file}", area.package));
        }
        // To each command of cargo, so that no other test is built for each change.
        command
            .arg("--cargo-arg=--lib")
            .args(area.tests.iter().map(|test| format!("--cargo-arg=--test={test}")));
        if workspace::run(&mut command).is_err() {
            survived.push(area.name);
        }
    }
    if survived.is_empty() {
        Ok(())
    } else {
        Err(format!("not every change was noticed: {}", survived.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_an_area_is_there() {
        for area in AREAS {
            let folder = workspace::root().join("crates").join(area.package).join("src");
            for file in area.files.iter().filter(|file| !file.contains('*')) {
                assert!(folder.join(file).is_file(), "{}: {file}", area.name);
            }
        }
    }
}
