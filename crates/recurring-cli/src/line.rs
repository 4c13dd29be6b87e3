//! A result as one JSON object.

use recurring_facade::{
    AttemptId, DeclineReason, Effect, ErrorKind, Money, Outcome, Payment, PaymentRef, PendingEnrolment,
    Portion, ProviderId, RetryAdvice, StoredCredential, Timestamp,
};
use recurring_journal::{AttemptRecord, Event, Operation, SeriesTry, State};
use serde::Serialize;

use crate::error::{CliError, Kind};
use crate::exit::Exit;
use crate::text::page;

/// One line of a command that moves money or asks about it. A member that has nothing to say is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<ProviderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<AttemptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<MoneyEffect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment: Option<PaymentRef>,
    /// Two members: `amount`, in major units, and `currency`.
    #[serde(flatten)]
    pub(crate) amount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) captured: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refunded: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disputed: Option<String>,
    /// The gateway's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<DeclineReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<RetryAdvice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) test: Option<bool>,
    /// The attempt was made before, and nothing was sent now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
    /// `false` when the result could not be written to the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_payment_on: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) charges: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<PendingEnrolment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<StoredCredential>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential_missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated: Option<Timestamp>,
    /// Three members: `series`, `period` and `try`.
    #[serde(flatten)]
    pub(crate) series: Option<SeriesTry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) archived: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<Vec<Event>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit: Option<u8>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Word {
    /// The outcome of a payment.
    Is(Outcome),
    Other(Other),
}

/// What is not the outcome of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Other {
    /// It failed.
    Error,
    /// It was left for the next billing run.
    Left,
    /// It is stored to be charged later: nothing was sent.
    Planned,
}

/// What it did to the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MoneyEffect {
    Applied,
    NotApplied,
    Unknown,
}

impl From<Effect> for MoneyEffect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::NotApplied(_) => Self::NotApplied,
            Effect::Unknown => Self::Unknown,
        }
    }
}

impl MoneyEffect {
    /// `None` while it is not decided.
    fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Paid | Outcome::Authorized => Some(Self::Applied),
            Outcome::Declined | Outcome::Canceled => Some(Self::NotApplied),
            Outcome::Pending | Outcome::ActionRequired => None,
        }
    }
}

impl Line {
    fn reason(mut self, reason: Option<DeclineReason>) -> Self {
        self.reason = reason;
        self.advice = reason.map(DeclineReason::advice);
        self
    }

    /// A payment as the gateway shows it.
    pub(crate) fn payment(attempt: Option<&AttemptId>, payment: &Payment) -> Self {
        let portion = |portion: Option<Portion>| {
            portion.map(|portion| portion.amount().map_or("unstated".to_owned(), Money::to_decimal))
        };
        let decline = payment.decline.as_ref();
        Self {
            provider: Some(payment.provider.clone()),
            attempt: attempt.cloned(),
            outcome: Some(Word::Is(payment.outcome)),
            effect: MoneyEffect::of(payment.outcome),
            payment: payment.payment.clone(),
            amount: payment.amount,
            captured: portion(payment.captured),
            refunded: portion(payment.refunded),
            disputed: portion(payment.disputed),
            status: Some(payment.status.clone()),
            code: decline.and_then(|decline| decline.code.clone()),
            message: decline.and_then(|decline| decline.message.clone()),
            redirect: page(payment).cloned(),
            test: payment.test,
            ..Self::default()
        }
        .reason(decline.map(|decline| decline.reason))
    }

    /// An error.
    pub(crate) fn error(error: &CliError) -> Self {
        let details = &error.details;
        Self {
            provider: details.provider.clone(),
            attempt: details.attempt.clone(),
            outcome: Some(Word::Other(Other::Error)),
            kind: Some(error.kind),
            effect: Some(error.effect.into()),
            payment: details.payment.clone(),
            code: details.code.clone(),
            message: Some(error.message.clone()),
            exit: Some(Exit::from(error).code()),
            ..Self::default()
        }
        .reason(details.reason)
    }

    /// An attempt as the journal has it.
    pub(crate) fn record(record: &AttemptRecord) -> Self {
        let ending = &record.ending;
        let (outcome, effect) = standing(record);
        let kind = match (outcome, record.state) {
            (Word::Is(_) | Word::Other(Other::Left | Other::Planned), _) => None,
            (_, State::Armed) => Some(Kind::Operation(ErrorKind::Conflict)),
            _ => Some(Kind::Operation(ending.kind.unwrap_or(ErrorKind::Transport))),
        };
        Self {
            provider: Some(record.provider.clone()),
            attempt: Some(record.attempt.clone()),
            outcome: Some(outcome),
            kind,
            effect,
            payment: record.payment.clone(),
            amount: record.amount,
            status: ending.status.clone(),
            code: ending.code.clone(),
            message: ending.message.clone().or_else(|| record.note.clone()),
            redirect: ending.redirect.clone().filter(|_| ending.outcome == Some(Outcome::ActionRequired)),
            test: ending.test.then_some(true),
            ..Self::default()
        }
        .reason(ending.reason)
    }
}

/// The outcome and the effect of a recorded attempt.
fn standing(record: &AttemptRecord) -> (Word, Option<MoneyEffect>) {
    let outcome = match record.state {
        State::Paid => Outcome::Paid,
        State::Authorized => Outcome::Authorized,
        State::Declined => Outcome::Declined,
        State::Canceled => Outcome::Canceled,
        State::Pending if record.ending.outcome == Some(Outcome::ActionRequired) => Outcome::ActionRequired,
        State::Pending => Outcome::Pending,
        State::NotApplied => return (Word::Other(Other::Error), Some(MoneyEffect::NotApplied)),
        // Not decided, as for a payment that is pending.
        State::Planned => return (Word::Other(Other::Planned), None),
        State::Armed | State::Unknown | State::Review => {
            return (Word::Other(Other::Error), Some(MoneyEffect::Unknown));
        }
    };
    (Word::Is(outcome), MoneyEffect::of(outcome))
}

impl From<&AttemptRecord> for Exit {
    fn from(record: &AttemptRecord) -> Self {
        match standing(record) {
            (Word::Is(outcome), _) => outcome.into(),
            (Word::Other(Other::Planned), _) => Self::Pending,
            (_, Some(MoneyEffect::NotApplied)) => Self::NotApplied,
            _ => Self::Unknown,
        }
    }
}
