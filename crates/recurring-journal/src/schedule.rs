//! The attempts of the journal in the words of `recurring-schedule`, with the feature `schedule`.

use recurring_schedule::{Attempt, AttemptState, Decline, DeclineClass, Initiator, from_core_time};

use crate::attempt::{AttemptRecord, Operation, State};

/// A response code of ISO 8583 has two characters; what is longer is a gateway's own word.
const RESPONSE_CODE: usize = 2;

impl From<State> for AttemptState {
    fn from(state: State) -> Self {
        match state {
            State::Planned => Self::Planned,
            State::Armed => Self::Armed,
            State::Paid => Self::Paid,
            State::Authorized => Self::Authorized,
            State::Declined => Self::Declined,
            State::Canceled => Self::Canceled,
            State::Pending => Self::Pending,
            State::NotApplied => Self::NotApplied,
            State::Unknown => Self::Unknown,
            State::Review => Self::Review,
        }
    }
}

impl AttemptRecord {
    /// The attempt as [`recurring_schedule::History`] takes it, of a credential that the caller calls by this name. `None` for
    /// what takes no money (a refund, a capture, an enrolment), and for an amount of zero.
    pub fn to_schedule(&self, credential: &str) -> Option<Attempt> {
        let initiator = match self.operation {
            Operation::Charge => Initiator::Merchant,
            Operation::FirstPayment | Operation::Schedule => Initiator::Customer,
            Operation::Refund | Operation::Capture | Operation::Enrolment => return None,
        };
        Some(Attempt {
            name: self.attempt.to_string(),
            credential: credential.to_owned(),
            at: from_core_time(self.armed.unwrap_or(self.created)),
            amount: self.amount?.try_into().ok()?,
            initiator,
            state: self.state.into(),
            decline: (self.state == State::Declined).then(|| self.decline()),
        })
    }

    /// Why it was declined, as far as the gateway said so: its own words, and a response code where it gave one. The card's
    /// scheme is not known to the journal; without one, the strictest rules hold.
    pub fn decline(&self) -> Decline {
        let code = self.ending.code.as_deref().filter(|code| code.len() == RESPONSE_CODE);
        let mut decline = Decline::default();
        decline.response_code = code.map(str::to_ascii_uppercase);
        decline.class = self.ending.reason.map(DeclineClass::from);
        decline
    }
}
