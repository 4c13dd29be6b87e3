#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod decline;
mod error;
pub mod notification;
mod ops;
mod status;
mod wire;

pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use error::{ApiError, Error};
pub use ops::cancel_order::CancelOrder;
pub use ops::capture_transaction::CaptureTransaction;
pub use ops::create_order::CreateOrder;
pub use ops::get_currencies::{Currencies, GetCurrencies};
pub use ops::get_order::GetOrder;
pub use ops::list_orders::ListOrders;
pub use ops::order::Order;
pub use ops::refund_order::{Refund, RefundOrder};
pub use ops::series::Series;
pub use ops::transaction::{CardDetails, Transaction};
pub use ops::update_order::UpdateOrder;
pub use recurring_core::RetryPolicy;
pub use recurring_core::{
    Currency, DeclineReason, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, NotAfter,
    Outcome, Proof, Reply, RetryAdvice, Secret, Tls,
};
pub use recurring_gateway::{Operation, PreparedRequest, UnknownValue};
pub use status::{OrderStatus, RecurringType, TransactionStatus, documented_outcomes};
