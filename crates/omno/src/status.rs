use recurring_core::Outcome;
use recurring_gateway::open_enum;

open_enum! {
    ignore_case
    /// The status of a payment, in any letter case (open). The names in capitals are those of the gateway's second
    /// version.
    pub enum PaymentStatus {
        /// Created; not paid yet.
        Created = "Created",
        /// The customer must confirm it with the card's issuer.
        Pending3ds = "Pending3DS",
        /// Paid.
        Success = "Success",
        /// Refused.
        Declined = "Declined",
        /// Not paid in time. Assumption(timeout-is-pending): not final; see SOURCES.md.
        Timeout = "Timeout",
        /// On its way. Not paid.
        Pending = "PENDING",
        /// Paid, and given back since.
        Refunded = "REFUNDED",
        /// Paid, and given back in part since.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// Failed.
        Failed = "FAILED",
        /// Paid; giving it back has failed.
        RefundFailed = "REFUND_FAILED",
    }
}

/// What a payment's status means for the money.
///
/// A refund, whole, in part or failed, needs a payment that was taken, so it is `Paid`. `Timeout` stays `Pending`:
/// taking too long is not a refusal.
pub(crate) fn outcome(status: &PaymentStatus) -> Outcome {
    match status {
        PaymentStatus::Success
        | PaymentStatus::Refunded
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::RefundFailed => Outcome::Paid,
        PaymentStatus::Declined | PaymentStatus::Failed => Outcome::Declined,
        PaymentStatus::Pending3ds => Outcome::ActionRequired,
        PaymentStatus::Created
        | PaymentStatus::Timeout
        | PaymentStatus::Pending
        | PaymentStatus::Other(_) => Outcome::Pending,
    }
}

/// Returns every status that is known, and what it means. For documentation, computed by the mapping itself.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    PaymentStatus::KNOWN
        .iter()
        .map(|status| ((*status).to_owned(), outcome(&PaymentStatus::from(*status))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_taken_is_paid_and_nothing_new_is_final() {
        let table = [
            ("Success", Outcome::Paid),
            ("SUCCESS", Outcome::Paid),
            ("success", Outcome::Paid),
            ("REFUNDED", Outcome::Paid),
            ("PARTIALLY_REFUNDED", Outcome::Paid),
            ("REFUND_FAILED", Outcome::Paid),
            ("Declined", Outcome::Declined),
            ("DECLINED", Outcome::Declined),
            ("FAILED", Outcome::Declined),
            ("Pending3DS", Outcome::ActionRequired),
            ("pending3ds", Outcome::ActionRequired),
            ("Created", Outcome::Pending),
            ("PENDING", Outcome::Pending),
            ("Timeout", Outcome::Pending),
            ("Succeeded", Outcome::Pending),
            ("Cancelled", Outcome::Pending),
            ("", Outcome::Pending),
        ];
        for (status, expected) in table {
            assert_eq!(outcome(&PaymentStatus::from(status)), expected, "{status}");
        }
    }

    #[test]
    fn documented_outcomes_are_those_of_the_mapping() {
        let rows = documented_outcomes();
        assert_eq!(rows.len(), PaymentStatus::KNOWN.len());
        for (status, outcome) in [
            ("Success", Outcome::Paid),
            ("Declined", Outcome::Declined),
            ("Pending3DS", Outcome::ActionRequired),
            ("Timeout", Outcome::Pending),
        ] {
            assert!(rows.contains(&(status.to_owned(), outcome)), "{status}");
        }
    }
}
