use recurring_core::{ErrorKind, Timestamp};
use recurring_journal::{AttemptRecord, State};
use serde::{Deserialize, Serialize};

/// How an attempt stands. This is all that the engine is given about it: amount, payment and credential are in the
/// journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Standing {
    /// Its name.
    pub attempt: String,
    /// Its state in the journal.
    pub state: State,
    /// What went wrong when it was last sent, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
    /// Whether an operator decided it.
    #[serde(default)]
    pub decided: bool,
    /// In how many milliseconds the journal wants it to be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_in_ms: Option<u64>,
}

impl From<&AttemptRecord> for Standing {
    fn from(record: &AttemptRecord) -> Self {
        let now = Timestamp::now().unix_millis();
        let wait = |at: Timestamp| u64::try_from(at.unix_millis().saturating_sub(now)).unwrap_or_default();
        Self {
            attempt: record.attempt.to_string(),
            state: record.state,
            kind: record.ending.kind,
            decided: record.decided_by.is_some(),
            look_in_ms: record.next_look.map(wait),
        }
    }
}
