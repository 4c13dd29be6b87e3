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
pub use error::{ApiError, Error, FieldError};
pub use ops::charge_purchase::{ChargeAnswer, ChargePurchase};
pub use ops::client_record::{ClientDetails, ClientRecord};
pub use ops::create_client::CreateClient;
pub use ops::create_purchase::{CreatePurchase, Payer};
pub use ops::delete_recurring_token::DeleteRecurringToken;
pub use ops::get_client::GetClient;
pub use ops::get_purchase::GetPurchase;
pub use ops::list_recurring_tokens::{Cursor, ListRecurringTokens, Page, RecurringToken, RecurringTokens};
pub use ops::product::Product;
pub use ops::purchase::{
    Attempt, Decline, Purchase, PurchaseDetails, PurchasePayment, PurchasedProduct, TransactionData,
};
pub use recurring_core::retry::RetryPolicy;
pub use recurring_core::{
    BaseUrl, Currency, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, Outcome, Prepared,
    Proof, Reply, Secret,
};
pub use status::PurchaseStatus;
