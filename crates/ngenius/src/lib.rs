#![doc = include_str!("../README.md")]

mod auth;
mod card;
mod client;
mod config;
mod error;
mod ops;
mod status;
mod wire;

pub use card::Card;
pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use error::{ApiError, ApiErrorDetail, Error};
pub use ops::create_recurring_payment::{CreateRecurringPayment, RecurringPayment};
pub use ops::get_order::GetOrder;
pub use ops::order::{Amount, AuthResponse, Order, Payment, PaymentMethod, SavedCard};
pub use recurring_core::retry::RetryPolicy;
pub use recurring_core::{
    Currency, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, Outcome, Prepared, Proof,
    Reply, Secret,
};
pub use status::{Action, Frequency, PaymentState, RecurringState};
