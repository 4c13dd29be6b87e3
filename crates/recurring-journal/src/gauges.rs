//! The gauges of what is not settled, as the store has it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Label, gauge};
use recurring_core::Timestamp;
use recurring_facade::ProviderId;

use crate::attempt::{Operation, State};
use crate::error::StoreError;
use crate::journal::Journal;
use crate::store::Filter;

/// The states of which it is not known whether the money moved.
const UNSETTLED: [State; 4] = [State::Armed, State::Pending, State::Unknown, State::Review];

/// Attempts that are read at a time.
const PAGE: u32 = 500;

/// How many attempts are in one state, and since when the oldest is armed.
type Unsettled = BTreeMap<(ProviderId, State), (u64, Timestamp)>;

/// What a gauge was set for. It is set to zero when nothing is left, and not left as it was.
static SEEN: Mutex<Unsettled> = Mutex::new(BTreeMap::new());

impl Journal {
    /// Sets the gauges `recurring.journal.unsettled` and `recurring.journal.unsettled.age` of the recorder that is installed:
    /// how many attempts are armed, pending, unknown or in review at each gateway, and how long the oldest of them is.
    ///
    /// They come from the store, so they are the same on every machine and after a restart. Call it before each time that the
    /// metrics are read. It moves no money and changes nothing.
    ///
    /// # Errors
    /// When the store fails: the gauges then stay as they were.
    pub async fn update_gauges(&self) -> Result<(), StoreError> {
        let (now, found) = (self.now().await?, self.unsettled().await?);
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ProviderId::ALL {
            for state in UNSETTLED {
                seen.entry((id.clone(), state)).or_insert((0, now));
            }
        }
        seen.extend(found.keys().map(|key| (key.clone(), (0, now))));
        for (key, nothing) in seen.iter() {
            let (count, oldest) = found.get(key).unwrap_or(nothing);
            let age = if *count == 0 { Duration::ZERO } else { now.duration_since(*oldest) };
            let labels =
                vec![Label::new("provider", key.0.as_str().to_owned()), Label::new("state", key.1.as_str())];
            gauge!("recurring.journal.unsettled", labels.clone())
                .set(f64::from(u32::try_from(*count).unwrap_or(u32::MAX)));
            gauge!("recurring.journal.unsettled.age", labels).set(age);
        }
        Ok(())
    }

    async fn unsettled(&self) -> Result<Unsettled, StoreError> {
        let mut all = Unsettled::new();
        for state in UNSETTLED {
            let mut filter = Filter { state: Some(state), ..Filter::default() };
            loop {
                let page = self.store().list(&filter, PAGE).await?;
                let Some(last) = page.last() else { break };
                filter.after = Some(last.attempt.clone());
                for record in page.iter().filter(|record| record.operation != Operation::Enrolment) {
                    let since = record.armed.unwrap_or(record.created);
                    let (count, oldest) = all.entry((record.provider.clone(), state)).or_insert((0, since));
                    *count = count.saturating_add(1);
                    *oldest = since.min(*oldest);
                }
            }
        }
        Ok(all)
    }
}
