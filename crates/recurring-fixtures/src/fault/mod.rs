//! A server that misbehaves on demand, on loopback and over raw TCP, and the rows of what can go wrong.

mod check;
mod message;
mod rows;
mod server;

pub use check::{Sends, check, no_prelude};
pub use message::{Behavior, RawReply, Received, Script};
pub use rows::{Expected, Row, rows};
#[cfg(feature = "tls")]
pub(crate) use server::parse;
pub use server::{FaultServer, refused_url};
