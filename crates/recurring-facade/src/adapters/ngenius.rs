use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use ngenius::{Card, Client, CreateRecurringPayment, Environment, Frequency, Order, RecurringPayment};
use recurring_core::{Currency, InvalidInput, Money, Outcome, Secret};
use serde::Deserialize;

use crate::adapters::unusable;
use crate::credential::{Agreement, ScheduleRef};
use crate::error::{Error, GatewayError};
use crate::facts::{self, Facts};
use crate::payment::{Decline, Payment, PaymentRef, PaymentStatus, Scheduled};
use crate::provider::{Provider, ProviderId, Schedule, Status};
use crate::request::ScheduleRequest;
use crate::settings::{Settings, SettingsError};

/// N-Genius Online behind the words of this crate. The gateway runs the clock: nothing here charges on demand.
#[derive(Debug, Clone)]
pub struct Ngenius {
    client: Client,
}

impl Ngenius {
    /// Takes a client of the gateway.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Provider for Ngenius {
    fn id(&self) -> ProviderId {
        ProviderId::NGENIUS
    }

    fn facts(&self) -> &'static Facts {
        &facts::NGENIUS
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn as_schedule(&self) -> Option<&dyn Schedule> {
        Some(self)
    }

    fn as_status(&self) -> Option<&dyn Status> {
        Some(self)
    }
}

/// The card as a caller hands it in. Its members go straight into the gateway's own card type.
#[derive(Deserialize)]
struct CardJson {
    pan: String,
    expiry: String,
    cvv: String,
    #[serde(alias = "cardholderName")]
    cardholder_name: String,
}

#[async_trait]
impl Schedule for Ngenius {
    async fn schedule(&self, request: &ScheduleRequest) -> Result<Scheduled, Error> {
        let card = read_card(&request.card).map_err(|input| Error::invalid(ProviderId::NGENIUS, input))?;
        let frequency = Frequency::from(request.frequency.as_str());
        let create = CreateRecurringPayment::new(request.amount, frequency, &request.email, card)
            .merchant_order_reference(request.attempt.as_str());
        let created = self.client.create_recurring_payment(&create).await.map_err(error)?;
        let payment = first_payment(&created, request.amount);
        let reference = created.order_reference.or(created.reference);
        let agreement = reference
            .filter(|_| payment.outcome != Outcome::Declined)
            .map(|order_reference| ScheduleRef { provider: ProviderId::NGENIUS, order_reference })
            .map(Agreement::GatewayRunsIt);
        Ok(Scheduled::new(payment, agreement, created.next_payment_on))
    }
}

#[async_trait]
impl Status for Ngenius {
    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let order = self.client.get_order(reference.as_str()).await.map_err(error)?;
        let charges: Vec<Payment> = order.payments.iter().map(charge).collect();
        Ok(PaymentStatus::new(newest(&order, &charges, reference), charges))
    }
}

fn read_card(json: &Secret) -> Result<Card, InvalidInput> {
    // The parser's own message would quote what it found.
    let card: CardJson = serde_json::from_str(json.expose()).map_err(|_| {
        InvalidInput::new(
            "card",
            "must be a JSON object with the texts pan, expiry (YYYY-MM), cvv, cardholder_name",
        )
    })?;
    Card::new(card.pan, &card.expiry, card.cvv, card.cardholder_name)
}

/// The answer names no amount; what the gateway accepted is what was asked for.
fn first_payment(created: &RecurringPayment, amount: Money) -> Payment {
    let mut payment = Payment::new(ProviderId::NGENIUS, created.outcome(), created.state.as_str());
    payment.payment = created.order_reference.as_ref().or(created.reference.as_ref()).map(PaymentRef::new);
    payment.amount = (payment.outcome == Outcome::Approved).then_some(amount);
    if payment.outcome == Outcome::Declined {
        payment.decline = Some(Decline::new(Some(created.state.to_string()), None));
    }
    payment
}

fn charge(charged: &ngenius::Payment) -> Payment {
    let mut payment = Payment::new(ProviderId::NGENIUS, charged.outcome(), charged.state.as_str());
    payment.payment = charged.reference.as_ref().map(PaymentRef::new);
    payment.amount = charged.amount.as_ref().and_then(|amount| {
        Money::from_minor(amount.value?, Currency::from_code(amount.currency_code.as_deref()?).ok()?).ok()
    });
    if payment.outcome == Outcome::Declined {
        payment.decline = Some(match &charged.auth_response {
            Some(answer) => Decline::new(answer.result_code.clone(), answer.result_message.clone()),
            None => Decline::default(),
        });
    }
    payment
}

/// The newest charge stands for the schedule. The order in which the gateway lists charges is not documented, so
/// the time decides; without readable times, and with several charges, nothing is claimed.
fn newest(order: &Order, charges: &[Payment], reference: &PaymentRef) -> Payment {
    let instants: Option<Vec<_>> = order
        .payments
        .iter()
        .map(|payment| payment.update_date_time.as_ref().and_then(|time| time.instant()))
        .collect();
    let chosen = match (charges, instants) {
        ([only], _) => Some(only),
        (_, Some(instants)) => {
            charges.iter().zip(instants).max_by_key(|(_, instant)| *instant).map(|(charge, _)| charge)
        }
        _ => None,
    };
    let mut payment = chosen
        .cloned()
        .unwrap_or_else(|| Payment::new(ProviderId::NGENIUS, Outcome::Pending, "several charges"));
    payment.payment = Some(reference.clone());
    payment
}

fn error(error: ngenius::Error) -> Error {
    let to_gateway = |api: ngenius::ApiError| {
        let code =
            api.code.clone().or_else(|| api.errors.iter().find_map(|detail| detail.error_code.clone()));
        GatewayError::new(code, api.to_string())
    };
    Error::new(ProviderId::NGENIUS, error.map_api(to_gateway))
}

/// A client from the settings: `NGENIUS_API_KEY`, `NGENIUS_OUTLET` and `NGENIUS_BASE_URL` (there are several live
/// gateways, so none is the default); `NGENIUS_REALM` unless the address is one of the known ones.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::NGENIUS;
    let key = settings.need(provider(), "NGENIUS_API_KEY")?.clone();
    let outlet = settings.need(provider(), "NGENIUS_OUTLET")?.expose();
    let url = settings.need(provider(), "NGENIUS_BASE_URL")?.expose();
    let mut builder = Client::builder(key, outlet).environment(Environment::from(url));
    if let Some(realm) = settings.text("NGENIUS_REALM") {
        builder = builder.realm(realm);
    }
    let client = builder
        .http(settings.http(Client::default_http()))
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    Ok(Arc::new(Ngenius::new(client)))
}
