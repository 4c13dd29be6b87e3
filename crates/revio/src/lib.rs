#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod config;
mod decline;
mod error;
pub mod notification;
mod ops;
mod recurring_tokens;
mod status;
mod wire;

pub use client::{Client, ClientBuilder};
pub use config::Environment;
pub use decline::documented_declines;
pub use error::{ApiError, Error, FieldError};
pub use ops::amounts::AmountMatch;
pub use ops::cancel_purchase::CancelPurchase;
pub use ops::capture_purchase::{CaptureAnswer, CapturePurchase};
pub use ops::change_client::ChangeClient;
pub use ops::charge_purchase::{ChargeAnswer, ChargePurchase};
pub use ops::client_record::{ClientDetails, ClientRecord};
pub use ops::create_client::CreateClient;
pub use ops::create_purchase::{CreatePurchase, Payer};
pub use ops::delete_client::DeleteClient;
pub use ops::delete_purchase_recurring_token::DeletePurchaseRecurringToken;
pub use ops::delete_recurring_token::DeleteRecurringToken;
pub use ops::get_client::GetClient;
pub use ops::get_purchase::GetPurchase;
pub use ops::list_recurring_tokens::{Cursor, ListRecurringTokens, Page, RecurringToken};
pub use ops::payment::{Payment, RelatedTo};
pub use ops::payment_methods::{PaymentMethods, PaymentMethodsQuery};
pub use ops::product::Product;
pub use ops::public_key::GetPublicKey;
pub use ops::purchase::{
    Attempt, Decline, Purchase, PurchaseDetails, PurchasePayment, PurchasedProduct, TransactionData,
};
pub use ops::purchase_card::PurchaseCard;
pub use ops::refund_purchase::{RefundAnswer, RefundPurchase};
pub use ops::release_purchase::ReleasePurchase;
pub use ops::update_client::UpdateClient;
pub use recurring_core::RetryPolicy;
pub use recurring_core::{
    Currency, DeclineReason, Effect, ErrorKind, GatewayTime, HttpOptions, InvalidInput, Money, NotAfter,
    Outcome, Proof, Reply, RetryAdvice, Secret, Tls,
};
pub use recurring_gateway::signature::PublicKey;
pub use recurring_gateway::{BaseUrl, Operation, PreparedRequest, UnknownValue};
pub use recurring_tokens::RecurringTokens;
pub use status::{PurchaseStatus, documented_outcomes};
