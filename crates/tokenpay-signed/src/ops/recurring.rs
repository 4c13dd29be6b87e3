use recurring_core::{InvalidInput, Money, Reply};
use recurring_gateway::{Class, Operation, PreparedRequest};

use crate::account::ForAccount;
use crate::config::{TokenId, positive};
use crate::error::{ApiError, Error};
use crate::ops::callback::CallbackUrl;
use crate::ops::order::TokenOrder;
use crate::ops::{check_merchant_reference, check_reason, check_user_id, unsigned, wire_amount};
use crate::wire::RecurringBody;

/// `POST /tokenization/recurring`: a later charge on a stored card, without the customer. **Takes money at once.**
#[derive(Debug, Clone)]
#[must_use]
pub struct Recurring {
    user_id: String,
    token_id: TokenId,
    amount: Money,
    merchant_reference: String,
    parent_order_id: i64,
    reason: Option<String>,
    callback_url: CallbackUrl,
}

impl Recurring {
    /// Creates the request for a charge of `amount` on the card `token_id` of `user_id` (1 to 64 characters, the
    /// letter case is kept).
    ///
    /// `merchant_reference` is your own name for this charge, 1 to 64 characters, another one for every charge: it
    /// is how a lost answer is found again. `parent_order_id` is the order of the first charge, see
    /// [`Order::parent_order_id`](crate::Order::parent_order_id).
    ///
    /// The request names no currency: the one of `amount` must be the one of the account, which the client compares
    /// before it is sent, and the gateway's answer after it. At most 2 decimals and 9999999.99.
    pub fn new(
        user_id: impl Into<String>,
        token_id: impl Into<TokenId>,
        amount: Money,
        merchant_reference: impl Into<String>,
        parent_order_id: i64,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            token_id: token_id.into(),
            amount,
            merchant_reference: merchant_reference.into(),
            parent_order_id,
            reason: None,
            callback_url: CallbackUrl::new(),
        }
    }

    /// Sets why the card is charged, 1 to 255 characters. The gateway's documents disagree whether it is mandatory:
    /// it is sent when it is set here.
    // Assumption(reason-position): after the members of the documented example.
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets where the gateway reports what happened.
    pub fn with_callback_url(mut self, urls: CallbackUrl) -> Self {
        self.callback_url = urls;
        self
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check_user_id(&self.user_id)?;
        self.token_id.check()?;
        check_merchant_reference(&self.merchant_reference)?;
        positive("parent_order_id", self.parent_order_id)?;
        check_reason(self.reason.as_deref())?;
        self.callback_url.check()
    }
}

impl Operation for ForAccount<'_, Recurring> {
    type Api = ApiError;
    type Output = TokenOrder;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        self.account.check_currency(request.amount)?;
        request.check()?;
        let body = RecurringBody {
            merchant_id: self.account.merchant_id().wire(),
            user_id: &request.user_id,
            token_id: request.token_id.wire(),
            merchant_reference: &request.merchant_reference,
            amount: wire_amount(request.amount)?,
            parent_order_id: request.parent_order_id,
            reason: request.reason.as_deref(),
            callback_url: request.callback_url.wire(),
        };
        Ok(unsigned("recurring", Class::Write, "/tokenization/recurring", &body)?
            .guard(request.token_id.secret(), &["tokenId"]))
    }

    /// Reads the reply. An explicit decline of the payment is `Ok` with the outcome `Declined`, whatever the response
    /// code.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another amount, currency or reference, and for every
    /// response code but `0000` that nothing public explains.
    fn read(&self, reply: &Reply) -> Result<TokenOrder, Error> {
        let request = self.request;
        TokenOrder::read(reply, request.amount, &request.merchant_reference)
    }
}
