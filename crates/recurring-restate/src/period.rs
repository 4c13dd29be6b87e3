//! One period of a subscription: its charge, and the tries after a decline.

use std::time::Duration;

use recurring_core::{AttemptId, Timestamp};
use recurring_journal::schedule::Tries;
use recurring_journal::{AttemptRecord, State};
use recurring_schedule::{
    AttemptName, BillingCycle, Decision, NextTry, Period as Due, ScheduleError, StopReason, from_core_time,
    to_core_time,
};
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attempt::AttemptClient;
use crate::standing::Standing;
use crate::step::refused;
use crate::worker::Worker;

/// Why there is no try after a declined one.
const NO_POLICY: &str = "the worker has no policy for another try";

/// How a period ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Collected {
    /// The last try.
    pub attempt: String,
    /// Its state in the journal.
    pub state: State,
    /// Why there is no further try, when it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the customer has to act before this card can be charged.
    #[serde(default)]
    pub needs_customer: bool,
}

/// What follows in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Following {
    /// Nothing.
    Ended(Collected),
    /// A try that may not be made before this time has passed.
    Wait {
        /// Milliseconds.
        millis: u64,
    },
    /// This try, which is planned, or which others have made.
    Try(String),
}

/// The object `RecurringPeriod`, keyed by the name of the first try, such as `sub-42.2026-11`.
pub(crate) struct Period(pub(crate) Worker);

#[restate_sdk::object(name = "RecurringPeriod", client_visibility = "pub(crate)")]
impl Period {
    /// **Takes money**: charges the first try, which was planned in the journal as try 1 of its series, and after a decline the next
    /// tries as the worker's policy and the rules of the card schemes have it. Nothing is charged that these rules forbid to the
    /// card, the first try included, and nothing before the period is due. It is given the subscription's billing cycle. A try
    /// is made only when every earlier one is declined: while one is pending, unknown or in review, this waits. A try that was
    /// not sent, or not applied, is made again under its own name.
    #[handler]
    async fn collect(
        &self,
        ctx: ObjectContext<'_>,
        cycle: Json<BillingCycle>,
    ) -> HandlerResult<Json<Collected>> {
        let cycle = cycle.into_inner();
        let due = period_of(ctx.key(), &cycle)?;
        let mut name = loop {
            let step = ctx.run(async || self.0.before(&due).await.map(Json));
            match step.name("first try").await?.into_inner() {
                Following::Try(name) => break name,
                Following::Ended(collected) => return Ok(Json(collected)),
                Following::Wait { millis } => ctx.sleep(Duration::from_millis(millis)).await?,
            }
        };
        loop {
            // It is answered when the try has ended, and not before.
            let Json(standing) = ctx.object_client::<AttemptClient<'_>>(&name).charge().call().await?;
            loop {
                let step = ctx.run(async || self.0.after(&due, &standing).await.map(Json));
                let Json(after) = step.name("next try").await?;
                match after {
                    Following::Ended(collected) => return Ok(Json(collected)),
                    Following::Wait { millis } => ctx.sleep(Duration::from_millis(millis)).await?,
                    Following::Try(next) => {
                        name = next;
                        break;
                    }
                }
            }
        }
    }
}

/// The period that a name means, which must be that of its first try.
fn period_of(key: &str, cycle: &BillingCycle) -> Result<Due, HandlerError> {
    let name: AttemptName = key.parse().map_err(|error| refused(format!("the key {key}: {error}")))?;
    let found = cycle.find(&name).filter(|_| name.number() == 1);
    found.ok_or_else(|| {
        let subscription = cycle.subscription().as_str();
        refused(format!(
            "{key} is not the first try of a period of {subscription}; give it the cycle that it has"
        ))
    })
}

impl Worker {
    /// Decides whether the last try of the period may be charged where it was not sent, or not applied; in a new period that is
    /// the first one. Another try is followed to its end.
    async fn before(&self, due: &Due) -> Result<Following, HandlerError> {
        let known = self.known(due).await?;
        if known.is_sent(due) {
            return Ok(Following::Try(known.last.attempt.to_string()));
        }
        self.decide(due, &known).await
    }

    /// Decides what follows a try that has ended, and plans the next one when its time has come. A step that is repeated finds
    /// it planned.
    async fn after(&self, due: &Due, ended: &Standing) -> Result<Following, HandlerError> {
        let end = |why: Option<&str>| {
            let (attempt, state, why) = (ended.attempt.clone(), ended.state, why.map(str::to_owned));
            Ok(Following::Ended(Collected { attempt, state, why, needs_customer: false }))
        };
        if ended.state != State::Declined {
            return end(None);
        }
        if self.retries.is_none() {
            return end(Some(NO_POLICY));
        }
        let known = self.known(due).await?;
        // Others have made a try meanwhile, which may take the money or has taken it.
        if known.is_sent(due) && known.last.attempt.as_str() != ended.attempt {
            return Ok(Following::Try(known.last.attempt.to_string()));
        }
        self.decide(due, &known).await
    }

    /// Decides by what was tried with the card of the last try, and for the period with cards that it replaced. The card's scheme
    /// is not known to the journal; without one, the strictest rules hold.
    async fn decide(&self, due: &Due, known: &Known) -> Result<Following, HandlerError> {
        let last = &known.last;
        let end = |why: String, needs_customer| {
            let (attempt, state) = (last.attempt.to_string(), last.state);
            Ok(Following::Ended(Collected { attempt, state, why: Some(why), needs_customer }))
        };
        let now = self.now().await?;
        // All of it, as `recurring retry` does: a code that forbids the card holds for good.
        let charges = self.journal.credential_history_of(&last.attempt, Timestamp::UNIX_EPOCH).await;
        let charges = charges.map_err(|error| self.repeatable(error))?;
        if !charges.iter().any(|record| record.attempt == last.attempt) {
            return Err(refused(format!(
                "the journal does not know the credential of {}: it was stored before version 5",
                last.attempt
            )));
        }
        let tries = known.tries(due, &charges)?;
        let decided = tries.decide(self.retries.as_ref(), from_core_time(now)).map_err(not_decidable)?;
        match decided {
            None => end(NO_POLICY.to_owned(), false),
            Some(Decision::At(next)) => {
                let millis = millis_until(&next, now);
                if millis > 0 {
                    return Ok(Following::Wait { millis });
                }
                if let Some(unsent) = tries.again() {
                    return Ok(Following::Try(unsent.attempt.to_string()));
                }
                let name = AttemptId::try_from(&next.name).map_err(|error| refused(error.to_string()))?;
                let planned = self.journal.plan_next_try(&last.attempt, &name).await;
                planned.map_err(|error| self.repeatable(error))?;
                Ok(Following::Try(name.to_string()))
            }
            Some(Decision::Stop(StopReason::Open { name, .. } | StopReason::Paid(name))) => {
                Ok(Following::Try(name))
            }
            Some(Decision::NeedsCustomer(why)) => end(why.to_string(), true),
            Some(Decision::Stop(why)) => end(why.to_string(), false),
        }
    }

    /// The tries of the period, or the charge under the name of its first try where no series has one.
    async fn known(&self, due: &Due) -> Result<Known, HandlerError> {
        let series = self.journal.series(due.name().subscription().as_str()).await;
        let mut series = series.map_err(|error| self.repeatable(error))?;
        let label = due.name().period().to_string();
        series.retain(|record| record.series.as_ref().is_some_and(|series| series.period() == label));
        let last = match series.last() {
            Some(last) => last.clone(),
            None => {
                let first = AttemptId::try_from(due.name()).map_err(|error| refused(error.to_string()))?;
                let first = self.journal.attempt(&first).await;
                let first = first.map_err(|error| self.repeatable(error))?;
                series.push(first.clone());
                first
            }
        };
        Ok(Known { series, last })
    }

    /// By the clock that the times of the attempts are from: with another one, a try of just now may seem to be to come.
    async fn now(&self) -> Result<Timestamp, HandlerError> {
        self.journal.now().await.map_err(|error| self.repeatable(error.into()))
    }
}

/// The tries of a period, of which there is at least one.
struct Known {
    series: Vec<AttemptRecord>,
    last: AttemptRecord,
}

impl Known {
    fn tries<'a>(&'a self, due: &'a Due, charges: &'a [AttemptRecord]) -> Result<Tries<'a>, HandlerError> {
        let amount =
            self.last.amount.ok_or_else(|| refused(format!("{} has no amount", self.last.attempt)))?;
        Ok(Tries::new(due, amount, charges, &self.series))
    }

    /// Whether the last try was sent, so that it is not charged again under its name. It is asked of the card that each try was
    /// made with.
    fn is_sent(&self, due: &Due) -> bool {
        self.tries(due, &self.series).is_ok_and(|tries| tries.again().is_none())
    }
}

fn millis_until(next: &NextTry, now: Timestamp) -> u64 {
    let wait = to_core_time(next.time).unix_millis().saturating_sub(now.unix_millis());
    u64::try_from(wait).unwrap_or_default()
}

fn not_decidable(error: ScheduleError) -> HandlerError {
    refused(error.to_string())
}
