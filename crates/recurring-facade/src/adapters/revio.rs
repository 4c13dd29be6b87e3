mod changes;
mod look_up;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use recurring_core::{Currency, ErrorKind, Money, Outcome, Portion};
use recurring_gateway::ErrorExt as _;
use revio::notification::{self, NotifiedObject, RawNotification, WebhookKeys};
use revio::{
    ChargeAnswer, ChargePurchase, Client, ClientDetails, CreateClient, CreatePurchase, Environment, Payer,
    PublicKey, Purchase, PurchaseStatus,
};

use crate::adapters::{
    environment, foreign_credential, foreign_pending, key_file, longest, needed, unusable,
};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::card::PaymentCard;
use crate::credential::{Agreement, PendingEnrolment, RevioCredential, StoredCredential};
use crate::error::{Error, GatewayError, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge};
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentStatus, StoredCard};
use crate::provider::Provider;
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest};
use crate::settings::{Settings, SettingsError};

/// Revio behind the words of this crate.
#[derive(Debug, Clone)]
pub struct Revio {
    client: Client,
    brand_id: String,
    webhook_keys: Arc<WebhookKeys>,
}

impl Revio {
    /// Takes a client of the gateway, and the brand that the purchases belong to. Notifications are checked with the
    /// key that the gateway gives out, which is right for `success_callback`.
    pub fn new(client: Client, brand_id: impl Into<String>) -> Self {
        let webhook_keys = Arc::new(WebhookKeys::fetched(client.clone()));
        Self { client, brand_id: brand_id.into(), webhook_keys }
    }

    /// Names the key that the gateway shows with a webhook; notifications are checked with it alone.
    #[must_use]
    pub fn with_webhook_key(mut self, key: PublicKey) -> Self {
        self.webhook_keys = Arc::new(WebhookKeys::configured(key));
        self
    }

    /// A purchase of one product with the attempt as its reference.
    fn purchase(&self, client_id: &str, request: (&str, Option<&String>, Money)) -> CreatePurchase {
        let (reference, name, amount) = request;
        let name = name.map_or("Recurring payment", String::as_str);
        CreatePurchase::one_product(&self.brand_id, Payer::client_id(client_id), name, amount)
            .with_reference(reference)
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
impl Provider for Revio {
    fn id(&self) -> ProviderId {
        ProviderId::REVIO
    }

    fn facts(&self) -> &'static Facts {
        &facts::REVIO
    }

    fn capabilities(&self) -> Capabilities {
        capabilities::REVIO
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn longest_operation(&self) -> Option<Duration> {
        // A charge creates the purchase, charges it, and reads it when the answer to the charge was lost. A refund or a
        // capture reads the purchase before its write, and again after a refusal.
        longest(self.client.http_options(), 2, 2)
    }

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let client_id = match &request.customer.gateway_id {
            Some(id) => id.clone(),
            None => {
                let email = needed(&ProviderId::REVIO, "email", request.customer.email.as_ref())?;
                let create = CreateClient::new(ClientDetails::new(email));
                self.client.create_client(&create).await.map_err(error)?.id
            }
        };
        let parts = (request.attempt.as_str(), request.description.as_ref(), request.amount);
        let mut create = self.purchase(&client_id, parts).with_force_recurring();
        if let Some(url) = &request.success_url {
            create = create.with_success_redirect(url);
        }
        if let Some(url) = &request.failure_url {
            create = create.with_failure_redirect(url);
        }
        if let Some(url) = &request.notification_url {
            create = create.with_success_callback(url);
        }
        let purchase = self.client.create_purchase(&create).await.map_err(error)?;
        let payment = first(&purchase);
        if payment.redirect.is_none() && !payment.outcome.went_through() {
            // The identifier becomes the token when the customer pays, and errors are shown.
            let message =
                "the gateway created a purchase without a usable `checkout_url`: the customer cannot pay it";
            let inner = recurring_core::Error::unknown(ErrorKind::Protocol, message);
            return Err(Error::new(ProviderId::REVIO, inner));
        }
        let pending = PendingEnrolment::Revio { client_id, purchase_id: purchase.id.clone() };
        Ok(EnrolStarted::new(payment, pending))
    }

    async fn resume(&self, pending: &PendingEnrolment, call: &Call<'_>) -> Result<Enrolment, Error> {
        let this = self.limited(call);
        let PendingEnrolment::Revio { client_id, purchase_id } = pending else {
            return Err(foreign_pending(ProviderId::REVIO, pending));
        };
        let purchase = this.client.get_purchase(purchase_id).await.map_err(error)?;
        let credential = purchase
            .recurring_token()
            .map(|recurring_token| RevioCredential { client_id: client_id.clone(), recurring_token });
        let agreement = credential.map(StoredCredential::Revio).map(Agreement::ChargeOnDemand);
        Ok(Enrolment::new(first(&purchase), agreement))
    }

    /// `customer` is the gateway's identifier of the client.
    async fn stored_cards(&self, customer: &str) -> Result<Vec<StoredCard>, Error> {
        let mut tokens = self.client.recurring_tokens(customer);
        let mut cards = Vec::new();
        while let Some(token) = tokens.next().await {
            let token = token.map_err(error)?;
            let credential =
                RevioCredential { client_id: customer.to_owned(), recurring_token: token.id.clone() };
            let mut card = StoredCard::new(Some(StoredCredential::Revio(credential)));
            card.masked = token.description;
            card.brand = token.payment_method;
            cards.push(card);
        }
        Ok(cards)
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let StoredCredential::Revio(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::REVIO, &request.credential));
        };
        let parts = (request.attempt.as_str(), request.reason.as_ref(), request.amount);
        let mut create = this.purchase(&credential.client_id, parts);
        if let Some(url) = &request.notification_url {
            create = create.with_success_callback(url);
        }
        // Creating moves no money: a lost answer here leaves an unpaid purchase behind, and nothing else. It is
        // never charged, since its identifier is not known.
        let purchase = this.client.create_purchase(&create).await.map_err(not_charged)?;
        let reference = PaymentRef::new(&purchase.id);
        if let Err(problem) = call.record.payment_created(&request.attempt, &reference).await {
            let message = format!("the purchase was not charged, since it could not be recorded: {problem}");
            let inner = recurring_core::Error::never_sent(ErrorKind::Config, message);
            return Err(Error::new(ProviderId::REVIO, inner).with_payment(reference));
        }
        let charge = ChargePurchase::new(&purchase.id, credential.recurring_token.clone())
            .with_expected(request.amount);
        match this.client.charge_purchase(&charge).await {
            // It only says to look at the purchase: a slow acquirer may have taken the money.
            Ok(ChargeAnswer::Unexplained(refusal)) => this.refused(&purchase.id, request, &refusal).await,
            Ok(answer) => Ok(charged(&answer, &purchase, request.amount)),
            Err(lost) if lost.effect().is_unknown() => match this.settled(&purchase.id, request).await {
                Some(payment) => Ok(payment),
                None => Err(error(lost).with_payment(reference)),
            },
            Err(refused) => Err(error(refused).with_payment(reference)),
        }
    }

    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let purchase = self.client.get_purchase(reference.as_str()).await.map_err(error)?;
        // A first payment is waited for on its page; a renewal is paid by a token or not at all.
        let payment =
            if purchase.force_recurring == Some(true) { first(&purchase) } else { renewal(&purchase) };
        Ok(PaymentStatus::single(payment))
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let notification = notification::parse_cleared(&self.client, &self.webhook_keys.verify(raw).await?)?;
        let key = notification.dedupe_key();
        let mut received = ReceivedNotification::new(ProviderId::REVIO, Authenticity::Verified, key);
        received.event = Some(notification.event.to_string());
        received.payment = notification.purchase_id().map(PaymentRef::new);
        received.merchant_reference = match notification.object {
            NotifiedObject::Purchase(purchase) => purchase.reference,
            NotifiedObject::Payment(payment) => payment.reference,
            _ => None,
        };
        Ok(received)
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.look_up_charge(lost).await
    }

    async fn cancel_unpaid(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.cancel_purchase(lost).await
    }

    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.refund_payment(request, call).await
    }

    async fn capture(&self, request: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.capture_payment(request, call).await
    }
}

/// A purchase that the customer pays on its page.
fn first(purchase: &Purchase) -> Payment {
    let mut payment = read(purchase, purchase.outcome());
    if payment.outcome == Outcome::ActionRequired {
        payment.redirect = purchase.checkout_address();
    }
    payment
}

/// A purchase that is charged with a token.
fn renewal(purchase: &Purchase) -> Payment {
    read(purchase, purchase.charge_outcome())
}

/// A purchase that contradicts itself is neither paid nor declined, and one whose newest try may have moved the money is
/// not declined.
fn read(purchase: &Purchase, outcome: Outcome) -> Payment {
    let unsettled = purchase.contradiction().is_some()
        || (outcome.went_through() && purchase.unreadable_amount().is_some());
    let outcome = if unsettled { Outcome::Pending } else { outcome };
    let mut payment = Payment::new(ProviderId::REVIO, outcome, purchase.status.as_str());
    payment.payment = Some(PaymentRef::new(&purchase.id));
    payment.merchant_reference = purchase.reference.clone();
    payment.amount = money(purchase);
    payment.test = purchase.is_test;
    payment.card = card(purchase);
    if outcome == Outcome::Paid {
        went(purchase, &mut payment);
    }
    if outcome == Outcome::Declined {
        payment.decline = Some(decline(purchase.decline().unwrap_or_default()));
    }
    payment
}

/// What was taken of a paid purchase, and what went back since.
fn went(purchase: &Purchase, payment: &mut Payment) {
    let taken = purchase.payment.as_ref().and_then(|paid| paid.amount);
    let taken = taken.or(payment.amount.map(Money::minor));
    let money = |minor: i64| Money::from_minor(minor, payment.amount?.currency()).ok();
    payment.captured = Some(taken.and_then(money).into());
    let gone = || taken?.checked_sub(purchase.refundable_amount?).filter(|gone| *gone > 0);
    payment.refunded = match purchase.status {
        PurchaseStatus::Refunded | PurchaseStatus::PendingRefund => Some(gone().and_then(money).into()),
        // A part may have been given back before the rest was disputed or settled.
        _ if purchase.refundable_amount.is_some_and(|left| left > 0) => {
            gone().and_then(money).map(Portion::Of)
        }
        _ => None,
    };
    payment.disputed = matches!(purchase.status, PurchaseStatus::Chargeback | PurchaseStatus::ChargedBack)
        .then_some(Portion::Unstated);
}

fn charged(answer: &ChargeAnswer, created: &Purchase, amount: Money) -> Payment {
    let mut payment = match answer.purchase() {
        Some(purchase) => renewal(purchase),
        None => Payment::new(ProviderId::REVIO, answer.outcome(), "charge refused"),
    };
    payment.payment = Some(PaymentRef::new(&created.id));
    payment.amount = payment.amount.or(Some(amount));
    payment.decline = answer.decline().map(decline).or(payment.decline);
    payment
}

fn decline(decline: revio::Decline) -> Decline {
    Decline::new(decline.reason(), decline.code, decline.message)
}

/// The card of the newest try, as far as the purchase names it.
fn card(purchase: &Purchase) -> Option<PaymentCard> {
    let data = purchase.transaction_data.as_ref()?;
    let card = data.card.as_ref();
    let brand = card.and_then(|card| card.brand.as_deref()).or(data.payment_method.as_deref());
    let expires = card.and_then(revio::PurchaseCard::expiry);
    PaymentCard::read(brand, expires.as_deref())
}

fn money(purchase: &Purchase) -> Option<Money> {
    let details = purchase.purchase.as_ref()?;
    Money::from_minor(details.total?, Currency::from_code(details.currency.as_deref()?).ok()?).ok()
}

fn error(error: revio::Error) -> Error {
    let to_gateway = |api: revio::ApiError| GatewayError::new(api.code().map(str::to_owned), api.to_string());
    Error::new(ProviderId::REVIO, error.map_api(to_gateway))
}

/// The purchase could not be created, so it was not charged: whatever the failure says of the purchase, no money
/// moved.
fn not_charged(lost: revio::Error) -> Error {
    if !lost.effect().is_unknown() {
        return error(lost);
    }
    let message = format!("{}; at most an unpaid purchase was left behind", lost.message());
    let mut inner = recurring_core::Error::never_sent(lost.kind(), message);
    if let Some(reply) = lost.reply() {
        inner = inner.with_reply(reply.clone());
    }
    Error::new(ProviderId::REVIO, inner)
}

/// A client from the settings: `REVIO_API_KEY`, `REVIO_BRAND_ID`, and `REVIO_BASE_URL`, an address or `live`.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::REVIO;
    let brand_id = settings.need(provider(), "REVIO_BRAND_ID")?.expose();
    let key = settings.need(provider(), "REVIO_API_KEY")?.clone();
    let known = [("live", Environment::Live)];
    let environment = environment(settings, provider(), "REVIO_BASE_URL", &known, Environment::Custom)?;
    let client = Client::builder(environment, key)
        .with_brand_id(brand_id)
        .with_http(settings.http(&ProviderId::REVIO, Client::default_http())?)
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    let mut revio = Revio::new(client, brand_id);
    let variable = "REVIO_WEBHOOK_PUBLIC_KEY_FILE";
    if let Some(text) = key_file(settings, variable)? {
        let key = PublicKey::parse(&text).map_err(|input| SettingsError::Unusable {
            provider: provider(),
            problem: format!("{variable}: {input}"),
        })?;
        revio = revio.with_webhook_key(key);
    }
    Ok(Arc::new(revio))
}
