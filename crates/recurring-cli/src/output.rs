//! The program's output: tables and lines for a terminal, or one JSON object a line.

use std::io::Write;
use std::sync::OnceLock;

use recurring_facade::{Error, Facade, Money, Operation, Outcome, Payment, Portion, ProviderId, Refusal};
use serde_json::{Map, Value};

/// Prints text, or one JSON object a line, and remembers whether that failed.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    failed: OnceLock<String>,
    warned: OnceLock<()>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, failed: OnceLock::new(), warned: OnceLock::new() }
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Why something could not be written to standard output, when it could not.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Prints one result: the object, or the text.
    pub(crate) fn line(&self, object: &Value, human: &str) {
        if self.json && object.get("test") == Some(&Value::Bool(true)) && self.warned.set(()).is_ok() {
            self.problem(TEST);
        }
        let written = if self.json { self.print(object) } else { self.print(human) };
        // What has happened must be learned all the same. The rest of the object may hold a token.
        let names = ["provider", "attempt", "outcome", "state", "effect", "payment", "authenticity", "event"];
        let happened: Vec<String> = names
            .into_iter()
            .filter_map(|name| Some(format!("{name} {}", object.get(name)?.as_str()?)))
            .collect();
        let is_result = object.get("outcome").is_some() || object.get("authenticity").is_some();
        if written.is_err() && is_result {
            self.problem(&format!("cannot print this result: {}", happened.join(", ")));
        }
    }

    /// Prints the object, whether JSON was asked for or not.
    pub(crate) fn object(&self, object: &Value) {
        self.line(object, &object.to_string());
    }

    fn print(&self, text: impl std::fmt::Display) -> std::io::Result<()> {
        let written = writeln!(std::io::stdout(), "{text}");
        if let Err(error) = &written {
            // The first one is the cause.
            let _ = self.failed.set(error.to_string());
        }
        written
    }

    /// Prints what is under way on standard error, unless JSON was asked for.
    pub(crate) fn progress(&self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Prints what went wrong on standard error.
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
            Outcome::Paid | Outcome::Authorized => Some("applied".to_owned()),
            Outcome::Declined | Outcome::Canceled => Some("not_applied".to_owned()),
            Outcome::Pending | Outcome::ActionRequired => None,
        },
    );
    set("payment", payment.payment.as_ref().map(ToString::to_string));
    set("amount", payment.amount.map(|amount| amount.to_decimal()));
    set("currency", payment.amount.map(|amount| amount.currency().to_string()));
    for (name, portion) in portions(payment) {
        set(name, portion.map(|portion| portion.amount().map_or("unstated".to_owned(), Money::to_decimal)));
    }
    set("status", Some(payment.status.clone()));
    set("reason", payment.decline.as_ref().map(|decline| decline.reason.to_string()));
    set("advice", payment.decline.as_ref().map(|decline| decline.reason.advice().to_string()));
    set("code", payment.decline.as_ref().and_then(|decline| decline.code.clone()));
    set("message", payment.decline.as_ref().and_then(|decline| decline.message.clone()));
    set("redirect", payment.redirect.clone());
    if let Some(test) = payment.test {
        object.insert("test".to_owned(), test.into());
    }
    object
}

/// How much was taken, and how much went back.
fn portions(payment: &Payment) -> [(&'static str, Option<Portion>); 3] {
    [("captured", payment.captured), ("refunded", payment.refunded), ("disputed", payment.disputed)]
}

/// What a person must not overlook.
pub(crate) const TEST: &str = "this is a test at the gateway: no money moves";

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
    for (name, portion) in portions(payment) {
        if let Some(portion) = portion {
            text += &format!("\n{name:10}{portion}");
        }
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
    if payment.test == Some(true) {
        text += &format!("\n{TEST}");
    }
    text
}

/// A failed call.
pub(crate) fn error_object(attempt: Option<&str>, error: &Error) -> Map<String, Value> {
    let mut object = Map::new();
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), Value::from(value));
        }
    };
    set("provider", Some(error.provider().as_str()));
    set("outcome", Some("error"));
    set("kind", Some(error.kind().as_str()));
    set("effect", Some(error.effect().as_str()));
    set("message", Some(error.message()));
    set("attempt", attempt);
    set("payment", error.payment().map(|payment| payment.as_str()));
    set("reason", error.decline_reason().map(|reason| reason.as_str()));
    set("advice", error.decline_reason().map(|reason| reason.advice().as_str()));
    set("code", error.gateway_error().and_then(|gateway| gateway.code.as_deref()));
    object
}

/// Refuses a command that the gateway cannot do, before anything is read or stored for it.
pub(crate) fn require(facade: &Facade, provider: &ProviderId, operation: Operation) -> Result<(), String> {
    facade.require(provider, operation).map_err(|error| match error.refusal() {
        Some(Refusal::Unsupported { .. }) => {
            format!("{}; `recurring providers` shows what each gateway can do", error.message())
        }
        _ => format!("{provider}: {}", error.message()),
    })
}
