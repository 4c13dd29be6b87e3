use recurring_core::Outcome;
use recurring_gateway::open_enum;

open_enum! {
    /// The status of an order (open).
    pub enum OrderStatus {
        /// Created; the customer has not paid yet.
        New = "new",
        /// On its way. Not paid.
        Processing = "processing",
        /// Failed. Final for a recurring order.
        Error = "error",
        /// Paid.
        Completed = "completed",
        /// Canceled before it was paid.
        Cancelled = "cancelled",
        /// Not paid in time.
        Expired = "expired",
        /// Refused.
        Declined = "declined",
        /// The transactions differ: each has to be looked at.
        SeeTransactions = "see-transactions",
    }
}

open_enum! {
    /// The status of one transaction of an order (open).
    pub enum TransactionStatus {
        /// Created.
        New = "new",
        /// Waiting.
        Pending = "pending",
        /// On its way. Not paid.
        Processing = "processing",
        /// Failed.
        Error = "error",
        /// Paid.
        Completed = "completed",
        /// Canceled.
        Cancelled = "cancelled",
        /// Not paid in time.
        Expired = "expired",
        /// Accepted by the acquirer.
        Accepted = "accepted",
        /// Captured.
        Captured = "captured",
        /// Refused.
        Declined = "declined",
    }
}

open_enum! {
    /// The place of a transaction in a series (open).
    pub enum RecurringType {
        /// The customer authenticates on a page; later payments build on it.
        First = "first",
        /// A payment without the customer.
        Recurring = "recurring",
    }
}

/// What an order's status means for the money. `awaits_customer` says whether the order offers a page to pay on.
///
/// The order's own status alone decides: an order may be `processing` while one of its transactions is `error`,
/// since the customer can try again.
pub(crate) fn outcome(status: &OrderStatus, awaits_customer: bool) -> Outcome {
    match status {
        OrderStatus::Completed => Outcome::Paid,
        OrderStatus::Error | OrderStatus::Declined => Outcome::Declined,
        OrderStatus::Cancelled | OrderStatus::Expired => Outcome::Canceled,
        OrderStatus::New if awaits_customer => Outcome::ActionRequired,
        OrderStatus::New | OrderStatus::Processing | OrderStatus::SeeTransactions | OrderStatus::Other(_) => {
            Outcome::Pending
        }
    }
}

/// Returns every status of an order that is known, and what it means. For documentation, computed by the mapping
/// itself.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    let row = |(status, page): (&str, bool)| {
        let says = if page { format!("{status}, with a page to pay on") } else { status.to_owned() };
        (says, outcome(&OrderStatus::from(status), page))
    };
    let with_page = [(OrderStatus::New.as_str(), true)];
    with_page
        .into_iter()
        .map(row)
        .chain(OrderStatus::KNOWN.iter().map(|status| row((status, false))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_completed_is_paid_and_nothing_new_is_final() {
        let table = [
            ("completed", Outcome::Paid),
            ("error", Outcome::Declined),
            ("cancelled", Outcome::Canceled),
            ("expired", Outcome::Canceled),
            ("declined", Outcome::Declined),
            ("new", Outcome::Pending),
            ("processing", Outcome::Pending),
            ("see-transactions", Outcome::Pending),
            ("COMPLETED", Outcome::Pending),
            ("refunded", Outcome::Pending),
            ("", Outcome::Pending),
        ];
        for (status, expected) in table {
            assert_eq!(outcome(&OrderStatus::from(status), false), expected, "{status}");
        }
        assert_eq!(outcome(&OrderStatus::New, true), Outcome::ActionRequired);
    }

    #[test]
    fn documented_outcomes_are_those_of_the_mapping() {
        let rows = documented_outcomes();
        assert_eq!(rows.len(), OrderStatus::KNOWN.len() + 1);
        for (status, outcome) in [
            ("new, with a page to pay on", Outcome::ActionRequired),
            ("new", Outcome::Pending),
            ("completed", Outcome::Paid),
            ("declined", Outcome::Declined),
        ] {
            assert!(rows.contains(&(status.to_owned(), outcome)), "{status}");
        }
    }
}
