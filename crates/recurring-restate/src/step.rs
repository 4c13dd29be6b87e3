//! The steps that the engine may repeat: each asks the journal, which charges at most once.

use recurring_core::AttemptId;
use recurring_journal::{Decided, Decision, JournalError, State, StoreError};
use restate_sdk::errors::{HandlerError, TerminalError};
use serde::{Deserialize, Serialize};

use crate::standing::Standing;
use crate::worker::Worker;

/// What was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Charge,
    Refund,
}

impl Make {
    /// The name of the step.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
        }
    }
}

/// An operator's decision about an attempt in review, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolve {
    /// `paid`, `authorized`, `declined`, `canceled` or `not_applied`.
    what: State,
    by: String,
    why: String,
    /// The gateway's identifier of the payment, where the operator found it.
    #[serde(default)]
    payment: Option<String>,
}

impl Worker {
    /// **Moves money**, at most once for the name, however often the engine repeats it.
    pub(crate) async fn make(&self, attempt: &AttemptId, make: Make) -> Result<Standing, HandlerError> {
        let answer = match make {
            Make::Charge => self.journal.charge_planned(&self.facade, attempt).await,
            Make::Refund => self.journal.refund_planned(&self.facade, attempt).await,
        };
        let answer = answer.map_err(|error| self.repeatable(error))?;
        if answer.unrecorded.is_some() {
            // What is stored counts: this worker may be the only one that knows more, and may die now.
            return self.show(attempt).await;
        }
        Ok(Standing::from(&answer.record))
    }

    /// Looks the attempt up. It only reads, and never sends a charge again.
    pub(crate) async fn look(&self, attempt: &AttemptId) -> Result<Standing, HandlerError> {
        match self.journal.look(&self.facade, attempt).await.map_err(|error| self.repeatable(error))? {
            Some(looked) => Ok(Standing::from(&looked.record)),
            None => self.show(attempt).await,
        }
    }

    /// Reads the record.
    pub(crate) async fn show(&self, attempt: &AttemptId) -> Result<Standing, HandlerError> {
        Ok(Standing::from(&self.journal.attempt(attempt).await.map_err(|error| self.repeatable(error))?))
    }

    /// Records an operator's decision. Forcing one is left to the program `recurring`, where the rules are printed.
    pub(crate) async fn resolve(
        &self,
        attempt: &AttemptId,
        decision: Resolve,
    ) -> Result<Standing, HandlerError> {
        let what = match decision.what {
            State::Paid => Decided::Paid,
            State::Authorized => Decided::Authorized,
            State::Declined => Decided::Declined,
            State::Canceled => Decided::Canceled,
            State::NotApplied => Decided::NotApplied,
            other => {
                return Err(refused(format!(
                    "`what` is {other}: decide paid, authorized, declined, canceled or not_applied"
                )));
            }
        };
        let payment = decision.payment.map(recurring_facade::PaymentRef::new);
        let decision = Decision { what, payment, by: decision.by, why: decision.why, force: false };
        let decided = self.journal.resolve(&self.facade, attempt, &decision).await;
        Ok(Standing::from(&decided.map_err(|error| self.repeatable(error))?))
    }
}

/// Reads the key of an object.
pub(crate) fn attempt_id(key: &str) -> Result<AttemptId, HandlerError> {
    AttemptId::new(key).map_err(|error| refused(error.to_string()))
}

/// An error that the engine does not repeat: the caller wrote something wrong.
pub(crate) fn refused(message: String) -> HandlerError {
    TerminalError::new_with_code(400, message).into()
}

impl Worker {
    /// A store that cannot be reached is asked again, for as long as it takes; what was handed in wrongly is not. Either way
    /// nothing was sent by the step that failed, or the journal knows that it may have been.
    pub(crate) fn repeatable(&self, error: JournalError) -> HandlerError {
        match error {
            JournalError::Store(StoreError::NoSuchAttempt) => {
                TerminalError::new_with_code(404, error.to_string()).into()
            }
            JournalError::Store(_) | JournalError::CutOff => {
                if let JournalError::Store(StoreError::FailedOver { found, known }) = &error {
                    self.taken_over.send_replace(Some((found.clone(), known.clone())));
                }
                HandlerError::from(error)
            }
            other => refused(other.to_string()),
        }
    }
}
