//! Calls that go on when the caller is dropped.

use std::future::Future;
use std::sync::Arc;

use recurring_core::{AttemptId, ErrorKind, NotAfter};
use recurring_gateway::ErrorExt as _;
use tracing::Instrument as _;

use crate::call::Call;
use crate::capabilities::Operation;
use crate::error::Error;
use crate::observe::{self, Observed};
use crate::payment::Payment;
use crate::provider::Provider;
use crate::record::Record;

/// A gateway that has the operation, and what every call carries into the task that makes it.
pub(crate) struct Door {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) operation: Operation,
    pub(crate) record: Arc<dyn Record>,
    pub(crate) not_after: Option<NotAfter>,
}

impl Door {
    pub(crate) fn call(&self) -> Call<'_> {
        Call { record: &*self.record, not_after: self.not_after.clone() }
    }
}

/// What the span of a call names, and where in its result the payment is.
pub(crate) struct Observing<T> {
    attempt: Option<AttemptId>,
    payment: fn(&T) -> &Payment,
}

impl<T> Observing<T> {
    pub(crate) fn new(attempt: Option<&AttemptId>, payment: fn(&T) -> &Payment) -> Self {
        Self { attempt: attempt.cloned(), payment }
    }
}

impl Observing<Payment> {
    pub(crate) fn payment(attempt: &AttemptId) -> Self {
        Self::new(Some(attempt), |payment| payment)
    }
}

/// Runs a call in a task of its own, so that it goes on when the caller is dropped.
pub(crate) async fn run_detached<T, Running>(
    door: Door,
    observing: Observing<T>,
    call: impl FnOnce(Door) -> Running,
) -> Result<T, Error>
where
    T: Send + 'static,
    Running: Future<Output = Result<T, Error>> + Send + 'static,
{
    let (id, operation) = (door.provider.id(), door.operation);
    let observed = Observed::begin(id.clone(), operation, observing.attempt.as_ref());
    let (span, running) = (observed.span(), call(door));
    let observed = async move {
        let result = running.await;
        observed.ended(result.as_ref().map(observing.payment));
        result
    };
    match tokio::spawn(observed.instrument(span)).await {
        Ok(result) => result,
        // The task was cut off by the end of the runtime, or by a bug: nothing is proven.
        Err(_) => {
            observe::cut_off(&id, operation);
            let cut_off = "the task that made the call was cut off";
            Err(Error::new(id, recurring_core::Error::unknown(ErrorKind::Transport, cut_off)))
        }
    }
}
