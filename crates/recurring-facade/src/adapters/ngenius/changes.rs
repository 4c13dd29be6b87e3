//! Refund and capture: the order is read first, and what is left of the payment compared.

use ngenius::{CapturePayment, Order, PaymentState, RefundPayment};
use recurring_core::{InvalidInput, Money, Outcome};
use recurring_gateway::ErrorExt as _;

use super::look_up::{charge, parts};
use super::{Ngenius, error};
use crate::adapters::left::Left;
use crate::call::Call;
use crate::error::Error;
use crate::ids::{PaymentRef, ProviderId};
use crate::payment::Payment;
use crate::request::{CaptureRequest, RefundRequest};

/// A payment and the order that it belongs to.
struct Place {
    order_id: String,
    order: Order,
    payment: ngenius::Payment,
}

impl Ngenius {
    /// The order, and the one of its payments that a reference means: `ORDER`, when it has only one that money can
    /// come back from or be taken from, or `ORDER:PAYMENT`. Nothing is sent that could move money.
    async fn find(&self, reference: &PaymentRef) -> Result<Place, Error> {
        let (order_id, payment_id) = parts(reference);
        let order = self.client.get_order(order_id).await.map_err(|failed| error(failed.before_write()))?;
        let mut found = order.payments.iter().filter(|payment| match payment_id {
            Some(id) => payment.reference.as_deref() == Some(id),
            None => payment.outcome().went_through(),
        });
        let payment = match (found.next(), found.next()) {
            (Some(payment), None) => payment.clone(),
            (None, _) => {
                return Err(invalid("payment", "names no payment of this order that was taken or held"));
            }
            _ => {
                return Err(invalid(
                    "payment",
                    "is an order with several payments: name one as ORDER:PAYMENT",
                ));
            }
        };
        if let Some(member) = order.contradiction(&payment) {
            return Err(invalid("payment", format!("contradicts its order in `{member}`")));
        }
        Ok(Place { order_id: order_id.to_owned(), order, payment })
    }
}

impl Ngenius {
    /// The payment is `ORDER`, or `ORDER:PAYMENT` when the order has several. Without an amount, the rest is given back.
    pub(super) async fn refund_payment(
        &self,
        request: &RefundRequest,
        call: &Call<'_>,
    ) -> Result<Payment, Error> {
        let this = self.limited(call);
        let Place { order_id, payment: paid, .. } = this.find(&request.payment).await?;
        let amount = amount(request.amount, &paid, paid.refundable())?;
        let refund = RefundPayment::of(&paid, order_id, amount)
            .map_err(|input| Error::invalid(ProviderId::NGENIUS, input))?;
        let answer = this.client.refund_payment(&refund).await.map_err(error)?;
        // The answer is the payment as it stands now, not the refund.
        let outcome = match answer.state {
            PaymentState::Refunded | PaymentState::PartiallyRefunded | PaymentState::Reversed => {
                Outcome::Paid
            }
            _ => Outcome::Pending,
        };
        let mut refunded = Payment::new(ProviderId::NGENIUS, outcome, answer.state.as_str());
        refunded.payment = Some(request.payment.clone());
        refunded.amount = Some(amount);
        Ok(refunded)
    }
}

impl Ngenius {
    /// The payment is `ORDER`, or `ORDER:PAYMENT` when the order has several. Without an amount, the rest is taken.
    pub(super) async fn capture_payment(
        &self,
        request: &CaptureRequest,
        call: &Call<'_>,
    ) -> Result<Payment, Error> {
        let this = self.limited(call);
        let Place { order_id, order, payment: held } = this.find(&request.payment).await?;
        let amount = amount(request.amount, &held, held.capturable())?;
        let reference = held.reference.as_deref().unwrap_or_default();
        let capture = CapturePayment::new(order_id, reference, amount);
        let answer = this.client.capture_payment(&capture).await.map_err(error)?;
        let mut captured = charge(&order, &answer);
        captured.payment = Some(request.payment.clone());
        captured.amount = Some(amount);
        Ok(captured)
    }
}

/// The amount to ask for, compared with what is left of the payment.
fn amount(asked: Option<Money>, payment: &ngenius::Payment, left: Option<i64>) -> Result<Money, Error> {
    let whole = payment.amount.as_ref().and_then(ngenius::Amount::money);
    let left = Left { currency: whole.map(Money::currency), minor: left };
    left.amount(&ProviderId::NGENIUS, asked)?
        .ok_or_else(|| invalid("amount", "must be named: the payment does not show what is left of it"))
}

fn invalid(field: &'static str, rule: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(ProviderId::NGENIUS, InvalidInput::new(field, rule))
}
