use recurring_core::{DeclineReason, Money, Outcome, Reply, Secret};
use recurring_gateway::{Operation, PreparedRequest, lenient, read_success};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Error};
use crate::ops::amounts;
use crate::ops::payment::Payment;
use crate::ops::purchase::{Decline, Purchase};
use crate::ops::purchase_call;
use crate::status;
use crate::wire;

/// The code of a 400 that declines the refund.
const REFUND_ERROR: &str = "purchase_refund_error";

/// `POST /purchases/{id}/refund/`: gives money back. **Moves money at once.**
///
/// Every call is a new refund: nothing keeps a second one from going out as long as something is left to give back.
/// This client never sends it twice. After a lost answer read the purchase, and look at its status and at
/// `refundable_amount`, before anything else.
#[derive(Debug, Clone)]
#[must_use]
pub struct RefundPurchase {
    purchase_id: Secret,
    amount: Option<Money>,
}

impl RefundPurchase {
    /// Creates the request to give back all of a purchase that is paid, or what is left of it.
    pub fn new(purchase_id: impl Into<String>) -> Self {
        Self { purchase_id: Secret::new(purchase_id), amount: None }
    }

    /// Limits the refund to a part. The currency is not sent; the answer is compared with it.
    pub fn with_amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }
}

impl Operation for RefundPurchase {
    type Api = ApiError;
    type Output = RefundAnswer;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = purchase_call::request("refund purchase", &self.purchase_id, "refund")?;
        Ok(purchase_call::with_amount(request, self.amount))
    }

    /// Reads the reply: a payment when the refund is done, the purchase while it is on its way. A declined refund
    /// comes as 400 with a code of its own: that is `Ok` with the outcome `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another purchase, amount or currency, when it approves and does
    /// not name its purchase, amount and currency, and for a refusal that does not prove that nothing happened. `Conflict` when the status of the purchase does not allow a refund:
    /// it may have been refunded before.
    fn read(&self, reply: &Reply) -> Result<RefundAnswer, Error> {
        if !reply.is_success() {
            return match purchase_call::explicit_decline(reply, &[REFUND_ERROR]) {
                Some(decline) => Ok(RefundAnswer::Declined(decline)),
                None => Err(purchase_call::failed(reply, |api| purchase_call::only_about(api, "amount"))),
            };
        }
        let kind: Kind = read_success(reply, ApiError::read)?;
        if kind.object_type.as_deref() == Some("payment") {
            let payment: Payment = read_success(reply, ApiError::read)?;
            payment.check(reply, &self.purchase_id, self.amount)?;
            return Ok(RefundAnswer::Payment(Box::new(payment)));
        }
        let purchase = purchase_call::purchase(reply, &self.purchase_id)?;
        // The purchase repeats what was paid, not what is given back: only the currency must be the same.
        purchase.check_money(reply, None, self.amount.map(Money::currency))?;
        if status::refund_outcome(&purchase.status) == Outcome::Paid {
            amounts::check_currency(reply, &purchase)?;
        }
        Ok(RefundAnswer::Purchase(Box::new(purchase)))
    }
}

/// What an answer is: its `type`.
#[derive(Deserialize)]
struct Kind {
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    object_type: Option<String>,
    #[serde(rename = "id", deserialize_with = "lenient::required_id")]
    _id: String,
}

/// The answer to a refund.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub enum RefundAnswer {
    /// The refund is done: the movement of money that it is.
    Payment(Box<Payment>),
    /// The purchase as it is now: `pending_refund` while the acquirer takes its time.
    Purchase(Box<Purchase>),
    /// The gateway declined it: nothing was given back. The reason is in the purchase, see [`Purchase::decline`].
    Declined(Decline),
}

impl RefundAnswer {
    /// Returns what the answer means for the money: `Paid` when it was given back, `Pending` while that is on its way
    /// or not understood, `Declined` when the gateway refused to.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Payment(_) => Outcome::Paid,
            Self::Purchase(purchase) => status::refund_outcome(&purchase.status),
            Self::Declined(_) => Outcome::Declined,
        }
    }

    /// Returns why it was refused, when it was.
    pub fn decline(&self) -> Option<Decline> {
        match self {
            Self::Declined(decline) => Some(decline.clone()),
            Self::Payment(_) | Self::Purchase(_) => None,
        }
    }

    /// Returns why it was refused, when it was, in the words that all gateways share.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        self.decline().map(|decline| decline.reason())
    }
}
