#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod error;
mod key;
mod ops;
mod status;
mod wire;

pub use auth::{RequestSigner, SigningError, Unsigned};
pub use client::{Client, ClientBuilder};
pub use config::{Environment, MerchantId, TokenId};
pub use error::{ApiError, Error};
pub use key::{RsaSigner, verify_signature};
pub use ops::add_token::{AddToken, AddedToken};
pub use ops::callback::CallbackUrl;
pub use ops::delete_token::DeleteToken;
pub use ops::order::{Order, TokenOrder, Transaction};
pub use ops::query_token::{QueryToken, StoredToken};
pub use ops::recurring::Recurring;
pub use ops::sale::{LineItem, Sale};
pub use recurring_core::retry::RetryPolicy;
pub use recurring_core::{
    Currency, Decimal, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, Outcome, Prepared,
    Proof, Reply, Secret,
};
pub use status::{OrderStatus, TransactionStatus};
