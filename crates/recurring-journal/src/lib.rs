#![doc = include_str!("../README.md")]

mod address;
mod attempt;
mod breaker;
mod clock;
mod decide;
mod ending;
mod enrol;
mod error;
mod inbox;
mod intent;
mod journal;
mod perform;
mod plan;
mod policy;
mod reconcile;
mod resolve;
mod resume;
mod run;
mod seal;
pub mod store;

pub use address::Address;
pub use attempt::{AttemptRecord, Ending, Event, Fence, Operation, State};
pub use breaker::Breaker;
pub use clock::{Clock, SystemClock};
pub use error::{JournalError, StoreError};
pub use inbox::{Delivery, InboxEntry};
pub use intent::Intent;
pub use journal::{Journal, JournalBuilder};
pub use perform::Answer;
pub use plan::{PlanStatement, PlanValue};
pub use policy::Policy;
pub use reconcile::Reconciled;
pub use resolve::{Decided, Decision};
pub use resume::Resumed;
pub use run::{BillingRun, Refusal, Report, ShutdownHandle, SkipReason, Summary, UnreadableLine};
pub use seal::EncryptionKey;
