//! The durable record, for an operator and for a timer.

mod attempts;
mod line;
mod place;
mod reconcile;
mod resolve;

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
    let address = arguments.journal.as_deref();
    match arguments.command {
        JournalCommand::Create => place::create(session, address, out).await,
        JournalCommand::Info => place::info(session, address, out).await,
        JournalCommand::Backup { file } => place::backup(session, address, &file, out).await,
        JournalCommand::List { state, provider, limit } => {
            let filter = Filter { state, provider, after: None };
            attempts::list(&session.needed(address).await?, filter, limit.unwrap_or(usize::MAX), out).await
        }
        JournalCommand::Show { attempt } => {
            attempts::show(&session.needed(address).await?, &attempt, out).await
        }
        JournalCommand::Reconcile { attempt, due } => {
            let facade = session.settings.facade()?;
            let journal = session.needed(address).await?;
            match attempt {
                Some(attempt) => reconcile::one(&journal, &facade, &attempt, out).await,
                None => reconcile::all(&journal, &facade, due, out).await,
            }
        }
        JournalCommand::Resolve(resolve) => {
            resolve::run(&session.settings, &session.needed(address).await?, resolve, out).await
        }
        JournalCommand::AcknowledgeFailover(arguments) => {
            place::acknowledge(session, address, arguments, out).await
        }
    }
}
