#![doc = include_str!("../README.md")]

mod attempt;
mod base64_forms;
mod currency;
mod decline;
mod error;
mod headers;
mod invalid_input;
mod money;
mod not_after;
pub mod notification;
mod options;
mod outcome;
mod reply;
mod retry;
mod secret;
mod secret_forms;
mod secret_starts;
mod time;
mod timestamp;
// For the macros, which name their error through it.
#[doc(hidden)]
pub mod words;

pub use attempt::AttemptId;
pub use currency::Currency;
pub use decline::{DeclineReason, RetryAdvice};
pub use error::{Effect, Error, ErrorKind, Proof};
pub use headers::Headers;
pub use invalid_input::InvalidInput;
pub use money::{Decimal, Money};
pub use not_after::NotAfter;
pub use options::{HttpOptions, Tls};
pub use outcome::{Outcome, Portion};
pub use reply::Reply;
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use secret_forms::SecretForms;
pub use secret_starts::SecretStarts;
pub use time::GatewayTime;
pub use timestamp::Timestamp;
pub use words::UnknownWord;
