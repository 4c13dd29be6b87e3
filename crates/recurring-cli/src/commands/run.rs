//! The billing run: one JSON object a line in, one a line out.

mod charge_line;
mod input;
mod progress;
mod text;

use std::collections::BTreeMap;

use recurring_journal::{BillingRun, Report, SkipReason, State, Summary};

use self::progress::Progress;
use crate::arguments::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::journal_settings;
use crate::line::{Line, Other, Word};
use crate::output::Output;
use crate::session::Session;
use crate::signal::stopped;

pub(crate) async fn run(session: &Session, arguments: Run, out: &Output) -> Result<Exit, CliError> {
    let input = arguments.input()?;
    let journal = session.needed().await?;
    if arguments.planned && journal_settings::key(&session.settings).is_none() {
        return Err(CliError::configuration(
            "cannot charge what is planned: RECURRING_JOURNAL_KEY is not set; set it to the key under which the journal \
             keeps stored credentials",
        ));
    }
    let facade = session.settings.facade()?;
    let mut billing = BillingRun::new(&journal, &facade).with_concurrency(arguments.concurrency);
    if let Some(rate) = arguments.rate {
        billing = billing.with_rate(rate);
    }
    let shutdown_handle = billing.shutdown_handle();
    let interrupted = tokio::spawn(async move {
        stopped().await;
        shutdown_handle.stop();
    });
    let total = match &input {
        Some(path) => progress::lines(path),
        None => {
            let counts = journal.store().count().await?;
            counts.into_iter().find(|(state, _)| *state == State::Planned).map(|(_, count)| count)
        }
    };
    let mut progress = Progress::start(total, out);
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
    let summary = match &input {
        Some(path) => billing.run(input::charges(path).await?, report).await,
        None => billing.planned(report).await,
    };
    interrupted.abort();
    progress.finish();
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            let error = CliError::from(error);
            out.problem(&error.to_string());
            return Ok(worse(worst, Exit::from(&error)));
        }
    };
    let nothing = summary == Summary::default();
    if nothing && input.is_some() {
        // A broken export looks like a month with nothing due.
        out.problem("the input has no line: nothing was charged");
    } else {
        out.progress(&text::summary(&summary, arguments.planned));
    }
    for (provider, why) in paused {
        out.problem(&format!("charges at {provider} were left: {why}"));
    }
    for (provider, refusal) in &summary.refusing {
        worst = worse(worst, Exit::NotApplied);
        out.problem(&text::refusal(provider, refusal, arguments.planned));
    }
    Ok(if summary.left > 0 || summary.stopped { worse(worst, Exit::Pending) } else { worst })
}

/// The exit code of both: what must be looked at, then a store that failed, then what must be set right, then what is
/// still to come.
fn worse(one: Exit, other: Exit) -> Exit {
    let rank = |exit| match exit {
        Exit::Done => 0,
        Exit::Pending => 1,
        Exit::NotApplied => 3,
        Exit::Usage => 4,
        Exit::Store => 5,
        Exit::Unknown => 6,
        _ => 2,
    };
    if rank(other) > rank(one) { other } else { one }
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

/// The exit code is that of the whole run: a line has none.
fn failed(error: &CliError) -> (Line, Exit) {
    (Line { exit: None, ..Line::error(error) }, Exit::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_worst_line_decides_the_exit_code() {
        let order = [Exit::Unknown, Exit::Store, Exit::Usage, Exit::NotApplied, Exit::Pending, Exit::Done];
        for (place, exit) in order.into_iter().enumerate() {
            for better in order.into_iter().skip(place) {
                assert_eq!((worse(exit, better), worse(better, exit)), (exit, exit));
            }
        }
    }
}
