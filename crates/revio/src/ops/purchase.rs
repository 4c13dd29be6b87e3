use std::fmt;

use recurring_core::{Currency, DeclineReason, GatewayTime, Outcome, Reply, Secret};
use recurring_gateway::{check, check_echo, lenient, number_echo, read_success};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::decline;
use crate::error::{ApiError, Error};
use crate::ops::odd_amounts;
use crate::ops::purchase_card::PurchaseCard;
use crate::status::{self, PaidBy, PurchaseStatus};
use crate::wire;

/// A purchase as the gateway reports it. Only `id` is certain to be there.
///
/// The identifier of a purchase that saves the card is the token for later payments: `Debug` hides it, and the page
/// that contains it.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Purchase {
    /// The gateway's identifier: what the purchase is charged and read by. **A secret** if the purchase saves the card,
    /// see [`Purchase::recurring_token`].
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// Its status; see [`Purchase::outcome`].
    #[serde(default)]
    pub status: PurchaseStatus,
    /// Whether a card was saved, so that `id` is a token.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_recurring_token: Option<bool>,
    /// Whether it was created to save the card.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub force_recurring: Option<bool>,
    /// The token that it was charged with (`recurring_token` on the wire).
    #[serde(default, rename = "recurring_token", deserialize_with = "lenient::secret")]
    pub charged_with: Option<Secret>,
    /// The page on which the customer pays, as the gateway wrote it. See [`Purchase::checkout_address`].
    #[serde(default, deserialize_with = "wire::address")]
    pub checkout_url: Option<String>,
    /// The client who pays.
    #[serde(default, deserialize_with = "wire::id")]
    pub client_id: Option<String>,
    /// Your brand.
    #[serde(default, deserialize_with = "wire::id")]
    pub brand_id: Option<String>,
    /// Your own name for it.
    #[serde(default, deserialize_with = "wire::text")]
    pub reference: Option<String>,
    /// What is to be paid.
    #[serde(default, deserialize_with = "lenient::object")]
    pub purchase: Option<PurchaseDetails>,
    /// What was paid; nothing before that.
    #[serde(default, deserialize_with = "lenient::object")]
    pub payment: Option<PurchasePayment>,
    /// The tries to pay.
    #[serde(default, deserialize_with = "lenient::object")]
    pub transaction_data: Option<TransactionData>,
    /// What can still be given back, in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub refundable_amount: Option<i64>,
    /// When it was created, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<GatewayTime>,
    /// When it last changed, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<GatewayTime>,
    /// When it is due, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub due: Option<GatewayTime>,
    /// Whether it was made with a test key.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_test: Option<bool>,
    /// A member that names an amount or a currency, and cannot be read.
    #[serde(skip)]
    pub(crate) unreadable: Option<&'static str>,
}

/// What is to be paid.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PurchaseDetails {
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub total: Option<i64>,
    /// What is charged instead of the sum of the products, in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub total_override: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "wire::text")]
    pub currency: Option<String>,
    /// The products.
    #[serde(default, deserialize_with = "lenient::list")]
    pub products: Vec<PurchasedProduct>,
}

/// One product of a purchase.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PurchasedProduct {
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The price of one, in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub price: Option<i64>,
    /// How many, a decimal number as the gateway wrote it, such as `1.0000`.
    #[serde(default, deserialize_with = "wire::text")]
    pub quantity: Option<String>,
    /// The discount in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub discount: Option<i64>,
    /// The tax in per cent, a decimal number as the gateway wrote it.
    #[serde(default, deserialize_with = "wire::text")]
    pub tax_percent: Option<String>,
    /// Its category.
    #[serde(default, deserialize_with = "wire::text")]
    pub category: Option<String>,
}

/// What was paid.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PurchasePayment {
    /// Whether the money went from you to the customer.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_outgoing: Option<bool>,
    /// What kind of payment it is, such as `purchase` or `refund`.
    #[serde(default, deserialize_with = "wire::text")]
    pub payment_type: Option<String>,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "wire::text")]
    pub currency: Option<String>,
    /// What is left after the fee, in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub net_amount: Option<i64>,
    /// The gateway's fee in minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub fee_amount: Option<i64>,
    /// When it was paid, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub paid_on: Option<GatewayTime>,
}

/// The tries to pay a purchase.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct TransactionData {
    /// How it was paid, such as `mastercard`.
    #[serde(default, deserialize_with = "wire::text")]
    pub payment_method: Option<String>,
    /// Every try, the newest first.
    #[serde(default, deserialize_with = "lenient::list")]
    pub attempts: Vec<Attempt>,
    /// The card that was used (`extra` on the wire).
    #[serde(default, rename = "extra", deserialize_with = "PurchaseCard::read")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<PurchaseCard>,
}

/// One try to pay.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// What was tried, such as `execute` (`type` on the wire).
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    pub attempt_type: Option<String>,
    /// Whether it went well.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub successful: Option<bool>,
    /// How it was to be paid, such as `mastercard`.
    #[serde(default, deserialize_with = "wire::text")]
    pub payment_method: Option<String>,
    /// When it was tried, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub processing_time: Option<GatewayTime>,
    /// Why it failed.
    #[serde(default, deserialize_with = "lenient::object")]
    pub error: Option<Decline>,
}

/// The reason of a declined payment, in the gateway's words, cleared of the secrets of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Decline {
    /// The gateway's code, such as `insufficient_funds`. An open set.
    #[serde(default, deserialize_with = "wire::text")]
    pub code: Option<String>,
    /// The gateway's words.
    #[serde(default, deserialize_with = "wire::text")]
    pub message: Option<String>,
}

impl Decline {
    /// Returns the code in the words that all gateways share. A code that is not known is `Other`.
    pub fn reason(&self) -> DeclineReason {
        self.code.as_deref().map_or(DeclineReason::Other, decline::decline_reason)
    }

    /// Returns whether the code leaves open whether the money moved, such as `timeout_acquirer_status_check`: then it
    /// is not a decline, and the purchase must be read again.
    pub fn is_open(&self) -> bool {
        self.code.as_deref().is_some_and(decline::is_open)
    }
}

impl Purchase {
    /// Reads a reply that must be a purchase.
    pub(crate) fn read(reply: &Reply) -> Result<Self, Error> {
        let purchase: Self = read_success(reply, ApiError::read)?;
        let unreadable = if purchase.names_its_amounts() { None } else { odd_amounts::unreadable(reply) };
        Ok(Self { unreadable, ..purchase })
    }

    /// Whether every amount and currency is there and was read. Then the reply need not be searched for an odd one.
    fn names_its_amounts(&self) -> bool {
        let is_code = |code: &Option<String>| {
            code.as_ref().is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_uppercase()))
        };
        let (details, paid) = (self.purchase.as_ref(), self.payment.as_ref());
        details.is_some_and(|details| details.total.is_some() && is_code(&details.currency))
            && paid.is_some_and(|paid| paid.amount.is_some() && is_code(&paid.currency))
    }

    /// Returns what the purchase means for the money, however it is to be paid.
    ///
    /// - `Paid`: paid, also if it was refunded or disputed later: see [`status`](Self::status).
    /// - `Authorized`: held on the card (`hold`), to be taken by a capture. `preauthorized` is a card that was saved
    ///   without an amount.
    /// - `ActionRequired`: the customer can pay on the page, for the first time or again after a failed try.
    /// - `Declined`: the charge of a token failed.
    /// - `Canceled`: it cannot be paid any more and has no payment, or the held money was given back (`released`).
    /// - `Pending`: on its way, or an unknown status.
    ///
    /// Of a purchase that only a stored card is to pay, ask [`charge_outcome`](Self::charge_outcome) instead: the
    /// gateway offers a page for that one, too.
    pub fn outcome(&self) -> Outcome {
        let paid_by = match &self.charged_with {
            Some(_) => PaidBy::Token,
            None => PaidBy::Customer { page: self.checkout_address().is_some() },
        };
        self.unless_open(status::outcome(&self.status, paid_by))
    }

    /// Returns what the purchase means for the money when it is paid by a [charge](crate::ChargePurchase) and the
    /// customer is not sent to its page: `created` is `Pending` (not charged yet, or not yet known), `error` is
    /// `Declined`, unless the newest try [leaves its end open](Self::newest_try_is_open).
    pub fn charge_outcome(&self) -> Outcome {
        self.unless_open(status::outcome(&self.status, PaidBy::Token))
    }

    /// Returns whether the newest try may have moved the money although the status says that it failed: it timed out,
    /// say.
    pub fn newest_try_is_open(&self) -> bool {
        if !matches!(self.status, PurchaseStatus::Error | PurchaseStatus::Blocked) {
            return false;
        }
        let newest = self.transaction_data.as_ref().and_then(|data| data.attempts.first());
        let succeeded = newest.is_some_and(|attempt| attempt.successful == Some(true));
        succeeded || self.payment.is_some() || self.decline().is_some_and(|decline| decline.is_open())
    }

    fn unless_open(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Declined if self.newest_try_is_open() => Outcome::Pending,
            // It ended unpaid, says the status, and yet there is a payment.
            Outcome::Canceled if self.status != PurchaseStatus::Released && self.payment.is_some() => {
                Outcome::Pending
            }
            other => other,
        }
    }

    /// Returns the token for later payments: this purchase's own identifier, once it is paid and has saved the card.
    pub fn recurring_token(&self) -> Option<Secret> {
        let saved = self.is_recurring_token == Some(true) && self.outcome().went_through();
        saved.then(|| Secret::new(self.id.as_str()))
    }

    /// Returns the page to send the customer to. `None` when there is none, and when its address is neither `https`
    /// nor on this machine (a sandbox).
    pub fn checkout_address(&self) -> Option<String> {
        self.checkout_url.as_deref().and_then(check::page_address)
    }

    /// Returns why the newest try failed, if it did: to pay, but also to refund, capture or release.
    pub fn decline(&self) -> Option<Decline> {
        self.transaction_data.as_ref()?.attempts.first()?.error.clone()
    }

    /// Returns why it was refused, in the words that all gateways share, when [`outcome`](Self::outcome) is `Declined`.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        (self.outcome() == Outcome::Declined).then(|| self.reason())
    }

    /// Returns why it was refused, in the words that all gateways share, when
    /// [`charge_outcome`](Self::charge_outcome) is `Declined`.
    pub fn charge_decline_reason(&self) -> Option<DeclineReason> {
        (self.charge_outcome() == Outcome::Declined).then(|| self.reason())
    }

    /// Leaves out the newest try of a purchase that was canceled or has expired: it was not refused.
    fn reason(&self) -> DeclineReason {
        match self.status {
            PurchaseStatus::Error | PurchaseStatus::Blocked => {
                self.decline().map_or(DeclineReason::Other, |decline| decline.reason())
            }
            _ => DeclineReason::Other,
        }
    }

    /// Compares the amounts and currencies that the purchase names with what was meant.
    pub(crate) fn check_money(
        &self,
        reply: &Reply,
        total: Option<i64>,
        currency: Option<Currency>,
    ) -> Result<(), Error> {
        let (details, payment) = (self.purchase.as_ref(), self.payment.as_ref());
        if let Some(total) = total {
            let named = details.and_then(|details| details.total);
            let paid = payment.and_then(|payment| payment.amount);
            check_echo(reply, &[number_echo("total", total, named), number_echo("amount", total, paid)])?;
        }
        if let Some(currency) = currency {
            let named = details.and_then(|details| details.currency.as_deref());
            let paid = payment.and_then(|payment| payment.currency.as_deref());
            check_echo(reply, &[("currency", currency.code(), named), ("currency", currency.code(), paid)])?;
        }
        Ok(())
    }

    /// Clears the texts that quote the gateway's words of the secrets of the request, and of those that the purchase
    /// itself names.
    pub(crate) fn cleared(self, reply: &Reply) -> Self {
        self.cleared_by(|text| reply.shown(text))
    }

    /// Clears those texts of the secrets that the purchase itself names, then by `shown` of others.
    pub(crate) fn cleared_by(mut self, shown: impl Fn(&str) -> String) -> Self {
        let id = if self.id_is_secret() { self.id.as_str() } else { "" };
        let token = self.charged_with.as_ref().map_or("", Secret::expose);
        let clear = |mut text: String| {
            for token in [token, id].into_iter().filter(|token| !token.is_empty()) {
                text = text.replace(token, "[redacted]");
            }
            shown(&text)
        };
        let attempts = self.transaction_data.iter_mut().flat_map(|data| &mut data.attempts);
        for decline in attempts.filter_map(|attempt| attempt.error.as_mut()) {
            decline.code = decline.code.take().map(clear);
            decline.message = decline.message.take().map(clear);
        }
        self
    }

    /// Whether the identifier is a token, or becomes one when the customer pays.
    fn id_is_secret(&self) -> bool {
        self.is_recurring_token == Some(true) || self.force_recurring == Some(true)
    }
}

/// Neither the tokens nor, where the identifier is a token, what holds it: see [`Purchase::id`].
impl Serialize for Purchase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const HIDDEN: &str = "[redacted]";
        let is_secret = self.id_is_secret();
        let shown = |text| if is_secret { HIDDEN } else { text };
        let mut members = serializer.serialize_struct("Purchase", 16)?;
        members.serialize_field("id", shown(self.id.as_str()))?;
        members.serialize_field("status", &self.status)?;
        members.serialize_field("is_recurring_token", &self.is_recurring_token)?;
        members.serialize_field("force_recurring", &self.force_recurring)?;
        members.serialize_field("checkout_url", &self.checkout_url.as_deref().map(shown))?;
        members.serialize_field("client_id", &self.client_id)?;
        members.serialize_field("brand_id", &self.brand_id)?;
        members.serialize_field("reference", &self.reference)?;
        members.serialize_field("purchase", &self.purchase)?;
        members.serialize_field("payment", &self.payment)?;
        members.serialize_field("transaction_data", &self.transaction_data)?;
        members.serialize_field("refundable_amount", &self.refundable_amount)?;
        members.serialize_field("created_on", &self.created_on)?;
        members.serialize_field("updated_on", &self.updated_on)?;
        members.serialize_field("due", &self.due)?;
        members.serialize_field("is_test", &self.is_test)?;
        members.end()
    }
}

impl fmt::Debug for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = Secret::new("");
        let (id, page): (&dyn fmt::Debug, &dyn fmt::Debug) = match self.id_is_secret() {
            true => (&hidden, &self.checkout_url.as_ref().map(|_| &hidden)),
            false => (&self.id, &self.checkout_url),
        };
        f.debug_struct("Purchase")
            .field("id", id)
            .field("status", &self.status)
            .field("is_recurring_token", &self.is_recurring_token)
            .field("force_recurring", &self.force_recurring)
            .field("charged_with", &self.charged_with)
            .field("checkout_url", page)
            .field("client_id", &self.client_id)
            .field("brand_id", &self.brand_id)
            .field("reference", &self.reference)
            .field("purchase", &self.purchase)
            .field("payment", &self.payment)
            .field("transaction_data", &self.transaction_data)
            .field("refundable_amount", &self.refundable_amount)
            .field("created_on", &self.created_on)
            .field("updated_on", &self.updated_on)
            .field("due", &self.due)
            .field("is_test", &self.is_test)
            .finish()
    }
}
