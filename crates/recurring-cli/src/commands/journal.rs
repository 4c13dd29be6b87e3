//! The durable record, for an operator and for a timer.

mod attempts;
mod line;
#[cfg(feature = "metrics")]
mod metrics;
mod place;
mod reconcile;
mod resolve;
mod statement;

use recurring_journal::store::Filter;

use crate::arguments::{self, JournalCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;

pub(crate) async fn run(
    session: &Session,
    arguments: arguments::Journal,
    out: &Output,
) -> Result<Exit, CliError> {
    match arguments.command {
        JournalCommand::Create => place::create(session, out).await,
        JournalCommand::Info => place::info(session, out).await,
        JournalCommand::Backup { file } => place::backup(session, &file, out).await,
        JournalCommand::Archive { before, to } => {
            place::archive(&session.needed().await?, before, &to, out).await
        }
        JournalCommand::List { state, provider, series, limit } => {
            let filter = Filter { state, provider, series, after: None };
            attempts::list(&session.needed().await?, filter, limit.unwrap_or(usize::MAX), out).await
        }
        JournalCommand::Show { attempt } => {
            attempts::show(&session.needed().await?, &attempt.attempt()?, out).await
        }
        JournalCommand::Reconcile { attempt, statement, due } => {
            if let Some(file) = statement.statement.clone() {
                return statement::settle(session, &file, *statement, out).await;
            }
            let attempt = attempt.attempt()?;
            let facade = session.settings.facade()?;
            let journal = session.needed().await?;
            match attempt {
                Some(attempt) => reconcile::one(&journal, &facade, &attempt, out).await,
                None => reconcile::all(&journal, &facade, due, out).await,
            }
        }
        #[cfg(feature = "metrics")]
        JournalCommand::Metrics { listen } => metrics::serve(session, listen, out).await,
        JournalCommand::Resolve(resolve) => {
            resolve::run(&session.settings, &session.needed().await?, resolve, out).await
        }
        JournalCommand::AcknowledgeFailover(arguments) => place::acknowledge(session, arguments, out).await,
    }
}
