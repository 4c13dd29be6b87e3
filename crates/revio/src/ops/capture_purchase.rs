use recurring_core::{DeclineReason, Money, Outcome, Reply, Secret};
use recurring_gateway::{Operation, PreparedRequest};
use serde::Serialize;

use crate::error::{ApiError, Error};
use crate::ops::amounts;
use crate::ops::purchase::{Decline, Purchase};
use crate::ops::purchase_call;
use crate::status;

/// The code of a 400 that declines the capture.
const CAPTURE_ERROR: &str = "purchase_capture_error";

/// `POST /purchases/{id}/capture/`: takes money that is held on the card, because the purchase was created with
/// [`with_skip_capture`](crate::CreatePurchase::with_skip_capture). **Takes money at once.**
///
/// After a lost answer read the purchase before anything else: `hold` is not taken, `paid` is.
#[derive(Debug, Clone)]
#[must_use]
pub struct CapturePurchase {
    purchase_id: Secret,
    amount: Option<Money>,
}

impl CapturePurchase {
    /// Creates the request to take all of what is held.
    pub fn new(purchase_id: impl Into<String>) -> Self {
        Self { purchase_id: Secret::new(purchase_id), amount: None }
    }

    /// Limits the capture to a part. The currency is not sent; the answer is compared with it.
    pub fn with_amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }
}

impl Operation for CapturePurchase {
    type Api = ApiError;
    type Output = CaptureAnswer;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = purchase_call::request("capture purchase", &self.purchase_id, "capture")?;
        Ok(purchase_call::with_amount(request, self.amount))
    }

    /// Reads the reply. A declined capture comes as 400 with a code of its own: that is `Ok` with the outcome
    /// `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another purchase or currency, when it approves and its currency
    /// is missing or an amount cannot be read, and for a refusal that does not prove that nothing happened. `Conflict` when the status of the purchase does not allow a capture: it may
    /// have been captured before.
    fn read(&self, reply: &Reply) -> Result<CaptureAnswer, Error> {
        if !reply.is_success() {
            return match purchase_call::explicit_decline(reply, &[CAPTURE_ERROR]) {
                Some(decline) => Ok(CaptureAnswer::Declined(decline)),
                None => Err(purchase_call::failed(reply, |api| purchase_call::only_about(api, "amount"))),
            };
        }
        let purchase = purchase_call::purchase(reply, &self.purchase_id)?;
        // Assumption(capture-part): no document says where a purchase names a captured part: only the currency is
        // compared.
        purchase.check_money(reply, None, self.amount.map(Money::currency))?;
        if status::capture_outcome(&purchase.status) == Outcome::Paid {
            amounts::check_currency(reply, &purchase)?;
        }
        Ok(CaptureAnswer::Purchase(Box::new(purchase)))
    }
}

/// The answer to a capture.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub enum CaptureAnswer {
    /// The purchase as it is now: `paid`, or `pending_capture` while the acquirer takes its time.
    Purchase(Box<Purchase>),
    /// The gateway declined it: nothing was taken, and the money may still be held. The reason is in the purchase, see
    /// [`Purchase::decline`].
    Declined(Decline),
}

impl CaptureAnswer {
    /// Returns what the answer means for the money: `Paid` when it was taken. Money that is still only held is
    /// `Pending` here, unlike in [`Purchase::outcome`].
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Purchase(purchase) => status::capture_outcome(&purchase.status),
            Self::Declined(_) => Outcome::Declined,
        }
    }

    /// Returns the purchase, when the gateway answered with it.
    pub fn purchase(&self) -> Option<&Purchase> {
        match self {
            Self::Purchase(purchase) => Some(purchase),
            Self::Declined(_) => None,
        }
    }

    /// Returns why it was refused, when it was.
    pub fn decline(&self) -> Option<Decline> {
        match self {
            Self::Purchase(_) => None,
            Self::Declined(decline) => Some(decline.clone()),
        }
    }

    /// Returns why it was refused, when it was, in the words that all gateways share.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        self.decline().map(|decline| decline.reason())
    }
}
