//! The two rules of a series, from what the credential keeps of the first payment. What a rule needs and cannot be read
//! is refused: a rule that is switched off by an odd value protects nothing.

use emspay::{Order, Series};
use recurring_core::{ErrorKind, InvalidInput, Money, Secret, Timestamp};
use recurring_gateway::ErrorExt as _;

use super::order::money;
use crate::credential::EmspayCredential;
use crate::error::Error;
use crate::ids::{PaymentRef, ProviderId};

/// The series that a charge of `amount` belongs to; `None` when the credential keeps nothing of the first payment.
pub(super) fn of(credential: &EmspayCredential, amount: Money) -> Result<Option<Series>, Error> {
    let invalid = |field, rule| Error::invalid(ProviderId::EMSPAY, InvalidInput::new(field, rule));
    let first = match (credential.first_amount_minor, credential.currency) {
        (Some(minor), Some(currency)) => Some(
            Money::from_minor(minor, currency)
                .map_err(|_| invalid("first_amount_minor", "must be more than zero"))?,
        ),
        (Some(_), None) => {
            return Err(invalid("currency", "must stand in the credential beside `first_amount_minor`"));
        }
        (None, Some(_)) => {
            return Err(invalid("first_amount_minor", "must stand in the credential beside `currency`"));
        }
        (None, None) => None,
    };
    let began = match &credential.first_created {
        // A date begins first at UTC+14: read so, the year never ends too late.
        Some(time) => Some(time.earliest().ok_or_else(|| {
            let rule = "must be an RFC 3339 time stamp or a date, such as 2026-11-28T09:00:00Z";
            invalid("first_created", rule)
        })?),
        None => None,
    };
    Ok(match (first, began) {
        (None, None) => None,
        // What is not kept is not checked: the other rule still is.
        (first, began) => Some(Series::new(first.unwrap_or(amount), began.unwrap_or_else(Timestamp::now))),
    })
}

/// The credential of a paid first order.
///
/// # Errors
/// `Unknown` when the order does not name its amount, its currency or the time of its transaction: without them the
/// rules of the series could not be checked.
pub(super) fn credential(order: &Order, token: &Secret) -> Result<EmspayCredential, Error> {
    let paid_with_token = order.transactions.iter().find(|transaction| {
        let card = transaction.payment_method_details.as_ref();
        card.is_some_and(|card| card.vault_token.is_some())
    });
    let created = paid_with_token.and_then(|transaction| transaction.created.clone());
    let (Some(first), Some(created)) = (money(order), created.filter(|time| time.earliest().is_some()))
    else {
        let message =
            "the order is paid, but does not name its amount, currency and the time of its transaction";
        let inner = recurring_core::Error::unknown(ErrorKind::Protocol, message);
        return Err(Error::new(ProviderId::EMSPAY, inner).with_payment(PaymentRef::new(&order.id)));
    };
    Ok(EmspayCredential {
        vault_token: token.clone(),
        first_amount_minor: Some(first.minor()),
        currency: Some(first.currency()),
        first_created: Some(created),
    })
}
