//! One program for all targets: `cargo xtask fuzz TARGET`. The variable `FUZZ_TARGET` names the target, so that what is
//! fuzzed is built and linked once.
#![no_main]

mod check;
mod notifications;
mod replies;
mod texts;

// The reader of the lines of `recurring run`, as the program has it: a program cannot be a dependency.
#[path = "../../../crates/recurring-cli/src/commands/run/charge_line.rs"]
mod charge_line;
#[path = "../../../crates/recurring-cli/src/nearest.rs"]
#[allow(dead_code, reason = "the program needs more of it than its reader of lines")]
mod nearest;
// The reader of the journal's address, which needs no database: the journal's crate would bring two.
#[path = "../../../crates/recurring-journal/src/address.rs"]
mod address;
mod error;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

type Target = (&'static str, fn(&[u8]));

/// What can be fuzzed. `xtask/src/fuzz.rs` has the same names, with the files that they begin with.
const TARGETS: &[Target] = &[
    ("omno", replies::omno::read),
    ("ngenius", replies::ngenius::read),
    ("tokenpay-signed", replies::tokenpay::read),
    ("revio", replies::revio::read),
    ("emspay", replies::emspay::read),
    ("notifications", notifications::unsigned),
    ("signed-notifications", notifications::signed),
    ("keys", texts::keys),
    ("money", texts::money),
    ("words", texts::words),
    ("settings", texts::settings),
    ("charge-lines", texts::charge_line),
    ("secrets", texts::secrets),
];

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn choose() {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some((_, target)) = TARGETS.iter().find(|(name, _)| *name == wanted) else {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        eprintln!("FUZZ_TARGET must be one of {}", names.join(", "));
        std::process::exit(2);
    };
    TARGET.get_or_init(|| *target);
}

fuzz_target!(init: choose(), |bytes: &[u8]| {
    if let Some(target) = TARGET.get() {
        check::memory(bytes.len(), || target(bytes));
    }
});
