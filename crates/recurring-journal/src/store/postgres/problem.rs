//! What the errors of the server and of the pool mean.

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::error::SqlState;

use crate::error::StoreError;

/// What the pool's hook says, so that it can be told from other errors: the pool carries text only.
pub(super) const FAILED_OVER: &str = "another place: ";

/// The unique indexes that decide between two tries of a period that are stored at once. The one that lost changed nothing,
/// and sees the other one when it is run again.
const DECIDED_BY: [&str; 2] = ["recurring_attempts_period", "recurring_attempts_series"];

/// Whether a statement changed nothing because another one was faster.
pub(super) fn lost_a_race(error: &tokio_postgres::Error) -> bool {
    let decided = error
        .as_db_error()
        .and_then(|reply| reply.constraint())
        .is_some_and(|index| DECIDED_BY.contains(&index));
    decided
        || matches!(
            error.code(),
            Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE)
        )
}

/// The error for what the server says. Its messages quote no value of a statement.
pub(super) fn problem(error: tokio_postgres::Error) -> StoreError {
    let Some(reply) = error.as_db_error() else {
        return StoreError::Lost(match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        });
    };
    let text = format!("{} ({})", reply.message(), reply.code().code());
    match reply.code() {
        &SqlState::DISK_FULL => StoreError::Full(text),
        &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::ReadOnly(text),
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED => StoreError::Locked(text),
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => StoreError::Corrupt(text),
        // 08: connection exceptions, 57P: the server ends or begins, 53: it has no room for one more connection.
        code if ["08", "57P", "53"].iter().any(|class| code.code().starts_with(class)) => {
            StoreError::Lost(text)
        }
        _ => StoreError::Failed(text),
    }
}

pub(super) fn pool_problem(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => problem(error),
        PoolError::PostCreateHook(HookError::Message(text)) => failed_over(&text),
        other => StoreError::Lost(other.to_string()),
    }
}

fn failed_over(text: &str) -> StoreError {
    let stamps = text.strip_prefix(FAILED_OVER).and_then(|rest| rest.split_once(' '));
    match stamps {
        Some((known, found)) => StoreError::FailedOver { found: found.to_owned(), known: known.to_owned() },
        None => StoreError::Lost(text.to_owned()),
    }
}
