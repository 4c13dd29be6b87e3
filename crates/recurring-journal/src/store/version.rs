//! The version of the tables, and what a journal of another version is.

use crate::error::StoreError;

/// The version of the tables that this program reads and writes. An earlier one is migrated when the journal is opened, a
/// later one is refused. A change of the tables is a new version, with a step in both stores and a stored file in
/// `tests/migrations`.
pub(crate) const VERSION: i64 = 5;

/// What is said of a journal that cannot be migrated now.
pub(crate) fn in_use() -> StoreError {
    StoreError::Locked(
        "it has an earlier version and cannot be migrated while a process works on an attempt; end that process, and \
         open the journal again"
            .to_owned(),
    )
}
