#![doc = include_str!("../README.md")]

mod answer;
mod call;
mod cards;
mod clock;
mod connection;
mod control;
mod face;
mod faults;
mod gateways;
mod ids;
mod json;
mod keys;
mod ledger;
mod outbox;
mod page;
mod record;
mod sandbox;
mod send;
mod server;
mod shelf;
mod stopped;
mod world;

pub use faults::{Fault, FaultKind, Moment};
pub use ledger::{Delivery, Exchange, LedgerEntry, LedgerKind};
pub use sandbox::{Sandbox, SandboxBuilder};
pub use stopped::stopped;
