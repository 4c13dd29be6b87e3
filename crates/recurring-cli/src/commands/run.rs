//! The billing run: one JSON object a line in, one a line out.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recurring_facade::{AttemptId, ChargeRequest, ErrorKind, ProviderId, StoredCredential};
use recurring_journal::{BillingRun, Left, Report, State, Summary};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};

use crate::arguments::Run;
use crate::commands::money::money;
use crate::exit::Exit;
use crate::output::Output;
use crate::record::{exit_of, not_made, not_made_object, record_object};
use crate::session::Session;

/// A longer line is no charge.
const LONGEST_LINE: usize = 64 * 1024;

/// One line of the input.
#[derive(Deserialize)]
struct Line {
    attempt: String,
    amount: String,
    currency: String,
    credential: StoredCredential,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    notification_url: Option<String>,
}

pub(crate) async fn run(session: &Session, arguments: Run, out: &Output) -> Result<Exit, String> {
    let journal = session.needed(arguments.journal.as_deref()).await?;
    let facade = session.settings.facade().map_err(|error| error.to_string())?;
    let mut billing = BillingRun::new(&journal, &facade).concurrency(arguments.concurrency);
    if let Some(rate) = arguments.rate {
        billing = billing.rate(rate);
    }
    let stopper = billing.stopper();
    let interrupted = tokio::spawn(async move {
        recurring_sandbox::stopped().await;
        stopper.stop();
    });
    let bar = progress_bar();
    let mut worst = Exit::Done;
    let report = |report: Report| {
        let (line, exit) = describe(&report);
        worst = worse(worst, exit);
        bar.inc(1);
        if let Some(why) = line.get("message").and_then(Value::as_str).filter(|_| exit != Exit::Done) {
            bar.set_message(why.to_owned());
        }
        bar.suspend(|| out.object(&line));
    };
    let summary = match &arguments.input {
        Some(path) => billing.run(charges(path).await?, report).await,
        None => billing.planned(report).await,
    };
    interrupted.abort();
    bar.finish_and_clear();
    let summary = summary.map_err(|error| error.to_string())?;
    out.progress(&summary_text(&summary));
    Ok(match worst {
        Exit::Done if summary.left > 0 || summary.stopped => Exit::Pending,
        Exit::Done if summary.refused > 0 => Exit::Failed,
        worst => worst,
    })
}

/// The exit code of both: what must be looked at, then what must be set right, then what is still to come.
fn worse(one: Exit, other: Exit) -> Exit {
    let order = [Exit::Unknown, Exit::Usage, Exit::Pending];
    order.into_iter().find(|exit| [one, other].contains(exit)).unwrap_or(one)
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

fn summary_text(summary: &Summary) -> String {
    let mut parts: Vec<String> =
        summary.made.iter().map(|(state, count)| format!("{count} {state}")).collect();
    for (count, what) in [
        (summary.again, "made before"),
        (summary.left, "left for the next run"),
        (summary.refused, "refused"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let text = if parts.is_empty() { "nothing was due".to_owned() } else { parts.join(", ") };
    if summary.stopped { format!("{text}; stopped: give the same lines again to go on") } else { text }
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
                // A decline is an ordinary end of a charge.
                State::Declined | State::NotApplied => Exit::Done,
                _ => exit_of(&answer.record),
            };
            (Value::Object(object), exit)
        }
        Report::Left { attempt, provider, why } => {
            let why = match why {
                Left::InProgress => "another program has it".to_owned(),
                Left::Paused(why) => why.clone(),
                Left::Stopped => "the run was stopped".to_owned(),
            };
            (left(attempt, provider, why), Exit::Pending)
        }
        Report::Refused { attempt, provider, error } => {
            let exit = match not_made(error) {
                Exit::Usage if error.kind() != ErrorKind::Config => Exit::Failed,
                exit => exit,
            };
            (not_made_object(attempt, provider, error), exit)
        }
        Report::Unreadable(problem) => (
            json!({"outcome": "error", "kind": "invalid_request", "effect": "not_applied", "message": problem}),
            Exit::Failed,
        ),
        _ => (
            json!({"outcome": "error", "message": "a report of a kind that is not known here"}),
            Exit::Failed,
        ),
    }
}

type Input = Box<dyn AsyncRead + Send + Unpin>;

async fn charges(path: &Path) -> Result<Charges, String> {
    let input: Input = if path.as_os_str() == "-" {
        Box::new(tokio::io::stdin())
    } else {
        let file = tokio::fs::File::open(path).await;
        Box::new(file.map_err(|error| format!("{}: {error}", path.display()))?)
    };
    Ok(Charges { lines: BufReader::new(input).lines(), number: 0, ended: false })
}

/// The input, one charge a line; empty lines are passed over.
struct Charges {
    lines: Lines<BufReader<Input>>,
    number: u64,
    ended: bool,
}

impl Stream for Charges {
    type Item = Result<ChargeRequest, String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let this = &mut *self;
            if this.ended {
                return Poll::Ready(None);
            }
            let line = match ready!(Pin::new(&mut this.lines).poll_next_line(context)) {
                Ok(Some(line)) => line,
                Ok(None) => return Poll::Ready(None),
                Err(error) => {
                    // What cannot be read ends the input; a half-read line is no charge.
                    this.ended = true;
                    return Poll::Ready(Some(Err(format!("line {}: {error}", this.number + 1))));
                }
            };
            this.number += 1;
            if !line.trim().is_empty() {
                let number = this.number;
                return Poll::Ready(Some(charge(&line).map_err(|why| format!("line {number}: {why}"))));
            }
        }
    }
}

/// Reads one line. No message quotes it: it holds a token.
fn charge(line: &str) -> Result<ChargeRequest, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("is longer than {LONGEST_LINE} bytes"));
    }
    let line: Line = serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("missing field ").and_then(|rest| rest.split(' ').next()) {
            Some(name) => format!("it has no {name}"),
            None => "is no charge: {\"attempt\",\"amount\",\"currency\",\"credential\"}".to_owned(),
        }
    })?;
    let attempt = AttemptId::new(line.attempt).map_err(|error| error.to_string())?;
    let amount = money(&line.amount, &line.currency)?;
    let belongs_to = line.credential.provider();
    if line.provider.as_deref().is_some_and(|provider| provider != belongs_to.as_str()) {
        return Err(format!("the credential belongs to {belongs_to}"));
    }
    let mut request = ChargeRequest::new(attempt, line.credential, amount);
    request.reason = line.reason;
    request.notification_url = line.notification_url;
    Ok(request)
}
