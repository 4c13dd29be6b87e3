//! The one error of the journal that its reader of addresses knows.

/// Stands in for the journal's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the address of the journal {0}")]
    Address(String),
}
