//! Old attempts leave for a file; their names stay.

mod file;
mod leaving;

use std::path::Path;

use recurring_core::Timestamp;
use serde::Serialize;

use crate::error::JournalError;
use crate::journal::Journal;
use crate::store::Departure;
use file::{ArchiveFile, Header};
use leaving::{Leaving, PAGE};

/// What an archiving has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Archived {
    /// How many attempts left.
    pub attempts: u64,
    /// How many are in the file and stayed in the journal, since something was learned of them meanwhile.
    pub stayed: u64,
}

impl Journal {
    /// Moves old attempts with their logs into a file: those in a final state that were last changed before `before`.
    /// Nothing is sent.
    ///
    /// Each becomes one line of JSON with the members `attempt` and `events`. It is on the disk before anything is taken
    /// out of the journal. What stays is a tombstone: the name, the state, the amount, the payment, the answer, the try of
    /// a series and the digest of the credential, and one line of the log with the SHA-256 of the line in the file. So the
    /// name is never charged again, the payment still belongs to this attempt, and no period is charged a second time.
    /// The log and the sealed credential leave; the sealed credential is not in the file.
    ///
    /// Call it again with the same file and the same time to go on after an interruption: nothing is lost, and no line is
    /// written twice. It may run while the journal is in use. A page of it takes a short transaction.
    ///
    /// # Errors
    /// When `before` is in the future, the file belongs to another journal or another `before`, or cannot be written; when
    /// the store fails. What the file does not have is still in the journal.
    pub async fn archive(&self, before: Timestamp, file: &Path) -> Result<Archived, JournalError> {
        let now = self.now().await?;
        if before > now {
            let rule = format!("must not be in the future (it is {now} for the journal)");
            return Err(JournalError::Invalid { field: "before", rule });
        }
        let header = Header { archive: 1, journal: self.identity().to_owned(), before };
        let mut file = on_thread({
            let path = file.to_owned();
            move || ArchiveFile::open(&path, &header)
        })
        .await?;
        let (mut after, mut done) = (None, Archived::default());
        loop {
            let page = self.store().archivable(after.as_ref(), before, PAGE).await?;
            let Some(last) = page.last else { return Ok(done) };
            after = Some(last);
            let leaving = page
                .attempts
                .iter()
                .map(|(record, events)| Leaving::new(record, events))
                .collect::<Result<Vec<_>, _>>()?;
            if leaving.is_empty() {
                continue;
            }
            let (written, leaving) = on_thread(move || {
                file.write(&leaving)?;
                Ok((file, leaving))
            })
            .await?;
            file = written;
            let departures: Vec<Departure> = leaving.into_iter().map(|leaving| leaving.departure).collect();
            let left = self.store().archive(&departures, self.now().await?).await?;
            done.attempts += left;
            done.stayed += u64::try_from(departures.len()).unwrap_or(u64::MAX).saturating_sub(left);
        }
    }
}

/// Files wait for the disk.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, JournalError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(JournalError::ArchiveFile(error.to_string())),
        Err(_) => Err(JournalError::CutOff),
    }
}
