//! The journal inside Temporal's engine.
//!
//! Temporal runs an activity at least once: it repeats one whose worker died before the engine heard of its end. With money
//! that is once too often. Here the activity asks the journal, which charges at most once for each attempt.
//!
//! A workflow has the name of an attempt and nothing else: histories are read by many. Amount and credential are in the
//! journal, the credential sealed.
//!
//! The gateway is configured as for the program `recurring` (`REVIO_*`). `DATABASE_URL=postgres://… RECURRING_JOURNAL_KEY=…
//! cargo run -- http://localhost:7233 ATTEMPT…` starts a workflow for each attempt that was planned before, and works until
//! it is stopped.

use std::sync::Arc;
use std::time::Duration;

use recurring_core::{AttemptId, Secret};
use recurring_facade::{Facade, Settings};
use recurring_journal::{EncryptionKey, Journal, JournalError, State, StoreError};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowStartOptions};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{
    ActivityOptions, ApplicationFailure, Runtime, SyncWorkflowContext, Worker, WorkerOptions,
    WorkflowContext, WorkflowResult,
};

const QUEUE: &str = "recurring-charges";
const MOST_TRIES: u32 = 10;

/// What an activity works with.
struct Charges {
    journal: Journal,
    facade: Facade,
}

#[activities]
impl Charges {
    /// **Takes money**, at most once for the name, however often the engine repeats it.
    #[activity]
    async fn charge(self: Arc<Self>, _: ActivityContext, attempt: String) -> Result<String, ActivityError> {
        let name = attempt_id(&attempt)?;
        let answer = self.journal.charge_planned(&self.facade, &name).await.map_err(repeatable)?;
        if answer.unrecorded.is_some() {
            // What is stored counts: this worker may be the only one that knows more, and may die now.
            return self.state(&name).await;
        }
        Ok(answer.record.state.to_string())
    }

    /// Looks the attempt up. It only reads, and never sends a charge again.
    #[activity]
    async fn look(self: Arc<Self>, _: ActivityContext, attempt: String) -> Result<String, ActivityError> {
        let name = attempt_id(&attempt)?;
        match self.journal.look(&self.facade, &name).await.map_err(repeatable)? {
            Some(looked) => Ok(looked.record.state.to_string()),
            None => self.state(&name).await,
        }
    }
}

impl Charges {
    async fn state(&self, name: &AttemptId) -> Result<String, ActivityError> {
        Ok(self.journal.attempt(name).await.map_err(repeatable)?.state.to_string())
    }
}

fn attempt_id(name: &str) -> Result<AttemptId, ActivityError> {
    AttemptId::new(name).map_err(|error| ApplicationFailure::non_retryable(error).into())
}

/// A store that cannot be reached is asked again; what was handed in wrongly is not.
fn repeatable(error: JournalError) -> ActivityError {
    match error {
        JournalError::Store(StoreError::NoSuchAttempt) => ApplicationFailure::non_retryable(error).into(),
        JournalError::Store(_) | JournalError::CutOff => ApplicationFailure::new(error).into(),
        other => ApplicationFailure::non_retryable(other).into(),
    }
}

/// One attempt, from its charge to its end. Its workflow id is the attempt's name, so that the engine has one of each.
#[workflow]
#[derive(Default)]
struct Attempt {
    /// How often an operator's decision was announced.
    decisions: u32,
}

#[workflow_methods]
impl Attempt {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, attempt: String) -> WorkflowResult<String> {
        let mut tries = 1_u32;
        let mut state = ctx.execute_activity(Charges::charge, attempt.clone(), step()).await?;
        loop {
            match state.parse() {
                Ok(State::Paid | State::Authorized | State::Declined | State::Canceled) => return Ok(state),
                // Ten times proven not to have happened: that is its end.
                Ok(State::NotApplied) if tries == MOST_TRIES => return Ok(state),
                // Proven not to have happened, or held by another worker: again, under the same name.
                Ok(State::NotApplied | State::Planned | State::Armed) => {
                    ctx.timer(Duration::from_secs(10_u64 << tries)).await;
                    tries = (tries + 1).min(MOST_TRIES);
                    state = ctx.execute_activity(Charges::charge, attempt.clone(), step()).await?;
                }
                Ok(State::Unknown | State::Pending) => {
                    ctx.timer(Duration::from_secs(60)).await;
                    state = ctx.execute_activity(Charges::look, attempt.clone(), step()).await?;
                }
                // Looking proves nothing: an operator decides in the journal (`recurring journal resolve`), and announces
                // it by the signal, or it is found five minutes later.
                Ok(State::Review) => {
                    let seen = ctx.state(|own| own.decisions);
                    temporalio_sdk::workflows::select! {
                        _ = ctx.timer(Duration::from_secs(300)) => {}
                        _ = ctx.wait_condition(|own: &Self| own.decisions != seen) => {}
                    }
                    state = ctx.execute_activity(Charges::look, attempt.clone(), step()).await?;
                }
                // The word of a later version: no step of this one fits it.
                Err(_) => return Ok(state),
            }
        }
    }

    /// Wakes what waits for an operator.
    #[signal]
    fn decided(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.decisions = self.decisions.saturating_add(1);
    }
}

/// Longer than every call of a step; the engine repeats a step that took longer, which the journal withstands.
fn step() -> ActivityOptions {
    ActivityOptions::start_to_close_timeout(Duration::from_secs(300))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let engine = arguments.next().ok_or("the first argument is the address of Temporal's server")?;
    let key = EncryptionKey::from_hex(&Secret::new(std::env::var("RECURRING_JOURNAL_KEY")?))?;
    let charges = Charges {
        journal: Journal::builder().with_encryption_key(key).open(&std::env::var("DATABASE_URL")?).await?,
        facade: Settings::from_environment()?.facade()?,
    };
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let connection = Connection::connect(ConnectionOptions::new(engine.parse::<Url>()?).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    for attempt in arguments {
        let options = WorkflowStartOptions::new(QUEUE, attempt.clone()).build();
        client.start_workflow(Attempt::run, attempt, options).await?;
    }
    let options =
        WorkerOptions::new(QUEUE).register_workflow::<Attempt>()?.register_activities(charges).build();
    Worker::new(&runtime, client, options)?.run().await?;
    Ok(())
}
