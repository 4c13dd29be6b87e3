//! The first payment: a page that stores the card, then the sale, and the credential that came of it.

use recurring_core::{AttemptId, Money, Outcome, Secret};
use tokenpay_signed::{AddToken, OrderKey, QueryOrder, Sale, StoredToken, TokenOrder};

use super::TokenpaySigned;
use super::order::{check_order, error, is_dead_token, order_key, payment, told_at};
use crate::adapters::masked::same_card;
use crate::adapters::{all_needed, dead_credential, foreign_pending, needed};
use crate::call::Call;
use crate::credential::{Agreement, KnownToken, PendingEnrolment, StoredCredential, TokenpayCredential};
use crate::error::Error;
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::Rebuilt;
use crate::payment::{EnrolStarted, Enrolment, Payment};
use crate::request::EnrolRequest;

impl TokenpaySigned {
    pub(super) async fn begin_enrolment(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let here = ProviderId::TOKENPAY_SIGNED;
        all_needed(
            &here,
            &[
                ("customer", request.customer.id.is_some()),
                ("success_url", request.success_url.is_some()),
                ("failure_url", request.failure_url.is_some()),
                ("notification_url", request.notification_url.is_some()),
            ],
        )?;
        let user_id = needed(&here, "customer", request.customer.id.as_ref())?;
        let add = AddToken::new(
            user_id,
            needed(&here, "success_url", request.success_url.as_ref())?,
            needed(&here, "failure_url", request.failure_url.as_ref())?,
            needed(&here, "notification_url", request.notification_url.as_ref())?,
        );
        self.check_currency(request.amount, None)?;
        // Which token is new can only be told by knowing the old ones.
        let known = self.client.query_token(user_id).await.map_err(|failed| error(failed).before_write())?;
        let added = self.client.add_token(&add).await.map_err(error)?;
        let mut payment = Payment::new(here, Outcome::ActionRequired, "card page");
        payment.amount = Some(request.amount);
        payment.redirect = added.page();
        let pending = PendingEnrolment::TokenpaySigned {
            attempt: request.attempt.clone(),
            user_id: user_id.clone(),
            amount_minor: request.amount.minor(),
            currency: request.amount.currency(),
            notification_url: request.notification_url.clone(),
            known_tokens: known
                .iter()
                .map(|token| KnownToken(Secret::new(token.token_id.expose())))
                .collect(),
        };
        Ok(EnrolStarted::new(payment, pending))
    }

    pub(super) async fn resume_enrolment(
        &self,
        pending: &PendingEnrolment,
        call: &Call<'_>,
    ) -> Result<Enrolment, Error> {
        let this = self.limited(call);
        let begun = Begun::of(pending)?;
        this.check_currency(begun.amount, None)?;
        let new = this.new_tokens(&begun).await.map_err(Error::before_write)?;
        let [token] = new.as_slice() else {
            // None: the customer has not stored a card yet. Several: which one is meant is not known.
            let here = ProviderId::TOKENPAY_SIGNED;
            let mut payment = Payment::new(here, Outcome::ActionRequired, "no single new card is stored");
            payment.amount = Some(begun.amount);
            return Ok(Enrolment::new(payment, None));
        };
        let sale = Sale::new(begun.user_id, token.token_id.clone(), begun.amount, begun.attempt.as_str())
            .with_callback_url(told_at(begun.notification_url));
        let order = match this.client.sale(&sale).await {
            Ok(order) => order,
            Err(refused) if is_dead_token(&refused) => {
                let payment = dead_credential(ProviderId::TOKENPAY_SIGNED, &error(refused));
                return Ok(Enrolment::new(payment, None));
            }
            Err(failed) => return Err(error(failed)),
        };
        let payment = payment(&order);
        let agreement = payment.outcome.went_through().then(|| begun.agreement(token, &order)).flatten();
        Ok(Enrolment::new(payment, agreement))
    }

    /// Reads the order of the first sale and the customer's tokens. The card of the sale is the one that was stored since
    /// the enrolment began; the order's masked card number, where the gateway shows it, must not contradict that, and
    /// decides between several.
    pub(super) async fn rebuild_credential(
        &self,
        pending: &PendingEnrolment,
        payment: Option<&PaymentRef>,
    ) -> Result<Rebuilt, Error> {
        let begun = Begun::of(pending)?;
        let order = self.first_order(&begun, payment).await?;
        if !order.charge_outcome().went_through() {
            return Ok(not_possible(&format!("order {} is not paid", order.order.id)));
        }
        let new = self.new_tokens(&begun).await?;
        let paid_with = order.transaction.as_ref().and_then(|transaction| transaction.masked_pan.as_deref());
        Ok(match single_card(&new, paid_with) {
            Err(why) => not_possible(&why),
            Ok(token) => match begun.agreement(token, &order) {
                Some(agreement) => Rebuilt::Agreement(agreement),
                None => not_possible("the gateway's identifier of the order is not a number"),
            },
        })
    }
}

impl TokenpaySigned {
    /// The order of the first sale: it must name the attempt, its amount and its currency.
    async fn first_order(
        &self,
        begun: &Begun<'_>,
        payment: Option<&PaymentRef>,
    ) -> Result<TokenOrder, Error> {
        let key = match payment {
            Some(number) => order_key(number)?,
            None => OrderKey::MerchantReference(begun.attempt.to_string()),
        };
        let order = self.client.query_order(&QueryOrder::new(key)).await.map_err(error)?;
        check_order(&order, begun.attempt, begun.amount)?;
        Ok(order)
    }

    /// The tokens that the customer did not have when the enrolment began.
    async fn new_tokens(&self, begun: &Begun<'_>) -> Result<Vec<StoredToken>, Error> {
        let mut tokens = self.client.query_token(begun.user_id).await.map_err(error)?;
        tokens.retain(|token| {
            !begun.known_tokens.iter().any(|known| known.0.expose() == token.token_id.expose())
        });
        Ok(tokens)
    }
}

/// An enrolment that has begun here.
struct Begun<'a> {
    attempt: &'a AttemptId,
    user_id: &'a str,
    amount: Money,
    known_tokens: &'a [KnownToken],
    notification_url: Option<&'a String>,
}

impl<'a> Begun<'a> {
    fn of(pending: &'a PendingEnrolment) -> Result<Self, Error> {
        let here = || ProviderId::TOKENPAY_SIGNED;
        let PendingEnrolment::TokenpaySigned {
            attempt,
            user_id,
            amount_minor,
            currency,
            known_tokens,
            notification_url,
        } = pending
        else {
            return Err(foreign_pending(here(), pending));
        };
        let amount =
            Money::from_minor(*amount_minor, *currency).map_err(|input| Error::invalid(here(), input))?;
        let notification_url = notification_url.as_ref();
        Ok(Self { attempt, user_id, amount, known_tokens, notification_url })
    }

    /// What later payments are made with: the token, and the order of the first sale. `None` when the gateway's identifier
    /// of the order is not a number.
    fn agreement(&self, token: &StoredToken, order: &TokenOrder) -> Option<Agreement> {
        let credential = TokenpayCredential {
            user_id: self.user_id.to_owned(),
            token_id: Secret::new(token.token_id.expose()),
            parent_order_id: order.order.parent_order_id()?,
            currency: Some(self.amount.currency()),
        };
        Some(Agreement::ChargeOnDemand(StoredCredential::TokenpaySigned(credential)))
    }
}

fn not_possible(why: &str) -> Rebuilt {
    Rebuilt::NotPossible(format!(
        "cannot rebuild the stored credential: {why}; the payment stands, do not take it again: enrol the customer anew \
         for later payments"
    ))
}

/// The token of the card that paid, among those that are new.
fn single_card<'a>(new: &'a [StoredToken], paid_with: Option<&str>) -> Result<&'a StoredToken, String> {
    let compared = |token: &StoredToken| same_card(paid_with?, token.masked_pan.as_deref()?);
    let candidates: Vec<_> = new.iter().filter(|token| compared(token) != Some(false)).collect();
    match (new.len(), candidates.as_slice()) {
        (0, _) => Err("no card is stored that the customer did not have before".to_owned()),
        (1, [token]) => Ok(token),
        // Of several new cards the masked number must name the one.
        (_, [token]) if compared(token) == Some(true) => Ok(token),
        (1, []) => Err("the one card that was stored since is not the one that paid".to_owned()),
        (count, []) => Err(format!("none of the {count} cards stored since is the one that paid")),
        (count, _) => {
            Err(format!("{count} cards were stored since, and the order does not show which one paid"))
        }
    }
}
