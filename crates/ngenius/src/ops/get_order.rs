use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{Class, ErrorExt as _, Method, Operation, PreparedRequest, check, read_long_success};

use crate::error::{ApiError, Error};
use crate::ops::order::Order;
use crate::ops::{MEDIA_TYPE, check_ids};
use crate::outlet::AtOutlet;

/// `GET /transactions/outlets/{outlet}/orders/{orderReference}`: reads an order with all its payments. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct GetOrder {
    order_reference: String,
}

impl GetOrder {
    /// Creates the request for the order with the gateway's own reference, the `orderReference` of the recurring
    /// payment.
    pub fn new(order_reference: impl Into<String>) -> Self {
        Self { order_reference: order_reference.into() }
    }
}

impl Operation for AtOutlet<'_, GetOrder> {
    type Api = ApiError;
    type Output = Order;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When a reference cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        let order = check::path_segment("order_reference", &request.order_reference)?;
        let path = format!("/transactions/outlets/{}/orders/{order}", self.outlet.segment);
        Ok(PreparedRequest::new("get order", Class::Read, Method::Get, path)
            .header("accept", MEDIA_TYPE)
            .long_answer())
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read, names no order, or names another order or outlet.
    fn read(&self, reply: &Reply) -> Result<Order, Error> {
        let request = self.request;
        let order: Order = read_long_success(reply, ApiError::read)?;
        let order = order.cleared(reply);
        // An empty object would otherwise read as an order without a payment, and look like "nothing was taken".
        if order.reference.is_none() {
            let message =
                format!("the gateway answered {}, but with no order that has a reference", reply.status());
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        check_ids(
            reply,
            &[
                ("reference", &request.order_reference, order.reference.as_deref()),
                ("outletId", &self.outlet.reference, order.outlet_id.as_deref()),
            ],
        )?;
        Ok(order)
    }
}
