//! An operator's decision about one attempt.

use recurring_facade::{Facade, PaymentRef, Settings};
use recurring_journal::{Decided, Journal, JournalError};

use super::line::RecordLine;
use crate::arguments::{Decision, Resolve};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::text;

/// Records the decision, and shows what is known of the attempt, whether it was recorded or refused.
pub(super) async fn run(
    settings: &Settings,
    journal: &Journal,
    arguments: Resolve,
    out: &Output,
) -> Result<Exit, CliError> {
    let attempt = arguments.attempt.attempt()?;
    let before = journal.attempt(&attempt).await?;
    // Only its own gateway is asked: what is missing for others does not matter. One that cannot be asked is refused or
    // forced like one that does not answer.
    let facade = settings.facade_of(&before.provider).unwrap_or_else(|error| {
        out.problem(&format!("cannot ask {}: {error}", before.provider));
        Facade::new()
    });
    let decision = recurring_journal::Decision {
        what: arguments.decision.into(),
        payment: arguments.payment.map(PaymentRef::new),
        by: arguments.by,
        why: arguments.why,
        force: arguments.force,
    };
    let resolved = journal.resolve(&facade, &attempt, &decision).await;
    let known = match &resolved {
        Ok(record) => record.clone(),
        Err(_) => journal.attempt(&attempt).await?,
    };
    let mut human = format!("{attempt}\n{}", text::record(&known));
    let mut line = RecordLine::from(&known);
    // The newest line of the log is the decision; the one before is what the gateway has just shown.
    let events = journal.events(&attempt).await.unwrap_or_default();
    let looked =
        events.iter().rev().nth(usize::from(resolved.is_ok())).filter(|event| event.at >= before.updated);
    if let Some(note) = looked.and_then(|event| event.note.as_deref()) {
        human += &format!("\nlooked     {note}");
        line.looked = Some(note);
    }
    let exit = match resolved {
        Ok(_) => Exit::Done,
        // The gateway has settled it just now, as the operator says.
        Err(JournalError::NotToDecide { .. })
            if !before.state.is_final() && known.state == Decided::from(arguments.decision).state() =>
        {
            Exit::Done
        }
        Err(error) => {
            let error = CliError::from(error).of(&attempt);
            line.refused(&error);
            out.line(&line, &human);
            out.problem(&error.to_string());
            return Ok(Exit::from(&error));
        }
    };
    out.line(&line, &human);
    Ok(exit)
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Paid => Self::Paid,
            Decision::Authorized => Self::Authorized,
            Decision::Declined => Self::Declined,
            Decision::Canceled => Self::Canceled,
            Decision::NotApplied => Self::NotApplied,
        }
    }
}
