use std::io::ErrorKind;

use recurring_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::arguments::Sandbox as Options;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::signal::stopped;

/// Runs the sandbox in the foreground.
pub(crate) async fn run(options: Options, out: &Output) -> Result<Exit, CliError> {
    let sandbox = start(&options).await.map_err(CliError::usage)?;
    let (listen, record) = (options.listen(), options.record);
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

/// The sandbox as the options describe it, with the file of its settings written.
async fn start(options: &Options) -> Result<Sandbox, String> {
    let listen = options.listen();
    let mut builder =
        Sandbox::builder().with_listen(listen).allow_other_machines(options.allow_other_machines);
    if options.encrypt_ngenius {
        builder = builder.with_encrypted_ngenius_webhooks(true);
    }
    for host in &options.allow_host {
        builder = builder.with_allowed_host(host);
    }
    if let Some(folder) = &options.record {
        builder = builder.with_record(folder.clone());
    }
    if let Some(file) = &options.state {
        builder = builder.with_state(file.clone());
    }
    let sandbox = builder.start().await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "cannot listen on {listen}: port {} is in use; end the program that uses it, name another port with --port, or \
             take a free one with --port 0",
            listen.port()
        ),
        _ => format!("cannot start the sandbox on {listen}: {error}"),
    })?;
    if let Some(file) = &options.env_file {
        sandbox.write_env_file(file).map_err(|error| error.to_string())?;
    }
    Ok(sandbox)
}
