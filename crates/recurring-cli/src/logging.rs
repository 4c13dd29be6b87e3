//! What the program logs on standard error, when it is asked to.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::CliError;

/// The crates that may log: they show no secret at any level. What else is in the program was not written for that.
const CRATES: [&str; 10] = [
    "emspay",
    "ngenius",
    "omno",
    "recurring",
    "recurring_core",
    "recurring_facade",
    "recurring_gateway",
    "recurring_journal",
    "revio",
    "tokenpay_signed",
];

/// Begins to log: `-v` each request and its answer, `-vv` everything; without them what `RUST_LOG` asks for.
pub(crate) fn start(verbose: u8) -> Result<(), CliError> {
    let wanted = match (verbose, std::env::var("RUST_LOG")) {
        (0, Ok(directives)) if !directives.trim().is_empty() => {
            directives.trim().parse::<Targets>().map_err(|error| {
                CliError::configuration(format!(
                    "cannot use RUST_LOG: {error}; write it like `debug` or `recurring_gateway=debug`"
                ))
            })?
        }
        (0, _) => return Ok(()),
        (1, _) => Targets::new().with_default(LevelFilter::DEBUG),
        _ => Targets::new().with_default(LevelFilter::TRACE),
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let ours = FilterFn::new(|metadata| is_ours(metadata.target()));
    let registry = tracing_subscriber::registry().with(layer.with_filter(wanted).with_filter(ours));
    registry.try_init().map_err(|error| CliError::io(format!("cannot log: {error}")))
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or(target);
    CRATES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_crates_may_log() {
        assert!(is_ours("recurring_gateway::transport") && is_ours("recurring"));
        assert!(!is_ours("hyper::proto") && !is_ours("recurring_other") && !is_ours("tokio_postgres"));
    }
}
