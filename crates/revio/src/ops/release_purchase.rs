use recurring_core::{Reply, Secret};
use recurring_gateway::{Operation, PreparedRequest};

use crate::error::{ApiError, Error};
use crate::ops::purchase::Purchase;
use crate::ops::purchase_call;

/// The code of a 400 that means that the hold could not be released.
const RELEASE_ERROR: &str = "purchase_release_error";

/// `POST /purchases/{id}/release/`: releases the authorization hold on the card.
#[derive(Debug, Clone)]
#[must_use]
pub struct ReleasePurchase {
    purchase_id: Secret,
}

impl ReleasePurchase {
    /// Creates the request for a purchase whose money is held.
    pub fn new(purchase_id: impl Into<String>) -> Self {
        Self { purchase_id: Secret::new(purchase_id) }
    }
}

impl Operation for ReleasePurchase {
    type Api = ApiError;
    type Output = Purchase;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        purchase_call::request("release purchase", &self.purchase_id, "release")
    }

    /// Reads the reply: the purchase, `released`, or `pending_release` while the acquirer takes its time.
    ///
    /// # Errors
    /// `NotApplied(Refused)` when the gateway could not release it: the money is still held. `Unknown` when the reply
    /// cannot be read or names another purchase, and for any other refusal that proves nothing; `Conflict` when
    /// the status of the purchase does not allow it.
    fn read(&self, reply: &Reply) -> Result<Purchase, Error> {
        if !reply.is_success() {
            let not_released = purchase_call::explicit_decline(reply, &[RELEASE_ERROR]).is_some();
            return Err(purchase_call::failed(reply, |_| not_released));
        }
        purchase_call::purchase(reply, &self.purchase_id)
    }
}
