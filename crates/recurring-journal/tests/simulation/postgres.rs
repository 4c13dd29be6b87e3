//! The crashes of the simulation, on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]
#![allow(dead_code, reason = "the other program of the simulation uses the rest")]

#[path = "../suite/mod.rs"]
mod suite;
#[path = "../world/mod.rs"]
mod world;

mod crashes;
mod hooked;
mod judge;
mod lives;
mod process;
#[cfg(feature = "statement")]
mod statement;

pub(crate) use crashes::every;
use crashes::every_crash_with_every_fault;
use process::Bench;
use recurring_facade::ProviderId;

fn revio_on_postgresql() {
    every_crash_with_every_fault(&Bench::postgres(ProviderId::REVIO));
}

recurring_fixtures::tests! {
    needs PostgreSql: [revio_on_postgresql];
}
