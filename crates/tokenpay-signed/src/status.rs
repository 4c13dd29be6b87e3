use recurring_core::Outcome;
use recurring_gateway::open_enum;
use serde::Serialize;

open_enum! {
    /// The status of an order (open).
    pub enum OrderStatus {
        /// Created. Not paid.
        Open = "OPEN",
        /// On its way. Not paid.
        Processing = "PROCESSING",
        /// Paid.
        Success = "SUCCESS",
        /// Paid, and settled with the merchant.
        Settled = "SETTLED",
        /// Not paid: it failed.
        Failure = "FAILURE",
        /// Not paid: it was canceled.
        Cancelled = "CANCELLED",
        /// Closed. Assumption(closed-is-pending): it does not show what became of the money; see SOURCES.md.
        Closed = "CLOSED",
        /// Paid, and taken back before it was settled.
        Voided = "VOIDED",
        /// Paid, and given back.
        Refunded = "REFUNDED",
        /// Paid, and given back in part.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
    }
}

open_enum! {
    /// The status of the transaction of an order (open).
    pub enum TransactionStatus {
        /// Paid.
        Success = "SUCCESS",
        /// Paid, and settled with the merchant.
        Settled = "SETTLED",
        /// Refused.
        Declined = "DECLINED",
        /// Paid, and taken back before it was settled.
        Voided = "VOIDED",
        /// Paid, and given back.
        Refunded = "REFUNDED",
    }
}

/// What one status, or its absence, says by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Paid,
    NotPaid,
    /// Leaves it to the other one.
    Nothing,
    /// Neither paid nor refused, whatever the other one says.
    Undecided,
}

/// What the answer to a charge means for the money. `success` says whether the response code is `0000`.
///
/// Paid needs the code, the order's status, and a transaction that does not say otherwise. An explicit decline of the
/// order or of its transaction is one whatever the code, unless the two contradict each other.
///
/// `VOIDED`, `REFUNDED` and `PARTIALLY_REFUNDED` are pending: the money had been taken, so it is not a refusal that
/// allows another try, and it was given back, so goods must not be sent for it. An operator, or the caller who asked
/// for the refund, reads the status itself.
pub(crate) fn outcome(
    success: bool,
    order: &OrderStatus,
    transaction: Option<&TransactionStatus>,
) -> Outcome {
    canceled(order, weigh(success, order_says(order), transaction_says(transaction)))
}

/// What an order that was looked up says of its charge: as [`outcome`], but money that was given back had been
/// taken, so the charge went through; a voided one is `Canceled`, since nothing of it was settled.
pub(crate) fn charge_outcome(
    success: bool,
    order: &OrderStatus,
    transaction: Option<&TransactionStatus>,
) -> Outcome {
    let order_said = match order {
        OrderStatus::Voided | OrderStatus::Refunded | OrderStatus::PartiallyRefunded => Says::Paid,
        _ => order_says(order),
    };
    let transaction_said = match transaction {
        Some(TransactionStatus::Voided | TransactionStatus::Refunded) => Says::Paid,
        _ => transaction_says(transaction),
    };
    let voided = *order == OrderStatus::Voided || transaction == Some(&TransactionStatus::Voided);
    match weigh(success, order_said, transaction_said) {
        Outcome::Paid if voided => Outcome::Canceled,
        other => canceled(order, other),
    }
}

/// An explicit decline of an order that is `CANCELLED` is not a refusal by the bank.
fn canceled(order: &OrderStatus, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Declined if *order == OrderStatus::Cancelled => Outcome::Canceled,
        other => other,
    }
}

/// The part of the money that was given back, as far as an order's statuses say: all of it, or a part that they do not
/// state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GivenBack {
    /// All of it.
    Whole,
    /// A part; the gateway does not say how much.
    Part,
}

/// How much of a paid order was given back.
pub(crate) fn refunded(order: &OrderStatus, transaction: Option<&TransactionStatus>) -> Option<GivenBack> {
    match (order, transaction) {
        (OrderStatus::PartiallyRefunded, _) => Some(GivenBack::Part),
        (OrderStatus::Refunded, _) | (_, Some(TransactionStatus::Refunded)) => Some(GivenBack::Whole),
        _ => None,
    }
}

/// Whether one of the two says paid and the other refused: such an answer proves neither.
pub(crate) fn contradict(order: &OrderStatus, transaction: Option<&TransactionStatus>) -> bool {
    matches!(
        (order_says(order), transaction_says(transaction)),
        (Says::Paid, Says::NotPaid) | (Says::NotPaid, Says::Paid)
    )
}

fn order_says(order: &OrderStatus) -> Says {
    match order {
        OrderStatus::Success | OrderStatus::Settled => Says::Paid,
        OrderStatus::Failure | OrderStatus::Cancelled => Says::NotPaid,
        // An unpaid order, and one without a status, do not contradict a refused transaction.
        OrderStatus::Open => Says::Nothing,
        OrderStatus::Other(text) if text.as_str().is_empty() => Says::Nothing,
        _ => Says::Undecided,
    }
}

fn transaction_says(transaction: Option<&TransactionStatus>) -> Says {
    match transaction {
        Some(TransactionStatus::Success | TransactionStatus::Settled) => Says::Paid,
        Some(TransactionStatus::Declined) => Says::NotPaid,
        Some(TransactionStatus::Other(text)) if text.as_str().is_empty() => Says::Nothing,
        None => Says::Nothing,
        Some(_) => Says::Undecided,
    }
}

fn weigh(success: bool, order: Says, transaction: Says) -> Outcome {
    match (order, transaction) {
        (Says::Paid, Says::Paid | Says::Nothing) if success => Outcome::Paid,
        (Says::NotPaid, Says::NotPaid | Says::Nothing) | (Says::Nothing, Says::NotPaid) => Outcome::Declined,
        _ => Outcome::Pending,
    }
}

/// The part of the money that was asked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GivingBack {
    /// By a void.
    #[default]
    All,
    /// By a refund, in full or in part.
    Some,
}

/// What the answer to a void or a refund means: `Paid` when the money goes back. `transaction` is its type and
/// its status.
///
/// The transaction of such an answer is the void or the refund itself. Only where its type says so does `DECLINED`
/// mean that they were refused, and only while the order is still paid.
pub(crate) fn given_back(
    success: bool,
    asked: GivingBack,
    order: Option<&OrderStatus>,
    transaction: Option<(&str, &TransactionStatus)>,
) -> Outcome {
    let says = transaction_says(transaction.map(|(_, status)| status));
    let undone = matches!(transaction, Some((_, TransactionStatus::Voided | TransactionStatus::Refunded)))
        || matches!(says, Says::Paid | Says::Nothing);
    let kind = transaction.map(|(kind, _)| kind.to_lowercase()).unwrap_or_default();
    let refused = says == Says::NotPaid && (kind.contains("void") || kind.contains("refund"));
    match order {
        Some(OrderStatus::Voided | OrderStatus::Refunded) if success && undone => Outcome::Paid,
        Some(OrderStatus::PartiallyRefunded) if success && undone && asked == GivingBack::Some => {
            Outcome::Paid
        }
        Some(OrderStatus::Success | OrderStatus::Settled) if refused => Outcome::Declined,
        _ => Outcome::Pending,
    }
}

/// Returns what the known statuses of an order and of its transaction mean together, in an answer with the code
/// `0000`. For documentation, computed by the mapping itself.
pub fn documented_outcomes() -> Vec<(String, Outcome)> {
    let transactions = std::iter::once(None).chain(TransactionStatus::KNOWN.iter().map(Some));
    transactions
        .flat_map(|transaction| OrderStatus::KNOWN.iter().map(move |order| (*order, transaction)))
        .map(|(order, transaction)| {
            let read = transaction.map(|status| TransactionStatus::from(*status));
            let says = match transaction {
                Some(transaction) => format!("order {order}, transaction {transaction}"),
                None => format!("order {order}"),
            };
            (says, outcome(true, &OrderStatus::from(order), read.as_ref()))
        })
        // Contradictions and everything undecided are pending: naming each would hide what matters.
        .filter(|(_, outcome)| *outcome != Outcome::Pending)
        .chain([("anything else".to_owned(), Outcome::Pending)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paid_and_refused_need_proof_and_nothing_new_is_final() {
        use Outcome::{Canceled, Declined, Paid, Pending};
        // With 0000, with any other code.
        let table = [
            ("SUCCESS", Some("SUCCESS"), Paid, Pending),
            ("SUCCESS", Some("SETTLED"), Paid, Pending),
            ("SETTLED", Some("SETTLED"), Paid, Pending),
            ("SUCCESS", None, Paid, Pending),
            ("SUCCESS", Some(""), Paid, Pending),
            ("SUCCESS", Some("DECLINED"), Pending, Pending),
            ("SUCCESS", Some("VOIDED"), Pending, Pending),
            ("SUCCESS", Some("REFUNDED"), Pending, Pending),
            ("SUCCESS", Some("HALF_PAID"), Pending, Pending),
            ("FAILURE", Some("DECLINED"), Declined, Declined),
            ("FAILURE", None, Declined, Declined),
            ("CANCELLED", None, Canceled, Canceled),
            ("FAILURE", Some("SUCCESS"), Pending, Pending),
            ("FAILURE", Some("HALF_PAID"), Pending, Pending),
            ("CANCELLED", Some("SETTLED"), Pending, Pending),
            ("OPEN", Some("DECLINED"), Declined, Declined),
            ("", Some("DECLINED"), Declined, Declined),
            ("OPEN", Some("SUCCESS"), Pending, Pending),
            ("OPEN", None, Pending, Pending),
            ("", None, Pending, Pending),
            ("", Some("SUCCESS"), Pending, Pending),
            ("PROCESSING", None, Pending, Pending),
            ("PROCESSING", Some("DECLINED"), Pending, Pending),
            ("CLOSED", None, Pending, Pending),
            ("CLOSED", Some("SUCCESS"), Pending, Pending),
            ("VOIDED", Some("VOIDED"), Pending, Pending),
            ("VOIDED", Some("DECLINED"), Pending, Pending),
            ("REFUNDED", Some("SUCCESS"), Pending, Pending),
            ("PARTIALLY_REFUNDED", None, Pending, Pending),
            ("HALF_PAID", Some("DECLINED"), Pending, Pending),
            ("HALF_PAID", Some("SUCCESS"), Pending, Pending),
            ("success", Some("SUCCESS"), Pending, Pending),
        ];
        for (order, transaction, with_success, otherwise) in table {
            let status = OrderStatus::from(order);
            let of = transaction.map(TransactionStatus::from);
            assert_eq!(outcome(true, &status, of.as_ref()), with_success, "0000 {order} {transaction:?}");
            assert_eq!(outcome(false, &status, of.as_ref()), otherwise, "2001 {order} {transaction:?}");
        }
        assert_eq!((OrderStatus::KNOWN.len(), TransactionStatus::KNOWN.len()), (10, 5));
    }

    #[test]
    fn charge_that_was_given_back_had_been_taken() {
        use Outcome::{Canceled, Paid, Pending};
        for (order, transaction, expected, back) in [
            ("SUCCESS", Some("SUCCESS"), Paid, None),
            ("VOIDED", None, Canceled, None),
            ("VOIDED", Some("SUCCESS"), Canceled, None),
            ("SUCCESS", Some("VOIDED"), Canceled, None),
            ("FAILURE", Some("VOIDED"), Pending, None),
            ("REFUNDED", None, Paid, Some(GivenBack::Whole)),
            ("REFUNDED", Some("SUCCESS"), Paid, Some(GivenBack::Whole)),
            ("SUCCESS", Some("REFUNDED"), Paid, Some(GivenBack::Whole)),
            ("PARTIALLY_REFUNDED", None, Paid, Some(GivenBack::Part)),
            ("PARTIALLY_REFUNDED", Some("REFUNDED"), Paid, Some(GivenBack::Part)),
        ] {
            let status = OrderStatus::from(order);
            let of = transaction.map(TransactionStatus::from);
            let read = (charge_outcome(true, &status, of.as_ref()), refunded(&status, of.as_ref()));
            assert_eq!(read, (expected, back), "{order} {transaction:?}");
        }
    }

    #[test]
    fn paid_and_refused_contradict_each_other() {
        for (order, transaction, expected) in [
            ("SUCCESS", Some("DECLINED"), true),
            ("FAILURE", Some("SUCCESS"), true),
            ("CANCELLED", Some("SETTLED"), true),
            ("SUCCESS", Some("SUCCESS"), false),
            ("FAILURE", Some("DECLINED"), false),
            ("SUCCESS", None, false),
            ("OPEN", Some("DECLINED"), false),
            ("PROCESSING", Some("SUCCESS"), false),
        ] {
            let of = transaction.map(TransactionStatus::from);
            let read = contradict(&OrderStatus::from(order), of.as_ref());
            assert_eq!(read, expected, "{order} {transaction:?}");
        }
    }

    #[test]
    fn documented_outcomes_are_those_of_the_mapping() {
        let rows = documented_outcomes();
        for (statuses, outcome) in [
            ("order SUCCESS", Outcome::Paid),
            ("order SETTLED, transaction SUCCESS", Outcome::Paid),
            ("order OPEN, transaction DECLINED", Outcome::Declined),
            ("order CANCELLED", Outcome::Canceled),
        ] {
            assert!(rows.contains(&(statuses.to_owned(), outcome)), "{statuses}");
        }
        let pending: Vec<_> = rows.iter().filter(|(_, outcome)| *outcome == Outcome::Pending).collect();
        assert_eq!(pending, [&("anything else".to_owned(), Outcome::Pending)]);
    }
}
