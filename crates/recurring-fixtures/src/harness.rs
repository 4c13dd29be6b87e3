//! The harness of a test program some of whose tests need a program of the system.
//!
//! Where that program is not installed, the tests that need it are reported as ignored, and the last lines say why, which
//! the built-in harness cannot do. In CI (the variable `CI`) they run all the same, and fail.

use std::future::Future;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::{openssl, postgres, prometheus, restate};

/// What a test needs besides this workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    Nothing,
    /// The `openssl` program.
    OpenSsl,
    /// The programs of PostgreSQL's server.
    PostgreSql,
    /// Prometheus and its tool.
    Prometheus,
    /// Restate's server, and the programs of PostgreSQL's server.
    Restate,
}

impl Requirement {
    const ALL: [Requirement; 5] = [
        Requirement::Nothing,
        Requirement::OpenSsl,
        Requirement::PostgreSql,
        Requirement::Prometheus,
        Requirement::Restate,
    ];

    fn is_met(self) -> bool {
        match self {
            Requirement::Nothing => true,
            Requirement::OpenSsl => openssl::is_installed(),
            Requirement::PostgreSql => postgres::is_installed(),
            Requirement::Prometheus => prometheus::is_installed(),
            Requirement::Restate => restate::is_installed() && postgres::is_installed(),
        }
    }

    /// Why a test that needs it is ignored, and the remedy.
    fn missing(self) -> &'static str {
        match self {
            Requirement::Nothing => "",
            Requirement::OpenSsl => openssl::MISSING,
            Requirement::PostgreSql => postgres::MISSING,
            Requirement::Prometheus => prometheus::MISSING,
            Requirement::Restate => restate::MISSING,
        }
    }
}

/// One test of a program; [`tests!`](crate::tests) makes a list of them.
#[derive(Debug)]
pub struct Test {
    /// Its name.
    pub name: &'static str,
    /// What it needs.
    pub needs: Requirement,
    /// What it does; it fails by a panic.
    pub body: fn(),
}

/// Runs the tests as the built-in harness does, and reports those as ignored whose requirement is not met.
pub fn run_tests(tests: Vec<Test>) -> ExitCode {
    let arguments = Arguments::from_args();
    let unmet: Vec<Requirement> = if std::env::var_os("CI").is_some() {
        Vec::new()
    } else {
        Requirement::ALL.into_iter().filter(|requirement| !requirement.is_met()).collect()
    };
    let counts: Vec<(Requirement, usize)> = unmet
        .iter()
        .map(|unmet| (*unmet, tests.iter().filter(|test| test.needs == *unmet).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let trials = tests.into_iter().map(|test| {
        let run = move || {
            (test.body)();
            Ok(())
        };
        Trial::test(test.name, run).with_ignored_flag(unmet.contains(&test.needs))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !arguments.list {
        for (requirement, count) in counts {
            let tests = if count == 1 { "test" } else { "tests" };
            eprintln!("{count} {tests} ignored: {}", requirement.missing());
        }
    }
    conclusion.exit_code()
}

/// Runs an asynchronous test on this thread, as `#[tokio::test]` does.
///
/// # Panics
/// When the test does.
pub fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

/// Runs an asynchronous test on four threads.
///
/// # Panics
/// When the test does.
pub fn block_on_threads(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

/// Makes the `main` of a test program, from the names of its tests and what they need
/// ([`Requirement`](crate::harness::Requirement)). `async` tests run on one thread, `multi_thread` ones are asynchronous too
/// and run on four:
///
/// ```text
/// recurring_fixtures::tests! {
///     needs OpenSsl: [a_signature_is_verified] async [a_key_is_fetched];
///     needs PostgreSql: multi_thread [a_row_is_written];
///     needs Nothing: [a_short_key_is_refused];
/// }
/// ```
///
/// The program must be declared with `harness = false`: under the built-in harness its only test is one that fails. A test
/// that is not named here is dead code, which the compiler reports.
#[macro_export]
macro_rules! tests {
    ($(
        needs $needs:ident:
        $([$($(#[$when:meta])* $test:ident),+ $(,)?])?
        $(async [$($(#[$async_when:meta])* $async_test:ident),+ $(,)?])?
        $(multi_thread [$($(#[$threads_when:meta])* $threads_test:ident),+ $(,)?])?
    );+ $(;)?) => {
        // Only the built-in harness compiles this.
        #[test]
        fn test_program_has_no_harness_of_its_own() {
            panic!("declare this test program with `harness = false` in Cargo.toml");
        }

        fn main() -> std::process::ExitCode {
            use $crate::harness::{Requirement, Test, run_tests};

            let mut tests: Vec<Test> = Vec::new();
            $(
                let needs = Requirement::$needs;
                $($($(#[$when])* tests.push(Test { name: stringify!($test), needs, body: $test });)+)?
                $($(
                    $(#[$async_when])*
                    tests.push(Test {
                        name: stringify!($async_test),
                        needs,
                        body: || $crate::harness::block_on($async_test()),
                    });
                )+)?
                $($(
                    $(#[$threads_when])*
                    tests.push(Test {
                        name: stringify!($threads_test),
                        needs,
                        body: || $crate::harness::block_on_threads($threads_test()),
                    });
                )+)?
            )+
            run_tests(tests)
        }
    };
}
