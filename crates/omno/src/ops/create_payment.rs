use std::fmt;

use recurring_core::{Decimal, DeclineReason, InvalidInput, Money, Outcome, Reply, Secret};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, check_echo, lenient};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Error, not_created, read_object};
use crate::status::{self, PaymentStatus};
use crate::wire::{BillingBody, CreatePaymentBody};

/// The addresses that the gateway reports to, and sends the payer to. All three are required; absolute `https` or
/// `http` addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    /// The address to which the gateway reports each change of status. Its reports are not signed: read the payment
    /// before acting on one.
    pub hook_url: String,
    /// The address to which the payer goes after a success.
    pub callback: String,
    /// The address to which the payer goes after a failure.
    pub callback_fail: String,
}

/// The customer who pays. The gateway requires all but the last two members. `Debug` shows nothing of them: they are
/// personal data.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Billing {
    /// First name, at most 255 characters, as all texts here.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Street and number.
    pub address1: String,
    /// City.
    pub city: String,
    /// State or region.
    pub state: String,
    /// Country, such as `EE`.
    pub country: String,
    /// Postal code.
    pub postal_code: String,
    /// Telephone number, such as `+3725550100`.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// Your own identifier of the customer; optional.
    pub external_user_id: Option<String>,
    /// `YYYY-MM-DD`; optional.
    pub date_of_birth: Option<String>,
}

impl fmt::Debug for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Billing").finish_non_exhaustive()
    }
}

impl Billing {
    fn check(&self) -> Result<(), InvalidInput> {
        for (field, text) in [
            ("billing.first_name", &self.first_name),
            ("billing.last_name", &self.last_name),
            ("billing.address1", &self.address1),
            ("billing.city", &self.city),
            ("billing.state", &self.state),
            ("billing.country", &self.country),
            ("billing.postal_code", &self.postal_code),
            ("billing.phone", &self.phone),
        ] {
            check::text(field, text, 255)?;
        }
        check::email("billing.email", &self.email)?;
        if let Some(id) = &self.external_user_id {
            check::text("billing.external_user_id", id, 255)?;
        }
        let date = |text: &str| {
            let digits = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
            text.bytes().map(digits).eq(*b"0000-00-00")
        };
        if self.date_of_birth.as_deref().is_some_and(|text| !date(text)) {
            return Err(InvalidInput::new("billing.date_of_birth", "must be YYYY-MM-DD"));
        }
        Ok(())
    }

    fn body(&self) -> BillingBody<'_> {
        BillingBody {
            first_name: &self.first_name,
            last_name: &self.last_name,
            address1: &self.address1,
            city: &self.city,
            state: &self.state,
            country: &self.country,
            postal_code: &self.postal_code,
            phone: &self.phone,
            email: &self.email,
            external_user_id: self.external_user_id.as_deref(),
            date_of_birth: self.date_of_birth.as_deref(),
        }
    }
}

/// `POST /transaction/create`: creates a payment, without a card token one that the customer pays on a page, with one
/// a payment that **may take money at once**.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreatePayment {
    amount: Money,
    billing: Billing,
    urls: Addresses,
    lang: Option<String>,
    order_id: Option<String>,
    card_token: Option<Secret>,
    merchant_transaction_id: Option<String>,
}

impl CreatePayment {
    /// Creates the request for a payment that the customer pays on a page.
    #[inline]
    pub fn new(amount: Money, billing: Billing, urls: Addresses) -> Self {
        Self {
            amount,
            billing,
            urls,
            lang: None,
            order_id: None,
            card_token: None,
            merchant_transaction_id: None,
        }
    }

    /// Sets the saved card to pay with, without the customer.
    #[inline]
    pub fn with_card_token(mut self, token: Secret) -> Self {
        self.card_token = Some(token);
        self
    }

    /// Sets your own name for the payment, 1 to 255 characters, one for each payment. Optional, but without it a
    /// payment whose answer was lost is hard to find. Assumption(order-id-is-not-unique): the gateway may take one
    /// that it knows; see SOURCES.md.
    pub fn with_order_id(mut self, id: impl Into<String>) -> Self {
        self.order_id = Some(id.into());
        self
    }

    /// Sets the language of the page, such as `en`.
    pub fn with_lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Sets a further name of your own, 1 to 255 characters.
    pub fn with_merchant_transaction_id(mut self, id: impl Into<String>) -> Self {
        self.merchant_transaction_id = Some(id.into());
        self
    }

    // Assumption(text-limits): 255 characters are enough for each text.
    fn check(&self) -> Result<(), InvalidInput> {
        for (field, url) in [
            ("hook_url", &self.urls.hook_url),
            ("callback", &self.urls.callback),
            ("callback_fail", &self.urls.callback_fail),
        ] {
            check::web_address(field, url)?;
        }
        self.billing.check()?;
        for (field, text) in [
            ("lang", &self.lang),
            ("order_id", &self.order_id),
            ("merchant_transaction_id", &self.merchant_transaction_id),
        ] {
            if let Some(text) = text {
                check::text(field, text, 255)?;
            }
        }
        if let Some(token) = &self.card_token {
            // Assumption(card-token-form): any visible text can be one; no document prints what it looks like.
            check::header_secret("card_token", token.expose())?;
            check::text("card_token", token.expose(), 4_000)?;
        }
        Ok(())
    }
}

impl Operation for CreatePayment {
    type Api = ApiError;
    type Output = CreatedPayment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        self.check()?;
        let body = CreatePaymentBody {
            amount: Decimal::shortest(self.amount),
            currency: self.amount.currency().code(),
            hook_url: &self.urls.hook_url,
            callback: &self.urls.callback,
            callback_fail: &self.urls.callback_fail,
            billing: self.billing.body(),
            lang: self.lang.as_deref(),
            order_id: self.order_id.as_deref(),
            card_token: self.card_token.as_ref().map(Secret::expose),
            merchant_transaction_id: self.merchant_transaction_id.as_deref(),
        };
        let request =
            PreparedRequest::new("create payment", Class::Write, Method::Post, "/transaction/create")
                // The answer need not name anything of the request.
                .on_own_connection()
                .header("content-type", "application/json")
                .json(&body);
        Ok(match &self.card_token {
            Some(token) => request.guard(token, &["cardToken", "token"]),
            None => request,
        })
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another amount, currency or order, and when the gateway
    /// may have meant that it knows the payment already.
    fn read(&self, reply: &Reply) -> Result<CreatedPayment, Error> {
        if !reply.is_success() {
            return Err(not_created(reply));
        }
        let created: CreatedPayment = read_object(reply)?;
        let currency = self.amount.currency();
        let sent = created.amount.is_some().then(|| Decimal::shortest(self.amount));
        // 49.990 is the same amount as 49.99, and `eur` the same currency as `EUR`.
        let amount = created.amount.as_deref().map(|text| match Money::parse(text, currency) {
            Ok(amount) => Decimal::shortest(amount).as_str().to_owned(),
            Err(_) => text.to_owned(),
        });
        let came_back = created.currency.as_deref().map(str::to_ascii_uppercase);
        // Without a name of ours, the gateway may give the payment one of its own.
        let order_id = created.order_id.as_deref().filter(|_| self.order_id.is_some());
        check_echo(
            reply,
            &[
                ("amount", sent.as_ref().map(Decimal::as_str).unwrap_or_default(), amount.as_deref()),
                ("currency", currency.code(), came_back.as_deref()),
                ("orderId", self.order_id.as_deref().unwrap_or_default(), order_id),
            ],
        )?;
        Ok(created.cleared(reply, self.card_token.is_some()))
    }
}

/// A payment that was created. Only `payment_id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct CreatedPayment {
    /// The gateway's identifier, 32 hexadecimal digits. Store it: the payment is read by it.
    #[serde(deserialize_with = "lenient::required_id")]
    pub payment_id: String,
    /// The page on which the customer pays, as the gateway wrote it. See [`CreatedPayment::payment_address`].
    #[serde(default, deserialize_with = "lenient::address")]
    pub payment_url: Option<String>,
    /// The same page for a frame.
    #[serde(default, deserialize_with = "lenient::address")]
    pub payment_url_iframe: Option<String>,
    /// The same page for a frame, for other means than cards.
    #[serde(default, deserialize_with = "lenient::address")]
    pub payment_url_iframe_apm: Option<String>,
    /// The status of the payment, if the answer names it. Assumption(created-status): it may; see SOURCES.md.
    #[serde(default)]
    pub status: Option<PaymentStatus>,
    /// Decimal major units, the literal text of the reply, if it repeats the amount.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// ISO 4217, if the reply repeats the currency.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Your own name for the payment, if the reply repeats it.
    #[serde(default, deserialize_with = "lenient::id")]
    pub order_id: Option<String>,
    #[serde(skip)]
    with_card_token: bool,
}

impl CreatedPayment {
    /// Returns what the answer means for the money. A status that is paid or refused is believed only where the
    /// answer also repeats the amount, the currency and your order id. Without a status, a payment that was created
    /// without a card token and has a page is `ActionRequired`; any other is `Pending`: read the payment.
    pub fn outcome(&self) -> Outcome {
        let proven = self.amount.is_some() && self.currency.is_some() && self.order_id.is_some();
        match &self.status {
            Some(status) => match status::outcome(status) {
                outcome if outcome.is_definite() && !proven => Outcome::Pending,
                outcome => outcome,
            },
            None if !self.with_card_token && self.payment_address().is_some() => Outcome::ActionRequired,
            None => Outcome::Pending,
        }
    }

    /// Returns why the payment was refused: `Some` exactly when the outcome is `Declined`. It is always `Other`,
    /// since this answer is not known to name a reason: read the payment to learn it.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        (self.outcome() == Outcome::Declined).then_some(DeclineReason::Other)
    }

    /// Returns the page to send the customer to. Only an `https` address, or plain `http` on this machine (a
    /// sandbox); any other is `None`.
    pub fn payment_address(&self) -> Option<String> {
        check::page_address(self.payment_url.as_deref()?)
    }

    /// Clears the text that quotes the gateway's words of the secrets of the request.
    fn cleared(mut self, reply: &Reply, with_card_token: bool) -> Self {
        self.status = self.status.map(|status| status.cleared(reply));
        self.with_card_token = with_card_token;
        self
    }
}
