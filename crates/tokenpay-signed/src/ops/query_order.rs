use recurring_core::Reply;
use recurring_gateway::{Operation, PreparedRequest};

use crate::account::ForAccount;
use crate::error::{ApiError, Error};
use crate::ops::order::TokenOrder;
use crate::ops::order_key::{Call, OrderApi, OrderKey};

/// `POST /hosted-checkout/query`: reads an order. Moves no money. Assumption(order-calls): it serves the
/// orders of stored cards; see [`OrderApi`] and SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct QueryOrder {
    key: OrderKey,
    api: OrderApi,
}

impl QueryOrder {
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

impl Operation for ForAccount<'_, QueryOrder> {
    type Api = ApiError;
    type Output = TokenOrder;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        request.api.request(Call::Query, self.account.merchant_id(), &request.key, None)
    }

    /// Reads the reply. What it says of the charge is [`TokenOrder::charge_outcome`].
    ///
    /// # Errors
    /// When there is no order, or another one than was asked for. "Not found" is an error too, and **not a proof**
    /// that the customer was not charged.
    fn read(&self, reply: &Reply) -> Result<TokenOrder, Error> {
        let request = self.request;
        TokenOrder::read_again(reply, &request.key)
    }
}
