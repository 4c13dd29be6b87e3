mod enrol;
mod look_up;
mod setup;

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use recurring_core::{AttemptId, Currency, InvalidInput, Money, Outcome, Portion};
use recurring_gateway::ErrorExt as _;
use tokenpay_signed::notification::{self, RawNotification};
use tokenpay_signed::{
    CallbackUrl, Client, GivenBack, OrderKey, OrderStatus, PublicKey, QueryOrder, Recurring, RefundOrder,
    TokenId, TokenOrder,
};

use crate::adapters::{dead_credential, foreign_credential, longest, no_key, part_of};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::credential::{PendingEnrolment, StoredCredential};
use crate::error::{Error, GatewayError, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::notification::{Authenticity, NotificationAnswer, ReceivedNotification};
use crate::payment::{Decline, EnrolStarted, Enrolment, Payment, PaymentStatus, StoredCard};
use crate::provider::{Found, LostCharge, Provider, Rebuilt};
use crate::request::{ChargeRequest, EnrolRequest, RefundRequest};

pub(crate) use setup::from_settings;
pub(crate) use setup::without_key;

/// The signed tokenisation gateway behind the words of this crate.
#[derive(Debug, Clone)]
pub struct TokenpaySigned {
    client: Client,
    gateway_key: Option<PublicKey>,
}

impl TokenpaySigned {
    /// Takes a client of the gateway. Without [`with_gateway_key`](Self::with_gateway_key) every notification is
    /// refused.
    pub fn new(client: Client) -> Self {
        Self { client, gateway_key: None }
    }

    /// Names the gateway's public key, with which its notifications are checked.
    #[must_use]
    pub fn with_gateway_key(mut self, key: PublicKey) -> Self {
        self.gateway_key = Some(key);
        self
    }

    /// Looks an order up: by its number, or else by the merchant's reference. That the query serves token orders is
    /// a guess.
    async fn query(&self, reference: &PaymentRef) -> Result<TokenOrder, Error> {
        self.client.query_order(&QueryOrder::new(order_key(reference)?)).await.map_err(error)
    }

    /// Compares an amount with the currency of the account, and with that of the first sale where it is known, before
    /// anything is sent: no request names a currency.
    fn check_currency(&self, amount: Money, first_sale: Option<Currency>) -> Result<(), Error> {
        let here = || ProviderId::TOKENPAY_SIGNED;
        if self.client.account().currency().is_none() {
            let rule =
                "must be set before money is moved: the currency of the merchant's account, such as HKD";
            let input = InvalidInput::new("TOKENPAY_CURRENCY", rule);
            return Err(Error::new(here(), recurring_core::Error::config(input)));
        }
        self.client.account().check_currency(amount).map_err(error)?;
        match first_sale {
            Some(currency) if currency != amount.currency() => {
                let rule = format!("must be in {currency}, the currency of the credential");
                Err(Error::invalid(here(), InvalidInput::new("amount", rule)))
            }
            _ => Ok(()),
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

#[async_trait]
impl Provider for TokenpaySigned {
    fn id(&self) -> ProviderId {
        ProviderId::TOKENPAY_SIGNED
    }

    fn facts(&self) -> &'static Facts {
        &facts::TOKENPAY_SIGNED
    }

    fn capabilities(&self) -> Capabilities {
        capabilities::TOKENPAY_SIGNED
    }

    fn native(&self) -> &dyn Any {
        &self.client
    }

    fn longest_operation(&self) -> Option<Duration> {
        // Resuming reads the tokens before the sale, and a refund the order.
        longest(self.client.http_options(), 1, 1)
    }

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

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        let StoredCredential::TokenpaySigned(credential) = &request.credential else {
            return Err(foreign_credential(ProviderId::TOKENPAY_SIGNED, &request.credential));
        };
        this.check_currency(request.amount, credential.currency)?;
        let mut recurring = Recurring::new(
            &credential.user_id,
            TokenId::text(credential.token_id.clone()),
            request.amount,
            request.attempt.as_str(),
            credential.parent_order_id,
        )
        .with_callback_url(told_at(request.notification_url.as_ref()));
        if let Some(reason) = &request.reason {
            recurring = recurring.with_reason(reason);
        }
        match this.client.recurring(&recurring).await {
            Ok(order) => Ok(payment(&order)),
            Err(refused) if is_dead_token(&refused) => {
                Ok(dead_credential(ProviderId::TOKENPAY_SIGNED, &error(refused)))
            }
            Err(failed) => Err(error(failed)),
        }
    }

    /// That the query serves token orders is a guess.
    async fn status(&self, reference: &PaymentRef) -> Result<PaymentStatus, Error> {
        let order = self.query(reference).await?;
        // For an order that was looked up, money that was taken and given back was still taken.
        Ok(PaymentStatus::single(read(&order, order.charge_outcome())))
    }

    /// Works once for each order. That the call serves token orders is a guess.
    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let this = self.limited(call);
        if let Some(amount) = request.amount {
            this.check_currency(amount, None)?;
        }
        // The wire carries no currency, and the gateway gives back once for each order: the order is read first.
        let order = this.query(&request.payment).await.map_err(Error::before_write)?;
        let invalid =
            |field, rule| Error::invalid(ProviderId::TOKENPAY_SIGNED, InvalidInput::new(field, rule));
        let whole = money(&order).ok_or_else(|| {
            invalid("amount", "cannot be compared: the order does not name its own amount and currency")
        })?;
        let amount = part_of(ProviderId::TOKENPAY_SIGNED, request.amount, whole)?;
        this.check_currency(amount, None)?;
        if matches!(
            order.order.status,
            OrderStatus::Refunded | OrderStatus::PartiallyRefunded | OrderStatus::Voided
        ) {
            let rule =
                "was given back already, all of it or a part: this gateway does so once for each order";
            return Err(invalid("payment", rule));
        }
        let refund = RefundOrder::new(order_key(&request.payment)?, amount);
        let answer = this.client.refund_order(&refund).await.map_err(error)?;
        let status = answer.order.as_ref().map_or("refund answered", |order| order.status.as_str());
        let mut refunded = Payment::new(ProviderId::TOKENPAY_SIGNED, answer.outcome(), status);
        refunded.payment = Some(request.payment.clone());
        refunded.amount = Some(amount);
        Ok(refunded)
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let here = ProviderId::TOKENPAY_SIGNED;
        let key =
            self.gateway_key.as_ref().ok_or_else(|| no_key(&here, "TOKENPAY_GATEWAY_PUBLIC_KEY_FILE"))?;
        let notification = notification::parse(&notification::verify(raw, key)?)?;
        let dedupe_key = notification.dedupe_key();
        let mut received = ReceivedNotification::new(here, Authenticity::Verified, dedupe_key);
        received.event = Some(notification.status.to_string());
        received.payment = Some(PaymentRef::new(notification.order_id));
        received.merchant_reference = notification.merchant_reference;
        Ok(received)
    }

    fn notification_answer(&self) -> NotificationAnswer {
        NotificationAnswer { status: 200, body: notification::ANSWER }
    }

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        self.begin_enrolment(request).await
    }

    async fn resume(&self, pending: &PendingEnrolment, call: &Call<'_>) -> Result<Enrolment, Error> {
        self.resume_enrolment(pending, call).await
    }

    async fn credential_of(
        &self,
        pending: &PendingEnrolment,
        payment: Option<&PaymentRef>,
    ) -> Result<Rebuilt, Error> {
        self.rebuild_credential(pending, payment).await
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.look_up_charge(lost).await
    }
}

/// Whether the gateway refused the token of the card itself, without an order. Its codes are not public.
// Assumption: a success status or 4xx whose words name the token as unknown or dead is taken for it.
fn is_dead_token(refused: &tokenpay_signed::Error) -> bool {
    let status = refused.reply().map(recurring_core::Reply::status);
    matches!(status, Some(200..=299 | 400 | 404 | 422))
        && refused.api().is_some_and(tokenpay_signed::ApiError::refuses_token)
        && !look_up::names_an_order(refused)
}

/// The gateway's number of an order, or the merchant's reference, which is the name of an attempt.
fn order_key(reference: &PaymentRef) -> Result<OrderKey, Error> {
    if let Ok(number) = reference.as_str().parse() {
        return Ok(OrderKey::OrderId(number));
    }
    let rule = "must be the gateway's number of an order, or the name of an attempt";
    AttemptId::new(reference.as_str())
        .map(|attempt| OrderKey::MerchantReference(attempt.to_string()))
        .map_err(|_| Error::invalid(ProviderId::TOKENPAY_SIGNED, InvalidInput::new("payment", rule)))
}

fn told_at(notification_url: Option<&String>) -> CallbackUrl {
    match notification_url {
        Some(url) => CallbackUrl::new().with_notify(url),
        None => CallbackUrl::new(),
    }
}

fn payment(answer: &TokenOrder) -> Payment {
    read(answer, answer.outcome())
}

fn read(answer: &TokenOrder, outcome: Outcome) -> Payment {
    let order = &answer.order;
    let mut payment = Payment::new(ProviderId::TOKENPAY_SIGNED, outcome, order.status.as_str());
    payment.payment = Some(PaymentRef::new(&order.id));
    payment.merchant_reference = order.merchant_reference.clone();
    payment.amount = money(answer);
    payment.captured = (outcome == Outcome::Paid).then(|| payment.amount.into());
    payment.refunded = answer.refunded().map(|back| match back {
        GivenBack::Whole => payment.amount.into(),
        _ => Portion::Unstated,
    });
    payment.decline = answer
        .decline_reason()
        .map(|reason| Decline::new(reason, Some(answer.response_code.clone()), answer.message.clone()));
    payment
}

fn money(answer: &TokenOrder) -> Option<Money> {
    let currency = Currency::from_code(answer.order.currency.as_deref()?).ok()?;
    Money::parse(answer.order.amount.as_deref()?, currency).ok()
}

fn error(error: tokenpay_signed::Error) -> Error {
    let to_gateway =
        |api: tokenpay_signed::ApiError| GatewayError::new(Some(api.response_code.clone()), api.to_string());
    Error::new(ProviderId::TOKENPAY_SIGNED, error.map_api(to_gateway))
}
