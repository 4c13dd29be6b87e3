mod enrol;
mod look_up;
mod order;
pub(crate) mod setup;

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use recurring_core::{Currency, InvalidInput, Money};
use recurring_gateway::ErrorExt as _;
use tokenpay_signed::notification::{self, RawNotification};
use tokenpay_signed::{
    Client, OrderStatus, PublicKey, QueryOrder, Recurring, RefundOrder, TokenId, TokenOrder,
};

use self::order::{error, is_dead_token, money, order_key, payment, read, told_at};
use crate::adapters::{dead_credential, foreign_credential, longest, no_key, part_of};
use crate::call::Call;
use crate::capabilities::{self, Capabilities};
use crate::credential::{PendingEnrolment, StoredCredential};
use crate::error::{Error, ReceiveError};
use crate::facts::{self, Facts};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge, Rebuilt};
use crate::notification::{Authenticity, NotificationAnswer, ReceivedNotification};
use crate::payment::{EnrolStarted, Enrolment, Payment, PaymentStatus, StoredCard};
use crate::provider::Provider;
use crate::request::{ChargeRequest, EnrolRequest, RefundRequest};

/// The signed tokenization gateway behind the words of this crate.
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
