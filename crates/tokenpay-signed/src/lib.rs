#![doc = include_str!("../README.md")]

mod account;
mod auth;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod client;
mod config;
mod error;
mod key;
pub mod notification;
mod ops;
mod status;
mod wire;

pub use account::{Account, ForAccount};
pub use auth::{RequestSigner, SigningError, with_signature};
#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcSigner;
pub use client::{Client, ClientBuilder};
pub use config::{Environment, MerchantId, TokenId};
pub use error::{ApiError, Error};
pub use key::{RsaSigner, verify_signature};
pub use ops::add_token::{AddToken, AddedToken};
pub use ops::callback::CallbackUrl;
pub use ops::delete_token::DeleteToken;
pub use ops::order::{Order, TokenOrder, Transaction};
pub use ops::order_key::{OrderApi, OrderKey};
pub use ops::query_order::QueryOrder;
pub use ops::query_token::{QueryToken, StoredToken};
pub use ops::recurring::Recurring;
pub use ops::refund_order::RefundOrder;
pub use ops::reversal::Reversal;
pub use ops::sale::{LineItem, Sale};
pub use ops::void_order::VoidOrder;
pub use recurring_core::RetryPolicy;
pub use recurring_core::{
    Currency, Decimal, DeclineReason, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money,
    NotAfter, Outcome, Proof, Reply, RetryAdvice, Secret, Tls,
};
pub use recurring_gateway::signature::PublicKey;
pub use recurring_gateway::{Operation, PreparedRequest, UnknownValue};
pub use status::{GivenBack, OrderStatus, TransactionStatus, documented_outcomes};
