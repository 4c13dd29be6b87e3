//! The spans, events and metrics of the journal. Names, fields and labels are in docs/operations/.

use std::future::Future;
use std::time::{Duration, Instant};

use metrics::{Label, counter, histogram};
use recurring_facade::{AttemptId, ProviderId};
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info, warn};

use crate::attempt::{AttemptRecord, Operation, State};
use crate::error::StoreError;
use crate::inbox::InboxEntry;
use crate::intent::Intent;

/// Opens a span with the fields that every span of an operation has.
macro_rules! span {
    ($name:literal, $provider:expr, $operation:expr, $attempt:expr, $number:expr) => {
        tracing::info_span!(
            $name,
            provider = $provider.as_str(),
            operation = $operation,
            attempt = $attempt,
            outcome = Empty,
            effect = Empty,
            state = Empty,
            attempt_number = $number,
            elapsed = Empty,
        )
    };
}

/// The span of making an attempt. The facade writes outcome and effect to it.
pub(crate) fn making(intent: &Intent) -> Span {
    let (operation, attempt) = (intent.operation.as_str(), intent.attempt.as_str());
    match intent.operation {
        Operation::Refund => span!("recurring.refund", intent.provider, operation, attempt, Empty),
        _ => span!("recurring.charge", intent.provider, operation, attempt, Empty),
    }
}

/// The span of one look at the gateway.
pub(crate) fn looking(record: &AttemptRecord) -> Span {
    let (operation, attempt) = (record.operation.as_str(), record.attempt.as_str());
    let number = u64::from(record.looks).saturating_add(1);
    span!("recurring.reconcile", record.provider, operation, attempt, number)
}

/// The span of storing a notification and acting on it.
pub(crate) fn notified(entry: &InboxEntry) -> Span {
    let span = span!("recurring.webhook", entry.provider, "notification", Empty, Empty);
    span.record("outcome", entry.authenticity.as_str());
    span
}

/// The notification is about an attempt of this journal. What else it names is not shown: any sender is possible.
pub(crate) fn about(attempt: &AttemptId) {
    Span::current().record("attempt", attempt.as_str());
}

/// Runs `work` in a span, and writes to it how long that took.
pub(crate) async fn observed<T>(span: Span, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = work.instrument(span.clone()).await;
    span.record("elapsed", started.elapsed().as_secs_f64());
    result
}

/// The store has answered who may make the attempt.
pub(crate) fn arming(store: &'static str, elapsed: Duration) {
    histogram!("recurring.journal.arming.duration", "store" => store).record(elapsed);
}

/// The attempt is stored durably, and may be sent.
pub(crate) fn armed(intent: &Intent) {
    state_is(&intent.provider, intent.operation, State::Armed);
    let (provider, operation) = (intent.provider.as_str(), intent.operation.as_str());
    info!(provider, operation, attempt = intent.attempt.as_str(), state = "armed", "the state changed");
}

/// The attempt had been made before: nothing is sent.
pub(crate) fn asked_again(record: &AttemptRecord) {
    counter!("recurring.journal.duplicates", labels(&record.provider, record.operation)).increment(1);
    Span::current().record("state", record.state.as_str());
    let (provider, operation) = (record.provider.as_str(), record.operation.as_str());
    let (attempt, state) = (record.attempt.as_str(), record.state.as_str());
    info!(provider, operation, attempt, state, "asked again: nothing was sent");
}

/// Another try of the same period is open or paid: nothing is sent.
pub(crate) fn blocked(intent: &Intent) {
    counter!("recurring.journal.duplicates", labels(&intent.provider, intent.operation)).increment(1);
    let (provider, operation) = (intent.provider.as_str(), intent.operation.as_str());
    info!(provider, operation, attempt = intent.attempt.as_str(), "another try is open: nothing was sent");
}

/// The state of an attempt was changed to what `record` says.
pub(crate) fn changed(record: &AttemptRecord) {
    state_is(&record.provider, record.operation, record.state);
    let (provider, operation) = (record.provider.as_str(), record.operation.as_str());
    let (attempt, state) = (record.attempt.as_str(), record.state.as_str());
    match record.state {
        State::Unknown => {
            warn!(provider, operation, attempt, state, "the outcome is unknown: it is looked up");
        }
        State::Review => warn!(provider, operation, attempt, state, "manual review: an operator decides"),
        _ => info!(provider, operation, attempt, state, "the state changed"),
    }
}

/// The attempt was looked up, and its state is now that of `record`.
pub(crate) fn looked(before: State, record: &AttemptRecord) {
    Span::current().record("outcome", if before == record.state { "open" } else { "settled" });
    if before == record.state {
        Span::current().record("state", record.state.as_str());
    } else {
        changed(record);
    }
}

/// A worker that had lost the attempt wanted to write.
pub(crate) fn fenced(store: &'static str) {
    counter!("recurring.journal.fenced", "store" => store).increment(1);
}

/// A worker that had lost the attempt has reported what it saw.
pub(crate) fn late(intent: &Intent, store: &'static str) {
    fenced(store);
    counter!("recurring.journal.late_results", labels(&intent.provider, intent.operation)).increment(1);
    let (provider, operation) = (intent.provider.as_str(), intent.operation.as_str());
    warn!(provider, operation, attempt = intent.attempt.as_str(), "late result: the attempt was taken over");
}

/// How the attempt ended could not be written down, for this reason. A worker that was late is not meant.
pub(crate) fn unrecorded(intent: &Intent, store: &'static str, error: Option<&StoreError>) {
    let Some(error) = error.filter(|error| **error != StoreError::Fenced) else { return };
    counter!("recurring.journal.unrecorded", labels(&intent.provider, intent.operation)).increment(1);
    store_failed(store, error);
    let (provider, operation) = (intent.provider.as_str(), intent.operation.as_str());
    warn!(provider, operation, attempt = intent.attempt.as_str(), "unrecorded: the result is not stored");
}

/// The task that made the attempt was cut off.
pub(crate) fn cut_off(provider: &str, attempt: &str) {
    warn!(provider, attempt, state = "unknown", "the task that made the attempt was cut off");
}

/// Attempts became unknown because their owner was gone, or its lease had ended.
pub(crate) fn leases_lost(store: &'static str, attempts: u64) {
    if attempts > 0 {
        counter!("recurring.journal.leases_lost", "store" => store).increment(attempts);
        warn!(attempts, state = "unknown", "lease lost: the outcome of these attempts is unknown");
    }
}

/// Nothing more is sent to a gateway, for a while or in this run.
pub(crate) fn breaker_opened(provider: &ProviderId, cause: &'static str) {
    let labels = vec![label(provider), Label::new("cause", cause)];
    counter!("recurring.journal.breaker_opened", labels).increment(1);
    warn!(provider = provider.as_str(), cause, "breaker open: nothing more is sent to this gateway for now");
}

/// The store failed.
pub(crate) fn store_failed(store: &'static str, error: &StoreError) {
    let cause = match error {
        StoreError::FailedOver { .. } => "failed_over",
        StoreError::Full(_) => "full",
        StoreError::ReadOnly(_) => "read_only",
        StoreError::Locked(_) => "locked",
        StoreError::Corrupt(_) | StoreError::InvalidRow { .. } => "corrupt",
        StoreError::Lost(_) => "lost",
        StoreError::ClockSkew { .. } => "clock_skew",
        _ => "other",
    };
    counter!("recurring.journal.store_failures", "store" => store, "cause" => cause).increment(1);
    if let StoreError::FailedOver { .. } = error {
        warn!(store, "failover: the last attempts may be missing; nothing is sent until it is acknowledged");
    } else {
        warn!(store, cause, "the journal's store failed");
    }
}

fn state_is(provider: &ProviderId, operation: Operation, state: State) {
    Span::current().record("state", state.as_str());
    let mut labels = labels(provider, operation);
    labels.push(Label::new("state", state.as_str()));
    counter!("recurring.journal.changes", labels).increment(1);
}

fn label(provider: &ProviderId) -> Label {
    Label::new("provider", provider.as_str().to_owned())
}

fn labels(provider: &ProviderId, operation: Operation) -> Vec<Label> {
    let mut labels = Vec::with_capacity(3);
    labels.push(label(provider));
    labels.push(Label::new("operation", operation.as_str()));
    labels
}

/// Describes the metrics of this crate, of the facade and of its requests, with their units, to the recorder of the `metrics`
/// crate that is installed. Call it once after a recorder was installed; what is counted does not depend on it.
pub fn describe_metrics() {
    recurring_facade::describe_metrics();
    metrics::describe_histogram!(
        "recurring.journal.arming.duration",
        metrics::Unit::Seconds,
        "Time until an attempt was stored durably, before anything is sent."
    );
    for (name, text) in COUNTERS {
        metrics::describe_counter!(name, text);
    }
    metrics::describe_gauge!(
        "recurring.journal.unsettled",
        "Attempts that are not settled, by gateway and state."
    );
    metrics::describe_gauge!(
        "recurring.journal.unsettled.age",
        metrics::Unit::Seconds,
        "Time since the oldest of these was armed, or stored."
    );
}

const COUNTERS: [(&str, &str); 8] = [
    ("recurring.journal.changes", "Changes of state, by the new state."),
    (
        "recurring.journal.duplicates",
        "Attempts of which nothing was sent: asked for again, or another try is open.",
    ),
    ("recurring.journal.fenced", "Writes of workers that had lost their attempt, and that were refused."),
    ("recurring.journal.late_results", "Results of workers that had lost their attempt."),
    ("recurring.journal.unrecorded", "Results that could not be written down."),
    ("recurring.journal.leases_lost", "Attempts whose owner was gone, or whose lease had ended."),
    ("recurring.journal.breaker_opened", "How often a run sent nothing more to a gateway."),
    ("recurring.journal.store_failures", "Failures of the store, by their cause."),
];
