//! The program's output: text for a terminal, or one JSON object a line.

use std::io::{self, Write};
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;

use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Line;
use crate::stdout;
use crate::text::TEST;

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
    pub(crate) fn line(&self, object: &impl Serialize, human: &str) {
        self.print(object, Some(human));
    }

    /// Prints the object, whether JSON was asked for or not.
    pub(crate) fn object(&self, object: &impl Serialize) {
        self.print(object, None);
    }

    /// Prints a text that has no object beside it. Colors are taken off where they are not shown.
    pub(crate) fn text(&self, text: &str) {
        self.print_with(|| writeln!(anstream::stdout(), "{text}"));
    }

    /// Prints what is worth knowing and has no object, such as that a list is empty: nothing with JSON.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            self.text(text);
        }
    }

    /// Prints what has no object beside it, with what writes it to standard output.
    pub(crate) fn print_with(&self, write: impl FnOnce() -> io::Result<()>) {
        // What failed is remembered.
        let _ = self.attempt(write);
    }

    fn print(&self, object: &impl Serialize, human: Option<&str>) {
        let (text, object) = match (serde_json::to_string(object), serde_json::to_value(object)) {
            (Ok(text), Ok(object)) => (text, object),
            (Err(error), _) | (_, Err(error)) => {
                let _ = self.failed.set(error.to_string());
                return;
            }
        };
        if self.json && object.get("test") == Some(&Value::Bool(true)) && self.warned.set(()).is_ok() {
            self.problem(TEST);
        }
        let written = match human.filter(|_| !self.json) {
            Some(human) => self.attempt(|| writeln!(anstream::stdout(), "{human}")),
            None => self.attempt(|| writeln!(io::stdout(), "{text}")),
        };
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

    fn attempt(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let written = if stdout::is_closed() { Err(io::Error::other("it is closed")) } else { write() };
        if let Err(error) = &written {
            // The first one is the cause.
            let _ = self.failed.set(error.to_string());
        }
        written
    }

    /// Prints what is under way on standard error, unless JSON was asked for.
    pub(crate) fn progress(&self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints what went wrong on standard error.
    pub(crate) fn problem(&self, text: &str) {
        let _ = writeln!(io::stderr(), "recurring: {text}");
    }

    /// Prints an error on standard error, and its object where JSON was asked for. Gives its exit code.
    pub(crate) fn error(&self, error: &CliError) -> Exit {
        self.error_with(&Line::error(error), error)
    }

    /// The same for an error of which the line says more.
    pub(crate) fn error_with(&self, line: &Line, error: &CliError) -> Exit {
        if self.json {
            self.object(line);
        }
        self.problem(&error.to_string());
        Exit::from(error)
    }
}
