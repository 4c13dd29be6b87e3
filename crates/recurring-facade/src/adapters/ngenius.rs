mod changes;
mod look_up;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ngenius::notification::{self, RawNotification};
use ngenius::{Card, Client, CreateRecurringPayment, Environment, Frequency};
use recurring_core::{InvalidInput, Outcome, Secret};
use serde::Deserialize;

use crate::adapters::{environment, longest, no_key, unusable};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::credential::{Agreement, ScheduleRef};
use crate::error::{Error, GatewayError, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge};
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::{Payment, PaymentStatus, Scheduled};
use crate::provider::Provider;
use crate::request::{CaptureRequest, RefundRequest, ScheduleRequest};
use crate::settings::{Settings, SettingsError};

/// N-Genius Online behind the words of this crate. The gateway runs the clock: nothing here charges on demand.
#[derive(Debug, Clone)]
pub struct Ngenius {
    client: Client,
    webhook: Option<Webhook>,
}

/// The static header that the gateway puts on its notifications.
#[derive(Debug, Clone)]
struct Webhook {
    header: String,
    secret: Secret,
}

impl Ngenius {
    /// Takes a client of the gateway. Without [`with_webhook`](Self::with_webhook) every notification is refused.
    pub fn new(client: Client) -> Self {
        Self { client, webhook: None }
    }

    /// Names the static header that was set in the gateway's portal, and its value.
    #[must_use]
    pub fn with_webhook(mut self, header: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.webhook = Some(Webhook { header: header.into(), secret: secret.into() });
        self
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
impl Provider for Ngenius {
    fn id(&self) -> ProviderId {
        ProviderId::NGENIUS
    }

    fn facts(&self) -> &'static Facts {
        &facts::NGENIUS
    }

    fn capabilities(&self) -> Capabilities {
        capabilities::NGENIUS
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn longest_operation(&self) -> Option<Duration> {
        // A refund or a capture reads the order before its write, a new schedule after it. Both may fetch a token, be
        // refused it, fetch a new one and be sent again.
        longest(self.client.http_options(), 6, 2)
    }

    async fn schedule(&self, request: &ScheduleRequest, call: &Call<'_>) -> Result<Scheduled, Error> {
        let this = self.limited(call);
        let card = read_card(&request.card).map_err(|input| Error::invalid(ProviderId::NGENIUS, input))?;
        let frequency = Frequency::from(request.frequency.as_str());
        let create = CreateRecurringPayment::new(request.amount, frequency, &request.email, card)
            .with_merchant_order_reference(request.attempt.as_str());
        let created = this.client.create_recurring_payment(&create).await.map_err(error)?;
        let payment = this.confirmed(&created, request).await?;
        let reference = created.order_reference.or(created.reference);
        let agreement = reference
            .filter(|_| payment.outcome != Outcome::Declined)
            .map(|order_reference| ScheduleRef { provider: ProviderId::NGENIUS, order_reference })
            .map(Agreement::GatewayScheduled);
        Ok(Scheduled::new(payment, agreement, created.next_payment_on))
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let variables = "NGENIUS_WEBHOOK_HEADER and NGENIUS_WEBHOOK_SECRET";
        let webhook = self.webhook.as_ref().ok_or_else(|| no_key(&ProviderId::NGENIUS, variables))?;
        let verified = notification::verify(raw, &webhook.header, &webhook.secret)?;
        let notification = notification::parse_cleared(&self.client, &verified)?;
        let key = notification.dedupe_key();
        let mut received = ReceivedNotification::new(ProviderId::NGENIUS, Authenticity::Verified, key);
        received.event = Some(notification.event.to_string());
        let (reference, merchant_reference) = match notification.order {
            Some(order) => (order.reference, order.merchant_order_reference),
            None => (None, None),
        };
        received.payment = reference.map(PaymentRef::new);
        received.merchant_reference = merchant_reference;
        Ok(received)
    }

    async fn status(&self, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        self.read_status(payment).await
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.look_up_charge(lost).await
    }

    fn look_up_needs_payment(&self) -> bool {
        true
    }

    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.refund_payment(request, call).await
    }

    async fn capture(&self, request: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.capture_payment(request, call).await
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

fn read_card(json: &Secret) -> Result<Card, InvalidInput> {
    // The parser's own message would quote what it found.
    let card: CardJson = serde_json::from_str(json.expose()).map_err(|_| {
        InvalidInput::new(
            "card",
            "must be a JSON object with the texts pan, expiry (YYYY-MM), cvv, cardholder_name",
        )
    })?;
    Card::new(card.pan, card.expiry, card.cvv, card.cardholder_name)
}

fn error(error: ngenius::Error) -> Error {
    let to_gateway = |api: ngenius::ApiError| {
        let code =
            api.code.clone().or_else(|| api.errors.iter().find_map(|detail| detail.error_code.clone()));
        GatewayError::new(code, api.to_string())
    };
    Error::new(ProviderId::NGENIUS, error.map_api(to_gateway))
}

/// A client from the settings: `NGENIUS_API_KEY`, `NGENIUS_OUTLET` and `NGENIUS_BASE_URL`, an address or one of
/// `uae-sandbox`, `uae-live`, `ksa-sandbox`, `ksa-live`; `NGENIUS_REALM` unless the address is one of the known ones.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::NGENIUS;
    let key = settings.need(provider(), "NGENIUS_API_KEY")?.clone();
    let outlet = settings.need(provider(), "NGENIUS_OUTLET")?.expose();
    let known = [
        ("uae-sandbox", Environment::UaeSandbox),
        ("uae-live", Environment::UaeLive),
        ("ksa-sandbox", Environment::KsaSandbox),
        ("ksa-live", Environment::KsaLive),
    ];
    let address = |url: String| Environment::from(url.as_str());
    let environment = environment(settings, provider(), "NGENIUS_BASE_URL", &known, address)?;
    let mut builder = Client::builder(environment, key, outlet);
    if let Some(realm) = settings.text("NGENIUS_REALM") {
        builder = builder.with_realm(realm);
    }
    let client = builder
        .with_http(settings.http(&ProviderId::NGENIUS, Client::default_http())?)
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    let mut ngenius = Ngenius::new(client);
    if let Some(secret) = settings.get("NGENIUS_WEBHOOK_SECRET") {
        let header = settings.need(provider(), "NGENIUS_WEBHOOK_HEADER")?.expose();
        ngenius = ngenius.with_webhook(header, secret.clone());
    }
    Ok(Arc::new(ngenius))
}
