use recurring_core::{Reply, Secret};
use recurring_gateway::{Class, Method, PreparedRequest, check};

use crate::error::Error;
use crate::ops::purchase::Purchase;
use crate::ops::purchase_call;

/// `GET /purchases/{id}/`: where a purchase stands. Moves no money.
///
/// `Debug` does not show the identifier: that of a first payment is the token.
#[derive(Debug, Clone)]
#[must_use]
pub struct GetPurchase {
    id: Secret,
}

impl GetPurchase {
    /// The purchase with the gateway's own identifier.
    pub fn new(id: impl Into<Secret>) -> Self {
        Self { id: id.into() }
    }

    /// The request as it goes over the wire, without the key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    pub fn to_request(&self) -> Result<PreparedRequest, Error> {
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
    pub fn from_reply(&self, reply: &Reply) -> Result<Purchase, Error> {
        purchase_call::purchase(reply, &self.id)
    }
}
