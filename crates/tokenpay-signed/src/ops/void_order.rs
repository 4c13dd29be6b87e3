use recurring_core::Reply;

use crate::auth::Unsigned;
use crate::config::MerchantId;
use crate::error::Error;
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
        self.api.request(Call::Void, merchant_id, &self.key, None)
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another order, and for every response code but `0000`
    /// that nothing public explains.
    pub fn from_reply(&self, reply: &Reply) -> Result<Reversal, Error> {
        Reversal::read(reply, GivingBack::All, &self.key, None)
    }
}
