//! The journal inside a durable job engine: `apalis`, with its queue in PostgreSQL.
//!
//! Such an engine promises to run a step *at least* once: it repeats a step that failed, panicked, or whose worker died
//! before the end of the step was stored. With money that is once too often. Here the step asks the journal, which
//! charges *at most* once for each attempt: the engine may repeat the step as often as it likes.
//!
//! A job holds the name of an attempt and nothing else. Amount and credential are in the journal, the credential sealed.
//!
//! The gateways are configured as for the program `recurring`. Queue and journal may share a database:
//!
//! `DATABASE_URL=postgres://… RECURRING_JOURNAL_KEY=… cargo run -p recurring-journal --example engine -- ATTEMPT…`
//!
//! queues attempts that were planned before, and works until it is stopped.

use std::any::Any;
use std::time::Duration;

use apalis::layers::catch_panic::{CatchPanicLayer, PanicError};
use apalis::prelude::{
    BackendExt, BoxDynError, Data, IntervalStrategy, TaskBuilder, TaskSink, TaskSinkError, WorkerBuilder,
};
use apalis_postgres::{Error, PgPool, PostgresStorage};
use recurring_facade::{AttemptId, Facade, Secret, Settings};
use recurring_journal::{EncryptionKey, Journal, State};
use serde::{Deserialize, Serialize};

/// What is in the queue. A queue is read by many, and copied into logs: no credential belongs there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) attempt: String,
    /// How often it was put off.
    pub(crate) round: u32,
}

/// What a step works with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) journal: Journal,
    pub(crate) facade: Facade,
    pub(crate) queue: PostgresStorage<Job>,
    /// How long an attempt without an end is put off first; the wait doubles each time.
    pub(crate) wait: Duration,
}

/// The step. What it does to the money is the journal's business; all that is decided here is whether the job is done.
pub(crate) async fn step(job: Job, desk: Data<Desk>) -> Result<String, BoxDynError> {
    let attempt = AttemptId::new(&job.attempt)?;
    // Whatever the error, the engine may repeat the step: what was armed is never sent again.
    let answer = desk.journal.charge_planned(&desk.facade, &attempt).await?;
    let mut state = answer.record.state;
    if answer.again && matches!(state, State::Unknown | State::Pending | State::Review) {
        // It may have been charged already. Looking only reads; it never sends the charge again.
        if let Some(looked) = desk.journal.look(&desk.facade, &attempt).await? {
            state = looked.record.state;
        }
    }
    if !matches!(state, State::Paid | State::Declined) {
        // Not known yet, owned by another worker, in manual review, or proven not to have happened: later again. What
        // never succeeds stays visible in the journal; a shop would also notify its operator here.
        put_off(job, &desk).await?;
    }
    // The end of the step. Whatever happens before the engine has stored it, the step is run again: then the journal
    // gives the same answer without sending.
    Ok(state.to_string())
}

/// Puts the job into the queue again, for later: once, however often this step is repeated, so that one attempt never
/// fills the queue. (The engine's own repetition is for accidents: it comes at once, and at most 25 times.)
async fn put_off(job: Job, desk: &Desk) -> Result<(), BoxDynError> {
    let wait = desk.wait.saturating_mul(2_u32.saturating_pow(job.round)).min(Duration::from_secs(60 * 60));
    let job = Job { round: job.round.saturating_add(1), ..job };
    let once = format!("{}/{}", job.attempt, job.round);
    let later = TaskBuilder::new(job).idempotency_key(once).run_after(wait).build();
    match desk.queue.clone().push_task(later).await {
        Err(TaskSinkError::PushError(Error::Database(sqlx::Error::Database(error))))
            if error.is_unique_violation() =>
        {
            Ok(())
        }
        pushed => Ok(pushed?),
    }
}

/// A step that panics is repeated like one that fails; the usual `catch_panic()` would give up its job.
pub(crate) fn panicked(_: &Box<dyn Any + Send>) -> PanicError {
    PanicError("the step panicked".to_owned())
}

/// A worker that takes jobs from the queue, and looks for more at this interval; `.build(step)` says what it does.
///
/// A macro, since the worker's type can hardly be written down.
macro_rules! worker {
    ($name:expr, $desk:expr, $interval:expr) => {{
        let queue = $desk.queue.clone().poll_with_strategy(IntervalStrategy::new($interval));
        WorkerBuilder::new($name)
            .backend(queue)
            .data($desk.clone())
            .layer(CatchPanicLayer::with_panic_handler(panicked))
    }};
}
#[allow(unused_imports, reason = "for programs that include this one")]
pub(crate) use worker;

#[tokio::main]
async fn main() -> Result<(), BoxDynError> {
    let address = std::env::var("DATABASE_URL")?;
    let key = EncryptionKey::from_hex(&Secret::new(std::env::var("RECURRING_JOURNAL_KEY")?))?;
    let pool = PgPool::connect(&address).await?;
    PostgresStorage::setup(&pool).await?;
    let mut desk = Desk {
        journal: Journal::builder().with_encryption_key(key).open(&address).await?,
        facade: Settings::from_environment()?.facade()?,
        queue: PostgresStorage::new(&pool),
        wait: Duration::from_secs(60),
    };
    // In a shop: `desk.journal.plan(&request)`, then the job, wherever a payment falls due.
    for attempt in std::env::args().skip(1) {
        desk.queue.push(Job { attempt, round: 0 }).await?;
    }
    let name = format!("charges-{}", std::process::id());
    worker!(name.as_str(), desk, Duration::from_secs(5)).build(step).run().await?;
    Ok(())
}
