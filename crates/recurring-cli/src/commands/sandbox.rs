use std::net::SocketAddr;
use std::path::PathBuf;

use recurring_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::signal::stopped;

/// Runs the sandbox in the foreground.
pub(crate) async fn run(
    listen: SocketAddr,
    allow_other_machines: bool,
    record: Option<PathBuf>,
    out: &Output,
) -> Result<Exit, CliError> {
    let mut builder = Sandbox::builder().with_listen(listen).allow_other_machines(allow_other_machines);
    if let Some(folder) = &record {
        builder = builder.with_record(folder.clone());
    }
    let sandbox = builder
        .start()
        .await
        .map_err(|error| CliError::usage(format!("cannot start the sandbox on {listen}: {error}")))?;
    let settings = sandbox.settings();
    let env: Map<String, Value> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    let exports: Vec<String> =
        settings.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
    let human = format!(
        "# listening on {}; until Ctrl-C\n# paste this into another terminal:\n{}",
        sandbox.url(),
        exports.join("\n")
    );
    out.line(&json!({"listening": sandbox.url(), "env": env}), &human);
    if !listen.ip().is_loopback() {
        out.problem(
            "the sandbox is open to other machines: it has no protection and only test cards belong in it",
        );
    }
    if out.failure().is_some() {
        // Where it listens is not known to any caller.
        sandbox.shutdown().await;
        return Ok(Exit::Failed);
    }
    stopped().await;
    if let Some(folder) = record {
        match sandbox.recorded() {
            Ok(number) => out.progress(&format!("{number} exchanges recorded in {}", folder.display())),
            Err(error) => out.problem(&format!("not every exchange is recorded: {error}")),
        }
    }
    sandbox.shutdown().await;
    Ok(Exit::Done)
}
