use recurring_core::Outcome;
use recurring_gateway::open_enum;

open_enum! {
    /// What is done with the card (open).
    pub enum Action {
        /// Authorize and capture. The default.
        Sale = "SALE",
        /// Take the money in one step.
        Purchase = "PURCHASE",
    }
}

open_enum! {
    /// How often the gateway's scheduler repeats the payment (open).
    pub enum Frequency {
        /// Now, then every 7 days.
        Weekly = "WEEKLY",
        /// Now, then every month on the same day of the month; on the 28th if the first is on the 29th to 31st.
        Monthly = "MONTHLY",
        /// Now, then every year on the same date.
        Yearly = "YEARLY",
        /// Now, then every day. **Ask the gateway first**: not every document offers it; see SOURCES.md.
        Daily = "DAILY",
    }
}

open_enum! {
    /// The state of a recurring payment (open).
    pub enum RecurringState {
        /// The first payment was taken, and the schedule is active.
        Active = "ACTIVE",
        /// The first payment was not taken, and there is no schedule.
        Failed = "FAILED",
    }
}

open_enum! {
    /// The state of one payment of an order (open). See [`Payment::outcome`](crate::Payment::outcome).
    pub enum PaymentState {
        /// Begun.
        Started = "STARTED",
        /// Waits until the customer has authenticated.
        Await3ds = "AWAIT_3DS",
        /// The money is held for capture.
        Authorised = "AUTHORISED",
        /// Taken.
        Captured = "CAPTURED",
        /// Taken in one step.
        Purchased = "PURCHASED",
        /// Refused, or failed.
        Failed = "FAILED",
        /// The hold was released: no money was kept.
        Reversed = "REVERSED",
        /// A part was taken.
        PartiallyCaptured = "PARTIALLY_CAPTURED",
        /// Taken, and a part given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// Taken, and given back.
        Refunded = "REFUNDED",
        /// Authorized, and held for a review.
        PostAuthReview = "POST_AUTH_REVIEW",
        /// The card was verified.
        Verified = "VERIFIED",
        /// The issuer granted a part of the amount.
        PartiallyAuthorised = "PARTIALLY_AUTHORISED",
        /// The issuer granted a part of the amount, which the merchant has to accept.
        AwaitingPartialAuthApproval = "AWAITING_PARTIAL_AUTH_APPROVAL",
        /// The part that the issuer granted was not accepted.
        PartialAuthDeclined = "PARTIAL_AUTH_DECLINED",
    }
}

/// What a recurring payment's state means for the money of its first payment.
pub(crate) fn recurring_outcome(state: &RecurringState) -> Outcome {
    match state {
        RecurringState::Active => Outcome::Paid,
        RecurringState::Failed => Outcome::Declined,
        RecurringState::Other(_) => Outcome::Pending,
    }
}

/// What the state of one payment means for the money.
///
/// `Paid` says that this payment took the money once, also where it was given back later: a refunded payment is
/// no reason to charge again. Authorized is held and not taken. Reversed is `Canceled`: the hold was released, and
/// nothing of it is left to be taken. A
/// verified card is not a payment, and a part of the amount is not the amount: neither proves anything, so both are
/// Pending.
// Assumption(state-meanings): the documents list the states; what the rarer ones mean is inferred from their names.
pub(crate) fn payment_outcome(state: &PaymentState) -> Outcome {
    match state {
        PaymentState::Captured
        | PaymentState::Purchased
        | PaymentState::PartiallyCaptured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => Outcome::Paid,
        PaymentState::Authorised => Outcome::Authorized,
        PaymentState::Failed | PaymentState::PartialAuthDeclined => Outcome::Declined,
        PaymentState::Reversed => Outcome::Canceled,
        PaymentState::Await3ds => Outcome::ActionRequired,
        PaymentState::Started
        | PaymentState::PostAuthReview
        | PaymentState::Verified
        | PaymentState::PartiallyAuthorised
        | PaymentState::AwaitingPartialAuthApproval
        | PaymentState::Other(_) => Outcome::Pending,
    }
}

/// Returns every state that is known, of a schedule's creation and of a payment, and what it means. For documentation,
/// computed by the mappings themselves.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    let schedules = RecurringState::KNOWN
        .iter()
        .map(|state| (format!("schedule {state}"), recurring_outcome(&RecurringState::from(*state))));
    let payments = PaymentState::KNOWN
        .iter()
        .map(|state| (format!("payment {state}"), payment_outcome(&PaymentState::from(*state))));
    schedules.chain(payments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recurring_payment_is_paid_only_when_it_is_active() {
        for (state, expected) in [
            ("ACTIVE", Outcome::Paid),
            ("FAILED", Outcome::Declined),
            ("active", Outcome::Pending),
            ("CANCELLED", Outcome::Pending),
            ("", Outcome::Pending),
        ] {
            assert_eq!(recurring_outcome(&RecurringState::from(state)), expected, "{state}");
        }
    }

    #[test]
    fn every_payment_state_has_one_meaning_and_nothing_new_is_final() {
        let table = [
            ("STARTED", Outcome::Pending),
            ("AWAIT_3DS", Outcome::ActionRequired),
            ("AUTHORISED", Outcome::Authorized),
            ("CAPTURED", Outcome::Paid),
            ("PURCHASED", Outcome::Paid),
            ("FAILED", Outcome::Declined),
            ("REVERSED", Outcome::Canceled),
            ("PARTIALLY_CAPTURED", Outcome::Paid),
            ("PARTIALLY_REFUNDED", Outcome::Paid),
            ("REFUNDED", Outcome::Paid),
            ("POST_AUTH_REVIEW", Outcome::Pending),
            ("VERIFIED", Outcome::Pending),
            ("PARTIALLY_AUTHORISED", Outcome::Pending),
            ("AWAITING_PARTIAL_AUTH_APPROVAL", Outcome::Pending),
            ("PARTIAL_AUTH_DECLINED", Outcome::Declined),
        ];
        assert_eq!(table.map(|(state, _)| state), PaymentState::KNOWN);
        let unheard_of =
            [("captured", Outcome::Pending), ("VOIDED", Outcome::Pending), ("", Outcome::Pending)];
        for (state, expected) in table.into_iter().chain(unheard_of) {
            assert_eq!(payment_outcome(&PaymentState::from(state)), expected, "{state}");
        }
    }

    #[test]
    fn documented_outcomes_are_those_of_the_mappings() {
        let rows = documented_outcomes();
        assert_eq!(rows.len(), RecurringState::KNOWN.len() + PaymentState::KNOWN.len());
        for (state, outcome) in [
            ("schedule ACTIVE", Outcome::Paid),
            ("schedule FAILED", Outcome::Declined),
            ("payment AUTHORISED", Outcome::Authorized),
            ("payment REVERSED", Outcome::Canceled),
        ] {
            assert!(rows.contains(&(state.to_owned(), outcome)), "{state}");
        }
    }
}
