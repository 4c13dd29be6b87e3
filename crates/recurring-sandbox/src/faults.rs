//! Faults on command: what goes wrong, where, and how often.
//!
//! These files say what a fault is and which request it hits; `server.rs` makes it happen.

mod armed;
mod fault;
mod kind;
mod presets;
mod reply;
mod wire;

pub(crate) use armed::{Faults, Hit};
pub use fault::Fault;
pub(crate) use fault::Seen;
pub use kind::{FaultKind, Moment};
pub use presets::FaultPreset;
pub(crate) use reply::{changed, forge, instead};
