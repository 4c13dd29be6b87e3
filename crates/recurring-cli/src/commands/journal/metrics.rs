//! Serves the metrics of a journal.

use std::net::SocketAddr;

use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::metrics::Endpoint;
use crate::output::Output;
use crate::session::Session;
use crate::signal::stopped;

pub(super) async fn serve(session: &Session, listen: SocketAddr, out: &Output) -> Result<Exit, CliError> {
    let journal = session.needed().await?;
    let endpoint = Endpoint::open(listen).await?;
    let url = endpoint.url();
    out.line(&json!({"listening": url}), &format!("metrics at {url} until Ctrl-C"));
    if out.failure().is_some() {
        return Ok(Exit::Failed);
    }
    tokio::select! {
        () = endpoint.serve(journal) => {}
        () = stopped() => {}
    }
    Ok(Exit::Done)
}
