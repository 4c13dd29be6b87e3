//! The spans and metrics of the facade's operations. Names, fields and labels are in docs/operations/.

use std::future::Future;
use std::time::Instant;

use metrics::{Label, counter, histogram};
use recurring_core::{AttemptId, Effect, Outcome, notification::NotificationError};
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info, warn};

use crate::capabilities::Operation;
use crate::error::{Error, ReceiveError};
use crate::ids::ProviderId;
use crate::lost::Found;
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::Payment;

/// Opens a span with the fields that every span of an operation has.
macro_rules! span {
    ($name:literal, $provider:expr, $operation:expr, $attempt:expr) => {
        tracing::info_span!(
            $name,
            provider = $provider.as_str(),
            operation = $operation.as_str(),
            attempt = $attempt,
            outcome = Empty,
            effect = Empty,
            state = Empty,
            attempt_number = Empty,
            elapsed = Empty,
        )
    };
}

/// An operation that is under way.
pub(crate) struct Observed {
    span: Span,
    provider: ProviderId,
    operation: Operation,
    started: Instant,
    /// Whether the span is that of the journal, which reports the outcome itself.
    in_journal: bool,
}

impl Observed {
    /// Begins an operation that changes something at the gateway. The journal has opened its span already: that is used.
    pub(crate) fn begin(provider: ProviderId, operation: Operation, attempt: Option<&AttemptId>) -> Self {
        counter!("recurring.operations.started", labels(&provider, operation)).increment(1);
        Self::observe(provider, operation, attempt)
    }

    fn observe(provider: ProviderId, operation: Operation, attempt: Option<&AttemptId>) -> Self {
        let current = Span::current();
        let in_journal =
            current.metadata().is_some_and(|metadata| metadata.target().starts_with("recurring_journal"));
        let attempt = attempt.map(AttemptId::as_str);
        let span = if in_journal { current } else { span_of(&provider, operation, attempt) };
        Self { span, provider, operation, started: Instant::now(), in_journal }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Records how it ended.
    pub(crate) fn ended(&self, result: Result<&Payment, &Error>) {
        let word = self.outcome(result.map(|payment| payment.outcome).map_err(Error::effect));
        let (provider, operation) = (self.provider.as_str(), self.operation.as_str());
        histogram!("recurring.operation.duration", labels(&self.provider, self.operation))
            .record(self.started.elapsed());
        count_end(&self.provider, self.operation, word);
        if let Ok(Payment { decline: Some(decline), .. }) = result {
            let labels = vec![label(&self.provider), Label::new("reason", decline.reason.as_str())];
            counter!("recurring.declines", labels).increment(1);
        }
        match result {
            _ if self.in_journal => {}
            Err(error) if error.effect().is_unknown() => {
                let kind = error.kind().as_str();
                warn!(provider, operation, kind, "the outcome is unknown: look it up, and do not repeat it");
            }
            _ => info!(provider, operation, outcome = word, "the operation ended"),
        }
    }

    /// Writes outcome, effect and time to the span; returns the word of the outcome.
    fn outcome(&self, result: Result<Outcome, Effect>) -> &'static str {
        let word = match result {
            Ok(outcome) => outcome.as_str(),
            Err(effect) => {
                self.span.record("effect", tracing::field::display(effect));
                effect.as_str()
            }
        };
        self.finish(word);
        word
    }

    fn finish(&self, word: &str) {
        self.span.record("outcome", word);
        // The journal's own span ends later.
        if !self.in_journal {
            self.span.record("elapsed", self.started.elapsed().as_secs_f64());
        }
    }
}

/// Records an operation whose task was cut off.
pub(crate) fn cut_off(provider: &ProviderId, operation: Operation) {
    count_end(provider, operation, Effect::Unknown.as_str());
    let (provider, operation) = (provider.as_str(), operation.as_str());
    warn!(provider, operation, "the task that made the call was cut off: the outcome is unknown");
}

/// Observes a read at a gateway. `found` is the word for what it gave.
pub(crate) async fn read<T>(
    provider: ProviderId,
    operation: Operation,
    attempt: Option<&AttemptId>,
    reading: impl Future<Output = Result<T, Error>>,
    found: fn(&T) -> &'static str,
) -> Result<T, Error> {
    let observed = Observed::observe(provider, operation, attempt);
    let result = reading.instrument(observed.span()).await;
    let word = result.as_ref().map_or("failed", found);
    observed.finish(word);
    let mut labels = labels(&observed.provider, operation);
    labels.push(Label::new("result", word));
    counter!("recurring.look_ups", labels).increment(1);
    result
}

/// The word for what a look-up found.
pub(crate) fn found(found: &Found) -> &'static str {
    match found {
        Found::Payment(_) => "payment",
        Found::Unclear(_) => "unclear",
        Found::Canceled(_) => "canceled",
        Found::Nothing => "nothing",
        Found::Several(_) => "several",
    }
}

/// Observes the verdict about a notification.
pub(crate) async fn receive(
    provider: ProviderId,
    receiving: impl Future<Output = Result<ReceivedNotification, ReceiveError>>,
) -> Result<ReceivedNotification, ReceiveError> {
    let observed = Observed::observe(provider, Operation::Receive, None);
    let result = receiving.instrument(observed.span()).await;
    let verdict = match &result {
        Ok(received) => received.authenticity.as_str(),
        Err(ReceiveError::Notification(NotificationError::Refused(_))) => "refused",
        Err(ReceiveError::Notification(_)) => "unreadable",
        Err(ReceiveError::Unavailable(_)) => "failed",
    };
    observed.finish(verdict);
    let labels = vec![label(&observed.provider), Label::new("verdict", verdict)];
    counter!("recurring.webhooks", labels).increment(1);
    let provider = observed.provider.as_str();
    match &result {
        Ok(ReceivedNotification {
            authenticity: Authenticity::Verified | Authenticity::Unsigned, ..
        }) => {
            info!(provider, verdict, "received a notification");
        }
        Err(_) => warn!(provider, verdict, "refused a notification"),
    }
    result
}

fn span_of(provider: &ProviderId, operation: Operation, attempt: Option<&str>) -> Span {
    match operation {
        Operation::Charge | Operation::Schedule | Operation::Capture | Operation::Resume => {
            span!("recurring.charge", provider, operation, attempt)
        }
        Operation::Refund => span!("recurring.refund", provider, operation, attempt),
        Operation::Enrol => span!("recurring.enrol", provider, operation, attempt),
        Operation::Receive => span!("recurring.webhook", provider, operation, attempt),
        Operation::StoredCards | Operation::Status | Operation::LookUp | Operation::CancelUnpaid => {
            span!("recurring.read", provider, operation, attempt)
        }
    }
}

fn count_end(provider: &ProviderId, operation: Operation, outcome: &'static str) {
    let mut labels = labels(provider, operation);
    labels.push(Label::new("outcome", outcome));
    counter!("recurring.operations.ended", labels).increment(1);
}

fn label(provider: &ProviderId) -> Label {
    Label::new("provider", provider.label())
}

fn labels(provider: &ProviderId, operation: Operation) -> Vec<Label> {
    let mut labels = Vec::with_capacity(3);
    labels.push(label(provider));
    labels.push(Label::new("operation", operation.as_str()));
    labels
}

/// Describes the metrics of this crate and of the requests below it, with their units, to the recorder of the `metrics` crate
/// that is installed. Call it once after a recorder was installed; what is counted does not depend on it.
pub fn describe_metrics() {
    recurring_gateway::describe_metrics();
    metrics::describe_counter!(
        "recurring.operations.started",
        "Operations that were begun at a gateway: they may move money."
    );
    metrics::describe_counter!("recurring.operations.ended", "Operations that ended, by their outcome.");
    metrics::describe_histogram!(
        "recurring.operation.duration",
        metrics::Unit::Seconds,
        "Time of one operation at a gateway, with all of its requests."
    );
    metrics::describe_counter!("recurring.declines", "Declined payments, by their reason.");
    metrics::describe_counter!("recurring.look_ups", "Reads at a gateway, by what they gave.");
    metrics::describe_counter!("recurring.webhooks", "Notifications, by the verdict about their origin.");
}
