//! The program `recurring`: recurring card payments through five gateways, from the command line.
//!
//! Thin on purpose: what matters is done by the libraries. Secrets come from the environment or from files, never
//! from arguments, which other users of the machine can read.

mod arguments;
mod collect;
mod commands;
#[cfg(feature = "sandbox")]
mod control;
#[cfg(feature = "sandbox")]
mod delivery;
mod error;
mod exit;
mod files;
mod http_message;
mod journal_settings;
mod line;
mod logging;
#[cfg(feature = "metrics")]
mod metrics;
mod nearest;
mod output;
mod record;
mod session;
mod signal;
mod stdout;
mod subject;
mod subscription;
mod table;
mod text;

use std::process::ExitCode;

use clap::Parser;
use error::CliError;
use exit::Exit;
use output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let (out, exit) = match arguments::Arguments::try_parse() {
        Ok(arguments) => {
            let out = Output::new(arguments.json);
            let exit = match commands::run(arguments, &out).await {
                Ok(exit) => exit,
                Err(error) => out.error(&error),
            };
            (out, exit)
        }
        Err(help) => {
            // The arguments cannot be read, but a program that reads the output must still learn why.
            let out = Output::new(std::env::args_os().any(|argument| argument == "--json"));
            let exit = shown(&help, &out);
            (out, exit)
        }
    };
    match out.failure() {
        Some(error) => {
            out.problem(&format!(
                "cannot write to standard output: {error}; any payment is named above, and everything else can be read again"
            ));
            // What became of the money says more.
            if exit == Exit::Done { Exit::Failed.into() } else { exit.into() }
        }
        None => exit.into(),
    }
}

/// Shows the help that was asked for, or what is wrong with the arguments.
fn shown(help: &clap::Error, out: &Output) -> Exit {
    if help.exit_code() == 0 {
        out.print_with(|| help.print());
        return Exit::Done;
    }
    // It goes to standard error; when that is lost, the exit code still says it.
    let _ = help.print();
    let text = help.render().to_string();
    let problem = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = problem.split_whitespace().skip_while(|word| *word == "error:").collect();
    let error = CliError::usage(words.join(" "));
    if out.is_json() {
        out.object(&line::Line::error(&error));
    }
    Exit::from(&error)
}
