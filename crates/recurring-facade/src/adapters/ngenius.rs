use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ngenius::notification::{self, NotificationError, RawNotification};
use ngenius::{
    CapturePayment, Card, Client, CreateRecurringPayment, Environment, Frequency, Order, PaymentState,
    RecurringPayment, RefundPayment,
};
use recurring_core::{Currency, InvalidInput, Money, Outcome, Secret};
use serde::Deserialize;

use crate::adapters::{longest, no_key, unusable};
use crate::call::Call;
use crate::credential::{Agreement, ScheduleRef};
use crate::error::{Error, GatewayError};
use crate::facts::{self, Facts};
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::{Decline, Payment, PaymentRef, PaymentStatus, Scheduled};
use crate::provider::{Capture, Notifications, Provider, ProviderId, Refund, Schedule, Status};
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

    /// The order, and the one of its payments that a reference means: `ORDER`, when it has only one that money can
    /// come back from or be taken from, or `ORDER:PAYMENT`.
    async fn find(&self, reference: &PaymentRef) -> Result<(String, ngenius::Payment), Error> {
        let invalid = |rule| Error::invalid(ProviderId::NGENIUS, InvalidInput::new("payment", rule));
        let (order_id, payment_id) = match reference.as_str().split_once(':') {
            Some((order, payment)) => (order, Some(payment)),
            None => (reference.as_str(), None),
        };
        let order = self.client.get_order(order_id).await.map_err(error)?;
        let mut found = order.payments.into_iter().filter(|payment| match payment_id {
            Some(id) => payment.reference.as_deref() == Some(id),
            None => payment.outcome() == Outcome::Approved,
        });
        match (found.next(), found.next()) {
            (Some(payment), None) => Ok((order_id.to_owned(), payment)),
            (None, _) => Err(invalid("names no payment of this order that was taken or held")),
            _ => Err(invalid("is an order with several payments: name one as ORDER:PAYMENT")),
        }
    }

    /// The same adapter, with a client that sends nothing after the call's limit.
    fn limited(&self, call: &Call<'_>) -> Self {
        match &call.not_after {
            Some(limit) => Self { client: self.client.with_not_after(limit.clone()), ..self.clone() },
            None => self.clone(),
        }
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

    fn longest_operation(&self) -> Option<Duration> {
        // A refund or a capture reads the order before its write. Both may fetch a token, be refused it, fetch a new one
        // and be sent again.
        longest(self.client.http_options(), 6, 2)
    }

    fn as_schedule(&self) -> Option<&dyn Schedule> {
        Some(self)
    }

    fn as_status(&self) -> Option<&dyn Status> {
        Some(self)
    }

    fn as_refund(&self) -> Option<&dyn Refund> {
        Some(self)
    }

    fn as_capture(&self) -> Option<&dyn Capture> {
        Some(self)
    }

    fn as_notifications(&self) -> Option<&dyn Notifications> {
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
    async fn schedule(&self, request: &ScheduleRequest, call: &Call<'_>) -> Result<Scheduled, Error> {
        let this = self.limited(call);
        let card = read_card(&request.card).map_err(|input| Error::invalid(ProviderId::NGENIUS, input))?;
        let frequency = Frequency::from(request.frequency.as_str());
        let create = CreateRecurringPayment::new(request.amount, frequency, &request.email, card)
            .merchant_order_reference(request.attempt.as_str());
        let created = this.client.create_recurring_payment(&create).await.map_err(error)?;
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
        // The order names the reference once, for every charge in it.
        let of_order = |payment| Payment {
            merchant_reference: order.merchant_order_reference.clone(),
            ..charge(payment)
        };
        let charges: Vec<Payment> = order.payments.iter().map(of_order).collect();
        Ok(PaymentStatus::new(newest(&order, &charges, reference), charges))
    }
}

#[async_trait]
impl Refund for Ngenius {
    /// The payment is `ORDER`, or `ORDER:PAYMENT` when the order has several.
    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let (order, paid) = this.find(&request.payment).await?;
        let amount = whole_or(request.amount, &paid)?;
        let refund = RefundPayment::of(&paid, order, amount)
            .map_err(|input| Error::invalid(ProviderId::NGENIUS, input))?;
        let answer = this.client.refund_payment(&refund).await.map_err(error)?;
        // The answer is the payment as it stands now, not the refund.
        let outcome = match answer.state {
            PaymentState::Refunded | PaymentState::PartiallyRefunded | PaymentState::Reversed => {
                Outcome::Approved
            }
            _ => Outcome::Pending,
        };
        let mut refunded = Payment::new(ProviderId::NGENIUS, outcome, answer.state.as_str());
        refunded.payment = Some(request.payment.clone());
        refunded.amount = Some(amount);
        Ok(refunded)
    }
}

#[async_trait]
impl Capture for Ngenius {
    /// The payment is `ORDER`, or `ORDER:PAYMENT` when the order has several.
    async fn capture(&self, request: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let (order, held) = this.find(&request.payment).await?;
        let amount = whole_or(request.amount, &held)?;
        let reference = held.reference.as_deref().unwrap_or_default();
        let capture = CapturePayment::new(order, reference, amount);
        let answer = this.client.capture_payment(&capture).await.map_err(error)?;
        let mut captured = charge(&answer);
        captured.payment = Some(request.payment.clone());
        captured.amount = Some(amount);
        Ok(captured)
    }
}

#[async_trait]
impl Notifications for Ngenius {
    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, NotificationError> {
        let variables = "NGENIUS_WEBHOOK_HEADER and NGENIUS_WEBHOOK_SECRET";
        let webhook = self.webhook.as_ref().ok_or_else(|| no_key(&ProviderId::NGENIUS, variables))?;
        let verified = notification::verify(raw, &webhook.header, &webhook.secret)?;
        let notification = notification::parse(&verified)?;
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
}

fn money(amount: Option<&ngenius::Amount>) -> Option<Money> {
    let amount = amount?;
    Money::from_minor(amount.value?, Currency::from_code(amount.currency_code.as_deref()?).ok()?).ok()
}

fn whole_or(amount: Option<Money>, payment: &ngenius::Payment) -> Result<Money, Error> {
    let rule = "must be handed in: the payment does not name its own";
    amount
        .or_else(|| money(payment.amount.as_ref()))
        .ok_or_else(|| Error::invalid(ProviderId::NGENIUS, InvalidInput::new("amount", rule)))
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
    payment.merchant_reference = created.merchant_order_reference.clone();
    payment.amount = (payment.outcome == Outcome::Approved).then_some(amount);
    payment.decline =
        created.decline_reason().map(|reason| Decline::new(reason, Some(created.state.to_string()), None));
    payment
}

fn charge(charged: &ngenius::Payment) -> Payment {
    let mut payment = Payment::new(ProviderId::NGENIUS, charged.outcome(), charged.state.as_str());
    payment.payment = charged.reference.as_ref().map(PaymentRef::new);
    payment.amount = money(charged.amount.as_ref());
    if let Some(reason) = charged.decline_reason() {
        let answer = charged.auth_response.as_ref();
        let code = answer.and_then(|answer| answer.result_code.clone());
        payment.decline =
            Some(Decline::new(reason, code, answer.and_then(|answer| answer.result_message.clone())));
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
    payment.merchant_reference = order.merchant_order_reference.clone();
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
    let mut ngenius = Ngenius::new(client);
    if let Some(secret) = settings.get("NGENIUS_WEBHOOK_SECRET") {
        let header = settings.need(provider(), "NGENIUS_WEBHOOK_HEADER")?.expose();
        ngenius = ngenius.with_webhook(header, secret.clone());
    }
    Ok(Arc::new(ngenius))
}
