use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use omno::notification::{self, RawNotification};
use omno::{Addresses, Client, CreatePayment, Credentials, Environment};
use recurring_core::{Currency, ErrorKind, Money, Outcome, Portion};
use recurring_gateway::ErrorExt as _;

use crate::adapters::masked::same_card;
use crate::adapters::{
    all_needed, dead_credential, environment, foreign_credential, foreign_pending, longest, needed, unusable,
};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::card::PaymentCard;
use crate::credential::{Agreement, OmnoCredential, PendingEnrolment, StoredCredential};
use crate::customer::Billing;
use crate::error::{Error, GatewayError, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentStatus, StoredCard};
use crate::provider::Provider;
use crate::request::{ChargeRequest, EnrolRequest};
use crate::settings::{Settings, SettingsError};

/// Omno behind the words of this crate.
#[derive(Debug, Clone)]
pub struct Omno {
    client: Client,
    addresses: OmnoAddresses,
}

/// The addresses that every payment at Omno must name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OmnoAddresses {
    /// Where the gateway reports what happens.
    pub hook_url: Option<String>,
    /// Where the payer goes after paying.
    pub callback: Option<String>,
    /// Where the payer goes after a failure.
    pub callback_fail: Option<String>,
}

impl Omno {
    /// Takes a client of the gateway, and the addresses for every payment that names none of its own.
    pub fn new(client: Client, addresses: OmnoAddresses) -> Self {
        Self { client, addresses }
    }

    /// The addresses of one payment: those of the request, else those of all.
    fn addresses(
        &self,
        notification_url: Option<&String>,
        success_url: Option<&String>,
        failure_url: Option<&String>,
    ) -> Result<Addresses, Error> {
        let choose = |own: Option<&String>, all: &Option<String>, field| {
            needed(&ProviderId::OMNO, field, own.or(all.as_ref())).cloned()
        };
        Ok(Addresses {
            hook_url: choose(notification_url, &self.addresses.hook_url, "notification_url")?,
            callback: choose(success_url, &self.addresses.callback, "success_url")?,
            callback_fail: choose(failure_url, &self.addresses.callback_fail, "failure_url")?,
        })
    }

    /// The same adapter, with a client that sends nothing after the call's limit.
    fn limited(&self, call: &Call<'_>) -> Self {
        match &call.not_after {
            Some(limit) => Self { client: self.client.with_not_after(limit.clone()), ..self.clone() },
            None => self.clone(),
        }
    }
}

#[async_trait]
impl Provider for Omno {
    fn id(&self) -> ProviderId {
        ProviderId::OMNO
    }

    fn facts(&self) -> &'static Facts {
        &facts::OMNO
    }

    fn capabilities(&self) -> Capabilities {
        capabilities::OMNO
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn longest_operation(&self) -> Option<Duration> {
        // A charge may fetch a token, be refused it, fetch a new one and be sent again; then the payment is read, for
        // which the token may have to be renewed once more. Resuming moves no money here.
        longest(self.client.http_options(), 5, 2)
    }

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        all_needed(
            &ProviderId::OMNO,
            &[
                ("billing", request.customer.billing.is_some()),
                ("customer", request.customer.id.is_some()),
                ("notification_url", request.notification_url.is_some() || self.addresses.hook_url.is_some()),
                ("success_url", request.success_url.is_some() || self.addresses.callback.is_some()),
                ("failure_url", request.failure_url.is_some() || self.addresses.callback_fail.is_some()),
            ],
        )?;
        let billing = needed(&ProviderId::OMNO, "billing", request.customer.billing.as_ref())?;
        let customer_id = needed(&ProviderId::OMNO, "customer", request.customer.id.as_ref())?;
        let addresses = self.addresses(
            request.notification_url.as_ref(),
            request.success_url.as_ref(),
            request.failure_url.as_ref(),
        )?;
        let mut wire = wire_billing(billing);
        wire.external_user_id = Some(customer_id.clone());
        let create =
            CreatePayment::new(request.amount, wire, addresses).with_order_id(request.attempt.as_str());
        let created = self.client.create_payment(&create).await.map_err(error)?;
        let pending = PendingEnrolment::Omno {
            payment_id: created.payment_id.clone(),
            customer_id: customer_id.clone(),
            billing: billing.clone(),
        };
        Ok(EnrolStarted::new(created_payment(&created, request.amount), pending))
    }

    async fn resume(&self, pending: &PendingEnrolment, call: &Call<'_>) -> Result<Enrolment, Error> {
        let this = self.limited(call);
        let PendingEnrolment::Omno { payment_id, customer_id, billing } = pending else {
            return Err(foreign_pending(ProviderId::OMNO, pending));
        };
        let paid = this.client.get_payment(payment_id).await.map_err(error)?;
        let payment = read_payment(&paid, &PaymentRef::new(payment_id));
        if !payment.outcome.went_through() {
            return Ok(Enrolment::new(payment, None));
        }
        // The gateway's own identifier of the customer, where it names one, else ours.
        let customer_id = paid.customer_id.as_ref().unwrap_or(customer_id);
        let mut cards = this.client.list_cards(customer_id).await.map_err(error)?;
        // The card that was paid with. With several that look the same, none is chosen: a wrong one is a wrong
        // customer's money.
        match &paid.card_mask {
            Some(mask) if cards.len() > 1 => cards.retain(|card| card.card_mask.as_ref() == Some(mask)),
            // The one card that is stored may be an older one: the digits that both show must not differ.
            Some(mask) => cards
                .retain(|card| card.card_mask.as_deref().and_then(|own| same_card(mask, own)) != Some(false)),
            None => {}
        }
        let agreement = match cards.as_slice() {
            [card] => Some(Agreement::ChargeOnDemand(StoredCredential::Omno(Box::new(OmnoCredential {
                customer_id: customer_id.clone(),
                card_token: card.card_token.clone(),
                billing: billing.clone(),
            })))),
            _ => None,
        };
        Ok(Enrolment::new(payment, agreement))
    }

    /// The list alone is not enough to charge: every payment here also needs the billing details.
    async fn stored_cards(&self, customer: &str) -> Result<Vec<StoredCard>, Error> {
        let cards = self.client.list_cards(customer).await.map_err(error)?;
        Ok(cards
            .into_iter()
            .map(|card| {
                let mut stored = StoredCard::new(None);
                stored.masked = card.card_mask;
                stored.brand = card.card_brand;
                stored.expires = card.expiration_date;
                stored
            })
            .collect())
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let StoredCredential::Omno(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::OMNO, &request.credential));
        };
        let addresses = this.addresses(request.notification_url.as_ref(), None, None)?;
        let mut billing = wire_billing(&credential.billing);
        billing.external_user_id = Some(credential.customer_id.clone());
        let create = CreatePayment::new(request.amount, billing, addresses)
            .with_order_id(request.attempt.as_str())
            .with_card_token(credential.card_token.clone());
        match this.client.create_payment(&create).await {
            Ok(created) => this.read_created(&created, request).await,
            Err(refused) if is_dead_card(&refused) => Ok(dead_credential(ProviderId::OMNO, &error(refused))),
            Err(failed) => Err(error(failed)),
        }
    }

    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let payment = self.client.get_payment(reference.as_str()).await.map_err(error)?;
        Ok(PaymentStatus::single(read_payment(&payment, reference)))
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let notification = notification::parse_cleared(&self.client, &notification::accept(raw))?;
        let key = notification.dedupe_key();
        let mut received = ReceivedNotification::new(ProviderId::OMNO, Authenticity::Unsigned, key);
        received.event = Some(notification.status.to_string());
        received.payment = Some(PaymentRef::new(&notification.id));
        received.merchant_reference = notification.order_id;
        Ok(received)
    }
}

impl Omno {
    /// Reads the payment that a charge created: the answer to the charge echoes nothing, so it may be that to another.
    async fn read_created(
        &self,
        created: &omno::CreatedPayment,
        request: &ChargeRequest,
    ) -> Result<Payment, Error> {
        let reference = PaymentRef::new(&created.payment_id);
        let unknown = |kind, message: String| {
            let inner = recurring_core::Error::unknown(kind, message);
            Error::new(ProviderId::OMNO, inner).with_payment(reference.clone())
        };
        let read = self.client.get_payment(&created.payment_id).await.map_err(|failed| {
            unknown(failed.kind(), format!("cannot read the payment that was created: {}", failed.message()))
        })?;
        let definite = read.outcome().is_definite();
        match read.is_about(request.attempt.as_str(), request.amount) {
            Some(false) => {
                let message = "the payment that was created names another order, amount or currency";
                Err(unknown(ErrorKind::Protocol, message.to_owned()))
            }
            None if definite => {
                let message = "the payment that was created lacks a readable order, amount or currency";
                Err(unknown(ErrorKind::Protocol, message.to_owned()))
            }
            _ => {
                let mut payment = read_payment(&read, &reference);
                payment.amount = payment.amount.or(Some(request.amount));
                if !definite && payment.redirect.is_none() {
                    // If the gateway asks for the customer, this is the page.
                    payment.redirect = created.payment_address();
                }
                Ok(payment)
            }
        }
    }
}

/// Whether the gateway refused the card token itself.
// Assumption: no document says how; a 4xx whose words name the token as unknown is taken for it.
fn is_dead_card(refused: &omno::Error) -> bool {
    let status = refused.reply().map(recurring_core::Reply::status);
    matches!(status, Some(400 | 404 | 410 | 422))
        && refused.api().is_some_and(omno::ApiError::refuses_card_token)
}

fn wire_billing(billing: &Billing) -> omno::Billing {
    omno::Billing {
        first_name: billing.first_name.clone(),
        last_name: billing.last_name.clone(),
        address1: billing.address1.clone(),
        city: billing.city.clone(),
        state: billing.state.clone(),
        country: billing.country.clone(),
        postal_code: billing.postal_code.clone(),
        phone: billing.phone.clone(),
        email: billing.email.clone(),
        external_user_id: None,
        date_of_birth: None,
    }
}

fn created_payment(created: &omno::CreatedPayment, amount: Money) -> Payment {
    let status = created.status.as_ref().map_or("created", |status| status.as_str());
    let mut payment = Payment::new(ProviderId::OMNO, created.outcome(), status);
    payment.payment = Some(PaymentRef::new(&created.payment_id));
    payment.merchant_reference = created.order_id.clone();
    payment.amount = Some(amount);
    // Also for a charge whose outcome is open: if the gateway asks for the customer, this is the page.
    payment.redirect = match created.outcome() {
        Outcome::ActionRequired | Outcome::Pending => created.payment_address(),
        _ => None,
    };
    payment.decline =
        created.decline_reason().map(|reason| Decline::new(reason, Some(status.to_owned()), None));
    payment
}

fn read_payment(read: &omno::Payment, reference: &PaymentRef) -> Payment {
    let mut payment = Payment::new(ProviderId::OMNO, read.outcome(), read.status.as_str());
    payment.payment = Some(reference.clone());
    payment.merchant_reference = read.order_id.clone();
    payment.amount = read
        .currency
        .as_deref()
        .zip(read.amount.as_deref())
        .and_then(|(code, amount)| Money::parse(amount, Currency::from_code(code).ok()?).ok());
    payment.card = PaymentCard::read(read.card_brand.as_deref(), read.expiration_date.as_deref());
    payment.captured = (payment.outcome == Outcome::Paid).then(|| payment.amount.into());
    payment.refunded = match read.status {
        omno::PaymentStatus::Refunded => Some(payment.amount.into()),
        omno::PaymentStatus::PartiallyRefunded => Some(Portion::Unstated),
        _ => None,
    };
    payment.redirect = match payment.outcome {
        Outcome::ActionRequired => read.payment_address(),
        _ => None,
    };
    payment.decline = read
        .decline_reason()
        .map(|reason| Decline::new(reason, Some(read.status.to_string()), read.payment_result.clone()));
    payment
}

fn error(error: omno::Error) -> Error {
    let to_gateway = |api: omno::ApiError| GatewayError::new(api.error.clone(), api.to_string());
    Error::new(ProviderId::OMNO, error.map_api(to_gateway))
}

/// A client from the settings: `OMNO_BEARER_TOKEN`, or `OMNO_CLIENT_ID` and `OMNO_CLIENT_SECRET`; `OMNO_BASE_URL`, an
/// address or `live`; beside an address, `OMNO_TOKEN_URL`, where access tokens are fetched; and the payments' own
/// addresses where they are set.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::OMNO;
    let credentials = match settings.get("OMNO_BEARER_TOKEN") {
        Some(token) => Credentials::bearer(token.clone()),
        None => Credentials::client(
            settings.need(provider(), "OMNO_CLIENT_ID")?.clone(),
            settings.need(provider(), "OMNO_CLIENT_SECRET")?.clone(),
        ),
    };
    let known = [("live", Environment::Live)];
    let environment = environment(settings, provider(), "OMNO_BASE_URL", &known, Environment::Custom)?;
    let mut builder = Client::builder(environment.clone(), credentials);
    match settings.text("OMNO_TOKEN_URL") {
        Some(word) if word == "live" => {}
        Some(url) => builder = builder.with_token_url(url),
        None if environment == Environment::Live || settings.get("OMNO_BEARER_TOKEN").is_some() => {}
        // The live token service must not be asked by default on behalf of another gateway.
        None => {
            return Err(SettingsError::Missing { provider: provider(), variables: vec!["OMNO_TOKEN_URL"] });
        }
    }
    let client = builder
        .with_http(settings.http(&ProviderId::OMNO, Client::default_http())?)
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    let addresses = OmnoAddresses {
        hook_url: settings.text("OMNO_HOOK_URL"),
        callback: settings.text("OMNO_CALLBACK_URL"),
        callback_fail: settings.text("OMNO_CALLBACK_FAIL_URL"),
    };
    Ok(Arc::new(Omno::new(client, addresses)))
}
