#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod error;
pub mod notification;
mod ops;
mod shape;
mod status;
mod wire;

pub use client::{Client, ClientBuilder};
pub use config::{Credentials, Environment};
pub use error::{ApiError, Error};
pub use ops::create_payment::{Addresses, Billing, CreatePayment, CreatedPayment};
pub use ops::get_payment::{GetPayment, Payment};
pub use ops::list_cards::{Card, ListCards};
pub use recurring_core::RetryPolicy;
pub use recurring_core::{
    Currency, DeclineReason, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, NotAfter,
    Outcome, Proof, Reply, RetryAdvice, Secret, Tls,
};
pub use recurring_gateway::{Operation, PreparedRequest, UnknownValue};
pub use status::{PaymentStatus, documented_outcomes};
