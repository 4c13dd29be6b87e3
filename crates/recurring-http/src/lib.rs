#![doc = include_str!("../README.md")]

mod limit;
mod token;
mod transport;

pub use token::{AccessToken, TokenCache};
pub use transport::Transport;
