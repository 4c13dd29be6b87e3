use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{ErrorExt as _, Operation, PreparedRequest};

use crate::account::ForAccount;
use crate::error::{ApiError, Error, names_an_order};
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
    /// When there is no order (`NotFound`, where the gateway's words say so), or another one than was asked for. "Not
    /// found" is an error too, and **not a proof** that the customer was not charged.
    fn read(&self, reply: &Reply) -> Result<TokenOrder, Error> {
        let request = self.request;
        TokenOrder::read_again(reply, &request.key).map_err(not_found)
    }
}

/// The same error with the kind that its words have. Its effect is unknown: the words prove nothing.
fn not_found(error: Error) -> Error {
    // What is said of the key, of the traffic or by a failing gateway is not about this order.
    let of_the_question = matches!(error.kind(), ErrorKind::Protocol | ErrorKind::InvalidRequest);
    match (error.api(), error.reply()) {
        (Some(api), Some(reply)) if of_the_question && api.knows_no_order() && !names_an_order(reply) => {
            let (api, reply) = (api.clone(), reply.clone());
            Error::unknown(ErrorKind::NotFound, error.message()).with_api(api).with_reply(reply)
        }
        _ => error,
    }
}
