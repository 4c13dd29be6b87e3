//! Conversions from and to the types of recurring-core, with the feature `core`.

use std::time::SystemTime;

use jiff::Timestamp;
use recurring_core::{AttemptId, DeclineReason, InvalidInput, Money, Outcome, RetryAdvice};

use crate::attempt::{Amount, AttemptState};
use crate::class::DeclineClass;
use crate::decline::Decline;
use crate::error::ScheduleError;
use crate::name::AttemptName;

/// The codes of gateways that name a response code of the card networks after which Visa permits no further try, and that the
/// reason alone does not show.
// Source: revio's table of codes, whose words are those of ISO 8583 for these codes (gateway-codes in SOURCES.md).
const GATEWAY_CODES: &[(&str, &str)] = &[
    ("invalid_card_number", "14"),
    ("invalid_issuer_number", "15"),
    ("transaction_not_permitted_to_cardholder", "57"),
];

/// What a reason means for another try, by its advice. A reason without an advice is unknown.
impl From<DeclineReason> for DeclineClass {
    fn from(reason: DeclineReason) -> Self {
        match reason.advice() {
            RetryAdvice::Never => Self::Hard,
            RetryAdvice::RetryLater => Self::Soft,
            RetryAdvice::NeedsCustomer => Self::NeedsCustomer,
            RetryAdvice::NotStated => Self::Unknown,
        }
    }
}

impl Decline {
    /// Creates a decline by a gateway's answer: by the response code where it hands on that of the card networks, or its own code
    /// means one of them, and by what its words mean. Any other code of the gateway's own is left out, and so is a reason that says
    /// less than a code.
    pub fn from_answer(code: Option<&str>, reason: Option<DeclineReason>) -> Self {
        let known = |code: &str| DeclineReason::from_response_code(code).is_some();
        let named = |code: &str| GATEWAY_CODES.iter().find(|(own, _)| *own == code).map(|(_, code)| *code);
        let code = code.and_then(|code| if known(code) { Some(code) } else { named(code) });
        let reason = reason.unwrap_or(DeclineReason::Other);
        let says_more = code.is_none() || reason.advice() != RetryAdvice::NotStated;
        Self {
            response_code: code.map(str::to_owned),
            class: says_more.then(|| DeclineClass::from(reason)),
            ..Self::default()
        }
    }
}

/// What a gateway's answer says about an attempt.
impl From<Outcome> for AttemptState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Paid => Self::Paid,
            Outcome::Authorized => Self::Authorized,
            Outcome::Pending => Self::Pending,
            Outcome::ActionRequired => Self::ActionRequired,
            Outcome::Declined => Self::Declined,
            Outcome::Canceled => Self::Canceled,
        }
    }
}

/// The same amount. Fails for zero.
impl TryFrom<Money> for Amount {
    type Error = ScheduleError;

    fn try_from(money: Money) -> Result<Self, ScheduleError> {
        Self::new(money.minor(), money.currency().code())
    }
}

/// The name as the attempt's identifier. It never fails: every name is one.
impl TryFrom<&AttemptName> for AttemptId {
    type Error = InvalidInput;

    fn try_from(name: &AttemptName) -> Result<Self, InvalidInput> {
        Self::new(name.to_string())
    }
}

/// Reads an attempt's identifier that was derived. Fails for any other.
impl TryFrom<&AttemptId> for AttemptName {
    type Error = ScheduleError;

    fn try_from(id: &AttemptId) -> Result<Self, ScheduleError> {
        id.as_str().parse()
    }
}

/// The same field and rule.
impl From<ScheduleError> for InvalidInput {
    fn from(error: ScheduleError) -> Self {
        Self::new(error.field(), error.rule().to_owned())
    }
}

/// Returns the moment of a time stamp of recurring-core. Stops at the ends of the calendar.
pub fn from_core_time(time: recurring_core::Timestamp) -> Timestamp {
    let end = if time < recurring_core::Timestamp::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::try_from(SystemTime::from(time)).unwrap_or(end)
}

/// Returns a moment as a time stamp of recurring-core.
pub fn to_core_time(time: Timestamp) -> recurring_core::Timestamp {
    SystemTime::from(time).into()
}
