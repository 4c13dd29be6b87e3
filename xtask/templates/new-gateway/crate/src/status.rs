use recurring_core::Outcome;
use recurring_gateway::open_enum;

open_enum! {
    /// The status of a payment (open).
    pub enum PaymentStatus {
        /// On its way. Not paid.
        Processing = "processing",
        /// Paid.
        Paid = "paid",
        /// Declined.
        Declined = "declined",
    }
}

/// What a status means for the money. An unknown status is pending.
pub(crate) fn outcome(status: &PaymentStatus) -> Outcome {
    match status {
        PaymentStatus::Paid => Outcome::Paid,
        PaymentStatus::Declined => Outcome::Declined,
        PaymentStatus::Processing | PaymentStatus::Other(_) => Outcome::Pending,
    }
}

/// Every status that is known, and what it means. For documentation, computed by the mapping itself.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    let row = |status: &&'static str| ((*status).to_owned(), outcome(&PaymentStatus::from(*status)));
    PaymentStatus::KNOWN.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_unknown_status_is_pending() {
        for (status, expected) in [
            ("paid", Outcome::Paid),
            ("declined", Outcome::Declined),
            ("PAID", Outcome::Pending),
            ("", Outcome::Pending),
        ] {
            assert_eq!(outcome(&PaymentStatus::from(status)), expected, "{status}");
        }
    }
}
