use recurring_core::{Money, Reply};
use recurring_gateway::{Operation, PreparedRequest};

use crate::account::ForAccount;
use crate::error::{ApiError, Error};
use crate::ops::order_key::{Call, OrderApi, OrderKey};
use crate::ops::reversal::Reversal;
use crate::ops::wire_amount;
use crate::status::GivingBack;

/// `POST /hosted-checkout/refund`: gives a charge back, in full or in part. **Gives money back, and works once for
/// each order**: what a part leaves cannot be refunded through the gateway any more. Assumption(order-calls): it
/// serves the orders of stored cards; see [`OrderApi`] and SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct RefundOrder {
    key: OrderKey,
    amount: Money,
    api: OrderApi,
}

impl RefundOrder {
    /// Gives `amount` of the order of this name back: all of its amount or less, at most 2 decimals and 9999999.99.
    ///
    /// The request names no currency: the one of `amount` must be the one of the account, which the client compares
    /// before it is sent, and the gateway's answer after it.
    pub fn new(key: OrderKey, amount: Money) -> Self {
        Self { key, amount, api: OrderApi::default() }
    }

    /// Sets which of the gateway's calls serve the order; [`OrderApi::HostedCheckout`] unless set.
    pub fn with_api(mut self, api: OrderApi) -> Self {
        self.api = api;
        self
    }
}

impl Operation for ForAccount<'_, RefundOrder> {
    type Api = ApiError;
    type Output = Reversal;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        self.account.check_currency(request.amount)?;
        request.api.request(
            Call::Refund,
            self.account.merchant_id(),
            &request.key,
            Some(wire_amount(request.amount)?),
        )
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another order, amount or currency, and for every
    /// response code but `0000` that nothing public explains.
    fn read(&self, reply: &Reply) -> Result<Reversal, Error> {
        let request = self.request;
        Reversal::read(reply, GivingBack::Some, &request.key, Some(request.amount))
    }
}
