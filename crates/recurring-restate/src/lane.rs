//! A part of what is due at one gateway, worked on by one worker at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use recurring_core::AttemptId;
use recurring_journal::{Refusal, Report, SkipReason, State};
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attempt::AttemptClient;
use crate::gateway::{GatewayClient, Pause};
use crate::step::refused;
use crate::worker::Worker;

/// What a step of a lane did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Those that have no end yet, each of which is followed by itself.
    open: Vec<String>,
    /// Those that were not made.
    left: Vec<String>,
    /// Why they were not made, if the gateway is the cause.
    paused: Option<String>,
}

/// The object `RecurringLane`, keyed by gateway and number.
pub(crate) struct Lane(pub(crate) Worker);

#[restate_sdk::object(name = "RecurringLane", client_visibility = "pub(crate)", ingress_private)]
impl Lane {
    /// **Takes money**: charges what was planned in the journal under these names, and hands over to `RecurringAttempt`
    /// what has no end yet.
    #[handler(inactivity_timeout = "10m")]
    async fn charge(&self, ctx: ObjectContext<'_>, names: Json<Vec<String>>) -> HandlerResult<()> {
        let gateway = ctx.key().split('/').next().unwrap_or_default().to_owned();
        let mut left = names.into_inner();
        let mut pauses = 0;
        while !left.is_empty() {
            let pause = ctx.object_client::<GatewayClient<'_>>(&gateway).show();
            if let Some(pause) = pause.call().await?.into_inner() {
                let Json(wait) = ctx
                    .run(async || {
                        Ok(Json(
                            u64::try_from(pause.wait(self.0.waits.pause).as_millis()).unwrap_or(u64::MAX),
                        ))
                    })
                    .name("wait")
                    .await?;
                if wait > 0 {
                    ctx.sleep(Duration::from_millis(wait)).await?;
                    continue;
                }
            }
            let names = left;
            let Json(step) = ctx.run(async || self.0.step(&names).await.map(Json)).name("charge").await?;
            for name in step.open {
                ctx.object_client::<AttemptClient<'_>>(name).charge().send();
            }
            left = step.left;
            match step.paused {
                Some(why) => {
                    pauses += 1;
                    let wait = self.0.pause(pauses);
                    let Json(pause) =
                        ctx.run(async || Ok(Json(Pause::within(why.clone(), wait)))).name("pause").await?;
                    ctx.object_client::<GatewayClient<'_>>(&gateway).pause(Json(pause)).send();
                    ctx.sleep(wait).await?;
                }
                None => pauses = 0,
            }
        }
        Ok(())
    }
}

impl Worker {
    /// How long nothing is sent to a gateway that has failed so many times in a row.
    fn pause(&self, failures: u32) -> Duration {
        let first = self.breaker().pause;
        let longest = first.max(Duration::from_secs(60 * 60));
        let policy = recurring_core::RetryPolicy::new().with_initial_backoff(first).with_max_backoff(longest);
        policy.backoff(failures)
    }

    /// Charges as many of these as are made in the time of a step. A step that is repeated finds in the journal what it
    /// has done before.
    async fn step(&self, names: &[String]) -> Result<Step, HandlerError> {
        let attempts: Vec<AttemptId> = names
            .iter()
            .map(|name| AttemptId::new(name).map_err(|error| refused(error.to_string())))
            .collect::<Result<_, _>>()?;
        let run = self.billing_run();
        let stop = run.shutdown_handle();
        let (mut step, mut seen) = (Step::default(), Seen::default());
        let ended = {
            let running = run.named(&attempts, |report| step.count(report, &mut seen));
            let mut running = std::pin::pin!(running);
            tokio::select! {
                ended = &mut running => ended,
                () = tokio::time::sleep(self.step) => {
                    stop.stop();
                    running.await
                }
            }
        };
        let summary = ended.map_err(|error| self.repeatable(error))?;
        if let Some(refusal) = summary.refusing.into_values().next()
            && seen.refused.len() >= self.breaker().max_refusals.max(1)
        {
            // The cause concerns the gateway, not these attempts: they stay in the lane until the pause is over.
            step.paused = Some(refusal.message);
            seen.settled.extend(seen.refused.iter().cloned());
            step.left.extend(seen.refused);
        }
        // What could not be read or is refused gives its reason to those who ask for the attempt.
        step.open.extend(names.iter().filter(|name| !seen.settled.contains(*name)).cloned());
        Ok(step)
    }
}

/// What was reported in a step.
#[derive(Debug, Default)]
struct Seen {
    /// Names of what has ended or was left.
    settled: BTreeSet<String>,
    /// Names of what the gateway refused for a cause that may concern every charge. Nothing was applied.
    refused: Vec<String>,
}

impl Step {
    /// Counts what was left, and notes what has ended. All else that is reported is open: also what another worker has,
    /// whose end is waited for.
    fn count(&mut self, report: Report, seen: &mut Seen) {
        match report {
            Report::Made(answer) => {
                let (state, name) = (answer.record.state, answer.record.attempt.to_string());
                match &answer.error {
                    _ if answer.unrecorded.is_some() => {}
                    Some(error) if state == State::NotApplied && Refusal::may_be(error) => {
                        seen.refused.push(name)
                    }
                    _ if state.is_final() && state != State::NotApplied => drop(seen.settled.insert(name)),
                    _ => {}
                }
            }
            Report::Skipped { attempt, why, .. } => {
                match why {
                    SkipReason::Stopped => {}
                    SkipReason::Paused(why) => self.paused = Some(why),
                    SkipReason::Refusing(refusal) => self.paused = Some(refusal.message),
                    _ => return,
                }
                self.left.push(attempt.to_string());
                seen.settled.insert(attempt.to_string());
            }
            _ => {}
        }
    }
}
