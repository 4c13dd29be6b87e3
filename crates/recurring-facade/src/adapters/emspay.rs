mod look_up;
mod order;
mod series;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use emspay::notification::{self, RawNotification};
use emspay::{CaptureTransaction, Client, CreateOrder, Environment, RefundOrder};
use recurring_core::{InvalidInput, Outcome, Timestamp};

use self::order::{amount_of, error, payment};
use crate::adapters::{
    dead_credential, environment, foreign_credential, foreign_pending, longest, part_of, unusable,
};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::credential::{Agreement, PendingEnrolment, StoredCredential};
use crate::error::{Error, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge};
use crate::notification::{Authenticity, ReceivedNotification};
use crate::payment::{EnrolStarted, Enrolment, Payment, PaymentStatus};
use crate::provider::Provider;
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest};
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

    /// The same adapter, with a client that sends nothing after the call's limit.
    fn limited(&self, call: &Call<'_>) -> Self {
        match &call.not_after {
            Some(limit) => Self { client: self.client.with_not_after(limit.clone()) },
            None => self.clone(),
        }
    }
}

#[async_trait]
impl Provider for Emspay {
    fn id(&self) -> ProviderId {
        ProviderId::EMSPAY
    }

    fn facts(&self) -> &'static Facts {
        &facts::EMSPAY
    }

    fn capabilities(&self) -> Capabilities {
        capabilities::EMSPAY
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn longest_operation(&self) -> Option<Duration> {
        // A capture reads the order before and after its write.
        longest(self.client.http_options(), 2, 1)
    }

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let mut first = CreateOrder::first(request.attempt.as_str(), request.amount);
        if let Some(text) = &request.description {
            first = first.with_description(text);
        }
        if let Some(url) = &request.success_url {
            first = first.with_return_url(url);
        }
        if let Some(url) = &request.failure_url {
            first = first.with_failure_url(url);
        }
        if let Some(url) = &request.notification_url {
            first = first.with_webhook_url(url);
        }
        let order = self.client.create_order(&first).await.map_err(error)?;
        Ok(EnrolStarted::new(payment(&order), PendingEnrolment::Emspay { order_id: order.id }))
    }

    async fn resume(&self, pending: &PendingEnrolment, call: &Call<'_>) -> Result<Enrolment, Error> {
        let this = self.limited(call);
        let PendingEnrolment::Emspay { order_id } = pending else {
            return Err(foreign_pending(ProviderId::EMSPAY, pending));
        };
        let order = this.client.get_order(order_id).await.map_err(error)?;
        // The token exists once the customer has paid; before that there is nothing to charge with.
        let paid = order.outcome().went_through();
        let credential = match order.vault_token().filter(|_| paid) {
            Some(token) => Some(series::credential(&order, token)?),
            None => None,
        };
        let agreement = credential.map(StoredCredential::Emspay).map(Agreement::ChargeOnDemand);
        Ok(Enrolment::new(payment(&order), agreement))
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let StoredCredential::Emspay(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::EMSPAY, &request.credential));
        };
        let mut order =
            CreateOrder::recurring(request.attempt.as_str(), request.amount, credential.vault_token.clone());
        if let Some(series) = series::of(credential, request.amount)? {
            order = order
                .in_series(&series, Timestamp::now())
                .map_err(|input| Error::invalid(ProviderId::EMSPAY, input))?;
        }
        if let Some(reason) = &request.reason {
            order = order.with_description(reason);
        }
        if let Some(url) = &request.notification_url {
            order = order.with_webhook_url(url);
        }
        match this.client.create_order(&order).await {
            Ok(order) => Ok(payment(&order)),
            Err(refused) if names_vault_token(&refused) => {
                Ok(dead_credential(ProviderId::EMSPAY, &error(refused)))
            }
            Err(failed) => Err(error(failed)),
        }
    }

    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let order = self.client.get_order(reference.as_str()).await.map_err(error)?;
        Ok(PaymentStatus::single(payment(&order)))
    }

    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let id = request.payment.as_str();
        // The wire carries no currency and the gateway takes the order's own: both are compared first.
        let order = this.client.get_order(id).await.map_err(|failed| error(failed).before_write())?;
        let amount = part_of(ProviderId::EMSPAY, request.amount, amount_of(&order)?)?;
        if request.amount.is_none() && order.has_refunds() {
            let rule = "must be given: some of this payment was refunded, and the gateway does not say how much is left";
            return Err(Error::invalid(ProviderId::EMSPAY, InvalidInput::new("amount", rule)));
        }
        let refund = this.client.refund_order(&RefundOrder::new(id, amount)).await.map_err(error)?;
        let mut payment = Payment::new(ProviderId::EMSPAY, refund.outcome(), refund.status.as_str());
        payment.payment = Some(PaymentRef::new(&refund.id));
        payment.amount = Some(amount);
        payment.test = refund.is_test().then_some(true);
        Ok(payment)
    }

    /// The gateway takes all that is held; a part is refused here.
    async fn capture(&self, request: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let invalid = |field, rule| Error::invalid(ProviderId::EMSPAY, InvalidInput::new(field, rule));
        let id = request.payment.as_str();
        let order = this.client.get_order(id).await.map_err(|failed| error(failed).before_write())?;
        let whole = amount_of(&order)?;
        if part_of(ProviderId::EMSPAY, request.amount, whole)? != whole {
            return Err(invalid(
                "amount",
                "must be that of the order: the gateway captures all of it or nothing",
            ));
        }
        let [transaction] = order.transactions.as_slice() else {
            return Err(invalid("payment", "must be an order with a single transaction"));
        };
        let Some(transaction_id) = &transaction.id else {
            return Err(invalid("payment", "has a transaction without an identifier"));
        };
        this.client.capture_transaction(&CaptureTransaction::new(id, transaction_id)).await.map_err(error)?;
        // The answer may be empty: the order itself says where it stands. A failed read changes nothing about the
        // capture that was accepted.
        Ok(match this.client.get_order(id).await {
            Ok(order) => payment(&order),
            Err(_) => {
                let mut pending = Payment::new(ProviderId::EMSPAY, Outcome::Pending, "capture accepted");
                pending.payment = Some(request.payment.clone());
                pending
            }
        })
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let notification = notification::parse_cleared(&self.client, &notification::accept(raw))?;
        let key = notification.dedupe_key();
        let mut received = ReceivedNotification::new(ProviderId::EMSPAY, Authenticity::Unsigned, key);
        received.event = Some(notification.event.to_string());
        received.payment = Some(PaymentRef::new(notification.order_id));
        Ok(received)
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.look_up_charge(lost).await
    }
}

/// Whether the gateway refused the vault token: then it is dead or unknown, and the card must be collected again.
fn names_vault_token(refused: &emspay::Error) -> bool {
    let path = refused.api().and_then(|api| api.property_path.as_deref());
    refused.effect().is_not_applied() && path.is_some_and(|path| path.contains("vault_token"))
}

/// A client from the settings: `EMSPAY_API_KEY`, and `EMSPAY_BASE_URL`, an address or `live`.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::EMSPAY;
    let key = settings.need(provider(), "EMSPAY_API_KEY")?.clone();
    let known = [("live", Environment::Live)];
    let environment = environment(settings, provider(), "EMSPAY_BASE_URL", &known, Environment::Custom)?;
    let client = Client::builder(environment, key)
        .with_http(settings.http(&ProviderId::EMSPAY, Client::default_http())?)
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    Ok(Arc::new(Emspay::new(client)))
}
