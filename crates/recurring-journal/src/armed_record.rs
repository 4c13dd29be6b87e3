use async_trait::async_trait;
use recurring_core::AttemptId;
use recurring_facade::{PaymentRef, Record, RecordError};

use crate::attempt::{Fence, State};
use crate::error::StoreError;
use crate::journal::Journal;
use crate::observe;
use crate::store::Change;

/// Writes the gateway's reference down before money moves, where the gateway has one. It is the fenced step between
/// creating and charging at Revio: a worker that has lost the attempt gets no further.
#[derive(Debug)]
pub(crate) struct ArmedRecord {
    pub(crate) journal: Journal,
    pub(crate) fence: Fence,
}

#[async_trait]
impl Record for ArmedRecord {
    async fn payment_created(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), RecordError> {
        let mut change = Change::to(State::Armed);
        change.payment = Some(payment.clone());
        change.keep_lease = true;
        let store = self.journal.store();
        let written = match self.journal.now().await {
            Ok(now) => store.change(attempt, self.fence, &change, now).await,
            Err(error) => Err(error),
        };
        if let Err(StoreError::Fenced) = &written {
            observe::fenced(store.kind());
        }
        written.map(drop).map_err(|error| RecordError::new(error.to_string()))
    }
}
