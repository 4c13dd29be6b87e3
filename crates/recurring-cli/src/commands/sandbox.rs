use crate::arguments::Sandbox as Options;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::signal::stopped;

/// Runs the sandbox in the foreground.
pub(crate) async fn run(options: Options, out: &Output) -> Result<Exit, CliError> {
    let options = options.read();
    let sandbox = options.start().await.map_err(CliError::usage)?;
    out.line(&sandbox.started_json(), &sandbox.started_text());
    if !options.listen.ip().is_loopback() {
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
    if let Some(folder) = options.record {
        match sandbox.recorded() {
            Ok(number) => out.progress(&format!("{number} exchanges recorded in {}", folder.display())),
            Err(error) => out.problem(&format!("not every exchange is recorded: {error}")),
        }
    }
    sandbox.shutdown().await;
    Ok(Exit::Done)
}
