#![doc = include_str!("../README.md")]

mod adapters;
mod credential;
mod error;
mod facade;
mod facts;
mod payment;
mod provider;
mod request;
mod settings;

#[cfg(feature = "emspay")]
pub use adapters::emspay::Emspay;
#[cfg(feature = "ngenius")]
pub use adapters::ngenius::Ngenius;
#[cfg(feature = "omno")]
pub use adapters::omno::{Omno, OmnoAddresses};
#[cfg(feature = "revio")]
pub use adapters::revio::Revio;
#[cfg(feature = "tokenpay-signed")]
pub use adapters::tokenpay_signed::TokenpaySigned;
pub use credential::{
    Agreement, EmspayCredential, KnownToken, OmnoCredential, PendingEnrolment, RevioCredential, ScheduleRef,
    StoredCredential, TokenpayCredential,
};
pub use error::{Error, GatewayError};
pub use facade::{Charger, Enroller, Facade, Scheduler};
pub use facts::{Facts, LostAnswer};
pub use payment::{
    Decline, EnrolStarted, Enrolment, Payment, PaymentRef, PaymentStatus, Scheduled, StoredCard,
};
pub use provider::{Charge, Enrol, NoRecord, Provider, ProviderId, Record, Schedule, Status, StoredCards};
pub use recurring_core::{
    AttemptId, Currency, Effect, ErrorKind, GatewayTime, InvalidInput, Money, Outcome, Proof, Secret,
};
pub use request::{Billing, ChargeRequest, Customer, EnrolRequest, ScheduleRequest};
pub use settings::{Settings, SettingsError};
