//! The gauges of what is not settled, as the store has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Label, gauge};
use recurring_facade::ProviderId;

use crate::attempt::State;
use crate::error::StoreError;
use crate::journal::Journal;

/// The states of attempts that are not settled.
const UNSETTLED: [State; 5] = [State::Planned, State::Armed, State::Pending, State::Unknown, State::Review];

/// What gauges were set for. They are set to zero when nothing is left, and not left as they were.
static SEEN: Mutex<BTreeSet<(ProviderId, State)>> = Mutex::new(BTreeSet::new());

impl Journal {
    /// Sets the gauges `recurring.journal.unsettled` and `recurring.journal.unsettled.age` of the recorder that is installed to
    /// what [`unsettled`](Self::unsettled) says: how many attempts there are at each gateway in each state, and how old the
    /// oldest of them is.
    ///
    /// They come from the store, so they are the same on every machine and after a restart. Call it before each time that the
    /// metrics are read. It moves no money and changes nothing.
    ///
    /// # Errors
    /// When the store fails: the gauges then stay as they were.
    pub async fn update_gauges(&self) -> Result<(), StoreError> {
        let found = self.store().unsettled().await?;
        let found: BTreeMap<_, _> =
            found.into_iter().map(|row| ((row.provider, row.state), (row.count, row.age))).collect();
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(found.keys().cloned());
        seen.extend(ProviderId::ALL.iter().flat_map(|id| UNSETTLED.map(|state| (id.clone(), state))));
        for key in seen.iter() {
            let (count, age) = found.get(key).copied().unwrap_or((0, Duration::ZERO));
            let provider = Label::new("provider", key.0.as_str().to_owned());
            let labels = vec![provider, Label::new("state", key.1.as_str())];
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            gauge!("recurring.journal.unsettled", labels.clone()).set(count);
            gauge!("recurring.journal.unsettled.age", labels).set(age);
        }
        Ok(())
    }
}
