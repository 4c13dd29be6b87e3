//! A clock of the journal that runs faster than time.

use async_trait::async_trait;
use recurring_core::Timestamp;
use recurring_journal::store::Store;
use recurring_journal::{Clock, StoreError};

use crate::layered::Layer;

/// The same in each process that begins at the same moment.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "each test program uses a part of it")]
pub(crate) struct FastClock {
    start: i64,
    /// How many times faster.
    speed: i64,
    /// How far it is behind, in milliseconds.
    behind: i64,
}

#[allow(dead_code, reason = "each test program uses a part of it")]
impl FastClock {
    /// Begins now.
    pub(crate) fn from_now(speed: i64) -> Self {
        Self::from(Timestamp::now().unix_millis(), speed)
    }

    /// Began at this moment, in milliseconds since 1970.
    pub(crate) fn from(start: i64, speed: i64) -> Self {
        Self { start, speed, behind: 0 }
    }

    /// As fast as time, and so many days behind.
    pub(crate) fn behind(days: i64) -> Self {
        Self { behind: days * 24 * 60 * 60 * 1_000, ..Self::from_now(1) }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let since = Timestamp::now().unix_millis() - self.start;
        Timestamp::from_unix_millis(self.start + since * self.speed - self.behind).unwrap()
    }
}

#[async_trait]
impl Layer for FastClock {
    async fn now(&self, _: &dyn Store) -> Result<Timestamp, StoreError> {
        Ok(Clock::now(self))
    }
}
