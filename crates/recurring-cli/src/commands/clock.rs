use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::arguments::{Clock, ClockCommand};
use crate::control::Control;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// Shows or moves the clock of a running sandbox.
pub(crate) async fn run(clock: &Clock, out: &Output) -> Result<Exit, CliError> {
    let sandbox = Control::find(clock.at.sandbox.as_deref())?;
    let by = match &clock.command {
        ClockCommand::Show => None,
        ClockCommand::Advance { by } => Some(by.as_secs()),
        ClockCommand::Set { to } => Some(until(&sandbox, *to).await?),
    };
    let shown = match by {
        None => sandbox.get("clock").await?,
        Some(seconds) => sandbox.post("clock", &json!({"advance_seconds": seconds})).await?,
    };
    let now = shown.get("now").and_then(Value::as_str).unwrap_or_default();
    out.line(&shown, now);
    Ok(Exit::Done)
}

/// The seconds until a time of the sandbox's clock, rounded up.
async fn until(sandbox: &Control, to: Timestamp) -> Result<u64, CliError> {
    let now = sandbox.get("clock").await?;
    let now = now.get("now").and_then(Value::as_str).unwrap_or_default();
    let now: Timestamp =
        now.parse().map_err(|_| CliError::io("cannot set the clock: the sandbox does not show its time"))?;
    let left = to.duration_since(now);
    if left < SignedDuration::ZERO {
        return Err(CliError::usage(format!(
            "cannot set the clock back: it shows {now}, and it only moves forward; restart the sandbox for an earlier time"
        )));
    }
    let whole = u64::try_from(left.as_secs()).unwrap_or_default();
    Ok(if left.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole })
}
