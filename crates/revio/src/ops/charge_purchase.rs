use recurring_core::{DeclineReason, InvalidInput, Money, Outcome, Reply, Secret};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, check_echo};
use serde::Serialize;

use crate::error::{ApiError, Error};
use crate::ops::amounts::{self, AmountMatch};
use crate::ops::purchase::{Decline, Purchase};
use crate::ops::purchase_call;
use crate::wire::ChargeBody;

/// The code of a charge that failed for a reason that only the purchase names.
const UNEXPLAINED: &str = "purchase_charge_error";

/// The codes of a 400 that refuse the payment.
const DECLINES: &[&str] = &[UNEXPLAINED, "invalid_recurring_token", "insufficient_funds", "expired_card"];

/// `POST /purchases/{id}/charge/`: pays a purchase with a stored card, without the customer. **Takes money at once.**
///
/// A purchase that is paid cannot be charged again: keep its identifier before this call, and after a lost answer read
/// the purchase before anything else.
#[derive(Debug, Clone)]
#[must_use]
pub struct ChargePurchase {
    purchase_id: String,
    recurring_token: Secret,
    expected: Option<Money>,
}

impl ChargePurchase {
    /// Creates the request for a purchase that is not paid yet, with the token to pay it with: the identifier of the
    /// purchase that saved the card.
    pub fn new(purchase_id: impl Into<String>, recurring_token: Secret) -> Self {
        Self { purchase_id: purchase_id.into(), recurring_token, expected: None }
    }

    /// Sets what the purchase costs. It is not sent; the answer is compared with it.
    pub fn with_expected(mut self, amount: Money) -> Self {
        self.expected = Some(amount);
        self
    }
}

impl Operation for ChargePurchase {
    type Api = ApiError;
    type Output = ChargeAnswer;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When one of the identifiers cannot be one, or when the purchase is to be paid with itself.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let purchase = check::path_segment("purchase_id", &self.purchase_id)?;
        let path = ["/purchases/", &purchase, "/charge/"].concat();
        check::id("recurring_token", self.recurring_token.expose())?;
        if self.purchase_id == self.recurring_token.expose() {
            let rule =
                "must be another purchase than the one whose identifier is the token; create a new one";
            return Err(InvalidInput::new("purchase_id", rule).into());
        }
        Ok(PreparedRequest::new("charge purchase", Class::Write, Method::Post, path)
            .json(&ChargeBody { recurring_token: self.recurring_token.expose() })
            .guard(&self.recurring_token, &["recurring_token"]))
    }

    /// Reads the reply. A declined payment comes as 400 with a code of its own: that is `Ok` with the outcome
    /// `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another purchase, token, amount or currency, when it approves
    /// and its total or currency is missing or cannot be read, when the purchase cannot be charged any more (`Conflict`: it may well be paid), and for a refusal with a code that is
    /// not known.
    fn read(&self, reply: &Reply) -> Result<ChargeAnswer, Error> {
        if !reply.is_success() {
            return match purchase_call::explicit_decline(reply, DECLINES) {
                Some(decline) if decline.code.as_deref() == Some(UNEXPLAINED) => {
                    Ok(ChargeAnswer::Unexplained(decline))
                }
                Some(decline) => Ok(ChargeAnswer::Declined(decline)),
                None => {
                    Err(purchase_call::failed(reply, |api| purchase_call::only_about(api, "recurring_token")))
                }
            };
        }
        let purchase = Purchase::read(reply)?;
        let token = purchase.charged_with.as_ref().map(Secret::expose);
        check_echo(
            reply,
            &[
                ("id", &self.purchase_id, Some(&purchase.id)),
                ("recurring_token", self.recurring_token.expose(), token),
            ],
        )?;
        purchase.check_money(reply, self.expected.map(Money::minor), self.expected.map(Money::currency))?;
        if purchase.charge_outcome().went_through() {
            let unproven = match self.expected.map(|expected| purchase.amount_match(expected)) {
                Some(AmountMatch::Unproven(member)) => Some(member),
                _ => purchase.unreadable_amount().or(purchase.contradiction()),
            };
            if let Some(member) = unproven {
                return Err(amounts::unproven(reply, member));
            }
        }
        Ok(ChargeAnswer::Purchase(Box::new(purchase.cleared(reply))))
    }
}

/// The answer to a charge.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub enum ChargeAnswer {
    /// The purchase as it is now: `paid`, or `pending_charge` while the acquirer takes its time.
    Purchase(Box<Purchase>),
    /// The gateway declined it: no money was taken. `invalid_recurring_token` means that the stored card was deleted
    /// for good: the customer has to save one again.
    Declined(Decline),
    /// The charge failed with `purchase_charge_error`, which gives no reason: **read the purchase**. Its
    /// [`Purchase::charge_outcome`] says whether it was refused, or whether the money may have moved after a time-out.
    Unexplained(Decline),
}

impl ChargeAnswer {
    /// Returns what the answer means for the money.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Purchase(purchase) => purchase.charge_outcome(),
            Self::Declined(_) => Outcome::Declined,
            Self::Unexplained(_) => Outcome::Pending,
        }
    }

    /// Returns the purchase, when the gateway answered with it.
    pub fn purchase(&self) -> Option<&Purchase> {
        match self {
            Self::Purchase(purchase) => Some(purchase),
            Self::Declined(_) | Self::Unexplained(_) => None,
        }
    }

    /// Returns why it was refused, when it was.
    pub fn decline(&self) -> Option<Decline> {
        match self {
            Self::Purchase(purchase) if self.outcome() == Outcome::Declined => purchase.decline(),
            Self::Purchase(_) | Self::Unexplained(_) => None,
            Self::Declined(decline) => Some(decline.clone()),
        }
    }
    /// Returns why it was refused, when it was, in the words that all gateways share.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        match self {
            Self::Purchase(purchase) => purchase.charge_decline_reason(),
            Self::Declined(decline) => Some(decline.reason()),
            Self::Unexplained(_) => None,
        }
    }
}
