#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod error;
pub mod notification;
mod ops;
mod status;
mod wire;

pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use error::{ApiError, Error};
pub use ops::create_payment::{CreatePayment, Payment};
pub use recurring_core::{
    Currency, Effect, ErrorKind, HttpOptions, InvalidInput, Money, NotAfter, Outcome, Proof, Reply,
    RetryPolicy, Secret,
};
pub use recurring_gateway::{Operation, PreparedRequest};
pub use status::{PaymentStatus, documented_outcomes};
