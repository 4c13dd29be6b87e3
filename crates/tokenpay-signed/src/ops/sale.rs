use recurring_core::{Decimal, InvalidInput, Money, Reply};
use recurring_gateway::{Class, Operation, PreparedRequest, check};

use crate::account::ForAccount;
use crate::config::TokenId;
use crate::error::{ApiError, Error};
use crate::ops::callback::CallbackUrl;
use crate::ops::order::TokenOrder;
use crate::ops::{check_merchant_reference, check_user_id, unsigned, wire_amount};
use crate::wire::{LineItemBody, PriceDataBody, SaleBody};

/// `POST /tokenization/sale`: the first charge on a stored card. **Takes money at once.**
///
/// The order it answers is the parent of every later [`Recurring`](crate::Recurring) charge: store its
/// [`parent_order_id`](crate::Order::parent_order_id).
#[derive(Debug, Clone)]
#[must_use]
pub struct Sale {
    user_id: String,
    token_id: TokenId,
    amount: Money,
    merchant_reference: String,
    is_recurring: bool,
    callback_url: CallbackUrl,
    line_items: Vec<LineItem>,
    expiry_time: Option<String>,
}

impl Sale {
    /// Creates the request for a charge of `amount` on the card `token_id` of `user_id` that opens a series. The
    /// rules of the values are those of [`Recurring::new`](crate::Recurring::new).
    pub fn new(
        user_id: impl Into<String>,
        token_id: impl Into<TokenId>,
        amount: Money,
        merchant_reference: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            token_id: token_id.into(),
            amount,
            merchant_reference: merchant_reference.into(),
            is_recurring: true,
            callback_url: CallbackUrl::new(),
            line_items: Vec::new(),
            expiry_time: None,
        }
    }

    /// Makes it a single charge: no series can be built on it (`isRecurring` is sent as false).
    pub fn one_off(mut self) -> Self {
        self.is_recurring = false;
        self
    }

    /// Sets where the customer is sent, and where the gateway reports what happened.
    pub fn with_callback_url(mut self, urls: CallbackUrl) -> Self {
        self.callback_url = urls;
        self
    }

    /// Sets what is bought. The gateway charges the amount of the sale, not the sum of these.
    pub fn with_line_items(mut self, items: impl IntoIterator<Item = LineItem>) -> Self {
        self.line_items = items.into_iter().collect();
        self
    }

    /// Sets when the order expires, 1 to 64 characters, in the gateway's own form: it is not known here, so the text is
    /// sent as it is.
    pub fn with_expiry_time(mut self, time: impl Into<String>) -> Self {
        self.expiry_time = Some(time.into());
        self
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check_user_id(&self.user_id)?;
        self.token_id.check()?;
        check_merchant_reference(&self.merchant_reference)?;
        self.callback_url.check()?;
        for item in &self.line_items {
            check::text("line_items.name", &item.name, 255)?;
            if item.quantity == 0 {
                return Err(InvalidInput::new("line_items.quantity", "must be more than zero"));
            }
        }
        self.expiry_time.as_deref().map_or(Ok(()), |time| check::text("expiry_time", time, 64))
    }
}

impl Operation for ForAccount<'_, Sale> {
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
        let body = SaleBody {
            merchant_id: self.account.merchant_id().wire(),
            user_id: &request.user_id,
            token_id: request.token_id.wire(),
            amount: wire_amount(request.amount)?,
            merchant_reference: &request.merchant_reference,
            is_recurring: request.is_recurring,
            callback_url: request.callback_url.wire(),
            line_items: request.line_items.iter().map(LineItem::wire).collect(),
            expiry_time: request.expiry_time.as_deref(),
        };
        Ok(unsigned("sale", Class::Write, "/tokenization/sale", &body)?
            .guard(request.token_id.secret(), &["tokenId"]))
    }

    /// Reads the reply. A declined payment is `Ok` with the outcome `Declined`, whatever the response code.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another amount, currency or reference, and for every
    /// response code but `0000` that nothing public explains.
    fn read(&self, reply: &Reply) -> Result<TokenOrder, Error> {
        let request = self.request;
        TokenOrder::read(reply, request.amount, &request.merchant_reference)
    }
}

/// One line of what is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineItem {
    quantity: u32,
    name: String,
    unit_amount: Decimal,
}

impl LineItem {
    /// Creates a line of `quantity` pieces of `name` (1 to 255 characters) at `unit_amount` each.
    ///
    /// `unit_amount` is sent literally. Assumption(unit-amount): it is in major units, as the amount of the sale, so
    /// [`Decimal::shortest`] gives it; see SOURCES.md.
    pub fn new(quantity: u32, name: impl Into<String>, unit_amount: Decimal) -> Self {
        Self { quantity, name: name.into(), unit_amount }
    }

    fn wire(&self) -> LineItemBody<'_> {
        LineItemBody {
            quantity: self.quantity,
            price_data: PriceDataBody { name: &self.name, unit_amount: &self.unit_amount },
        }
    }
}
