//! What a person or a program reads.

use std::io::Write;

use recurring_facade::{Error, Payment, ProviderId};
use serde_json::{Map, Value, json};

/// Prints for a person, or one JSON object a line.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One result: an object for a program, lines for a person.
    pub(crate) fn line(&self, object: &Value, human: &str) {
        let text = if self.json { object.to_string() } else { human.to_owned() };
        // A reader that has gone away is no reason to fail what has been done.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// What is under way: for a person only, on standard error.
    pub(crate) fn progress(&self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Why nothing could be done.
    pub(crate) fn problem(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "recurring: {text}");
    }
}

/// The result of a command that moves money or asks about it.
pub(crate) fn payment_object(attempt: Option<&str>, payment: &Payment) -> Map<String, Value> {
    let mut object = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), Value::String(value));
        }
    };
    set("provider", Some(payment.provider.to_string()));
    set("attempt", attempt.map(str::to_owned));
    set("outcome", Some(payment.outcome.to_string()));
    set(
        "effect",
        match payment.outcome {
            recurring_facade::Outcome::Approved => Some("applied".to_owned()),
            recurring_facade::Outcome::Declined => Some("not_applied".to_owned()),
            _ => None,
        },
    );
    set("payment", payment.payment.as_ref().map(ToString::to_string));
    set("amount", payment.amount.map(|amount| amount.to_decimal()));
    set("currency", payment.amount.map(|amount| amount.currency().to_string()));
    set("status", Some(payment.status.clone()));
    set("reason", payment.decline.as_ref().map(|decline| decline.reason.to_string()));
    set("advice", payment.decline.as_ref().map(|decline| decline.reason.advice().to_string()));
    set("code", payment.decline.as_ref().and_then(|decline| decline.code.clone()));
    set("message", payment.decline.as_ref().and_then(|decline| decline.message.clone()));
    set("redirect", payment.redirect.clone());
    object
}

/// The same for a person.
pub(crate) fn payment_text(payment: &Payment) -> String {
    let mut text = format!("{}: {}", payment.provider, payment.outcome);
    if let Some(amount) = payment.amount {
        text += &format!(", {amount}");
    }
    text += &format!(" (the gateway says `{}`)", payment.status);
    if let Some(reference) = &payment.payment {
        text += &format!("\npayment   {reference}");
    }
    if let Some(decline) = &payment.decline {
        text += &format!("\nreason    {}", decline.reason);
        for part in [&decline.code, &decline.message].into_iter().flatten() {
            text += &format!("\n          {part}");
        }
        text += &format!("\nadvice    {}", decline.reason.advice());
    }
    if let Some(page) = &payment.redirect {
        text += &format!("\nsend the customer to\n{page}");
    }
    text
}

/// A failed call.
pub(crate) fn error_object(attempt: Option<&str>, error: &Error) -> Value {
    let mut object = json!({
        "provider": error.provider().as_str(),
        "outcome": "error",
        "kind": error.kind().as_str(),
        "effect": error.effect().as_str(),
        "message": error.message(),
    });
    if let Some(members) = object.as_object_mut() {
        let mut set = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), Value::from(value));
            }
        };
        set("attempt", attempt);
        set("payment", error.payment().map(|payment| payment.as_str()));
        set("reason", error.decline_reason().map(|reason| reason.as_str()));
        set("advice", error.decline_reason().map(|reason| reason.advice().as_str()));
        set("code", error.gateway_error().and_then(|gateway| gateway.code.as_deref()));
    }
    object
}

/// A command was asked of a gateway that cannot do it.
pub(crate) fn cannot(provider: &ProviderId, what: &str) -> String {
    format!("{provider} cannot {what}; `recurring providers` shows what each gateway can do")
}
