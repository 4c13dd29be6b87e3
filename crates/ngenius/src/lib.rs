#![doc = include_str!("../README.md")]

mod auth;
mod card;
mod client;
mod config;
mod error;
pub mod notification;
mod ops;
mod outlet;
mod status;
mod wire;

pub use card::Card;
pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use error::{ApiError, ApiErrorDetail, Error};
pub use ops::amount::Amount;
pub use ops::capture::{Capture, Refund};
pub use ops::capture_payment::CapturePayment;
pub use ops::create_recurring_payment::{CreateRecurringPayment, RecurringPayment};
pub use ops::get_order::GetOrder;
pub use ops::order::Order;
pub use ops::pay_with_saved_card::PayWithSavedCard;
pub use ops::payment::{AuthResponse, Payment, PaymentMethod, SavedCard};
pub use ops::refund_payment::RefundPayment;
pub use ops::void_payment::VoidPayment;
pub use outlet::{AtOutlet, Outlet};
pub use recurring_core::RetryPolicy;
pub use recurring_core::{
    Currency, DeclineReason, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, NotAfter,
    Outcome, Proof, Reply, RetryAdvice, Secret, Tls,
};
pub use recurring_gateway::{Method, Operation, PreparedRequest, UnknownValue};
pub use status::{Action, Frequency, PaymentState, RecurringState, documented_outcomes};
