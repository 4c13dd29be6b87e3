#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(any(
        feature = "omno",
        feature = "ngenius",
        feature = "tokenpay-signed",
        feature = "revio",
        feature = "emspay"
    )),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "without any gateway, what serves all of them serves none"
    )
)]

mod adapters;
mod assembly;
mod call;
mod capabilities;
mod card;
#[cfg(feature = "conformance")]
pub mod conformance;
mod credential;
mod customer;
mod detached;
mod error;
mod facade;
mod facts;
mod ids;
mod lost;
mod notification;
mod observe;
mod payment;
mod provider;
mod record;
mod request;
mod settings;
mod tables;

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
pub use call::Call;
pub use capabilities::{Capabilities, Operation};
pub use card::PaymentCard;
pub use credential::{
    Agreement, EmspayCredential, KnownToken, OmnoCredential, OtherCredential, PendingEnrolment,
    RevioCredential, ScheduleRef, StoredCredential, TokenpayCredential,
};
pub use customer::{Billing, Customer};
pub use error::{Error, GatewayError, ReceiveError, Refusal};
pub use facade::Facade;
pub use facts::{Facts, LostAnswer};
pub use ids::{PaymentRef, ProviderId};
pub use lost::{Found, LostCharge, Rebuilt};
pub use notification::{Authenticity, NotificationAnswer, ReceivedNotification};
pub use observe::describe_metrics;
pub use payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentStatus, Scheduled, StoredCard};
pub use provider::Provider;
pub use record::{NoRecord, Record, RecordError};
pub use recurring_core::notification::{
    LARGEST_BODY as LARGEST_NOTIFICATION, NotificationError, RawNotification,
};
pub use recurring_core::{
    AttemptId, Currency, DeclineReason, Effect, ErrorKind, GatewayTime, InvalidInput, Money, NotAfter,
    Outcome, Portion, Proof, RetryAdvice, Secret, Timestamp, Tls, UnknownWord,
};
pub use request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest, ScheduleRequest};
pub use settings::{GeneralSetting, Settings, SettingsError};
pub use tables::{ProviderTables, provider_tables};
