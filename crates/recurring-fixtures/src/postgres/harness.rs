//! The harness of a test program that needs PostgreSQL's server.

use std::future::Future;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The body of one test.
pub type Body = fn();

/// Runs the tests as the built-in harness does. Where the server is not installed they are reported as ignored, and the
/// last lines say why; in CI (the variable `CI`) they run all the same, and fail.
pub fn run_tests(tests: Vec<(&'static str, Body)>) -> ExitCode {
    let arguments = Arguments::from_args();
    let left_out = !super::is_installed() && std::env::var_os("CI").is_none();
    let count = tests.len();
    let trials = tests
        .into_iter()
        .map(|(name, body)| {
            let run = move || {
                body();
                Ok(())
            };
            Trial::test(name, run).with_ignored_flag(left_out)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if left_out && !arguments.list {
        eprintln!("{count} tests ignored: {}", super::MISSING);
    }
    conclusion.exit_code()
}

/// Runs an asynchronous test.
///
/// # Panics
/// When the test does.
pub fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

/// Makes the `main` of a test program of asynchronous tests that need PostgreSQL's server. The program must be declared with
/// `harness = false`; a test that is not named here is dead code, which the compiler reports.
#[macro_export]
macro_rules! postgres_tests {
    ($($(#[$when:meta])* $test:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            let mut tests: Vec<(&'static str, $crate::postgres::Body)> = Vec::new();
            $($(#[$when])* tests.push((stringify!($test), || $crate::postgres::block_on($test())));)+
            $crate::postgres::run_tests(tests)
        }
    };
}
