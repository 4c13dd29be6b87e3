//! `cargo xtask ci`: the steps in their order, each with its duration, until one fails.

use std::process::Command;
use std::time::Instant;

use crate::workspace::{self, PROVIDERS, cargo};
use crate::{api, calls, clients, contract, docs, fixtures, fuzz, msrv, new_provider, tidy};

type Step = (String, Box<dyn Fn() -> Result<(), String>>);

/// A snapshot that differs is a failure, and so is a missing tool.
const TESTS: &[(&str, &str)] = &[("INSTA_UPDATE", "no"), ("CI", "true")];

/// Without and with the tests that need a browser or a pooler. The lock file must say what the manifests ask for.
const CLIPPY: [&str; 2] = [
    "clippy --locked --workspace --all-targets -- -D warnings",
    "clippy --locked -p recurring-sandbox -p recurring-journal --all-targets --features \
        recurring-sandbox/browser-tests,recurring-journal/pgbouncer-tests -- -D warnings",
];

/// A provider that uses the public API alone, as a user does; its tests are outside of the workspace.
const OUTSIDE: &str = "test --manifest-path outside/provider/Cargo.toml --target-dir target/outside";

/// The program without the local stand-in for the gateways; `cargo test --workspace` builds it with every default feature.
const REDUCED: &str = "test -p recurring-cli --no-default-features --features rustls,emspay --test reduced";

/// Both signers make the same signatures; the feature is one of the program's default ones, and none of the crate's.
const SIGNERS: &str = "test -p tokenpay-signed --features aws-lc-rs --test signers --test openssl";

/// The engine's crate is a workspace of its own; what both build alike is built once.
const ENGINE: [&str; 2] = [
    "clippy --locked --manifest-path crates/recurring-restate/Cargo.toml --target-dir target --all-targets -- -D warnings",
    "test --locked --manifest-path crates/recurring-restate/Cargo.toml --target-dir target",
];

/// The journal in another engine, of which no registry has the server: it is compiled and not run.
const OTHER_ENGINE: &str =
    "clippy --locked --manifest-path outside/temporal/Cargo.toml --target-dir target/temporal -- -D warnings";

/// Runs all steps; the error names the one that failed.
pub(crate) fn run(skip_tests: bool) -> Result<(), String> {
    run_steps(&steps(skip_tests))
}

fn run_steps(steps: &[Step]) -> Result<(), String> {
    let beginning = Instant::now();
    for (name, action) in steps {
        println!("==> {name}");
        let start = Instant::now();
        action().map_err(|error| format!("{error}\nFAILED: {name} ({:.1?})", start.elapsed()))?;
        println!("    {name}: {:.1?}", start.elapsed());
    }
    println!("all {} steps passed ({:.1?})", steps.len(), beginning.elapsed());
    Ok(())
}

fn steps(skip_tests: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![
        cargo_step("fmt --all --check", &[]),
        cargo_step("fmt --manifest-path crates/recurring-restate/Cargo.toml --check", &[]),
        cargo_step("fmt --manifest-path outside/temporal/Cargo.toml --check", &[]),
    ];
    steps.extend(CLIPPY.map(|arguments| cargo_step(arguments, &[])));
    steps.push(step("native TLS can be built", native_tls_is_there));
    for provider in PROVIDERS {
        steps.push(cargo_step(&format!("check -p {provider}"), &[]));
        steps.push(cargo_step(
            &format!("check -p {provider} --no-default-features --features native-tls"),
            &[],
        ));
    }
    for provider in PROVIDERS {
        let features = format!("--no-default-features --features rustls,{provider}");
        steps.push(cargo_step(&format!("check -p recurring-facade {features}"), &[]));
    }
    // Without TLS, and without any gateway: features only add.
    for name in PROVIDERS.into_iter().chain(["recurring-gateway", "recurring-facade", "recurring-journal"]) {
        steps.push(cargo_step(&format!("check -p {name} --no-default-features"), &[]));
    }
    // Without the vocabulary; the whole workspace is built with it.
    steps.push(cargo_step("test -p recurring-schedule", TESTS));
    steps.push(step("dependency contract", || workspace::report(contract::check())));
    steps.push(step("minimum Rust version", || workspace::report(msrv::check())));
    if !skip_tests {
        steps.push(cargo_step("test --workspace", TESTS));
        let browser = "test -p recurring-sandbox --features browser-tests --test sandbox browser";
        steps.push(cargo_step(browser, TESTS));
        let pooler = "test -p recurring-journal --features pgbouncer-tests --test postgres pooler";
        steps.push(cargo_step(pooler, TESTS));
    }
    steps.push(cargo_step(OUTSIDE, TESTS));
    steps.push(step("clients from package registries", || clients::run(true)));
    steps.push(cargo_step(REDUCED, TESTS));
    steps.push(cargo_step(SIGNERS, TESTS));
    steps.extend(ENGINE.map(|arguments| cargo_step(arguments, TESTS)));
    steps.push(cargo_step(OTHER_ENGINE, &[]));
    steps.push(step("fuzzing", || fuzz::run(None, fuzz::Limit::Quick, true)));
    // Counts do not depend on how busy the machine is; bounds in time are for hand and eye.
    steps.push(step("instructions of a charge", || workspace::report(calls::run(true, true))));
    steps.push(step("a new gateway's crate", new_provider::check));
    steps.push(cargo_step("doc --workspace --no-deps", &[("RUSTDOCFLAGS", "-D warnings")]));
    steps.push(step("docs/providers.md", || workspace::report(docs::check())));
    steps.push(step("public API", || workspace::report(api::check())));
    steps.push(step("fixtures", || workspace::report(fixtures::check())));
    steps.push(step("tidy", || workspace::report(tidy::check())));
    steps
}

fn step(name: &str, action: impl Fn() -> Result<(), String> + 'static) -> Step {
    (name.to_owned(), Box::new(action))
}

fn cargo_step(arguments: &str, environment: &'static [(&str, &str)]) -> Step {
    let words: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    step(&format!("cargo {arguments}"), move || {
        workspace::run(cargo().args(&words).envs(environment.iter().copied()))
    })
}

fn native_tls_is_there() -> Result<(), String> {
    let mut command = Command::new("pkg-config");
    workspace::output(command.args(["--exists", "--print-errors", "openssl"])).map(drop).map_err(|error| {
        format!("the native-tls feature needs pkg-config and OpenSSL's headers (on Debian: apt-get install pkg-config libssl-dev)\n{error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn the_first_failure_stops_the_run_and_is_named() {
        let ran = Rc::new(Cell::new(0));
        let counted = |name: &str, result: Result<(), String>| {
            let ran = Rc::clone(&ran);
            step(name, move || {
                ran.set(ran.get() + 1);
                result.clone()
            })
        };
        let steps =
            [counted("one", Ok(())), counted("two", Err("broken".to_owned())), counted("three", Ok(()))];
        let error = run_steps(&steps).unwrap_err();
        assert!(error.starts_with("broken\nFAILED: two"), "{error}");
        assert_eq!(ran.get(), 2);
    }

    #[test]
    fn only_the_tests_can_be_left_out() {
        let names = |skip| steps(skip).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (all, fewer) = (names(false), names(true));
        let left_out: Vec<&String> = all.iter().filter(|name| !fewer.contains(name)).collect();
        assert!(
            left_out.iter().all(|name| name.starts_with("cargo test ")) && left_out.len() == 3,
            "{left_out:?}"
        );
        for kept in [OUTSIDE, REDUCED, SIGNERS].into_iter().chain(ENGINE) {
            assert!(fewer.contains(&format!("cargo {kept}")), "{kept}");
        }
    }

    #[test]
    fn tests_left_out_are_those_that_ci_runs_itself() {
        let script = workspace::read(&workspace::root().join(".ci/run")).unwrap();
        let fewer: Vec<String> = steps(true).into_iter().map(|(name, _)| name).collect();
        for (name, _) in steps(false) {
            assert!(fewer.contains(&name) || script.lines().any(|line| line == name), "{name}");
        }
    }
}
