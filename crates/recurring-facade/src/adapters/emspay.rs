use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use emspay::{Client, CreateOrder, Order, Series};
use jiff::Timestamp;
use recurring_core::{Currency, Money, Outcome};

use crate::adapters::{foreign_credential, foreign_pending, unusable};
use crate::credential::{Agreement, EmspayCredential, PendingEnrolment, StoredCredential};
use crate::error::{Error, GatewayError};
use crate::facts::{self, Facts};
use crate::payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentRef, PaymentStatus};
use crate::provider::{Charge, Enrol, Provider, ProviderId, Record, Status};
use crate::request::{ChargeRequest, EnrolRequest};
use crate::settings::{Settings, SettingsError};

/// EMS Online behind the words of this crate.
#[derive(Debug, Clone)]
pub struct Emspay {
    client: Client,
}

impl Emspay {
    /// Takes a client of the gateway.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Provider for Emspay {
    fn id(&self) -> ProviderId {
        ProviderId::EMSPAY
    }

    fn facts(&self) -> &'static Facts {
        &facts::EMSPAY
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn as_enrol(&self) -> Option<&dyn Enrol> {
        Some(self)
    }

    fn as_charge(&self) -> Option<&dyn Charge> {
        Some(self)
    }

    fn as_status(&self) -> Option<&dyn Status> {
        Some(self)
    }
}

#[async_trait]
impl Enrol for Emspay {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let mut first = CreateOrder::first(request.attempt.as_str(), request.amount);
        if let Some(text) = &request.description {
            first = first.description(text);
        }
        if let Some(url) = &request.success_url {
            first = first.return_url(url);
        }
        if let Some(url) = &request.failure_url {
            first = first.failure_url(url);
        }
        if let Some(url) = &request.notification_url {
            first = first.webhook_url(url);
        }
        let order = self.client.create_order(&first).await.map_err(error)?;
        Ok(EnrolStarted::new(payment(&order), PendingEnrolment::Emspay { order_id: order.id }))
    }

    async fn resume(&self, pending: &PendingEnrolment) -> Result<Enrolment, Error> {
        let PendingEnrolment::Emspay { order_id } = pending else {
            return Err(foreign_pending(ProviderId::EMSPAY, pending));
        };
        let order = self.client.get_order(order_id).await.map_err(error)?;
        // The token exists once the customer has paid; before that there is nothing to charge with.
        let paid = order.outcome() == Outcome::Approved;
        let credential = order.vault_token().filter(|_| paid).map(|token| EmspayCredential {
            vault_token: token.clone(),
            first_amount_minor: order.amount,
            currency: order.currency.as_deref().and_then(|code| Currency::from_code(code).ok()),
            first_created: order.transactions.iter().find_map(|transaction| transaction.created.clone()),
        });
        let agreement = credential.map(StoredCredential::Emspay).map(Agreement::ChargeOnDemand);
        Ok(Enrolment::new(payment(&order), agreement))
    }
}

#[async_trait]
impl Charge for Emspay {
    async fn charge(&self, request: &ChargeRequest, _: &dyn Record) -> Result<Payment, Error> {
        let StoredCredential::Emspay(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::EMSPAY, &request.credential));
        };
        let mut order =
            CreateOrder::recurring(request.attempt.as_str(), request.amount, credential.vault_token.clone());
        if let Some(first) = credential.first_amount() {
            // Without a date only the amount can be checked: as if the series began now.
            let now = Timestamp::now();
            let began = credential.first_created.as_ref().and_then(|time| time.instant()).unwrap_or(now);
            order = order
                .in_series(&Series::new(first, began), now)
                .map_err(|input| Error::invalid(ProviderId::EMSPAY, input))?;
        }
        if let Some(reason) = &request.reason {
            order = order.description(reason);
        }
        Ok(payment(&self.client.create_order(&order).await.map_err(error)?))
    }
}

#[async_trait]
impl Status for Emspay {
    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let order = self.client.get_order(reference.as_str()).await.map_err(error)?;
        Ok(PaymentStatus::single(payment(&order)))
    }
}

fn payment(order: &Order) -> Payment {
    let mut payment = Payment::new(ProviderId::EMSPAY, order.outcome(), order.status.as_str());
    payment.payment = Some(PaymentRef::new(&order.id));
    payment.amount = order
        .amount
        .zip(order.currency.as_deref())
        .and_then(|(minor, code)| Money::from_minor(minor, Currency::from_code(code).ok()?).ok());
    payment.redirect = match order.outcome() {
        Outcome::CustomerNeeded => order.payment_address(),
        _ => None,
    };
    if order.outcome() == Outcome::Declined {
        let reason = order.transactions.iter().rev().find_map(|transaction| transaction.reason.clone());
        payment.decline = Some(Decline::new(Some(order.status.as_str().to_owned()), reason));
    }
    payment
}

fn error(error: emspay::Error) -> Error {
    Error::new(
        ProviderId::EMSPAY,
        error.map_api(|api| GatewayError::new(api.error_type.clone(), api.to_string())),
    )
}

/// A client from the settings: `EMSPAY_API_KEY`, and `EMSPAY_BASE_URL` unless it is live.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::EMSPAY;
    let mut builder = Client::builder(settings.need(provider(), "EMSPAY_API_KEY")?.clone());
    if let Some(url) = settings.text("EMSPAY_BASE_URL") {
        builder = builder.environment(emspay::Environment::Custom(url));
    }
    let client = builder
        .http(settings.http(Client::default_http()))
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    Ok(Arc::new(Emspay::new(client)))
}
