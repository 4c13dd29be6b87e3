//! A worker of the engine, with the settings of the program `recurring`.

use std::error::Error;
use std::num::NonZeroU32;

use recurring_facade::{Secret, Settings};
use recurring_journal::{EncryptionKey, Journal};
use recurring_restate::Worker;
use recurring_schedule::RetryPolicy;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = variable("RECURRING_WORKER_LISTEN").unwrap_or_else(|| "127.0.0.1:9080".to_owned());
    let journal = required("RECURRING_JOURNAL")?;
    let key = EncryptionKey::from_hex(&Secret::new(required("RECURRING_JOURNAL_KEY")?))?;
    let journal = Journal::builder().with_encryption_key(key).open(&journal).await?;
    let facade = Settings::from_environment()?.facade()?;
    let mut worker = Worker::new(journal, facade);
    if let Some(lanes) = number("RECURRING_WORKER_LANES")? {
        worker = worker.with_lanes(lanes);
    }
    if let Some(most) = number("RECURRING_WORKER_CONCURRENCY")? {
        worker = worker.with_concurrency(usize::try_from(most.get())?);
    }
    if let Some(rate) = number("RECURRING_WORKER_RATE")? {
        worker = worker.with_rate(rate);
    }
    if let Some(path) = variable("RECURRING_WORKER_RETRIES") {
        worker = worker.with_retries(policy(&path)?);
    }
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| format!("cannot listen on RECURRING_WORKER_LISTEN ({listen}): {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(worker.serve(listener, tokio::signal::ctrl_c()).await?)
}

/// The policy of another try after a decline, from a file in TOML.
fn policy(path: &str) -> Result<RetryPolicy, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("cannot read RECURRING_WORKER_RETRIES ({path}): {error}");
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    toml::from_str(&text).map_err(|error| failed(&error.message()))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> Result<String, String> {
    variable(name).ok_or_else(|| format!("{name} is not set: it is the one of the program `recurring`"))
}

fn number(name: &str) -> Result<Option<NonZeroU32>, String> {
    variable(name)
        .map(|text| text.trim().parse().map_err(|_| format!("{name} must be a whole number from 1 on")))
        .transpose()
}
