use std::any::Any;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use recurring_core::{Currency, Money, Outcome, Secret};
use tokenpay_signed::{
    AddToken, Client, Environment, Recurring, RequestSigner, RsaSigner, Sale, SigningError, TokenId,
    TokenOrder,
};

use crate::adapters::{foreign_credential, foreign_pending, needed, unusable};
use crate::credential::{Agreement, KnownToken, PendingEnrolment, StoredCredential, TokenpayCredential};
use crate::error::{Error, GatewayError};
use crate::facts::{self, Facts};
use crate::payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentRef, StoredCard};
use crate::provider::{Charge, Enrol, Provider, ProviderId, Record, StoredCards};
use crate::request::{ChargeRequest, EnrolRequest};
use crate::settings::{Settings, SettingsError};

/// The signed tokenisation gateway behind the words of this crate.
#[derive(Debug, Clone)]
pub struct TokenpaySigned {
    client: Client,
}

impl TokenpaySigned {
    /// Takes a client of the gateway.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Provider for TokenpaySigned {
    fn id(&self) -> ProviderId {
        ProviderId::TOKENPAY_SIGNED
    }

    fn facts(&self) -> &'static Facts {
        &facts::TOKENPAY_SIGNED
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn as_enrol(&self) -> Option<&dyn Enrol> {
        Some(self)
    }

    fn as_stored_cards(&self) -> Option<&dyn StoredCards> {
        Some(self)
    }

    fn as_charge(&self) -> Option<&dyn Charge> {
        Some(self)
    }
}

#[async_trait]
impl Enrol for TokenpaySigned {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let here = ProviderId::TOKENPAY_SIGNED;
        let user_id = needed(&here, "customer", request.customer.id.as_ref())?;
        let add = AddToken::new(
            user_id,
            needed(&here, "success_url", request.success_url.as_ref())?,
            needed(&here, "failure_url", request.failure_url.as_ref())?,
            needed(&here, "notification_url", request.notification_url.as_ref())?,
        );
        // Which token is new can only be told by knowing the old ones.
        let known = self.client.query_token(user_id).await.map_err(error)?;
        let added = self.client.add_token(&add).await.map_err(error)?;
        let mut payment = Payment::new(here, Outcome::CustomerNeeded, "card page");
        payment.amount = Some(request.amount);
        payment.redirect = added.page().map(str::to_owned);
        let pending = PendingEnrolment::TokenpaySigned {
            attempt: request.attempt.clone(),
            user_id: user_id.clone(),
            amount_minor: request.amount.minor(),
            currency: request.amount.currency(),
            known_tokens: known
                .iter()
                .map(|token| KnownToken(Secret::new(token.token_id.expose())))
                .collect(),
        };
        Ok(EnrolStarted::new(payment, pending))
    }

    async fn resume(&self, pending: &PendingEnrolment) -> Result<Enrolment, Error> {
        let here = || ProviderId::TOKENPAY_SIGNED;
        let PendingEnrolment::TokenpaySigned { attempt, user_id, amount_minor, currency, known_tokens } =
            pending
        else {
            return Err(foreign_pending(here(), pending));
        };
        let amount =
            Money::from_minor(*amount_minor, *currency).map_err(|input| Error::invalid(here(), input))?;
        let tokens = self.client.query_token(user_id).await.map_err(error)?;
        let is_new = |token: &&tokenpay_signed::StoredToken| {
            !known_tokens.iter().any(|known| known.0.expose() == token.token_id.expose())
        };
        let mut new = tokens.iter().filter(is_new);
        let (Some(token), None) = (new.next(), new.next()) else {
            // None: the customer has not stored a card yet. Several: nobody knows which one is meant.
            let mut payment = Payment::new(here(), Outcome::CustomerNeeded, "no single new card is stored");
            payment.amount = Some(amount);
            return Ok(Enrolment::new(payment, None));
        };
        let sale = Sale::new(user_id, token.token_id.clone(), amount, attempt.as_str());
        let order = self.client.sale(&sale).await.map_err(error)?;
        let payment = payment(&order);
        let parent = order.order.parent_order_id().filter(|_| payment.outcome == Outcome::Approved);
        let credential = parent.map(|parent_order_id| TokenpayCredential {
            user_id: user_id.clone(),
            token_id: Secret::new(token.token_id.expose()),
            parent_order_id,
        });
        let agreement = credential.map(StoredCredential::TokenpaySigned).map(Agreement::ChargeOnDemand);
        Ok(Enrolment::new(payment, agreement))
    }
}

#[async_trait]
impl StoredCards for TokenpaySigned {
    /// The list alone is not enough to charge: a charge also needs the order of the first sale.
    async fn stored_cards(&self, customer: &str) -> Result<Vec<StoredCard>, Error> {
        let tokens = self.client.query_token(customer).await.map_err(error)?;
        Ok(tokens
            .into_iter()
            .map(|token| {
                let mut stored = StoredCard::new(None);
                stored.masked = token.masked_pan;
                stored.brand = token.card_brand;
                stored.expires = token.expiry_date;
                stored
            })
            .collect())
    }
}

#[async_trait]
impl Charge for TokenpaySigned {
    async fn charge(&self, request: &ChargeRequest, _: &dyn Record) -> Result<Payment, Error> {
        let StoredCredential::TokenpaySigned(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::TOKENPAY_SIGNED, &request.credential));
        };
        let mut recurring = Recurring::new(
            &credential.user_id,
            TokenId::text(credential.token_id.clone()),
            request.amount,
            request.attempt.as_str(),
            credential.parent_order_id,
        );
        if let Some(reason) = &request.reason {
            recurring = recurring.reason(reason);
        }
        Ok(payment(&self.client.recurring(&recurring).await.map_err(error)?))
    }
}

fn payment(answer: &TokenOrder) -> Payment {
    let order = &answer.order;
    let mut payment = Payment::new(ProviderId::TOKENPAY_SIGNED, answer.outcome(), order.status.as_str());
    payment.payment = Some(PaymentRef::new(&order.id));
    payment.amount = order
        .currency
        .as_deref()
        .zip(order.amount.as_deref())
        .and_then(|(code, amount)| Money::parse(amount, Currency::from_code(code).ok()?).ok());
    if payment.outcome == Outcome::Declined {
        payment.decline = Some(Decline::new(Some(answer.response_code.clone()), answer.message.clone()));
    }
    payment
}

fn error(error: tokenpay_signed::Error) -> Error {
    let to_gateway =
        |api: tokenpay_signed::ApiError| GatewayError::new(Some(api.response_code.clone()), api.to_string());
    Error::new(ProviderId::TOKENPAY_SIGNED, error.map_api(to_gateway))
}

/// A client from the settings: `TOKENPAY_MERCHANT_ID`, `TOKENPAY_PRIVATE_KEY_FILE`, and `TOKENPAY_BASE_URL` (test
/// and production differ by the address alone, so neither is the default).
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::TOKENPAY_SIGNED;
    let path = PathBuf::from(settings.need(provider(), "TOKENPAY_PRIVATE_KEY_FILE")?.expose());
    let key = std::fs::read_to_string(&path)
        .map_err(|error| SettingsError::File { path, problem: error.to_string() })?;
    let signer = RsaSigner::from_key(key).map_err(|input| SettingsError::Unusable {
        provider: provider(),
        problem: format!("TOKENPAY_PRIVATE_KEY_FILE: {input}"),
    })?;
    with_signer(settings, signer)
}

/// A client that can sign nothing, and so can send nothing.
pub(crate) fn without_key(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    with_signer(settings, NoKey)
}

fn with_signer(
    settings: &Settings,
    signer: impl RequestSigner + 'static,
) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::TOKENPAY_SIGNED;
    let merchant = settings.need(provider(), "TOKENPAY_MERCHANT_ID")?.expose();
    let url = settings.need(provider(), "TOKENPAY_BASE_URL")?.expose();
    let client = Client::builder(merchant, signer)
        .environment(Environment::Custom(url.to_owned()))
        .http(settings.http(Client::default_http()))
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    Ok(Arc::new(TokenpaySigned::new(client)))
}

#[derive(Debug)]
struct NoKey;

impl RequestSigner for NoKey {
    fn sign<'a>(
        &'a self,
        _: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        Box::pin(async { Err(SigningError::new("there is no key")) })
    }
}
