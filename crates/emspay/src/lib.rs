#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod error;
mod ops;
mod status;
mod wire;

pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use error::{ApiError, Error};
pub use ops::cancel_order::CancelOrder;
pub use ops::create_order::CreateOrder;
pub use ops::get_order::GetOrder;
pub use ops::order::{CardDetails, Order, Transaction};
pub use ops::series::Series;
pub use recurring_core::retry::RetryPolicy;
pub use recurring_core::{
    Currency, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, Outcome, Prepared, Proof,
    Reply, Secret,
};
pub use status::{OrderStatus, RecurringType, TransactionStatus};
