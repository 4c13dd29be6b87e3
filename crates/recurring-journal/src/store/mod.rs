//! Where attempts are kept.

mod archive;
mod change;
mod contract;
mod failover;
mod info;
pub(crate) mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
#[doc(hidden)]
pub mod sealed;
mod sqlite;
mod unsettled;
mod version;

pub use archive::{Archivable, Departure};
pub use change::{Change, Claim, Due, Filter, Late, Lease, Owners};
pub use contract::Store;
pub use failover::{Acknowledged, Failover, FoundCharge};
pub use info::JournalInfo;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
pub use unsettled::Unsettled;

pub(crate) use failover::{NOTE_RULE, missing_note};
