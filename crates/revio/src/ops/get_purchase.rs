use recurring_core::{Reply, Secret};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{ApiError, Error};
use crate::ops::purchase::Purchase;
use crate::ops::purchase_call;

/// `GET /purchases/{id}/`: reads a purchase. Moves no money.
///
/// `Debug` does not show the identifier: that of a first payment is the token.
#[derive(Debug, Clone)]
#[must_use]
pub struct GetPurchase {
    id: Secret,
}

impl GetPurchase {
    /// Creates the request for the purchase with the gateway's own identifier.
    pub fn new(id: impl Into<Secret>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for GetPurchase {
    type Api = ApiError;
    type Output = Purchase;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let segment = check::path_segment("purchase_id", self.id.expose())?;
        let path = format!("/purchases/{segment}/");
        Ok(PreparedRequest::new("get purchase", Class::Read, Method::Get, path)
            .hide(&self.id)
            .hide(&Secret::new(segment)))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read or names another purchase.
    fn read(&self, reply: &Reply) -> Result<Purchase, Error> {
        purchase_call::purchase(reply, &self.id)
    }
}
