//! One file for each command that is more than a few lines.

mod demo;
mod enrol;
mod journal;
mod money;
mod notification;
mod part;
mod providers;
mod run;
mod sandbox;

use recurring_facade::{Facade, ProviderId, Settings};

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;

/// Runs one command. An `Err` is a problem of usage or configuration.
pub(crate) async fn run(arguments: Arguments, out: &Output) -> Result<Exit, String> {
    let settings = match (&arguments.command, &arguments.config) {
        // These have a world of their own.
        (Command::Demo | Command::Sandbox { .. }, _) => Ok(Settings::new()),
        (_, Some(path)) => Settings::from_file_and_environment(Some(path)),
        (_, None) => Settings::from_environment(),
    };
    let mut settings = settings.map_err(|error| error.to_string())?;
    if let Some(timeout) = arguments.timeout {
        settings = settings.timeout(timeout);
    }
    let session = Session::new(settings);
    let result = command(&session, arguments, out).await;
    session.close(out).await;
    result
}

async fn command(session: &Session, arguments: Arguments, out: &Output) -> Result<Exit, String> {
    let settings = &session.settings;
    match arguments.command {
        Command::Demo => demo::run(arguments.timeout, out).await,
        Command::Providers => providers::run(settings, out),
        Command::Sandbox { listen, allow_other_machines, record } => {
            sandbox::run(listen, allow_other_machines, record, out).await
        }
        Command::Enrol(enrol) => enrol::enrol(session, enrol, out).await,
        Command::Resume(resume) => enrol::resume(session, resume, out).await,
        Command::Cards { provider, customer } => money::cards(settings, &provider, &customer, out).await,
        Command::Charge(charge) => money::charge(session, charge, out).await,
        Command::Schedule(schedule) => money::schedule(session, schedule, out).await,
        Command::Refund(refund) => part::refund(session, refund, out).await,
        Command::Capture(capture) => part::capture(session, capture, out).await,
        Command::Notification { provider, headers, journal } => {
            notification::run(session, &provider, &headers, journal.as_deref(), out).await
        }
        Command::Run(run) => run::run(session, run, out).await,
        Command::Journal(journal) => journal::run(session, journal, out).await,
        Command::Status { provider, payment } => money::status(settings, &provider, &payment, out).await,
    }
}

/// The facade of the one gateway that a command names.
fn facade_of(settings: &Settings, provider: &str) -> Result<(Facade, ProviderId), String> {
    let id = ProviderId::ALL
        .iter()
        .find(|id| id.as_str() == provider)
        .cloned()
        .ok_or_else(|| format!("there is no gateway `{provider}`; there are {}", names()))?;
    let facade = settings.facade_of(&id).map_err(|error| error.to_string())?;
    Ok((facade, id))
}

fn names() -> String {
    ProviderId::ALL.iter().map(ProviderId::as_str).collect::<Vec<_>>().join(", ")
}
