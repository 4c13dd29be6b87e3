//! Comparing the amounts that a reply names with what was meant. What is missing or unreadable does not agree.

use recurring_core::{ErrorKind, Money, Reply};
use recurring_gateway::ErrorExt as _;

use crate::error::Error;
use crate::ops::purchase::Purchase;

/// How the amounts and currencies that a purchase names compare with what was meant. The text is the name of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmountMatch {
    /// It names the total and its currency, and everything it names is the same.
    Same,
    /// It names another amount or currency.
    Different(&'static str),
    /// A member that would prove it is missing, or cannot be read.
    Unproven(&'static str),
}

impl Purchase {
    /// Compares the amounts and currencies that the purchase names with what was meant. A number as text and `100.0`
    /// are read; `9e9`, `"40,00"` or a list are not, and prove nothing.
    // Assumption(decimal-integers): the platform may write a whole number with a fraction of zeros.
    pub fn amount_match(&self, meant: Money) -> AmountMatch {
        let (details, payment) = (self.purchase.as_ref(), self.payment.as_ref());
        let total = details.and_then(|details| details.total);
        let paid = payment.and_then(|payment| payment.amount);
        let currency = details.and_then(|details| details.currency.as_deref());
        let paid_in = payment.and_then(|payment| payment.currency.as_deref());
        for (member, named) in [("total", total), ("amount", paid)] {
            if named.is_some_and(|named| named != meant.minor()) {
                return AmountMatch::Different(member);
            }
        }
        if [currency, paid_in].into_iter().flatten().any(|named| named != meant.currency().code()) {
            return AmountMatch::Different("currency");
        }
        match self.unreadable {
            Some(member) => AmountMatch::Unproven(member),
            None if total.is_none() => AmountMatch::Unproven("total"),
            None if currency.is_none() => AmountMatch::Unproven("currency"),
            None => AmountMatch::Same,
        }
    }

    /// Returns the member in which the purchase contradicts itself. Such a purchase is neither paid nor declined.
    pub fn contradiction(&self) -> Option<&'static str> {
        let (details, payment) = (self.purchase.as_ref()?, self.payment.as_ref()?);
        if details.currency.as_ref().zip(payment.currency.as_ref()).is_some_and(|(one, other)| one != other) {
            return Some("currency");
        }
        // A part of it may have been captured, but never more than the total.
        details.total.zip(payment.amount).is_some_and(|(total, paid)| paid > total).then_some("amount")
    }

    /// Returns a member that names an amount or a currency, is there, and cannot be read.
    pub fn unreadable_amount(&self) -> Option<&'static str> {
        self.unreadable
    }
}

/// An approval that does not prove its amount.
pub(crate) fn unproven(reply: &Reply, member: &str) -> Error {
    let message = format!("the reply approves, but its `{member}` is missing or cannot be read");
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}

/// Checks that a purchase which approves a refund or a capture names its currency, and no unreadable amount.
pub(crate) fn check_currency(reply: &Reply, purchase: &Purchase) -> Result<(), Error> {
    let currency = purchase.purchase.as_ref().and_then(|details| details.currency.as_ref());
    match purchase.unreadable.or(currency.is_none().then_some("currency")) {
        Some(member) => Err(unproven(reply, member)),
        None => Ok(()),
    }
}
