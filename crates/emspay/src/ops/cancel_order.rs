use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, check_echo};

use crate::error::{ApiError, Error};
use crate::ops::order::Order;

/// `DELETE /orders/{id}/`: cancels an order that is not completed. Gives no money back.
#[derive(Debug, Clone)]
#[must_use]
pub struct CancelOrder {
    id: String,
}

impl CancelOrder {
    /// Creates the request for the order with the gateway's own identifier.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for CancelOrder {
    type Api = ApiError;
    type Output = Order;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/orders/{}/", check::path_segment("order_id", &self.id)?);
        Ok(PreparedRequest::new("cancel order", Class::Write, Method::Delete, path))
    }

    /// Reads the reply: the order as it is now.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another order.
    fn read(&self, reply: &Reply) -> Result<Order, Error> {
        let order = Order::read(reply)?;
        check_echo(reply, &[("id", &self.id, Some(&order.id))])?;
        Ok(order)
    }
}
