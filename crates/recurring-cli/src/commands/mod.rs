//! One file for each command that is more than a few lines.

#[cfg(feature = "sandbox")]
mod clock;
#[cfg(any(feature = "demo", feature = "sandbox"))]
mod customer;
#[cfg(feature = "demo")]
mod demo;
mod due;
mod enrol;
#[cfg(feature = "sandbox")]
mod fault;
mod generated;
mod journal;
#[cfg(feature = "sandbox")]
mod listen;
mod money;
mod notification;
mod part;
mod providers;
mod retry;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod trigger;

use recurring_facade::{ProviderId, Settings, Tls};
use tracing::debug;

use crate::arguments::{Arguments, Command};
use crate::error::CliError;
use crate::exit::Exit;
use crate::journal_settings;
use crate::logging;
use crate::output::Output;
use crate::session::Session;

/// The TLS library that the program was built with: rustls, also when both are built in.
const TLS: Tls = if cfg!(feature = "rustls") { Tls::Rustls } else { Tls::NativeTls };

/// Runs one command.
pub(crate) async fn run(arguments: Arguments, out: &Output) -> Result<Exit, CliError> {
    logging::start(arguments.verbose)?;
    let settings = match (&arguments.command, &arguments.config) {
        // These have settings of their own.
        (command, _) if command.needs_no_settings() => Ok(Settings::new()),
        (_, Some(path)) => Settings::new().with_general(journal_settings::NAMES).read_from(Some(path)),
        (_, None) => Settings::new().with_general(journal_settings::NAMES).read(),
    };
    let mut settings = settings?.with_tls(TLS);
    if let Some(timeout) = arguments.timeout {
        settings = settings.with_timeout(timeout);
    }
    let configured = ProviderId::ALL.iter().filter(|id| settings.mentions(id)).map(ProviderId::as_str);
    debug!(configured = configured.collect::<Vec<_>>().join(","), "read the settings");
    let session = Session::new(settings, arguments.journal.clone());
    let result = command(&session, arguments, out).await;
    session.close(out).await;
    result
}

async fn command(session: &Session, arguments: Arguments, out: &Output) -> Result<Exit, CliError> {
    match arguments.command {
        #[cfg(feature = "demo")]
        Command::Demo => demo::run(arguments.timeout, out).await,
        #[cfg(not(feature = "demo"))]
        Command::Demo => Err(not_built("demo")),
        Command::Providers => providers::run(&session.settings, out),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(options) => sandbox::run(options, out).await,
        #[cfg(not(feature = "sandbox"))]
        Command::Sandbox { .. } => Err(not_built("sandbox")),
        #[cfg(feature = "sandbox")]
        Command::Listen(listen) => listen::run(&listen, out).await,
        #[cfg(feature = "sandbox")]
        Command::Trigger(trigger) => trigger::run(&trigger, out).await,
        #[cfg(feature = "sandbox")]
        Command::Fault(fault) => fault::run(&fault, out).await,
        #[cfg(feature = "sandbox")]
        Command::Clock(clock) => clock::run(&clock, out).await,
        Command::Enrol(enrol) => enrol::enrol(session, enrol, out).await,
        Command::Resume(resume) => enrol::resume(session, resume, out).await,
        Command::Cards { provider, customer } => {
            money::cards(session, &provider, &customer.customer()?, out).await
        }
        Command::Charge(charge) => money::charge(session, charge, out).await,
        Command::Schedule(schedule) => money::schedule(session, schedule, out).await,
        Command::Refund(refund) => part::refund(session, refund, out).await,
        Command::Capture(capture) => part::capture(session, capture, out).await,
        Command::Notification { provider, headers, request } => {
            notification::run(session, &provider, &headers, request.as_deref(), out).await
        }
        Command::Due(due) => due::run(session, due, out).await,
        Command::Retry(retry) => retry::run(session, retry, out).await,
        Command::Run(run) => run::run(session, run, out).await,
        Command::Journal(journal) => journal::run(session, journal, out).await,
        Command::Completions { shell } => Ok(generated::completions(shell, out)),
        Command::Manual { folder } => generated::manual(&folder, out),
        Command::Status(payment) => money::status(session, &payment, out).await,
    }
}

/// A command that this program was built without.
#[cfg(not(all(feature = "demo", feature = "sandbox")))]
fn not_built(feature: &str) -> CliError {
    CliError::configuration(format!(
        "cannot run `recurring {feature}`: this program was built without the Cargo feature `{feature}`; build it with \
         `--features {feature}`"
    ))
}
