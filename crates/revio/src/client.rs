use std::time::Duration;

use recurring_core::{HttpOptions, NotAfter, Secret};
use recurring_gateway::{BaseUrl, ErrorExt as _, Operation, Transport, check};

use crate::auth::{self, Credential};
use crate::config::Environment;
use crate::error::{ApiError, Error};
use crate::ops::cancel_purchase::CancelPurchase;
use crate::ops::capture_purchase::{CaptureAnswer, CapturePurchase};
use crate::ops::change_client::ChangeClient;
use crate::ops::charge_purchase::{ChargeAnswer, ChargePurchase};
use crate::ops::client_record::ClientRecord;
use crate::ops::create_client::CreateClient;
use crate::ops::create_purchase::CreatePurchase;
use crate::ops::delete_client::DeleteClient;
use crate::ops::delete_purchase_recurring_token::DeletePurchaseRecurringToken;
use crate::ops::delete_recurring_token::DeleteRecurringToken;
use crate::ops::get_client::GetClient;
use crate::ops::get_purchase::GetPurchase;
use crate::ops::list_recurring_tokens::{Cursor, ListRecurringTokens, Page};
use crate::ops::payment_methods::{PaymentMethods, PaymentMethodsQuery};
use crate::ops::public_key::GetPublicKey;
use crate::ops::purchase::Purchase;
use crate::ops::refund_purchase::{RefundAnswer, RefundPurchase};
use crate::ops::release_purchase::ReleasePurchase;
use crate::ops::update_client::UpdateClient;
use crate::recurring_tokens::RecurringTokens;

/// A client of the gateway for one API key. Cloning is cheap and shares the connections.
///
/// What the gateway itself calls a client, the customer who pays, is a [`ClientRecord`] here.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    credential: Credential,
    brand_id: Option<String>,
}

impl Client {
    /// Begins setting up a client for one environment, which must be named: there is no default. Nothing is sent
    /// until an operation is called.
    pub fn builder(environment: Environment, api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder { api_key: api_key.into(), environment, brand_id: None, http: Self::default_http() }
    }

    /// Returns the options used unless others are given: 60 s in all, since the gateway waits for the acquirer before
    /// it answers a charge.
    pub fn default_http() -> HttpOptions {
        HttpOptions::new().with_timeout(Duration::from_secs(60))
    }

    /// Returns a client that sends nothing after `limit`: neither a write, which could move money, nor a read. It
    /// shares the connections.
    ///
    /// A call that fails because of the limit has not moved money (`NotApplied`), unless its own write had been sent
    /// before: then its effect is `Unknown`.
    #[must_use]
    pub fn with_not_after(&self, limit: NotAfter) -> Self {
        Self { transport: self.transport.with_not_after(limit), ..self.clone() }
    }

    /// Returns the options that the client talks HTTP with.
    pub fn http_options(&self) -> &HttpOptions {
        self.transport.options()
    }

    /// Returns the brand that was set up, for [`CreatePurchase::new`].
    pub fn brand_id(&self) -> Option<&str> {
        self.brand_id.as_deref()
    }

    /// Creates a client, for which cards can be stored. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: then there may be one client more
    /// than is needed, which does no harm.
    pub async fn create_client(&self, request: &CreateClient) -> Result<ClientRecord, Error> {
        self.send(request).await
    }

    /// Reads a client. Moves no money.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get_client(&self, id: &str) -> Result<ClientRecord, Error> {
        self.send(&GetClient::new(id)).await
    }

    /// Replaces all details of a client. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the client.
    pub async fn update_client(&self, request: &UpdateClient) -> Result<ClientRecord, Error> {
        self.send(request).await
    }

    /// Changes some details of a client. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the client.
    pub async fn change_client(&self, request: &ChangeClient) -> Result<ClientRecord, Error> {
        self.send(request).await
    }

    /// Deletes a client. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the client.
    pub async fn delete_client(&self, id: &str) -> Result<(), Error> {
        self.send(&DeleteClient::new(id)).await
    }

    /// Creates a purchase, which the customer pays on its page or [`charge_purchase`](Self::charge_purchase) by a
    /// stored card. **Moves no money by itself.**
    ///
    /// # Errors
    /// When it was not created, or (`Unknown`) when it is not known whether it was: then there is at most an unpaid
    /// purchase more. It is never sent again by this client.
    pub async fn create_purchase(&self, request: &CreatePurchase) -> Result<Purchase, Error> {
        self.send(request).await
    }

    /// Reads a purchase. Moves no money. This settles every doubt about a charge.
    ///
    /// # Errors
    /// When it cannot be read. That a purchase is not found does not prove that nothing happened.
    pub async fn get_purchase(&self, id: &str) -> Result<Purchase, Error> {
        self.send(&GetPurchase::new(id)).await
    }

    /// Pays a purchase with a stored card, without the customer. **Takes money at once.**
    ///
    /// # Errors
    /// A refused payment is not an error but an answer whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the purchase may be paid: read it before anything else. It is never sent again by this client.
    pub async fn charge_purchase(&self, request: &ChargePurchase) -> Result<ChargeAnswer, Error> {
        self.send(request).await
    }

    /// Gives back what was paid, or a part of it. **Moves money at once**, and every call is a new refund.
    ///
    /// # Errors
    /// A refused refund is not an error but an answer whose outcome is `Declined`. After an error with the effect
    /// `Unknown` it may be done: read the purchase before anything else. It is never sent again by this client.
    pub async fn refund_purchase(&self, request: &RefundPurchase) -> Result<RefundAnswer, Error> {
        self.send(request).await
    }

    /// Takes money that is held on the card. **Takes money at once.**
    ///
    /// # Errors
    /// A refused capture is not an error but an answer whose outcome is `Declined`. After an error with the effect
    /// `Unknown` it may be done: read the purchase before anything else. It is never sent again by this client.
    pub async fn capture_purchase(&self, request: &CapturePurchase) -> Result<CaptureAnswer, Error> {
        self.send(request).await
    }

    /// Releases the authorization hold on the card.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the purchase.
    pub async fn release_purchase(&self, request: &ReleasePurchase) -> Result<Purchase, Error> {
        self.send(request).await
    }

    /// Makes it impossible to pay a purchase. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the purchase, it may be paid.
    pub async fn cancel_purchase(&self, request: &CancelPurchase) -> Result<Purchase, Error> {
        self.send(request).await
    }

    /// Deletes the card that a purchase saved: its identifier is no longer a token. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: read the purchase.
    pub async fn delete_purchase_recurring_token(&self, id: &str) -> Result<Purchase, Error> {
        self.send(&DeletePurchaseRecurringToken::new(id)).await
    }

    /// Reads one page of the cards that are stored for a client: the first, or the one a page before it named as the
    /// next. Moves no money.
    ///
    /// # Errors
    /// When the page cannot be read, or when it lies elsewhere than at the gateway.
    pub async fn list_recurring_tokens(
        &self,
        client_id: &str,
        cursor: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let mut request = ListRecurringTokens::new(client_id);
        if let Some(cursor) = cursor {
            request = request.after(cursor, &self.base_url)?;
        }
        self.send(&request).await
    }

    /// Returns all the cards that are stored for a client. Moves no money; asks for a page when it is needed.
    pub fn recurring_tokens(&self, client_id: &str) -> RecurringTokens {
        let (client, client_id) = (self.clone(), client_id.to_owned());
        RecurringTokens::new(move |cursor| {
            let (client, client_id) = (client.clone(), client_id.clone());
            async move { client.list_recurring_tokens(&client_id, cursor.as_ref()).await }
        })
    }

    /// Deletes a stored card: no later charge can use its token. Moves no money.
    ///
    /// # Errors
    /// When it was not done, or (`Unknown`) when it is not known whether it was: list the tokens.
    pub async fn delete_recurring_token(&self, client_id: &str, token: &Secret) -> Result<(), Error> {
        self.send(&DeleteRecurringToken::new(client_id, token.clone())).await
    }

    /// Reads how a purchase can be paid. Moves no money.
    ///
    /// # Errors
    /// When no answer could be obtained.
    pub async fn payment_methods(&self, query: &PaymentMethodsQuery) -> Result<PaymentMethods, Error> {
        self.send(query).await
    }

    /// Returns the key under which what the gateway sends to a `success_callback` verifies, as PEM. Moves no money.
    /// [`WebhookKeys`](crate::notification::WebhookKeys) asks for it by itself.
    ///
    /// # Errors
    /// When it could not be obtained, or is not an RSA public key of 2048 to 4096 bits.
    pub async fn public_key(&self) -> Result<String, Error> {
        self.send(&GetPublicKey).await
    }

    /// What a gateway could quote of the client's credentials.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.credential.secrets()
    }

    async fn send<O: Operation<Api = ApiError>>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = self.credential.authorize(operation.request()?);
        operation.read(&self.transport.send(&self.base_url, &request).await?)
    }
}

/// Sets up a [`Client`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    api_key: Secret,
    environment: Environment,
    brand_id: Option<String>,
    http: HttpOptions,
}

impl ClientBuilder {
    /// Sets your brand, which every purchase names. Only kept here, see [`Client::brand_id`].
    pub fn with_brand_id(mut self, id: impl Into<String>) -> Self {
        self.brand_id = Some(id.into());
        self
    }

    /// Sets time-outs, proxy and trusted roots. The default waits 60 s for an answer.
    pub fn with_http(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When the key, the brand, the address or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        auth::check_api_key(&self.api_key).map_err(Error::config)?;
        if let Some(id) = &self.brand_id {
            check::id("brand_id", id).map_err(Error::config)?;
        }
        let base_url = self.environment.base_url().map_err(Error::config)?;
        let transport = Transport::new(self.http).map_err(Error::config)?;
        transport.check(&base_url).map_err(Error::config)?;
        let credential = Credential::new(self.api_key);
        Ok(Client { base_url, transport, credential, brand_id: self.brand_id })
    }
}
