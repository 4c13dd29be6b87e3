use recurring_core::{Reply, Secret};
use recurring_gateway::{Operation, PreparedRequest};

use crate::error::{ApiError, Error};
use crate::ops::purchase::Purchase;
use crate::ops::purchase_call;

/// `POST /purchases/{id}/cancel/`: cancels a purchase, which cannot be paid any more. Moves no money; it closes the
/// page of a purchase that is not paid.
#[derive(Debug, Clone)]
#[must_use]
pub struct CancelPurchase {
    purchase_id: Secret,
}

impl CancelPurchase {
    /// Creates the request for a purchase that is not paid.
    pub fn new(purchase_id: impl Into<String>) -> Self {
        Self { purchase_id: Secret::new(purchase_id) }
    }
}

impl Operation for CancelPurchase {
    type Api = ApiError;
    type Output = Purchase;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        purchase_call::request("cancel purchase", &self.purchase_id, "cancel")
    }

    /// Reads the reply: the purchase, `cancelled`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another purchase, and for a refusal that does not prove
    /// that nothing happened; `Conflict` when the status of the purchase does not allow it: it may be paid.
    fn read(&self, reply: &Reply) -> Result<Purchase, Error> {
        if !reply.is_success() {
            return Err(purchase_call::failed(reply, |_| false));
        }
        purchase_call::purchase(reply, &self.purchase_id)
    }
}
