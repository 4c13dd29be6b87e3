use recurring_core::Reply;

use crate::auth::Unsigned;
use crate::config::MerchantId;
use crate::error::Error;
use crate::ops::order::TokenOrder;
use crate::ops::order_key::{Call, OrderApi, OrderKey};

/// `POST /hosted-checkout/query`: where an order stands. Moves no money. Assumption(order-calls): it serves the
/// orders of stored cards; see [`OrderApi`] and SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct QueryOrder {
    key: OrderKey,
    api: OrderApi,
}

impl QueryOrder {
    /// The order of this name.
    pub fn new(key: OrderKey) -> Self {
        Self { key, api: OrderApi::default() }
    }

    /// Which of the gateway's calls serve the order; [`OrderApi::HostedCheckout`] unless set.
    pub fn api(mut self, api: OrderApi) -> Self {
        self.api = api;
        self
    }

    /// The request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    pub fn to_request(&self, merchant_id: &MerchantId) -> Result<Unsigned, Error> {
        self.api.request(Call::Query, merchant_id, &self.key, None)
    }

    /// Reads the reply. What it says of the charge is [`TokenOrder::charge_outcome`].
    ///
    /// # Errors
    /// When there is no order, or another one than was asked for. "Not found" is an error too, and **no proof**
    /// that the customer was not charged.
    pub fn from_reply(&self, reply: &Reply) -> Result<TokenOrder, Error> {
        TokenOrder::read_again(reply, &self.key)
    }
}
