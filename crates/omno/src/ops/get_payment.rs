use recurring_core::{DeclineReason, ErrorKind, GatewayTime, Money, Outcome, Reply};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, check, check_echo, lenient, require_echo,
};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Error, read_object};
use crate::status::{self, PaymentStatus};

/// `GET /reporting/payments/{paymentId}`: reads a payment. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct GetPayment {
    payment_id: String,
}

impl GetPayment {
    /// Creates the request for the payment with the gateway's own identifier, 32 hexadecimal digits.
    pub fn new(payment_id: impl Into<String>) -> Self {
        Self { payment_id: payment_id.into() }
    }
}

impl Operation for GetPayment {
    type Api = ApiError;
    type Output = Payment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/reporting/payments/{}", check::path_segment("payment_id", &self.payment_id)?);
        Ok(PreparedRequest::new("get payment", Class::Read, Method::Get, path))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read, names neither a payment nor a status, or names another payment. A payment that
    /// is paid or refused must name itself.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let payment: Payment = read_object(reply)?;
        if payment.id.is_none() && payment.status == PaymentStatus::default() {
            let message = format!("the gateway answered {}, but without a status", reply.status());
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        let (sent, came_back) = (same_form(&self.payment_id), payment.id.as_deref().map(same_form));
        let echo = [("id", sent.as_str(), came_back.as_deref())];
        match payment.outcome() {
            outcome if outcome.is_definite() => require_echo(reply, &echo)?,
            _ => check_echo(reply, &echo)?,
        }
        Ok(payment.cleared(reply))
    }
}

/// The digits of an identifier, without hyphens and letter case.
// Assumption(payment-id-form): the gateway may write the same one in small letters or with hyphens.
fn same_form(id: &str) -> String {
    id.replace('-', "").to_ascii_uppercase()
}

/// A payment as the gateway reports it. Only `status` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Payment {
    /// The gateway's identifier.
    #[serde(default, deserialize_with = "lenient::id")]
    pub id: Option<String>,
    /// Its status; see [`Payment::outcome`].
    #[serde(default)]
    pub status: PaymentStatus,
    /// Decimal major units, the literal text of the reply.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// When it was created, usually without a time zone.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<GatewayTime>,
    /// The service that takes the payment.
    #[serde(default, deserialize_with = "lenient::text")]
    pub psp: Option<String>,
    /// The service above that one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub master_psp: Option<String>,
    /// The masked card number, such as `400000********0044`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_mask: Option<String>,
    /// The name on the card.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cardholder: Option<String>,
    /// The expiry date of the card, `12/24` or `01/2025`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiration_date: Option<String>,
    /// A country, free text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country: Option<String>,
    /// The brand of the card, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_brand: Option<String>,
    /// The gateway's identifier of the customer, by which saved cards are listed.
    #[serde(default, deserialize_with = "lenient::id")]
    pub customer_id: Option<String>,
    /// How it went, in the gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_result: Option<String>,
    /// The amount before a conversion, decimal major units, the literal text of the reply.
    #[serde(default, deserialize_with = "lenient::text")]
    pub initial_amount: Option<String>,
    /// The currency before a conversion, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub initial_currency: Option<String>,
    /// Whether it is paid by something else than a card.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_apm: Option<bool>,
    /// Your own name for it.
    #[serde(default, deserialize_with = "lenient::id")]
    pub order_id: Option<String>,
    /// The page on which the customer confirms the payment, as the gateway wrote it. See
    /// [`Payment::payment_address`].
    #[serde(rename = "3dsRedirectUrl", default, deserialize_with = "lenient::address")]
    pub three_ds_redirect_url: Option<String>,
}

impl Payment {
    /// Returns what the status means for the money. `Created`, `Timeout` and every unknown status are
    /// `Pending`: no document says that a payment that ran out of time cannot go through later. A refunded payment
    /// is `Paid`, since its money was taken.
    pub fn outcome(&self) -> Outcome {
        status::outcome(&self.status)
    }

    /// Returns whether the payment names this order and amount: `Some(false)` when it names another one, `None` when
    /// it lacks one of the three or one cannot be read.
    // Assumption(converted-amount): after a conversion, `initialAmount` and `initialCurrency` are what was asked for.
    pub fn is_about(&self, order_id: &str, asked: Money) -> Option<bool> {
        let (amount, currency) = match (&self.initial_amount, &self.initial_currency) {
            (Some(amount), Some(currency)) => (Some(amount), Some(currency)),
            _ => (self.amount.as_ref(), self.currency.as_ref()),
        };
        let same_order = self.order_id.as_deref().map(|own| own == order_id);
        let same_currency = currency.map(|code| code.eq_ignore_ascii_case(asked.currency().code()));
        let same_amount = amount.map(|text| Money::parse(text, asked.currency()) == Ok(asked));
        let parts = [same_order, same_currency, same_amount];
        if parts.contains(&Some(false)) { Some(false) } else { (!parts.contains(&None)).then_some(true) }
    }

    /// Returns why the payment was refused: `Some` exactly when the outcome is `Declined`.
    ///
    /// Assumption(decline-words): the words of [`Payment::payment_result`] say it; see SOURCES.md.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        let words = self.payment_result.as_deref();
        (self.outcome() == Outcome::Declined)
            .then(|| words.and_then(DeclineReason::from_words).unwrap_or(DeclineReason::Other))
    }

    /// Returns the page on which the customer confirms the payment. Only an `https` address, or plain `http` on this
    /// machine (a sandbox); any other is `None`.
    pub fn payment_address(&self) -> Option<String> {
        check::page_address(self.three_ds_redirect_url.as_deref()?)
    }

    /// Clears the texts that quote the gateway's words of the secrets of the request.
    fn cleared(mut self, reply: &Reply) -> Self {
        self.payment_result = self.payment_result.map(|text| reply.shown(text));
        self.status = self.status.cleared(reply);
        self
    }
}
