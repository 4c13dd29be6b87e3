#![doc = include_str!("../README.md")]

mod anchor;
mod attempt;
mod calendar;
mod class;
mod codes;
#[cfg(feature = "core")]
mod core_types;
mod cycle;
mod decline;
mod error;
mod expiry;
mod gateways;
mod history;
mod interval;
mod limits;
mod name;
mod period;
mod policy;
mod preview;
mod retry;
mod zone;

pub use anchor::Anchor;
pub use attempt::{Amount, Attempt, AttemptState, Initiator};
pub use calendar::{Mark, calendar};
pub use class::DeclineClass;
pub use codes::{RESPONSE_CODES, VISA_NEVER};
#[cfg(feature = "core")]
pub use core_types::{from_core_time, to_core_time};
pub use cycle::{BillingCycle, End, MonthEnd, Periods};
pub use decline::{Decline, Scheme};
pub use error::ScheduleError;
pub use expiry::{ExpiryDate, credentials_expiring};
pub use gateways::{GATEWAYS, GatewayRules, SeriesEnd, Watched};
pub use history::History;
pub use interval::{Interval, Unit};
// The types of the calendar and of moments, so that a program can name them in the version that is meant.
pub use jiff;
pub use limits::{Limit, MASTERCARD_DAY, MASTERCARD_MONTH, VISA_MONTH, VISA_MONTH_BEFORE, VISA_MONTH_SINCE};
pub use name::{AttemptName, PeriodLabel, SubscriptionId};
pub use period::Period;
pub use policy::{Hours, Preset, RetryPolicy};
pub use preview::preview;
pub use retry::{CustomerReason, Decision, NextTry, StopReason, next};
pub use zone::Zone;
