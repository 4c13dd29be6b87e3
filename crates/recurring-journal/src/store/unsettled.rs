//! How much is not settled.

use std::time::Duration;

use recurring_core::Timestamp;
use recurring_facade::ProviderId;
use serde::Serialize;

use super::row::{instant, state, whole};
use crate::attempt::State;
use crate::error::StoreError;

/// How many attempts of one gateway are in one state in which something is still to be done, and how old they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unsettled {
    /// Which gateway.
    pub provider: ProviderId,
    /// [Armed](State::Armed), [pending](State::Pending), [unknown](State::Unknown), in [review](State::Review), or
    /// [planned](State::Planned) with a sealed credential, so that the next run charges it.
    pub state: State,
    /// How many. An enrolment is not counted.
    pub count: u64,
    /// When the oldest of them was armed; for one that never was, when it was stored.
    pub oldest: Timestamp,
    /// How long ago that was, by the clock of the store.
    pub age: Duration,
}

/// The columns of the query of both stores.
pub(crate) struct UnsettledRow {
    pub(crate) provider: String,
    pub(crate) state: String,
    pub(crate) count: i64,
    pub(crate) oldest: i64,
}

impl UnsettledRow {
    pub(crate) fn read(self, now: Timestamp) -> Result<Unsettled, StoreError> {
        let oldest = instant(self.oldest)?;
        Ok(Unsettled {
            provider: ProviderId::new(self.provider),
            state: state(&self.state)?,
            count: whole(self.count)?,
            oldest,
            age: now.duration_since(oldest),
        })
    }
}

/// The query, for the name of a table. What is open is read from one index of what is open, and what is planned from
/// another one: the length of the journal does not matter.
macro_rules! unsettled {
    ($table:literal) => {
        concat!(
            "SELECT provider, state, count(*), min(coalesce(armed, created)) FROM ",
            $table,
            " WHERE state IN ('armed', 'pending', 'unknown', 'review') AND operation <> 'enrolment'
             GROUP BY provider, state
             UNION ALL
             SELECT provider, 'planned', count(*), min(created) FROM ",
            $table,
            " WHERE state = 'planned' AND sealed IS NOT NULL AND operation = 'charge' GROUP BY provider
             ORDER BY 1, 2"
        )
    };
}
pub(crate) const UNSETTLED_SQLITE: &str = unsettled!("recurring_attempts");
#[cfg(feature = "postgres")]
pub(crate) const UNSETTLED_POSTGRES: &str = unsettled!("recurring.recurring_attempts");
