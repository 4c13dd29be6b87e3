use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{ApiError, Error, failed};

/// `POST /orders/{id}/transactions/{tid}/captures/`: **takes money** that a transaction has only reserved. The whole
/// amount: the request has no body.
#[derive(Debug, Clone)]
#[must_use]
pub struct CaptureTransaction {
    order_id: String,
    transaction_id: String,
}

impl CaptureTransaction {
    /// Creates the request for the transaction of an order, by the gateway's own identifiers of both.
    pub fn new(order_id: impl Into<String>, transaction_id: impl Into<String>) -> Self {
        Self { order_id: order_id.into(), transaction_id: transaction_id.into() }
    }
}

impl Operation for CaptureTransaction {
    type Api = ApiError;
    type Output = ();

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When one of the identifiers cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!(
            "/orders/{}/transactions/{}/captures/",
            check::path_segment("order_id", &self.order_id)?,
            check::path_segment("transaction_id", &self.transaction_id)?
        );
        // The answer may be empty.
        Ok(PreparedRequest::new("capture transaction", Class::Write, Method::Post, path).on_own_connection())
    }

    /// Reads the reply. The answer may be empty, so every status from 200 to 299 means that the gateway took the
    /// request; its body is not looked at. Read the order to see that the money was taken.
    ///
    /// # Errors
    /// For every other status.
    fn read(&self, reply: &Reply) -> Result<(), Error> {
        if reply.is_success() {
            return Ok(());
        }
        Err(failed(reply))
    }
}
