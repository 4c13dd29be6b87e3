//! Whether charges of runs are sent to a gateway.

use std::time::Duration;

use recurring_core::Timestamp;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

const PAUSE: &str = "pause";

/// Why nothing is sent to a gateway now, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pause {
    pub(crate) why: String,
    /// Milliseconds since 1970; without it, until an operator ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
}

impl Pause {
    pub(crate) fn within(why: String, wait: Duration) -> Self {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Self { why, until: Some(Timestamp::now().unix_millis().saturating_add(wait)) }
    }

    /// How long to wait until it is asked about again, so that its end by hand is noticed.
    pub(crate) fn wait(&self, longest: Duration) -> Duration {
        let Some(until) = self.until else { return longest };
        let left = until.saturating_sub(Timestamp::now().unix_millis());
        Duration::from_millis(u64::try_from(left).unwrap_or_default()).min(longest)
    }
}

/// The object `RecurringGateway`, one for each gateway.
pub(crate) struct Gateway;

#[restate_sdk::object(name = "RecurringGateway", client_visibility = "pub(crate)")]
impl Gateway {
    /// Sends no charge of a run any more, from the next step of each lane on (within half a minute). What is under way
    /// ends; a charge that is asked for by itself is made all the same.
    #[handler]
    async fn pause(&self, ctx: ObjectContext<'_>, pause: Json<Pause>) -> HandlerResult<()> {
        let pause = pause.into_inner();
        // A breaker does not shorten a pause that an operator asked for.
        let known = ctx.get::<Json<Pause>>(PAUSE).await?.map(Json::into_inner);
        if pause.until.is_none() || known.is_none_or(|known| known.until.is_some()) {
            ctx.set(PAUSE, Json(pause));
        }
        Ok(())
    }

    /// Goes on.
    #[handler]
    async fn resume(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.clear(PAUSE);
        Ok(())
    }

    /// Why nothing is sent, if that is so.
    #[handler]
    async fn show(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Option<Pause>>> {
        Ok(Json(ctx.get::<Json<Pause>>(PAUSE).await?.map(Json::into_inner)))
    }
}
