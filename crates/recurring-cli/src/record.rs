//! Showing what became of an attempt.

use std::fmt::Write;

use recurring_facade::{Agreement, AttemptId, Error, Payment, ProviderId};
use recurring_journal::{Answer, AttemptRecord, JournalError, Operation, StoreError};

use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Line;
use crate::output::Output;
use crate::text;

/// A result that is not printed yet.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) line: Line,
    pub(crate) human: String,
    pub(crate) exit: Exit,
    pub(crate) error: Option<CliError>,
}

impl Shown {
    /// A payment as the gateway shows it.
    pub(crate) fn payment(attempt: Option<&AttemptId>, payment: &Payment) -> Self {
        let (line, human) = (Line::payment(attempt, payment), text::payment(payment));
        Self { line, human, exit: payment.outcome.into(), error: None }
    }

    /// A refund as the gateway shows it.
    pub(crate) fn refund(attempt: Option<&AttemptId>, payment: &Payment) -> Self {
        Self { human: text::refund(payment), ..Self::payment(attempt, payment) }
    }

    /// An error.
    pub(crate) fn error(error: CliError) -> Self {
        let (line, exit) = (Line::error(&error), Exit::from(&error));
        Self { line, human: String::new(), exit, error: Some(error) }
    }

    /// An attempt after the journal was asked to make it.
    pub(crate) fn answer(answer: &Answer, out: &Output) -> Self {
        let record = &answer.record;
        let mut shown = match (&answer.payment, &answer.error) {
            (Some(payment), _) if record.operation == Operation::Refund => {
                Self::refund(Some(&record.attempt), payment)
            }
            (Some(payment), _) => Self::payment(Some(&record.attempt), payment),
            (None, Some(error)) => Self::error(CliError::from(error).of(&record.attempt)),
            (None, None) => Self {
                line: Line::record(record),
                human: text::record(record),
                exit: Exit::from(record),
                error: None,
            },
        };
        shown.line.state = Some(record.state);
        if answer.again {
            shown.line.again = true;
            shown.human += "\nthis attempt was made before: nothing was sent now";
        }
        if let Some(Agreement::GatewayScheduled(schedule)) = &answer.agreement {
            shown.line.schedule = Some(schedule.order_reference.clone());
            let _ = write!(shown.human, "\nschedule  {}", schedule.order_reference);
        }
        if let Some(problem) = &answer.unrecorded {
            shown.line.recorded = Some(false);
            out.problem(&format!(
                "cannot record this result: {problem}; run `recurring journal reconcile` to look it up"
            ));
        }
        shown
    }

    /// Names the enrolment whose payment this is, as the journal has it now.
    pub(crate) fn recorded(&mut self, record: Result<Option<AttemptRecord>, StoreError>, out: &Output) {
        match record {
            Ok(Some(record)) => {
                let _ = write!(
                    self.human,
                    "\nattempt   {}, in the journal: {}",
                    record.attempt,
                    text::state(&record)
                );
                self.line.state = Some(record.state);
                self.line.attempt = Some(record.attempt);
            }
            Ok(None) => {}
            Err(problem) => {
                self.line.recorded = Some(false);
                out.problem(&format!(
                    "cannot record how the enrolment ended: {problem}; run the command again, which only reads"
                ));
            }
        }
    }

    /// Prints it. Gives its exit code.
    pub(crate) fn print(self, out: &Output) -> Exit {
        match &self.error {
            Some(error) => out.error_with(&self.line, error),
            None => {
                out.line(&self.line, &self.human);
                self.exit
            }
        }
    }
}

/// Shows what became of an attempt that the journal was asked to make.
pub(crate) fn ended(
    attempt: &AttemptId,
    provider: &ProviderId,
    result: Result<Answer, JournalError>,
    out: &Output,
) -> Result<Exit, CliError> {
    match result {
        Ok(answer) => Ok(Shown::answer(&answer, out).print(out)),
        Err(error) => Err(CliError::from(error).at(provider).of(attempt)),
    }
}

/// Shows what became of an attempt that no journal knows.
pub(crate) fn unrecorded(
    attempt: &AttemptId,
    result: Result<Payment, Error>,
    out: &Output,
) -> Result<Exit, CliError> {
    match result {
        Ok(payment) => Ok(Shown::payment(Some(attempt), &payment).print(out)),
        Err(error) => Err(CliError::from(error).of(attempt)),
    }
}
