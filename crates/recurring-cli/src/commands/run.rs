//! The billing run: one JSON object a line in, one a line out.

mod input;
mod text;

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recurring_facade::{AttemptId, ProviderId};
use recurring_journal::{BillingRun, Report, SkipReason, State, Summary};
use serde_json::{Value, json};

use crate::arguments::Run;
use crate::exit::Exit;
use crate::output::Output;
use crate::record::{exit_of, not_made, not_made_object, record_object};
use crate::session::Session;

pub(crate) async fn run(session: &Session, arguments: Run, out: &Output) -> Result<Exit, String> {
    let journal = session.needed(arguments.journal.as_deref()).await?;
    let facade = session.settings.facade().map_err(|error| error.to_string())?;
    let mut billing = BillingRun::new(&journal, &facade).concurrency(arguments.concurrency);
    if let Some(rate) = arguments.rate {
        billing = billing.rate(rate);
    }
    let shutdown_handle = billing.shutdown_handle();
    let interrupted = tokio::spawn(async move {
        recurring_sandbox::shutdown_signal().await;
        shutdown_handle.stop();
    });
    let bar = progress_bar();
    let mut worst = Exit::Done;
    let mut paused = BTreeMap::new();
    let report = |report: Report| {
        if let Report::Skipped { provider, why: SkipReason::Paused(why), .. } = &report {
            paused.insert(provider.clone(), why.clone());
        }
        let (line, exit) = describe(&report);
        worst = worse(worst, exit);
        bar.inc(1);
        if let Some(why) = line.get("message").and_then(Value::as_str).filter(|_| exit != Exit::Done) {
            bar.set_message(why.to_owned());
        }
        bar.suspend(|| out.object(&line));
    };
    let summary = match &arguments.input {
        Some(path) => billing.run(input::charges(path).await?, report).await,
        None => billing.planned(report).await,
    };
    interrupted.abort();
    bar.finish_and_clear();
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            out.problem(&error.to_string());
            return Ok(worse(worst, not_made(&error)));
        }
    };
    out.progress(&text::summary(&summary, arguments.planned));
    for (provider, why) in paused {
        out.problem(&format!("charges at {provider} were left: {why}"));
    }
    for (provider, refusal) in &summary.refusing {
        worst = worse(worst, Exit::NotApplied);
        out.problem(&text::refusal(provider, refusal, arguments.planned));
    }
    let nothing = summary == Summary::default();
    if nothing && arguments.input.is_some() {
        // A broken export looks like a month with nothing due.
        out.problem("the input has no line: nothing was charged");
    }
    Ok(if summary.left > 0 || summary.stopped { worse(worst, Exit::Pending) } else { worst })
}

/// The exit code of both: what must be looked at, then what must be set right, then what is still to come.
fn worse(one: Exit, other: Exit) -> Exit {
    let rank = |exit| match exit {
        Exit::Done => 0,
        Exit::Pending => 1,
        Exit::NotApplied => 3,
        Exit::Usage => 4,
        Exit::Unknown => 5,
        _ => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// Shown where standard error is a terminal.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {pos} attempts, {per_sec}, {elapsed} {wide_msg}");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One attempt as a line, and as bad as it is.
fn describe(report: &Report) -> (Value, Exit) {
    let left = |attempt: &AttemptId, provider: &ProviderId, why: String| json!({"provider": provider.as_str(), "attempt": attempt.as_str(), "outcome": "left", "message": why});
    match report {
        Report::Made(answer) => {
            let mut object = record_object(&answer.record);
            object.insert("state".to_owned(), answer.record.state.as_str().into());
            if answer.again {
                object.insert("again".to_owned(), true.into());
            }
            if answer.unrecorded.is_some() {
                object.insert("recorded".to_owned(), false.into());
            }
            let exit = match answer.record.state {
                // A decline is an ordinary end of a charge, and so is one that was not applied: what concerns the whole
                // gateway is in the summary.
                State::Declined | State::Canceled | State::NotApplied => Exit::Done,
                // The money was not taken: the customer's part or a capture is still to come.
                State::Authorized | State::Pending => Exit::Pending,
                _ => exit_of(&answer.record),
            };
            (Value::Object(object), exit)
        }
        Report::Skipped { attempt, provider, why } => {
            let why = match why {
                SkipReason::InProgress => "another program has it".to_owned(),
                SkipReason::Paused(why) => why.clone(),
                SkipReason::Refusing(refusal) => format!("nothing more is sent to {provider}: {refusal}"),
                SkipReason::Stopped => "the run was stopped".to_owned(),
                _ => "left for the next run".to_owned(),
            };
            (left(attempt, provider, why), Exit::Pending)
        }
        Report::Refused { attempt, provider, error } => {
            (not_made_object(attempt, provider, error), not_made(error))
        }
        Report::Unreadable(problem) => (
            json!({"outcome": "error", "kind": "invalid_request", "effect": "not_applied", "message": problem}),
            Exit::Usage,
        ),
        _ => (
            json!({"outcome": "error", "message": "a report of a kind that is not known here"}),
            Exit::Failed,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worst_line_decides_the_exit_code() {
        let order = [Exit::Unknown, Exit::Usage, Exit::NotApplied, Exit::Pending, Exit::Done];
        for (place, exit) in order.into_iter().enumerate() {
            for better in order.into_iter().skip(place) {
                assert_eq!((worse(exit, better), worse(better, exit)), (exit, exit));
            }
        }
    }
}
