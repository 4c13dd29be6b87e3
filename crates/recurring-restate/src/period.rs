//! One period of a subscription: its charge, and the tries after a decline.

use std::time::Duration;

use recurring_core::{AttemptId, Timestamp};
use recurring_journal::{AttemptRecord, State};
use recurring_schedule::{
    Attempt, AttemptName, BillingCycle, Decision, History, NextTry, Period as Due, RetryPolicy,
    ScheduleError, StopReason, first, from_core_time, next, to_core_time,
};
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attempt::AttemptClient;
use crate::history::{self, decline};
use crate::standing::Standing;
use crate::step::refused;
use crate::worker::Worker;

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

/// What comes before the first try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Before {
    /// It may be charged.
    Charge,
    /// It may not be charged before this time has passed.
    Wait {
        /// Milliseconds.
        millis: u64,
    },
    /// It may not be charged with this card.
    Ended(Collected),
}

/// What follows the end of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum After {
    /// Nothing.
    Ended(Collected),
    /// Another try, which is not planned before this time has passed.
    Wait {
        /// Milliseconds.
        millis: u64,
    },
    /// This other try, which is planned, or which others have made.
    Follow(String),
}

/// The object `RecurringPeriod`, keyed by the name of the first try, such as `sub-42.2026-11`.
pub(crate) struct Period(pub(crate) Worker);

#[restate_sdk::object(name = "RecurringPeriod", client_visibility = "pub(crate)")]
impl Period {
    /// **Takes money**: charges the first try, which was planned in the journal as try 1 of its series, and after a decline the next
    /// tries as the worker's policy and the rules of the card schemes have it. Nothing is charged that these rules forbid to the
    /// card, the first try included. It is given the subscription's billing cycle. A try
    /// is made only when every earlier one is declined: while one is pending, unknown or in review, this waits.
    #[handler]
    async fn collect(
        &self,
        ctx: ObjectContext<'_>,
        cycle: Json<BillingCycle>,
    ) -> HandlerResult<Json<Collected>> {
        let cycle = cycle.into_inner();
        let due = period_of(ctx.key(), &cycle)?;
        let mut name = due.name().to_string();
        loop {
            let step = ctx.run(async || self.0.before(&due).await.map(Json));
            match step.name("first try").await?.into_inner() {
                Before::Charge => break,
                Before::Ended(collected) => return Ok(Json(collected)),
                Before::Wait { millis } => ctx.sleep(Duration::from_millis(millis)).await?,
            }
        }
        loop {
            // It is answered when the try has ended, and not before.
            let Json(standing) = ctx.object_client::<AttemptClient<'_>>(&name).charge().call().await?;
            loop {
                let step = ctx.run(async || self.0.after(&due, &standing).await.map(Json));
                let Json(after) = step.name("next try").await?;
                match after {
                    After::Ended(collected) => return Ok(Json(collected)),
                    After::Wait { millis } => ctx.sleep(Duration::from_millis(millis)).await?,
                    After::Follow(next) => {
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
    /// Decides whether the first try may be charged, if it was not yet: what was tried with the card for other periods counts.
    async fn before(&self, due: &Due) -> Result<Before, HandlerError> {
        let attempt = AttemptId::new(due.name().to_string()).map_err(|error| refused(error.to_string()))?;
        let (tried, first_try) = self.tried(due, &attempt).await?;
        if first_try.state != State::Planned {
            return Ok(Before::Charge);
        }
        let now = self.now().await?;
        let amount = first_try.amount.and_then(|amount| amount.try_into().ok());
        let amount = amount.ok_or_else(|| refused(format!("{attempt} has no amount")))?;
        let history = tried.history(due, now)?;
        let end = |why: String, needs_customer| {
            let (attempt, state) = (attempt.to_string(), first_try.state);
            Ok(Before::Ended(Collected { attempt, state, why: Some(why), needs_customer }))
        };
        match first(&history, None, amount).map_err(not_decidable)? {
            Decision::At(next) => Ok(match millis_until(&next, now) {
                0 => Before::Charge,
                millis => Before::Wait { millis },
            }),
            Decision::NeedsCustomer(why) => end(why.to_string(), true),
            Decision::Stop(why) => end(why.to_string(), false),
        }
    }

    /// Decides what follows a try that has ended, and plans the next one when its time has come. A step that is repeated finds
    /// it planned.
    async fn after(&self, due: &Due, ended: &Standing) -> Result<After, HandlerError> {
        let end = |why: Option<String>, needs_customer| {
            let (attempt, state) = (ended.attempt.clone(), ended.state);
            Ok(After::Ended(Collected { attempt, state, why, needs_customer }))
        };
        if ended.state != State::Declined {
            return end(None, false);
        }
        let Some(policy) = &self.retries else {
            return end(Some("the worker has no policy for another try".to_owned()), false);
        };
        let attempt = AttemptId::new(&ended.attempt).map_err(|error| refused(error.to_string()))?;
        let now = self.now().await?;
        let decided = self.decide(due, &attempt, policy, now).await?;
        match decided {
            Decision::At(next) => {
                let millis = millis_until(&next, now);
                if millis > 0 {
                    return Ok(After::Wait { millis });
                }
                let name =
                    AttemptId::new(next.name.to_string()).map_err(|error| refused(error.to_string()))?;
                let planned = self.journal.plan_next_try(&attempt, &name).await;
                planned.map_err(|error| self.repeatable(error))?;
                Ok(After::Follow(name.to_string()))
            }
            // Others have made a try meanwhile, which may take the money or has taken it.
            Decision::Stop(StopReason::Open { name, .. } | StopReason::Paid(name)) => Ok(After::Follow(name)),
            Decision::NeedsCustomer(why) => end(Some(why.to_string()), true),
            Decision::Stop(why) => end(Some(why.to_string()), false),
        }
    }

    async fn decide(
        &self,
        due: &Due,
        ended: &AttemptId,
        policy: &RetryPolicy,
        now: Timestamp,
    ) -> Result<Decision, HandlerError> {
        let (tried, declined) = self.tried(due, ended).await?;
        let history = tried.history(due, now)?;
        next(&history, &decline(&declined), policy).map_err(not_decidable)
    }

    /// What was tried with the card of an attempt, and for its period with cards that it replaced; and that attempt.
    async fn tried(&self, due: &Due, attempt: &AttemptId) -> Result<(Tried, AttemptRecord), HandlerError> {
        // All of it, as `recurring retry` does: a code that forbids the card holds for good.
        let history = self.journal.credential_history_of(attempt, Timestamp::UNIX_EPOCH).await;
        let history: Vec<AttemptRecord> = history.map_err(|error| self.repeatable(error))?;
        let series = self.journal.series(due.name().subscription().as_str()).await;
        let mut series = series.map_err(|error| self.repeatable(error))?;
        let label = due.name().period().to_string();
        series.retain(|record| {
            let of_period = record.series.as_ref().is_some_and(|series| series.period() == label);
            of_period && !history.iter().any(|one| one.attempt == record.attempt)
        });
        // A try that is planned was planned by an earlier run of this step, or for a time to come, and was not sent.
        let sent = |record: &&AttemptRecord| record.state != State::Planned;
        let all = |records: &[AttemptRecord], card: &str| {
            let attempts = records.iter().filter(sent).filter_map(|record| history::attempt(record, card));
            let mut attempts: Vec<Attempt> = attempts.collect();
            attempts.sort_by_key(|one| one.at);
            attempts
        };
        let tried = Tried { card: all(&history, history::CARD), others: all(&series, history::OTHER_CARD) };
        let record = history.into_iter().find(|record| record.attempt == *attempt);
        let record = record.ok_or_else(|| {
            refused(format!(
                "the journal does not know the credential of {attempt}: it was stored before version 5"
            ))
        })?;
        Ok((tried, record))
    }

    /// By the clock that the times of the attempts are from: with another one, a try of just now may seem to be to come.
    async fn now(&self) -> Result<Timestamp, HandlerError> {
        self.journal.now().await.map_err(|error| self.repeatable(error.into()))
    }
}

/// What was tried.
struct Tried {
    card: Vec<Attempt>,
    /// For the period, with cards that this one replaced.
    others: Vec<Attempt>,
}

impl Tried {
    fn history<'a>(&'a self, due: &'a Due, now: Timestamp) -> Result<History<'a>, HandlerError> {
        History::after_other_cards(due, &self.others, &self.card, from_core_time(now)).map_err(not_decidable)
    }
}

fn millis_until(next: &NextTry, now: Timestamp) -> u64 {
    let wait = to_core_time(next.time).unix_millis().saturating_sub(now.unix_millis());
    u64::try_from(wait).unwrap_or_default()
}

fn not_decidable(error: ScheduleError) -> HandlerError {
    refused(error.to_string())
}
