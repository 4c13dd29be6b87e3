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
        include_bytes!(concat!("../../../fixtures/", $example, "/response.json"))
    };
}

mod calls;
mod chargers;
mod hand;
mod hand_emspay;
mod inputs;
mod journaled;
mod ours;
mod repeat;
mod server;
mod signatures;

use std::process::ExitCode;

use chargers::Charger;

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
    match *arguments {
        ["charge", gateway, "ours", times] => {
            return ours::charge(gateway, times.parse().ok()?).then_some(());
        }
        ["charge", gateway, "hand", times] => {
            return hand::charge(gateway, times.parse().ok()?).then_some(());
        }
        ["charge", gateway, "inputs", times] => {
            return inputs::make(gateway, times.parse().ok()?).then_some(());
        }
        ["serve", certificate, key] => server::serve(certificate, key),
        ["calls", way, port, root, times] => {
            calls::one_by_one(&Charger::new(way, port, root)?, port, root, times.parse().ok()?);
        }
        ["many", way, port, root, times] => {
            calls::many(&Charger::new(way, port, root)?, port, root, times.parse().ok()?);
        }
        ["journaled", "none", times] => journaled::charge(false, times.parse().ok()?),
        ["journaled", "recorder", times] => journaled::charge(true, times.parse().ok()?),
        ["sign", key, times] => signatures::sign(key, times.parse().ok()?),
        ["verify", key, times] => signatures::verify(key, times.parse().ok()?),
        _ => return None,
    }
    Some(())
}
