//! One run: charges what it is given, and reports each attempt.

use std::collections::BTreeMap;

use recurring_facade::Facade;
use recurring_journal::{BillingRun, Journal, Report, SkipReason, State, Summary};

use super::input::Charges;
use super::progress::Progress;
use super::text;
use super::worst::{failed, worse};
use crate::arguments::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::line::{Line, Other, Word};
use crate::output::Output;
use crate::signal::stopped;

/// What one run charges.
pub(super) struct Billing {
    /// The lines; without them, what is planned.
    pub(super) input: Option<Charges>,
    pub(super) total: Option<u64>,
    pub(super) planned: bool,
}

/// Charges it, and reports each attempt. Answers whether it came to its end, too.
pub(super) async fn charge_all(
    journal: &Journal,
    facade: &Facade,
    arguments: &Run,
    charges: Billing,
    out: &Output,
) -> Result<(Exit, bool), CliError> {
    let mut billing = BillingRun::new(journal, facade).with_concurrency(arguments.concurrency);
    if let Some(rate) = arguments.rate {
        billing = billing.with_rate(rate);
    }
    let shutdown_handle = billing.shutdown_handle();
    let interrupted = tokio::spawn(async move {
        stopped().await;
        shutdown_handle.stop();
    });
    let mut progress = Progress::start(charges.total, out);
    let mut worst = Exit::Done;
    let mut paused = BTreeMap::new();
    let report = |report: Report| {
        if let Report::Skipped { provider, why: SkipReason::Paused(why), .. } = &report {
            paused.insert(provider.clone(), why.clone());
        }
        let (line, exit) = describe(&report);
        worst = worse(worst, exit);
        progress.count(&report);
        progress.line(&line, text::notable(&report, &line), out);
    };
    let given = charges.input.is_some();
    let summary = match charges.input {
        Some(input) => billing.run(input, report).await,
        None => billing.planned(report).await,
    };
    interrupted.abort();
    progress.finish();
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            let error = CliError::from(error);
            out.problem(&error.to_string());
            return Ok((worse(worst, Exit::from(&error)), false));
        }
    };
    let nothing = summary == Summary::default();
    if nothing && given {
        // A broken export looks like a month with nothing due.
        out.problem("the input has no line: nothing was charged");
    } else {
        out.progress(&text::summary(&summary, charges.planned));
    }
    for (provider, why) in paused {
        out.problem(&format!("charges at {provider} were left: {why}"));
    }
    for (provider, refusal) in &summary.refusing {
        worst = worse(worst, Exit::NotApplied);
        out.problem(&text::refusal(provider, refusal, charges.planned));
    }
    let exit = if summary.left > 0 || summary.stopped { worse(worst, Exit::Pending) } else { worst };
    Ok((exit, !summary.stopped))
}

/// One attempt as a line, and as bad as it is.
fn describe(report: &Report) -> (Line, Exit) {
    match report {
        Report::Made(answer) => {
            let record = &answer.record;
            let line = Line {
                state: Some(record.state),
                again: answer.again,
                recorded: answer.unrecorded.as_ref().map(|_| false),
                ..Line::record(record)
            };
            let exit = match record.state {
                // A decline is an ordinary end of a charge, and so is one that was not applied: what concerns the whole
                // gateway is in the summary.
                State::Declined | State::Canceled | State::NotApplied => Exit::Done,
                // The money was not taken: the customer's part or a capture is still to come.
                State::Authorized | State::Pending => Exit::Pending,
                _ => Exit::from(record),
            };
            (line, exit)
        }
        Report::Skipped { attempt, provider, why } => {
            let why = match why {
                SkipReason::InProgress => "another process has it".to_owned(),
                SkipReason::Paused(why) => why.clone(),
                SkipReason::Refusing(refusal) => format!("nothing more is sent to {provider}: {refusal}"),
                SkipReason::Stopped => "the run was stopped".to_owned(),
                _ => "left for the next run".to_owned(),
            };
            let line = Line {
                provider: Some(provider.clone()),
                attempt: Some(attempt.clone()),
                outcome: Some(Word::Other(Other::Left)),
                message: Some(why),
                ..Line::default()
            };
            (line, Exit::Pending)
        }
        Report::Refused { attempt, provider, error } => {
            failed(&CliError::from(error).at(provider).of(attempt))
        }
        Report::Unreadable(problem) => failed(&CliError::usage(problem.to_string())),
        _ => failed(&CliError::io("a report of a kind that this version does not know")),
    }
}
