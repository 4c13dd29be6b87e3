//! The billing run: one JSON object a line in, one a line out.

mod charge_line;
mod input;
mod plan;
mod progress;
mod text;
mod worst;

use std::collections::BTreeMap;

use recurring_journal::{BillingRun, Report, SkipReason, State, Summary};

use self::progress::Progress;
use self::worst::{failed, worse};
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
    if (arguments.planned || arguments.plan) && journal_settings::key(&session.settings).is_none() {
        let what = if arguments.plan { "plan charges" } else { "charge what is planned" };
        return Err(CliError::configuration(format!(
            "cannot {what}: RECURRING_JOURNAL_KEY is not set; set it to the key under which the journal keeps stored \
             credentials"
        )));
    }
    if let (Some(path), true) = (&input, arguments.plan) {
        return plan::plan(&journal, path, out).await;
    }
    #[cfg(feature = "metrics")]
    let metrics = serve_metrics(arguments.metrics_listen, &journal, out).await?;
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
    #[cfg(feature = "metrics")]
    drop(metrics);
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

/// Serves the metrics of the run until what is returned is dropped.
#[cfg(feature = "metrics")]
async fn serve_metrics(
    listen: Option<std::net::SocketAddr>,
    journal: &recurring_journal::Journal,
    out: &Output,
) -> Result<tokio::task::JoinSet<()>, CliError> {
    let mut serving = tokio::task::JoinSet::new();
    if let Some(listen) = listen {
        let endpoint = crate::metrics::Endpoint::open(listen).await?;
        out.progress(&format!("metrics at {} until the run ends", endpoint.url()));
        serving.spawn(endpoint.serve(journal.clone()));
    }
    Ok(serving)
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
