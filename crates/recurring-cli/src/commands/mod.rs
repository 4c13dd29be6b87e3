//! One file for each command that is more than a few lines.

mod demo;
mod enrol;
mod journal;
mod money;
mod notification;
mod providers;
mod run;
mod sandbox;

use recurring_facade::{Facade, ProviderId, Settings};

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::output::Output;

/// Runs one command. An `Err` is a problem of usage or configuration.
pub(crate) async fn run(arguments: Arguments, out: &Output) -> Result<Exit, String> {
    let Arguments { config, timeout, command, .. } = arguments;
    let settings = || {
        let settings = match &config {
            Some(path) => Settings::from_file_and_environment(Some(path)),
            None => Settings::from_environment(),
        }
        .map_err(|error| error.to_string())?;
        Ok::<_, String>(match timeout {
            Some(timeout) => settings.timeout(timeout),
            None => settings,
        })
    };
    match command {
        Command::Demo => demo::run(timeout, out).await,
        Command::Providers => providers::run(&settings()?, out),
        Command::Sandbox { listen, allow_other_machines, record } => {
            sandbox::run(listen, allow_other_machines, record, out).await
        }
        Command::Enrol(enrol) => enrol::enrol(&settings()?, enrol, out).await,
        Command::Resume(resume) => enrol::resume(&settings()?, resume, out).await,
        Command::Cards { provider, customer } => money::cards(&settings()?, &provider, &customer, out).await,
        Command::Charge(charge) => money::charge(&settings()?, charge, out).await,
        Command::Schedule(schedule) => money::schedule(&settings()?, schedule, out).await,
        Command::Refund(refund) => money::refund(&settings()?, refund, out).await,
        Command::Notification { provider, headers, journal } => {
            notification::run(&settings()?, &provider, &headers, journal.as_deref(), out).await
        }
        Command::Run(run) => run::run(&settings()?, run, out).await,
        Command::Journal(command) => journal::run(&settings()?, command, out).await,
        Command::Status { provider, payment } => money::status(&settings()?, &provider, &payment, out).await,
    }
}

/// The facade of the one gateway that a command names.
fn facade_of(settings: &Settings, provider: &str) -> Result<(Facade, ProviderId), String> {
    let id = ProviderId::ALL
        .into_iter()
        .find(|id| id.as_str() == provider)
        .ok_or_else(|| format!("there is no gateway `{provider}`; there are {}", names()))?;
    let facade = settings.facade_of(&id).map_err(|error| error.to_string())?;
    Ok((facade, id))
}

fn names() -> String {
    ProviderId::ALL.map(|id| id.to_string()).join(", ")
}
