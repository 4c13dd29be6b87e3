#![doc = include_str!("../README.md")]

mod base_url;
mod bytes;
pub mod check;
mod error;
mod guard;
pub mod lenient;
mod limit;
pub mod notification;
mod observe;
mod open_enum;
mod operation;
mod options;
mod parts;
#[cfg(feature = "signature")]
pub mod pem;
mod reply;
mod request;
pub mod retry;
#[cfg(feature = "signature")]
pub mod signature;
mod token;
mod transport;
mod unknown_value;

pub use base_url::BaseUrl;
pub use error::{ErrorExt, check_echo, number_echo, read_long_success, read_success, require_echo};
#[cfg(feature = "metrics")]
pub use observe::describe_metrics;
pub use operation::Operation;
pub use reply::{ReplyExt, Unreadable};
pub use request::{Class, Method, PreparedRequest};
pub use token::{AccessToken, TokenCache, TokenSource};
pub use transport::Transport;
pub use unknown_value::UnknownValue;

// The macro names serde through this crate, so that a gateway crate needs nothing extra to use it.
#[doc(hidden)]
pub use recurring_core::Reply as __Reply;
#[doc(hidden)]
pub use serde as __serde;
