//! What `cargo xtask bench` measures, each in a process of its own:
//!
//! - `charge GATEWAY ours|hand|inputs TIMES` builds the request of one charge and reads its answer without a network,
//!   with the crates of this workspace or by hand with serde, or makes only what both begin with;
//! - `serve CERTIFICATE KEY` is a gateway over TLS on this machine, which answers every charge alike;
//! - `calls WAY PORT ROOT TIMES` charges it one after another, and `many` 64 at a time: by `hand` with reqwest and
//!   serde, with the gateway's crate (`ours`), or through the `facade`;
//! - `journaled none|recorder TIMES` charges it through a journal, without a recorder of metrics or with one;
//! - `sign KEY TIMES` and `verify KEY TIMES` compute with RSA.

/// The stored answer of a documented example.
macro_rules! answer {
    ($example:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/", $example, "/response.json"))
    };
}

mod hand;
mod hand_emspay;
#[cfg(feature = "http")]
mod http;
mod inputs;
mod ours;
mod repeat;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if run(&arguments).is_some() {
        return ExitCode::SUCCESS;
    }
    eprintln!("usage: recurring-bench charge|serve|calls|many|journaled|sign|verify ..., as the source says");
    ExitCode::from(2)
}

fn run(arguments: &[&str]) -> Option<()> {
    let ["charge", gateway, way, times] = *arguments else {
        #[cfg(feature = "http")]
        return http::run(arguments);
        #[cfg(not(feature = "http"))]
        return None;
    };
    let times = times.parse().ok()?;
    let charged = match way {
        "ours" => ours::charge(gateway, times),
        "hand" => hand::charge(gateway, times),
        "inputs" => inputs::make(gateway, times),
        _ => false,
    };
    charged.then_some(())
}
