use std::time::Duration;

use recurring_core::{AttemptId, DeclineReason, ErrorKind, Money, Outcome, Timestamp, written_as_words};
use recurring_facade::{PaymentRef, ProviderId};
use serde::{Deserialize, Serialize};

use crate::series::SeriesTry;

/// What an attempt does with money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Charges a stored credential.
    Charge,
    /// Takes the first payment of a schedule that the gateway runs.
    Schedule,
    /// Takes the first payment with a card that the customer has just stored.
    FirstPayment,
    /// Gives money back.
    Refund,
    /// Takes money that was held.
    Capture,
    /// Begins a first payment, which the customer makes on the gateway's page. It moves no money itself: its row reserves
    /// the name, and is [pending](State::Pending) until the payment is read after the customer came back
    /// ([`Journal::record_enrolment`](crate::Journal::record_enrolment)). It is never looked up or decided.
    Enrolment,
}

impl Operation {
    /// Every operation.
    pub const ALL: &'static [Self] =
        &[Self::Charge, Self::Schedule, Self::FirstPayment, Self::Refund, Self::Capture, Self::Enrolment];

    /// The word in the store and in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Schedule => "schedule",
            Self::FirstPayment => "first_payment",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Enrolment => "enrolment",
        }
    }
}

written_as_words!(Operation, "operation");

/// The state of an attempt.
///
/// ```text
/// planned -> armed -> paid | authorized | declined | canceled | pending | not_applied | unknown
/// pending, unknown -> paid | authorized | declined | canceled | not_applied | review   (by looking, never by guessing)
/// review -> paid | authorized | declined | canceled | not_applied   (by an operator, or by reading a proof)
/// not_applied -> armed                                              (nothing happened: it may be tried again)
/// pending, declined, canceled -> paid | authorized | declined | canceled | pending   (an enrolment: by reading its payment)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Meant to be done; nothing was sent.
    Planned,
    /// About to be sent, or being sent. This is stored durably before the first byte leaves.
    Armed,
    /// The money was taken (or given back, for a refund). Final.
    Paid,
    /// The money is held and not taken: a capture, which is an attempt of its own, takes it. Final for this attempt.
    Authorized,
    /// The gateway declined it. Final for this attempt.
    Declined,
    /// Canceled or expired at the gateway: no money is kept, and it cannot be paid any more. Final for this attempt.
    Canceled,
    /// The gateway has it and has not decided, or the customer must do something. Never becomes a failure by age.
    Pending,
    /// Proven that nothing happened. Final, unless the same attempt is made again.
    NotApplied,
    /// It may have happened. It is looked up, and never sent again.
    Unknown,
    /// Looking proved nothing: an operator decides.
    Review,
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Paid => Self::Paid,
            Outcome::Authorized => Self::Authorized,
            Outcome::Pending | Outcome::ActionRequired => Self::Pending,
            Outcome::Declined => Self::Declined,
            Outcome::Canceled => Self::Canceled,
        }
    }
}

impl State {
    /// Every state, in the order of an attempt's life.
    pub const ALL: &'static [Self] = &[
        Self::Planned,
        Self::Armed,
        Self::Paid,
        Self::Authorized,
        Self::Pending,
        Self::Declined,
        Self::Canceled,
        Self::NotApplied,
        Self::Unknown,
        Self::Review,
    ];

    /// The word in the store and in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Armed => "armed",
            Self::Paid => "paid",
            Self::Authorized => "authorized",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Pending => "pending",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Review => "review",
        }
    }

    /// Whether nothing more has to be found out.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Authorized | Self::Declined | Self::Canceled | Self::NotApplied)
    }
}

written_as_words!(State, "state");

/// What came back, as far as it is worth keeping: no secret is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ending {
    /// The outcome of the payment, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The gateway's own word for the status of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The reason of a decline, in the vocabulary of all gateways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeclineReason>,
    /// The gateway's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The gateway's words, or what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The kind of the error, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
    /// The page to send the customer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Whether the gateway says that this is a test, in which no money moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Whether the journal has asked the gateway to cancel the unpaid payment: found canceled, nothing was taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canceling: bool,
}

/// An attempt as it is stored. What belongs to the store (its owner, fence, fingerprint and sealed credential) is not
/// serialized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// The attempt.
    pub attempt: AttemptId,
    /// Which gateway.
    pub provider: ProviderId,
    /// What is done.
    pub operation: Operation,
    /// How much; `None` for all of a payment.
    pub amount: Option<Money>,
    /// Which try of which period of a series it is, when it is one. In JSON the members `series`, `period` and `try`.
    #[serde(flatten)]
    pub series: Option<SeriesTry>,
    /// Its state.
    pub state: State,
    /// The gateway's identifier of the payment, as soon as it is known.
    pub payment: Option<PaymentRef>,
    /// What came back.
    pub ending: Ending,
    /// When it was first stored.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When it was last armed: nothing was sent before.
    pub armed: Option<Timestamp>,
    /// Until when its owner may work on it.
    pub lease_until: Option<Timestamp>,
    /// How often it was looked up since the answer was lost.
    pub looks: u32,
    /// How often a look-up after the settle time found nothing.
    pub nothing_found: u32,
    /// When it is looked up next.
    pub next_look: Option<Timestamp>,
    /// Who decided, when an operator did.
    pub decided_by: Option<String>,
    /// Why it is in its state, in a sentence.
    pub note: Option<String>,
    /// Whether the store has forgotten something since the attempt was armed: a replica took over, or the journal was
    /// restored from a copy. What looks like "not charged" then proves nothing.
    pub lapsed: bool,
    /// When its log left for a file ([`Journal::archive`](crate::Journal::archive)). Its name stays taken, and nothing is sent
    /// under it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<Timestamp>,
    #[serde(skip)]
    pub(crate) sent: bool,
    #[serde(skip)]
    pub(crate) owner: Option<String>,
    #[serde(skip)]
    pub(crate) fence: Fence,
    #[serde(skip)]
    pub(crate) fingerprint: String,
    #[serde(skip)]
    pub(crate) sealed: Option<Vec<u8>>,
}

/// How long a process has for a call, unless it is set.
pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(30 * 60);

impl AttemptRecord {
    /// The fence under which it was read: what a [`Store`](crate::store::Store) is asked to write is written only while
    /// this is still the newest.
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// The latest moment at which the gateway, and the card's issuer behind it, may have been asked: a call can take a while. It
    /// was before the answer, and within the time that a process has for a call by default. For an attempt that was not sent, when
    /// it was written last, within that time.
    pub fn asked_by(&self) -> Timestamp {
        let armed = self.armed.unwrap_or(self.created);
        let longest = armed.checked_add(DEFAULT_LEASE).unwrap_or(Timestamp::MAX);
        self.updated.clamp(armed, longest)
    }
}

#[cfg(test)]
impl AttemptRecord {
    /// A charge of 40.00 EUR at EMS Online that was armed and sent at this moment, for tests of what is decided about it.
    pub(crate) fn sent_at(name: &str, state: State, at: Timestamp) -> Self {
        Self {
            attempt: AttemptId::new(name).expect("a name"),
            provider: ProviderId::EMSPAY,
            operation: Operation::Charge,
            series: None,
            amount: Some("40.00 EUR".parse().expect("an amount")),
            state,
            payment: None,
            ending: Ending::default(),
            created: at,
            updated: at,
            armed: Some(at),
            lease_until: None,
            looks: 0,
            nothing_found: 0,
            next_look: None,
            decided_by: None,
            note: None,
            lapsed: false,
            archived: None,
            sent: true,
            owner: None,
            fence: Fence(1),
            fingerprint: String::new(),
            sealed: None,
        }
    }
}

/// Counts the owners of an attempt. A writer names the fence that it was given; a smaller one than the stored is refused, so that a worker that wakes up late cannot overwrite what was found out since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub(crate) i64);

/// One line of the append-only log beside the attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The state after it, or `late` for what a worker reported after it had lost the attempt. In the words of the version
    /// that wrote it: a log is not migrated.
    pub what: String,
    /// The payment as far as it was known.
    pub payment: Option<PaymentRef>,
    /// Who owned the attempt.
    pub owner: Option<String>,
    /// Why, in a sentence; for an operator's decision, who.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_can_be_read_again() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
            let json = serde_json::to_string(state).unwrap();
            assert_eq!(json, format!("\"{state}\""));
            assert_eq!(serde_json::from_str::<State>(&json).unwrap(), *state);
        }
        for operation in Operation::ALL {
            assert_eq!(operation.as_str().parse(), Ok(*operation));
            let json = serde_json::to_string(operation).unwrap();
            assert_eq!(serde_json::from_str::<Operation>(&json).unwrap(), *operation);
        }
        let unknown = "approved".parse::<State>().unwrap_err();
        assert!(unknown.to_string().starts_with("unknown state: must be one of planned, armed"), "{unknown}");
    }
}
