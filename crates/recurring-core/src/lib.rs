#![doc = include_str!("../README.md")]

mod attempt;
mod base_url;
pub mod check;
mod decline;
mod error;
pub mod lenient;
mod message;
mod money;
mod not_after;
pub mod notification;
mod open_enum;
mod options;
mod outcome;
pub mod retry;
mod secret;
mod time;

pub use attempt::AttemptId;
pub use base_url::BaseUrl;
pub use check::InvalidInput;
pub use decline::{Advice, DeclineReason};
pub use error::{Effect, Error, ErrorKind, Proof, check_echo, read_success, require_echo};
pub use message::{Class, Method, Prepared, Reply, Unreadable};
pub use money::{Currency, Decimal, Money};
pub use not_after::NotAfter;
pub use options::HttpOptions;
pub use outcome::{Outcome, Portion, UnknownOutcome};
pub use secret::Secret;
pub use time::GatewayTime;

// The macro names serde through this crate, so that a gateway crate needs nothing extra to use it.
#[doc(hidden)]
pub use serde as __serde;
