use recurring_core::Reply;
use recurring_gateway::{Method, Operation, PreparedRequest};

use crate::error::{ApiError, Error};
use crate::ops::payment::Payment;
use crate::ops::{payment_path, read_payment, write};
use crate::outlet::AtOutlet;

/// `PUT /transactions/outlets/{outlet}/orders/{order}/payments/{payment}/cancel`, without a body: releases the
/// hold of an authorized payment. What was captured is not given back by it.
#[derive(Debug, Clone)]
#[must_use]
pub struct VoidPayment {
    order_reference: String,
    payment_reference: String,
}

impl VoidPayment {
    /// Creates the request for this payment of this order. The references are the gateway's own.
    pub fn new(order_reference: impl Into<String>, payment_reference: impl Into<String>) -> Self {
        Self { order_reference: order_reference.into(), payment_reference: payment_reference.into() }
    }
}

impl Operation for AtOutlet<'_, VoidPayment> {
    type Api = ApiError;
    type Output = Payment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When a reference cannot be one; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        let payment = payment_path(self.outlet, &request.order_reference, &request.payment_reference)?;
        Ok(write("void payment", Method::Put, format!("{payment}/cancel")))
    }

    /// Reads the reply: the payment as it is now, `REVERSED` when the hold was released. Any other answer is an
    /// error with the effect `Unknown`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another payment, order or outlet.
    // Assumption(answers-with-payment): the gateway answers with the payment.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let request = self.request;
        read_payment(reply, &self.outlet.reference, &request.order_reference, &request.payment_reference)
    }
}
