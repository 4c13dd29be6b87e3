//! Showing what the journal has recorded.

use std::fmt::Write;

use recurring_facade::{Agreement, AttemptId, ErrorKind, Outcome, ProviderId};
use recurring_journal::{Answer, AttemptRecord, JournalError, State};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::output::{Output, TEST, error_object, payment_object, payment_text};

/// Shows what became of an attempt that the journal was asked to make.
pub(crate) fn ended(
    attempt: &AttemptId,
    provider: &ProviderId,
    result: Result<Answer, JournalError>,
    out: &Output,
) -> Exit {
    match result {
        Ok(answer) => {
            let (object, human, exit) = answered(&answer, out);
            out.line(&Value::Object(object), &human);
            exit
        }
        Err(error) => {
            out.line(&not_made_object(attempt, provider, &error), &format!("failed: {provider}: {error}"));
            not_made(&error)
        }
    }
}

/// How an attempt stands after it was made or asked about again.
pub(crate) fn answered(answer: &Answer, out: &Output) -> (Map<String, Value>, String, Exit) {
    let attempt = answer.record.attempt.as_str();
    let (mut object, mut human, exit) = match (&answer.payment, &answer.error) {
        (Some(payment), _) => {
            (payment_object(Some(attempt), payment), payment_text(payment), payment.outcome.into())
        }
        (None, Some(error)) => {
            (error_object(Some(attempt), error), format!("failed: {error}"), Exit::from(error))
        }
        (None, None) => (record_object(&answer.record), record_text(&answer.record), exit_of(&answer.record)),
    };
    object.insert("state".to_owned(), answer.record.state.as_str().into());
    if answer.again {
        object.insert("again".to_owned(), true.into());
        human += "\nthis attempt was made before: nothing was sent now";
    }
    if let Some(Agreement::GatewayScheduled(schedule)) = &answer.agreement {
        object.insert("schedule".to_owned(), schedule.order_reference.as_str().into());
        let _ = write!(human, "\nschedule  {}", schedule.order_reference);
    }
    if let Some(problem) = &answer.unrecorded {
        object.insert("recorded".to_owned(), false.into());
        out.problem(&format!(
            "this could not be written down: {problem}; `recurring journal reconcile` looks it up"
        ));
    }
    (object, human, exit)
}

/// The exit code for an attempt that was not made.
pub(crate) fn not_made(error: &JournalError) -> Exit {
    match error {
        _ if error.effect().is_unknown() => Exit::Unknown,
        // The journal itself must be looked at first: trying again changes nothing.
        JournalError::Store(_) if error.kind() == ErrorKind::Config => Exit::Usage,
        JournalError::Store(_) => Exit::NotApplied,
        _ => Exit::Usage,
    }
}

pub(crate) fn not_made_object(attempt: &AttemptId, provider: &ProviderId, error: &JournalError) -> Value {
    json!({
        "provider": provider.as_str(),
        "attempt": attempt.as_str(),
        "outcome": "error",
        "kind": error.kind().as_str(),
        "effect": error.effect().as_str(),
        "message": error.to_string(),
    })
}

/// An attempt from the journal, in the words of a charge.
pub(crate) fn record_object(record: &AttemptRecord) -> Map<String, Value> {
    let ending = &record.ending;
    let (outcome, effect) = outcome_of(record);
    let mut object = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), Value::String(value));
        }
    };
    set("provider", Some(record.provider.to_string()));
    set("attempt", Some(record.attempt.to_string()));
    set("outcome", Some(outcome.to_owned()));
    set("effect", effect.map(str::to_owned));
    let kind = match (outcome, record.state) {
        ("error", State::Armed | State::Planned) => Some("conflict".to_owned()),
        ("error", _) => ending.kind.clone().or_else(|| Some("transport".to_owned())),
        _ => None,
    };
    set("kind", kind);
    set("payment", record.payment.as_ref().map(ToString::to_string));
    set("amount", record.amount.map(|amount| amount.to_decimal()));
    set("currency", record.amount.map(|amount| amount.currency().to_string()));
    set("status", ending.status.clone());
    set("reason", ending.reason.clone());
    set("code", ending.code.clone());
    set("message", ending.message.clone().or_else(|| record.note.clone()));
    set("redirect", ending.redirect.clone());
    if ending.test {
        object.insert("test".to_owned(), true.into());
    }
    object
}

/// The outcome and the effect that a state stands for.
fn outcome_of(record: &AttemptRecord) -> (&'static str, Option<&'static str>) {
    match record.state {
        State::Paid => ("paid", Some("applied")),
        State::Authorized => ("authorized", Some("applied")),
        State::Declined => ("declined", Some("not_applied")),
        State::Canceled => ("canceled", Some("not_applied")),
        State::Pending if record.ending.outcome == Some(Outcome::ActionRequired) => ("action_required", None),
        State::Pending => ("pending", None),
        State::NotApplied => ("error", Some("not_applied")),
        State::Planned | State::Armed | State::Unknown | State::Review => ("error", Some("unknown")),
    }
}

/// The exit code that a state stands for.
pub(crate) fn exit_of(record: &AttemptRecord) -> Exit {
    match outcome_of(record) {
        ("paid", _) => Exit::Done,
        ("authorized", _) => Exit::Authorized,
        ("declined", _) => Exit::Declined,
        ("canceled", _) => Exit::Canceled,
        ("action_required", _) => Exit::ActionRequired,
        ("pending", _) => Exit::Pending,
        (_, Some("not_applied")) => Exit::NotApplied,
        _ => Exit::Unknown,
    }
}

pub(crate) fn record_text(record: &AttemptRecord) -> String {
    let mut text = format!("{}: {} {}", record.provider, record.operation, record.state);
    if let Some(amount) = record.amount {
        let _ = write!(text, ", {amount}");
    }
    let lines = [
        ("payment", record.payment.as_ref().map(ToString::to_string)),
        ("status", record.ending.status.clone()),
        ("reason", record.ending.reason.clone()),
        ("message", record.ending.message.clone()),
        ("note", record.note.clone()),
        ("decided by", record.decided_by.clone()),
        ("page", record.ending.redirect.clone()),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = write!(text, "\n{name:10} {value}");
        }
    }
    if record.ending.test {
        let _ = write!(text, "\n{TEST}");
    }
    text
}

#[cfg(test)]
mod tests {
    use recurring_journal::StoreError;

    use super::*;

    #[test]
    fn error_to_set_right_is_usage() {
        let other = StoreError::OtherJournal { found: "a".to_owned(), expected: "b".to_owned() };
        for (error, exit) in [
            (JournalError::Settings("the time-out is too long".to_owned()), Exit::Usage),
            (JournalError::Store(other), Exit::Usage),
            (JournalError::Store(StoreError::Full("no space".to_owned())), Exit::NotApplied),
            (JournalError::CutOff, Exit::Unknown),
        ] {
            assert_eq!(not_made(&error), exit, "{error}");
        }
    }
}
