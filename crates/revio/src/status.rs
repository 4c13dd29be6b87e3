use recurring_core::Outcome;
use recurring_gateway::open_enum;

open_enum! {
    /// The status of a purchase (open).
    pub enum PurchaseStatus {
        /// Created; nothing has been paid.
        Created = "created",
        /// The customer was sent an invoice.
        Sent = "sent",
        /// The customer has opened the page.
        Viewed = "viewed",
        /// The last try to pay failed. The customer can try again on the page.
        Error = "error",
        /// Canceled: cannot be paid any more.
        Cancelled = "cancelled",
        /// Past its due time. It can still be paid.
        Overdue = "overdue",
        /// Past its due time: cannot be paid any more.
        Expired = "expired",
        /// The last try to pay was stopped by a security check. The customer can try again on the page.
        Blocked = "blocked",
        /// The money is held on the card (`skip_capture`), and taken only by a capture.
        Hold = "hold",
        /// The held money was given back.
        Released = "released",
        /// The held money is being given back.
        PendingRelease = "pending_release",
        /// The held money is being taken.
        PendingCapture = "pending_capture",
        /// The card was checked and saved without an amount (a purchase of nothing with `skip_capture`).
        Preauthorized = "preauthorized",
        /// Paid.
        Paid = "paid",
        /// The customer's payment is on its way.
        PendingExecute = "pending_execute",
        /// The charge of a token is on its way.
        PendingCharge = "pending_charge",
        /// Paid, and handed to the card network for clearing.
        Cleared = "cleared",
        /// Paid, and settled with the merchant.
        Settled = "settled",
        /// Paid, then disputed by the customer.
        Chargeback = "chargeback",
        /// Paid; a refund is on its way.
        PendingRefund = "pending_refund",
        /// Paid, then given back in whole or in part.
        Refunded = "refunded",
        /// Paid, then asked about by the customer's bank.
        Retrieved = "retrieved",
        /// Paid, then taken back after a dispute.
        ChargedBack = "charged_back",
    }
}

/// Who is to pay a purchase: the same status means another thing for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaidBy {
    /// The customer, on a page, if the purchase shows one.
    Customer { page: bool },
    /// A stored card, by a charge.
    Token,
}

/// What a status means for the money.
///
/// Money that was taken and given back later was taken all the same: `refunded` and the disputes are `Paid`, since a
/// `Declined` would invite to charge again. Held money is `Authorized`: it was not taken. A page can be used again
/// after a failed try, so `error` and `blocked` are final only for the charge of a token, or where no page is left.
pub(crate) fn outcome(status: &PurchaseStatus, paid_by: PaidBy) -> Outcome {
    match status {
        PurchaseStatus::Paid
        | PurchaseStatus::Cleared
        | PurchaseStatus::Settled
        | PurchaseStatus::PendingRefund
        | PurchaseStatus::Refunded
        | PurchaseStatus::Retrieved
        | PurchaseStatus::Chargeback
        | PurchaseStatus::ChargedBack => Outcome::Paid,
        PurchaseStatus::Hold | PurchaseStatus::Preauthorized => Outcome::Authorized,
        PurchaseStatus::Released | PurchaseStatus::Cancelled | PurchaseStatus::Expired => Outcome::Canceled,
        PurchaseStatus::Error | PurchaseStatus::Blocked => match paid_by {
            PaidBy::Customer { page: true } => Outcome::ActionRequired,
            PaidBy::Customer { page: false } | PaidBy::Token => Outcome::Declined,
        },
        PurchaseStatus::Created | PurchaseStatus::Sent | PurchaseStatus::Viewed | PurchaseStatus::Overdue => {
            match paid_by {
                PaidBy::Customer { page: true } => Outcome::ActionRequired,
                PaidBy::Customer { page: false } | PaidBy::Token => Outcome::Pending,
            }
        }
        PurchaseStatus::PendingRelease
        | PurchaseStatus::PendingCapture
        | PurchaseStatus::PendingExecute
        | PurchaseStatus::PendingCharge
        | PurchaseStatus::Other(_) => Outcome::Pending,
    }
}

/// What the status of a purchase says of a capture that was answered with it: money that is only held was not taken.
pub(crate) fn capture_outcome(status: &PurchaseStatus) -> Outcome {
    match status {
        status if outcome(status, PaidBy::Token) == Outcome::Paid => Outcome::Paid,
        _ => Outcome::Pending,
    }
}

/// What the status of a purchase says of a refund that was answered with it. Anything but `refunded` leaves it open.
pub(crate) fn refund_outcome(status: &PurchaseStatus) -> Outcome {
    match status {
        PurchaseStatus::Refunded => Outcome::Paid,
        _ => Outcome::Pending,
    }
}

/// Returns every status that is known, and what it means: of a purchase that the customer pays on its page, and of
/// one that is charged with a token. For documentation, computed by the mapping itself.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    let row = |status: &str, how: &str, paid_by| {
        (format!("{status} ({how})"), outcome(&PurchaseStatus::from(status), paid_by))
    };
    PurchaseStatus::KNOWN
        .iter()
        .flat_map(|status| {
            [row(status, "page", PaidBy::Customer { page: true }), row(status, "charge", PaidBy::Token)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_for_a_page_without_one_and_for_a_token() {
        use Outcome::{ActionRequired, Authorized, Canceled, Declined, Paid, Pending};
        let table = [
            ("created", ActionRequired, Pending, Pending),
            ("sent", ActionRequired, Pending, Pending),
            ("viewed", ActionRequired, Pending, Pending),
            ("overdue", ActionRequired, Pending, Pending),
            ("error", ActionRequired, Declined, Declined),
            ("blocked", ActionRequired, Declined, Declined),
            ("cancelled", Canceled, Canceled, Canceled),
            ("expired", Canceled, Canceled, Canceled),
            ("released", Canceled, Canceled, Canceled),
            ("hold", Authorized, Authorized, Authorized),
            ("preauthorized", Authorized, Authorized, Authorized),
            ("paid", Paid, Paid, Paid),
            ("cleared", Paid, Paid, Paid),
            ("settled", Paid, Paid, Paid),
            ("pending_refund", Paid, Paid, Paid),
            ("refunded", Paid, Paid, Paid),
            ("retrieved", Paid, Paid, Paid),
            ("chargeback", Paid, Paid, Paid),
            ("charged_back", Paid, Paid, Paid),
            ("pending_release", Pending, Pending, Pending),
            ("pending_capture", Pending, Pending, Pending),
            ("pending_execute", Pending, Pending, Pending),
            ("pending_charge", Pending, Pending, Pending),
        ];
        for known in PurchaseStatus::KNOWN {
            assert!(table.iter().any(|row| row.0 == *known), "{known}");
        }
        let unheard_of = ["PAID", "partially_paid", ""].map(|status| (status, Pending, Pending, Pending));
        for (status, with_page, without_page, by_token) in table.into_iter().chain(unheard_of) {
            let read = |paid_by| outcome(&PurchaseStatus::from(status), paid_by);
            assert_eq!(read(PaidBy::Customer { page: true }), with_page, "{status}");
            assert_eq!(read(PaidBy::Customer { page: false }), without_page, "{status}");
            assert_eq!(read(PaidBy::Token), by_token, "{status}");
        }
    }

    #[test]
    fn what_is_taken_and_what_is_given_back() {
        use Outcome::{Paid, Pending};
        for (status, captured, refunded) in [
            ("paid", Paid, Pending),
            ("cleared", Paid, Pending),
            ("settled", Paid, Pending),
            ("refunded", Paid, Paid),
            ("pending_refund", Paid, Pending),
            ("chargeback", Paid, Pending),
            ("hold", Pending, Pending),
            ("preauthorized", Pending, Pending),
            ("pending_capture", Pending, Pending),
            ("released", Pending, Pending),
            ("error", Pending, Pending),
            ("unheard-of", Pending, Pending),
            ("", Pending, Pending),
        ] {
            let status = PurchaseStatus::from(status);
            assert_eq!((capture_outcome(&status), refund_outcome(&status)), (captured, refunded), "{status}");
        }
    }

    #[test]
    fn what_is_documented_is_what_the_mapping_says() {
        let rows = documented_outcomes();
        assert_eq!(rows.len(), 2 * PurchaseStatus::KNOWN.len());
        for row in [
            ("created (page)", Outcome::ActionRequired),
            ("created (charge)", Outcome::Pending),
            ("error (charge)", Outcome::Declined),
            ("paid (charge)", Outcome::Paid),
        ] {
            assert!(rows.contains(&(row.0.to_owned(), row.1)), "{}", row.0);
        }
    }
}
