use recurring_core::{Money, Reply};
use recurring_gateway::{Method, Operation, PreparedRequest, check_echo};

use crate::error::{ApiError, Error};
use crate::ops::amount::Amount;
use crate::ops::payment::Payment;
use crate::ops::{MEDIA_TYPE, check_one_is, check_proven, payment_path, read_payment, write};
use crate::outlet::AtOutlet;
use crate::status::PaymentState;
use crate::wire::MoneyBody;

/// `POST /transactions/outlets/{outlet}/orders/{order}/payments/{payment}/captures`: **takes money that an authorized
/// payment holds**, the whole or a part.
#[derive(Debug, Clone)]
#[must_use]
pub struct CapturePayment {
    order_reference: String,
    payment_reference: String,
    amount: Money,
}

impl CapturePayment {
    /// Creates the request to take `amount` of what this payment of this order holds. The references are the
    /// gateway's own.
    pub fn new(
        order_reference: impl Into<String>,
        payment_reference: impl Into<String>,
        amount: Money,
    ) -> Self {
        Self { order_reference: order_reference.into(), payment_reference: payment_reference.into(), amount }
    }
}

impl Operation for AtOutlet<'_, CapturePayment> {
    type Api = ApiError;
    type Output = Payment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When a reference cannot be one; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        let payment = payment_path(self.outlet, &request.order_reference, &request.payment_reference)?;
        Ok(write("capture payment", Method::Post, format!("{payment}/captures"))
            .header("content-type", MEDIA_TYPE)
            .json(&MoneyBody { amount: request.amount.into() }))
    }

    /// Reads the reply: the payment as it is now, with its captures. Any other answer is an error with the effect
    /// `Unknown`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, names another payment, order, outlet or currency, or names
    /// captures of which none has the amount that was sent, or says that the money was taken and does not name that
    /// amount.
    // Assumption(answers-with-payment): the gateway answers with the payment.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let request = self.request;
        let payment = read_payment(
            reply,
            &self.outlet.reference,
            &request.order_reference,
            &request.payment_reference,
        )?;
        let currency = payment.amount.as_ref().and_then(|amount| amount.currency_code.as_deref());
        check_echo(reply, &[("currencyCode", request.amount.currency().code(), currency)])?;
        let amounts = payment.captures.iter().map(|capture| capture.amount.as_ref());
        check_one_is(reply, "cnp:capture", request.amount, amounts)?;
        if matches!(payment.state, PaymentState::Captured | PaymentState::PartiallyCaptured) {
            let is_amount = |amount: &Amount| amount.is(request.amount);
            let whole =
                payment.state == PaymentState::Captured && payment.amount.as_ref().is_some_and(is_amount);
            let listed =
                payment.captures.iter().any(|capture| capture.amount.as_ref().is_some_and(is_amount));
            check_proven(reply, "currencyCode", currency.is_some())?;
            check_proven(reply, "cnp:capture", whole || listed)?;
        }
        Ok(payment)
    }
}
