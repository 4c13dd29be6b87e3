//! Storing what is due, to be charged later.

use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;

use futures_core::Stream as _;
use recurring_journal::{Journal, State};

use super::input;
use super::worst::{failed, worse};
use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Line;
use crate::output::Output;

/// Plans every charge of the file. Nothing is sent. One that was made before stays as it is; what must be looked at of
/// these decides the exit code.
pub(super) async fn plan(journal: &Journal, path: &Path, out: &Output) -> Result<Exit, CliError> {
    let mut charges = input::charges(path).await?;
    let (mut worst, mut planned, mut made) = (Exit::Done, 0_u64, 0_u64);
    while let Some(charge) = poll_fn(|context| Pin::new(&mut charges).poll_next(context)).await {
        let problem = match charge {
            Ok(charge) => match journal.plan(&charge).await {
                Ok(record) => {
                    *(if record.state == State::Planned { &mut planned } else { &mut made }) += 1;
                    if matches!(record.state, State::Unknown | State::Review) {
                        worst = worse(worst, Exit::Unknown);
                        out.problem(&format!(
                            "{} was made before and is {}: recurring journal reconcile",
                            record.attempt, record.state
                        ));
                    }
                    if out.is_json() {
                        out.object(&Line { state: Some(record.state), ..Line::record(&record) });
                    }
                    continue;
                }
                Err(error) => CliError::from(error).of(&charge.request().attempt),
            },
            Err(problem) => CliError::usage(problem.to_string()),
        };
        let (line, exit) = failed(&problem);
        worst = worse(worst, exit);
        if out.is_json() {
            out.object(&line);
        }
        out.problem(&problem.to_string());
        if exit == Exit::Store {
            return Ok(worst);
        }
    }
    if planned + made == 0 && worst == Exit::Done {
        // A broken export looks like a month with nothing due.
        out.problem("the input has no line: nothing was planned");
    } else {
        out.note(&format!("{planned} planned, {made} made before; nothing was sent"));
    }
    Ok(worst)
}
