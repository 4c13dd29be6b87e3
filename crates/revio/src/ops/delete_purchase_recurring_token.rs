use recurring_core::{Reply, Secret};
use recurring_gateway::{Operation, PreparedRequest};

use crate::error::{ApiError, Error};
use crate::ops::purchase::Purchase;
use crate::ops::purchase_call;

/// `POST /purchases/{id}/delete_recurring_token/`: the purchase stays, but its identifier is no longer a token. Moves
/// no money; no later charge can use the token.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeletePurchaseRecurringToken {
    purchase_id: Secret,
}

impl DeletePurchaseRecurringToken {
    /// Creates the request for the purchase that saved the card.
    pub fn new(purchase_id: impl Into<String>) -> Self {
        Self { purchase_id: Secret::new(purchase_id) }
    }
}

impl Operation for DeletePurchaseRecurringToken {
    type Api = ApiError;
    type Output = Purchase;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        purchase_call::request(
            "delete recurring token of purchase",
            &self.purchase_id,
            "delete_recurring_token",
        )
    }

    /// Reads the reply: the purchase. While `is_recurring_token` is still true, the acquirer takes its time.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another purchase, and for a refusal that does not prove
    /// that nothing happened: an earlier try may have gone through.
    fn read(&self, reply: &Reply) -> Result<Purchase, Error> {
        if !reply.is_success() {
            return Err(purchase_call::failed(reply, |_| false));
        }
        purchase_call::purchase(reply, &self.purchase_id)
    }
}
