//! Builds the request of one charge and reads its answer, so often as it is told, without a network: with the crates of
//! this workspace (`ours`), or by hand with serde (`hand`). `cargo xtask bench calls` counts the instructions of both.

/// The stored answer of a documented example.
macro_rules! answer {
    ($example:literal) => {
        include_bytes!(concat!("../../../fixtures/", $example, "/response.json"))
    };
}

mod hand;
mod ours;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gateway, way, times] = arguments.as_slice() else {
        return usage();
    };
    let Ok(times) = times.parse::<u32>() else {
        return usage();
    };
    let charge: Option<fn()> = match way.as_str() {
        "ours" => ours::charge(gateway),
        "hand" => hand::charge(gateway),
        _ => None,
    };
    let Some(charge) = charge else {
        return usage();
    };
    for _ in 0..times {
        charge();
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: recurring-bench emspay|ngenius|omno|revio|tokenpay-signed ours|hand TIMES");
    ExitCode::from(2)
}
