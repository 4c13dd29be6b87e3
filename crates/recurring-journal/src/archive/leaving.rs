//! An attempt on its way into the file.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::attempt::{AttemptRecord, Event};
use crate::error::{JournalError, StoreError};
use crate::store::Departure;

/// Names that are looked at together: a page is one read, one wait for the disk and one short transaction.
pub(super) const PAGE: u32 = 500;

/// An attempt as it is in the file.
#[derive(Serialize)]
struct Line<'a> {
    attempt: &'a AttemptRecord,
    events: &'a [Event],
}

/// An attempt that is about to leave, and its line in the file.
pub(super) struct Leaving {
    pub(super) line: String,
    pub(super) digest: String,
    pub(super) departure: Departure,
}

impl Leaving {
    pub(super) fn new(record: &AttemptRecord, events: &[Event]) -> Result<Self, JournalError> {
        let line = serde_json::to_string(&Line { attempt: record, events })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let digest = digest(line.as_bytes());
        let note = format!("archived: sha256 {digest}");
        let departure = Departure::of(record, note);
        Ok(Self { line, digest, departure })
    }
}

/// The SHA-256 of a line, as `sha256sum` prints it.
pub(super) fn digest(line: &[u8]) -> String {
    Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect()
}
