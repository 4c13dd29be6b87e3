use serde::Serialize;

use super::version::VERSION;

/// What a journal says of itself, read without opening it for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JournalInfo {
    /// The kind of the store: `sqlite`, `postgres`.
    pub kind: &'static str,
    /// The version of its tables.
    pub version: i64,
    /// The identity that it was given when it was created. A journal of version 1 gets one when it is migrated.
    pub identity: Option<String>,
    /// How many attempts there are in each state, in the words of its version. An enrolment is not counted.
    pub attempts: Vec<(String, u64)>,
}

impl JournalInfo {
    /// The version of the tables that this program reads and writes: opening a journal of an earlier one migrates it.
    pub const NEWEST: i64 = VERSION;

    /// Whether opening the journal for work migrates it.
    pub fn is_outdated(&self) -> bool {
        self.version < Self::NEWEST
    }
}
