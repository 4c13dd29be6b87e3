//! Reads `fixtures/` and runs a fault server on loopback, for the tests of this workspace.
//!
//! It depends on no other crate of the workspace and shares no type with the clients: what they send and read is judged
//! from outside. A missing or ill-formed fixture stops the test that asked for it, with a message that says what is wrong.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "only tests use this crate: stopping the test with a clear message is how it reports"
)]

mod case;
pub mod fault;
pub mod harness;
mod json;
pub mod lint;
pub mod logs;
pub mod metrics;
pub mod openssl;
pub mod postgres;
pub mod prometheus;
pub mod random;
pub mod redaction;
pub mod restate;
#[cfg(feature = "tls")]
pub mod tls;
pub mod variants;

pub use case::{Case, Meta, RequestMeta, ResponseMeta, root};
pub use json::minify;

/// 32 different bytes, to use as an encryption key: another key for each number.
pub fn key(number: u8) -> [u8; 32] {
    let mut next = number.wrapping_mul(41);
    std::array::from_fn(|_| {
        next = next.wrapping_add(7);
        next
    })
}
