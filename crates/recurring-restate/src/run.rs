//! Fanning out what is due.

use std::collections::BTreeMap;

use recurring_facade::ProviderId;
use recurring_journal::State;
use recurring_journal::store::Filter;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::lane::LaneClient;
use crate::step::attempt_id;
use crate::worker::Worker;

/// Names that are handed to a lane at a time.
const CHUNK: usize = 500;

/// Attempts of one gateway, by their names in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Due {
    provider: ProviderId,
    names: Vec<String>,
}

/// The service `RecurringRun`.
pub(crate) struct Run(pub(crate) Worker);

#[restate_sdk::service(name = "RecurringRun", client_visibility = "pub(crate)")]
impl Run {
    /// **Takes money**: hands these attempts to the lanes of their gateway, in which they are charged. Returns how many.
    /// To give one again does no harm.
    #[handler]
    async fn add(&self, ctx: Context<'_>, due: Json<Due>) -> HandlerResult<u64> {
        let Due { provider, names } = due.into_inner();
        for name in &names {
            attempt_id(name)?;
        }
        Ok(hand_out(&self.0, &ctx, &provider, names))
    }

    /// **Takes money**: hands everything that is planned in the journal to the lanes. Returns how many.
    #[handler]
    async fn planned(&self, ctx: Context<'_>) -> HandlerResult<u64> {
        let (mut after, mut count) = (None, 0);
        loop {
            let from = after.clone();
            let Json(page) =
                ctx.run(async || self.0.page(from.clone()).await.map(Json)).name("planned").await?;
            let Some((_, last)) = page.last() else { return Ok(count) };
            after = Some(last.clone());
            let mut of_each: BTreeMap<ProviderId, Vec<String>> = BTreeMap::new();
            for (provider, name) in page {
                of_each.entry(provider).or_default().push(name);
            }
            for (provider, names) in of_each {
                count += hand_out(&self.0, &ctx, &provider, names);
            }
        }
    }
}

impl Worker {
    /// Planned attempts and their gateways, in the order of their names.
    async fn page(&self, after: Option<String>) -> Result<Vec<(ProviderId, String)>, HandlerError> {
        let after = after.as_deref().map(attempt_id).transpose()?;
        let filter = Filter { state: Some(State::Planned), after, ..Filter::default() };
        let page = self.journal.list(&filter, 2_000).await.map_err(|error| self.repeatable(error))?;
        Ok(page.into_iter().map(|record| (record.provider, record.attempt.to_string())).collect())
    }
}

/// Hands the names to the lanes: each name to the same one, whichever worker does it.
fn hand_out(worker: &Worker, ctx: &Context<'_>, provider: &ProviderId, names: Vec<String>) -> u64 {
    let mut lanes: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut count = 0_u64;
    for name in names {
        count += 1;
        lanes.entry(lane_of(&name, worker.lanes)).or_default().push(name);
    }
    for (lane, names) in lanes {
        for some in names.chunks(CHUNK) {
            let key = format!("{provider}/{lane}");
            ctx.object_client::<LaneClient<'_>>(key).charge(Json(some.to_vec())).send();
        }
    }
    count
}

/// FNV-1a: spreads names well enough, and is the same everywhere.
fn lane_of(name: &str, lanes: u32) -> u32 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.checked_rem(lanes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spread_over_the_lanes() {
        let mut counts = [0; 4];
        for number in 0..1_000 {
            let lane = lane_of(&format!("sub-{number}.2026-11"), 4);
            counts[usize::try_from(lane).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (150..350).contains(count)), "{counts:?}");
        assert_eq!(lane_of("a", 0), 0);
    }
}
