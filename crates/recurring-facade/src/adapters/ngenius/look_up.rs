//! What an order says of the attempt that created it: the first of its payments, whatever became of the later ones.

use ngenius::{Order, RecurringPayment};
use recurring_core::{AttemptId, ErrorKind, InvalidInput, Money, Outcome};
use recurring_gateway::ErrorExt as _;

use super::{Ngenius, error};
use crate::adapters::check_found;
use crate::card::PaymentCard;
use crate::error::Error;
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge};
use crate::payment::{Decline, Payment, PaymentStatus};
use crate::request::ScheduleRequest;

/// The first payment of an order.
#[allow(clippy::large_enum_variant, reason = "one at a time, and short-lived")]
enum First {
    /// It.
    Is(Payment),
    /// The order has no payment yet.
    NotYet,
    /// Several payments could be it.
    Unclear,
}

impl Ngenius {
    /// The payment is `ORDER`, which means the order's first payment, or `ORDER:PAYMENT`.
    pub(super) async fn read_status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let (order_id, payment_id) = parts(reference);
        let order = self.client.get_order(order_id).await.map_err(error)?;
        let named = match payment_id {
            None => first(&order)?,
            Some(id) => {
                let payment = order.payments.iter().find(|payment| payment.reference.as_deref() == Some(id));
                let unknown = || InvalidInput::new("payment", "names no payment of this order");
                let payment = payment.ok_or_else(|| Error::invalid(ProviderId::NGENIUS, unknown()))?;
                First::Is(consistent(&order, payment)?)
            }
        };
        let mut payment = match named {
            First::Is(payment) => payment,
            First::NotYet => Payment::new(ProviderId::NGENIUS, Outcome::Pending, "no payment yet"),
            First::Unclear => return Err(several(&order, order_id)),
        };
        payment.payment = Some(reference.clone());
        payment.merchant_reference = order.merchant_order_reference.clone();
        Ok(PaymentStatus::new(payment, charges(&order)))
    }
}

impl Ngenius {
    /// Reads the order that the answer to the new schedule named, and compares it with the attempt. It finds the order's
    /// first payment: a later charge of the schedule says nothing of the attempt.
    pub(super) async fn look_up_charge(&self, lost: &LostCharge) -> Result<Found, Error> {
        let Some(reference) = &lost.payment else {
            let message =
                "the order cannot be looked up without its reference, which only the gateway's answer names";
            return Err(Error::new(ProviderId::NGENIUS, recurring_core::Error::unsupported(message)));
        };
        let order = self.client.get_order(parts(reference).0).await.map_err(error)?;
        Ok(match own(&order, reference, &lost.attempt, lost.amount)? {
            First::Is(payment) => Found::Payment(payment),
            First::NotYet => Found::Unclear(waiting(&order, reference)),
            First::Unclear => Found::Several(charges(&order)),
        })
    }
}

impl Ngenius {
    /// The first payment of a new schedule. The answer to the call names neither the amount nor the merchant's reference
    /// (source document): only the order proves whose it is, so it is read before the payment is called paid.
    pub(super) async fn confirmed(
        &self,
        created: &RecurringPayment,
        request: &ScheduleRequest,
    ) -> Result<Payment, Error> {
        let answered = answered(created);
        let Some(reference) = answered.payment.clone() else { return Ok(answered) };
        if answered.outcome == Outcome::Pending {
            return Ok(answered);
        }
        let unconfirmed = |why: &str| {
            let message = format!("the gateway answered `{}`, but {why}", answered.status);
            let inner = recurring_core::Error::unknown(ErrorKind::Protocol, message);
            Error::new(ProviderId::NGENIUS, inner).with_payment(reference.clone())
        };
        let order = match self.client.get_order(reference.as_str()).await {
            Ok(order) => order,
            // The refusal itself is documented; the order only adds its reason.
            Err(_) if answered.outcome == Outcome::Declined => return Ok(answered),
            Err(failed) => {
                return Err(unconfirmed(&format!("its order could not be read: {}", failed.message())));
            }
        };
        let first = own(&order, &reference, &request.attempt, request.amount)
            .map_err(|contradiction| unconfirmed(contradiction.message()))?;
        match (first, answered.outcome) {
            (First::Is(payment), said) if payment.outcome == said => Ok(payment),
            // A sale whose money is only held is not paid.
            (First::Is(payment), Outcome::Paid) if payment.outcome == Outcome::Authorized => Ok(payment),
            (First::Is(payment), _) if !payment.outcome.is_definite() => Ok(payment),
            (First::Is(payment), _) => {
                Err(unconfirmed(&format!("the order's first payment is `{}`", payment.status)))
            }
            (First::NotYet, Outcome::Declined) => Ok(answered),
            (First::NotYet, _) => Ok(waiting(&order, &reference)),
            (First::Unclear, _) => Err(unconfirmed("its order has several payments")),
        }
    }
}

/// `ORDER` or `ORDER:PAYMENT`.
pub(super) fn parts(reference: &PaymentRef) -> (&str, Option<&str>) {
    match reference.as_str().split_once(':') {
        Some((order, payment)) => (order, Some(payment)),
        None => (reference.as_str(), None),
    }
}

/// The first payment of an order that must be that of the attempt. What the order names must be the same; what approves
/// must name it.
fn own(order: &Order, reference: &PaymentRef, attempt: &AttemptId, amount: Money) -> Result<First, Error> {
    let named = order.merchant_order_reference.as_deref().filter(|named| !named.is_empty());
    let same = |amount_named: Option<&ngenius::Amount>| {
        amount_named.and_then(ngenius::Amount::money).is_none_or(|named| named == amount)
    };
    let first = first(order)?;
    let paid = match &first {
        First::Is(payment) => payment.amount,
        First::NotYet | First::Unclear => None,
    };
    let went_through = matches!(&first, First::Is(payment) if payment.outcome.went_through());
    check_found(
        ProviderId::NGENIUS,
        Some(reference.as_str()),
        &[
            ("merchantOrderReference", named.map_or(!went_through, |named| named == attempt.as_str())),
            ("amount", same(order.amount.as_ref())),
            ("amount", paid.map_or(!went_through, |paid| paid == amount)),
        ],
    )?;
    Ok(match first {
        First::Is(mut payment) => {
            payment.payment = Some(reference.clone());
            First::Is(payment)
        }
        other => other,
    })
}

fn first(order: &Order) -> Result<First, Error> {
    match order.first_payment() {
        Some(payment) => Ok(First::Is(consistent(order, payment)?)),
        None if order.payments.is_empty() => Ok(First::NotYet),
        None => Ok(First::Unclear),
    }
}

/// A payment that its own order does not contradict.
fn consistent(order: &Order, payment: &ngenius::Payment) -> Result<Payment, Error> {
    match order.contradiction(payment) {
        None => Ok(charge(order, payment)),
        Some(member) => {
            let message = format!("the order contradicts its payment in `{member}`");
            Err(Error::new(ProviderId::NGENIUS, recurring_core::Error::unknown(ErrorKind::Protocol, message)))
        }
    }
}

fn several(order: &Order, order_id: &str) -> Error {
    let references = order.payments.iter().filter_map(|payment| payment.reference.as_deref());
    let named: Vec<_> = references.map(|reference| format!("{order_id}:{reference}")).collect();
    let message = format!(
        "the order has several payments, and does not show which one is the first; name one: {}",
        named.join(", ")
    );
    Error::new(ProviderId::NGENIUS, recurring_core::Error::unknown(ErrorKind::Protocol, message))
}

fn waiting(order: &Order, reference: &PaymentRef) -> Payment {
    let mut payment = Payment::new(ProviderId::NGENIUS, Outcome::Pending, "no payment yet");
    payment.payment = Some(reference.clone());
    payment.merchant_reference = order.merchant_order_reference.clone();
    payment
}

/// The first payment as the answer to the new schedule alone tells it.
fn answered(created: &RecurringPayment) -> Payment {
    let mut payment = Payment::new(ProviderId::NGENIUS, created.outcome(), created.state.as_str());
    payment.payment = created.order_reference.as_ref().or(created.reference.as_ref()).map(PaymentRef::new);
    payment.merchant_reference = created.merchant_order_reference.clone();
    payment.decline =
        created.decline_reason().map(|reason| Decline::new(reason, Some(created.state.to_string()), None));
    payment
}

fn charges(order: &Order) -> Vec<Payment> {
    order.payments.iter().map(|payment| charge(order, payment)).collect()
}

/// One payment of an order. Where the two contradict each other it is neither paid nor declined.
pub(super) fn charge(order: &Order, charged: &ngenius::Payment) -> Payment {
    let outcome = match order.contradiction(charged) {
        None => charged.outcome(),
        Some(_) => Outcome::Pending,
    };
    let mut payment = Payment::new(ProviderId::NGENIUS, outcome, charged.state.as_str());
    payment.payment = charged.reference.as_ref().map(PaymentRef::new);
    // The order names the reference once, for every charge in it.
    payment.merchant_reference = order.merchant_order_reference.clone();
    payment.amount = charged.amount.as_ref().and_then(ngenius::Amount::money);
    let (method, saved) = (charged.payment_method.as_ref(), charged.saved_card.as_ref());
    let brand =
        method.and_then(|card| card.name.as_deref()).or(saved.and_then(|card| card.scheme.as_deref()));
    let expires =
        method.and_then(|card| card.expiry.as_deref()).or(saved.and_then(|card| card.expiry.as_deref()));
    payment.card = PaymentCard::read(brand, expires);
    let money = |minor: i64| Money::from_minor(minor, payment.amount?.currency()).ok();
    payment.captured = (outcome == Outcome::Paid).then(|| charged.captured().and_then(money).into());
    payment.refunded = charged.has_refunds().then(|| charged.refunded().and_then(money).into());
    if let Some(reason) = charged.decline_reason().filter(|_| outcome == Outcome::Declined) {
        let answer = charged.auth_response.as_ref();
        let code = answer.and_then(|answer| answer.result_code.clone());
        payment.decline =
            Some(Decline::new(reason, code, answer.and_then(|answer| answer.result_message.clone())));
    }
    payment
}
