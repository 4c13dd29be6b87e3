//! What SQLite's calls need, and what its errors mean.

use crate::error::StoreError;

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Failed(error.to_string()))?
}

pub(super) fn closed() -> StoreError {
    StoreError::Failed("the journal was closed".to_owned())
}

/// The error for what SQLite says.
pub(super) fn problem(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(Code::DiskFull) => StoreError::Full(text),
        Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => StoreError::ReadOnly(text),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Locked(text),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}
