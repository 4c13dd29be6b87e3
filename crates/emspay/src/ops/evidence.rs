//! Whether an answer agrees with itself: an order against its transactions.

use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _, lenient};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::ops::transaction::Transaction;
use crate::status::{OrderStatus, RecurringType, TransactionStatus};

/// The part of an order, or of a refund, that its transactions repeat.
pub(crate) struct Whole<'a> {
    pub(crate) status: &'a OrderStatus,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) transactions: &'a [Transaction],
}

impl Whole<'_> {
    /// The member by which a transaction contradicts the whole, or another transaction.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let transactions = self.transactions;
        let amount = |transaction: &Transaction| differ(transaction.amount, self.amount);
        let currency = |transaction: &Transaction| differ(transaction.currency.as_deref(), self.currency);
        let cards =
            || transactions.iter().filter_map(|transaction| transaction.payment_method_details.as_ref());
        let has_type = |wanted: &RecurringType| cards().any(|card| card.recurring_type == *wanted);
        let mut tokens = cards().filter_map(|card| card.vault_token.as_ref());
        let token = tokens.next();
        if transactions.iter().any(amount) {
            Some("amount")
        } else if transactions.iter().any(currency) {
            Some("currency")
        } else if has_type(&RecurringType::First) && has_type(&RecurringType::Recurring) {
            Some("recurring_type")
        } else if token.is_some_and(|token| tokens.any(|other| other.expose() != token.expose())) {
            Some("vault_token")
        } else {
            self.status_is_contradicted().then_some("status")
        }
    }

    /// A paid order needs a transaction that is paid, if it has any with a known status. A refused one must have none
    /// that is paid or under way: the customer's other tries may have been refused.
    fn status_is_contradicted(&self) -> bool {
        let any = |test: fn(&TransactionStatus) -> bool| {
            self.transactions.iter().any(|transaction| test(&transaction.status))
        };
        match self.status {
            OrderStatus::Completed => !any(|status| is_paid(status) || is_unclear(status)) && any(|_| true),
            OrderStatus::Error | OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Declined => {
                any(|status| is_paid(status) || is_under_way(status))
            }
            _ => false,
        }
    }
}

fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

// Assumption(accepted-agrees): a transaction that the acquirer accepted does not contradict a completed order.
fn is_paid(status: &TransactionStatus) -> bool {
    matches!(status, TransactionStatus::Completed | TransactionStatus::Captured | TransactionStatus::Accepted)
}

fn is_under_way(status: &TransactionStatus) -> bool {
    matches!(status, TransactionStatus::Pending | TransactionStatus::Processing)
}

/// A status that is missing or new contradicts nothing.
fn is_unclear(status: &TransactionStatus) -> bool {
    matches!(status, TransactionStatus::Other(_))
}

/// The amounts of an answer: whether one is there that is not a whole number.
#[derive(Deserialize)]
struct Amounts {
    #[serde(default, rename = "amount", deserialize_with = "is_odd")]
    odd: bool,
    #[serde(default, deserialize_with = "lenient::list")]
    transactions: Vec<Amounts>,
}

fn is_odd<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let amount = <&RawValue>::deserialize(deserializer)?;
    let number = lenient::integer(&mut serde_json::Deserializer::from_str(amount.get()));
    Ok(amount.get() != "null" && !matches!(number, Ok(Some(_))))
}

/// Refuses an answer that contradicts itself, or that has an amount which cannot be read.
///
/// # Errors
/// `Unknown`: such an answer is neither a payment nor a refusal.
pub(crate) fn check(reply: &Reply, whole: &Whole<'_>) -> Result<(), Error> {
    let refuse =
        |message: String| Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
    // An amount that was read is not odd. One that was not may be missing.
    let all_read = whole.amount.is_some() && whole.transactions.iter().all(|one| one.amount.is_some());
    let readable = || {
        let amounts = reply.object::<Amounts>();
        amounts.is_ok_and(|amounts| !amounts.odd && !amounts.transactions.iter().any(|one| one.odd))
    };
    if !all_read && !readable() {
        return refuse("the reply has an `amount` that cannot be read".to_owned());
    }
    match whole.contradiction() {
        Some(member) => refuse(format!("the order and its transactions contradict each other in `{member}`")),
        None => Ok(()),
    }
}
