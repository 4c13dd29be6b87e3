//! What needs more than the gateways' crates: charges over TLS and through a journal, and signatures.

mod calls;
mod chargers;
mod journaled;
mod server;
mod signatures;

use chargers::Charger;

pub(crate) fn run(arguments: &[&str]) -> Option<()> {
    match *arguments {
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
