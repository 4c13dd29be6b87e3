//! The program `recurring`: recurring card payments through five gateways, from the command line.
//!
//! Thin on purpose: what matters is done by the libraries. Secrets come from the environment or from files, never
//! from arguments, which other users of the machine can read.

mod arguments;
mod commands;
mod exit;
mod files;
mod journal_settings;
mod output;
mod record;
mod session;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help) => return shown(&help),
    };
    let out = output::Output::new(arguments.json);
    let exit = match commands::run(arguments, &out).await {
        Ok(exit) => exit,
        Err(problem) => {
            out.problem(&problem);
            exit::Exit::Usage
        }
    };
    match out.failure() {
        Some(error) => {
            out.problem(&format!(
                "cannot write to standard output: {error}; what was done is named above, all else can be asked for again"
            ));
            // What became of the money says more.
            if exit == exit::Exit::Done { exit::Exit::Failed.into() } else { exit.into() }
        }
        None => exit.into(),
    }
}

/// Shows the help that was asked for, or what is wrong with the arguments.
fn shown(help: &clap::Error) -> ExitCode {
    match (help.print(), help.exit_code()) {
        (Err(_), 0) => exit::Exit::Failed.into(),
        (_, 0) => exit::Exit::Done.into(),
        _ => exit::Exit::Usage.into(),
    }
}
