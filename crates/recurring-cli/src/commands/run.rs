//! The billing run: one JSON object a line in, one a line out.

mod billing;
mod charge_line;
mod empty;
mod input;
mod plan;
mod progress;
mod text;
mod worst;

use recurring_journal::State;

use self::billing::{Billing, charge_all};
use crate::arguments::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::journal_settings;
use crate::output::Output;
use crate::session::Session;

pub(crate) async fn run(session: &Session, arguments: Run, out: &Output) -> Result<Exit, CliError> {
    let input = arguments.input()?;
    let journal = session.needed().await?;
    if (arguments.planned || arguments.plan) && journal_settings::key(&session.settings).is_none() {
        let what = if arguments.plan { "plan charges" } else { "charge what is planned" };
        return Err(CliError::configuration(format!(
            "cannot {what}: RECURRING_JOURNAL_KEY is not set; set it to the key under which the journal keeps stored \
             credentials"
        )));
    }
    if let (Some(path), true) = (&input, arguments.plan) {
        return plan::plan(&journal, path, out).await;
    }
    #[cfg(feature = "metrics")]
    let _metrics = serve_metrics(arguments.metrics_listen, &journal, out).await?;
    let facade = session.settings.facade()?;
    if arguments.until_empty {
        return empty::run(&journal, &facade, &arguments, out).await;
    }
    let (charges, total) = match &input {
        Some(path) => (Some(input::charges(path).await?), progress::lines(path)),
        None => {
            let counts = journal.store().count().await?;
            let planned = counts.into_iter().find(|(state, _)| *state == State::Planned);
            (None, planned.map(|(_, count)| count))
        }
    };
    let billing = Billing { input: charges, total, planned: arguments.planned };
    let (exit, _) = charge_all(&journal, &facade, &arguments, billing, out).await?;
    Ok(exit)
}

/// Serves the metrics of the run until what is returned is dropped.
#[cfg(feature = "metrics")]
async fn serve_metrics(
    listen: Option<std::net::SocketAddr>,
    journal: &recurring_journal::Journal,
    out: &Output,
) -> Result<tokio::task::JoinSet<()>, CliError> {
    let mut serving = tokio::task::JoinSet::new();
    if let Some(listen) = listen {
        let endpoint = crate::metrics::Endpoint::open(listen).await?;
        out.progress(&format!("metrics at {} until the run ends", endpoint.url()));
        serving.spawn(endpoint.serve(journal.clone()));
    }
    Ok(serving)
}
