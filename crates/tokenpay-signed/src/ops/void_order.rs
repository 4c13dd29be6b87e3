use recurring_core::Reply;
use recurring_gateway::{Operation, PreparedRequest};

use crate::account::ForAccount;
use crate::error::{ApiError, Error};
use crate::ops::order_key::{Call, OrderApi, OrderKey};
use crate::ops::reversal::Reversal;
use crate::status::GivingBack;

/// `POST /hosted-checkout/void`: takes back a charge before it is settled. **Gives all of the money back.**
/// Assumption(order-calls): it serves the orders of stored cards; see [`OrderApi`] and SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct VoidOrder {
    key: OrderKey,
    api: OrderApi,
}

impl VoidOrder {
    /// Creates the request for the order of this name.
    pub fn new(key: OrderKey) -> Self {
        Self { key, api: OrderApi::default() }
    }

    /// Sets which of the gateway's calls serve the order; [`OrderApi::HostedCheckout`] unless set.
    pub fn with_api(mut self, api: OrderApi) -> Self {
        self.api = api;
        self
    }
}

impl Operation for ForAccount<'_, VoidOrder> {
    type Api = ApiError;
    type Output = Reversal;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        request.api.request(Call::Void, self.account.merchant_id(), &request.key, None)
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another order, and for every response code but `0000`
    /// that nothing public explains.
    fn read(&self, reply: &Reply) -> Result<Reversal, Error> {
        let request = self.request;
        Reversal::read(reply, GivingBack::All, &request.key, None)
    }
}
