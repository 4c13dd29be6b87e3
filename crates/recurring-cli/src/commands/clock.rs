use recurring_facade::{Currency, Money};
use serde_json::{Value, json};

use crate::arguments::{Clock, ClockCommand};
use crate::control::Control;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// Shows or moves the clock of a running sandbox, and names what falls due.
pub(crate) async fn run(clock: &Clock, out: &Output) -> Result<Exit, CliError> {
    let sandbox = Control::find(clock.at.sandbox.as_deref())?;
    let (query, moved) = match &clock.command {
        ClockCommand::Show { within } => {
            (format!("advance_seconds={}", within.unwrap_or_default().as_secs()), None)
        }
        ClockCommand::Advance { by } => {
            let seconds = by.as_secs();
            (format!("advance_seconds={seconds}"), Some(json!({"advance_seconds": seconds})))
        }
        ClockCommand::Set { to } => (format!("to={to}"), Some(json!({"to": to.to_string()}))),
    };
    let mut shown = sandbox.get(&format!("clock?{query}")).await?;
    if let Some(moved) = moved {
        let now = sandbox.post("clock", &moved).await?;
        if let (Some(shown), Some(now)) = (shown.as_object_mut(), now.get("now")) {
            shown.insert("now".to_owned(), now.clone());
        }
    }
    let text = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let due = shown.get("due").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let lines: Vec<String> = due.iter().map(line).collect();
    out.line(&shown, &[vec![text("now")], lines].concat().join("\n"));
    Ok(Exit::Done)
}

/// What falls due, as a line.
fn line(due: &Value) -> String {
    let text = |name: &str| due.get(name).and_then(Value::as_str).unwrap_or_default();
    let currency = Currency::from_code(text("currency")).ok();
    let amount = due.get("amount_minor").and_then(Value::as_i64).zip(currency);
    let amount = amount.and_then(|(minor, currency)| Money::from_minor(minor, currency).ok());
    let amount = amount.map(|amount| amount.to_string()).unwrap_or_default();
    let kind = text("kind").replace('_', " ");
    let words = [text("at"), text("gateway"), &kind, text("payment"), &amount, text("detail")];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
