use std::sync::Arc;
use std::time::Duration;

use recurring_core::{Currency, HttpOptions, NotAfter};
use recurring_gateway::{BaseUrl, ErrorExt as _, Operation, Transport};

use crate::account::Account;
use crate::auth::{self, RequestSigner};
use crate::config::{Environment, MerchantId, TokenId};
use crate::error::{ApiError, Error};
use crate::ops::add_token::{AddToken, AddedToken};
use crate::ops::delete_token::DeleteToken;
use crate::ops::order::TokenOrder;
use crate::ops::query_order::QueryOrder;
use crate::ops::query_token::{QueryToken, StoredToken};
use crate::ops::recurring::Recurring;
use crate::ops::refund_order::RefundOrder;
use crate::ops::reversal::Reversal;
use crate::ops::sale::Sale;
use crate::ops::void_order::VoidOrder;

/// A client of the gateway for one merchant and one key. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    account: Account,
    signer: Arc<dyn RequestSigner>,
}

impl Client {
    /// Begins setting up a client for one environment, which must be named: there is no default. Nothing is sent
    /// until an operation is called.
    pub fn builder(
        environment: Environment,
        merchant_id: impl Into<MerchantId>,
        signer: impl RequestSigner + 'static,
    ) -> ClientBuilder {
        ClientBuilder {
            account: Account::new(merchant_id),
            signer: Arc::new(signer),
            environment,
            http: Self::default_http(),
        }
    }

    /// Returns the options used unless others are given: 60 s in all, since the gateway answers a charge only after the
    /// acquirer has, which takes seconds.
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

    /// Returns the merchant's account, by which a request is shown without a network: see [`Account::operation`].
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Asks for a page on which the customer stores a card. Moves no money.
    ///
    /// # Errors
    /// When the gateway gives no page.
    pub async fn add_token(&self, request: &AddToken) -> Result<AddedToken, Error> {
        self.send(&self.account.operation(request)).await
    }

    /// Lists the stored cards of a user. Moves no money.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn query_token(&self, user_id: &str) -> Result<Vec<StoredToken>, Error> {
        self.send(&self.account.operation(&QueryToken::new(user_id))).await
    }

    /// Deletes a stored card for good. Moves no money, and ends every series on this card.
    ///
    /// # Errors
    /// When the card was not deleted, or (`Unknown`) when it is not known whether it was.
    pub async fn delete_token(&self, user_id: &str, token_id: &TokenId) -> Result<(), Error> {
        self.send(&self.account.operation(&DeleteToken::new(user_id, token_id.clone()))).await
    }

    /// Makes the first charge on a stored card. **Takes money at once.**
    ///
    /// # Errors
    /// A refused payment is not an error but an order whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the customer may have been charged; it is never sent again by this client.
    pub async fn sale(&self, request: &Sale) -> Result<TokenOrder, Error> {
        self.send(&self.account.operation(request)).await
    }

    /// Makes a later charge on a stored card, without the customer. **Takes money at once.**
    ///
    /// # Errors
    /// Those of [`Client::sale`].
    pub async fn recurring(&self, request: &Recurring) -> Result<TokenOrder, Error> {
        self.send(&self.account.operation(request)).await
    }

    /// Reads an order, see [`TokenOrder::charge_outcome`]. Moves no money. Assumption(order-calls): it serves
    /// the orders of stored cards; see SOURCES.md.
    ///
    /// # Errors
    /// When there is no order of this name. That does **not prove** that the customer was not charged.
    pub async fn query_order(&self, request: &QueryOrder) -> Result<TokenOrder, Error> {
        self.send(&self.account.operation(request)).await
    }

    /// Takes back a charge that is not settled yet. **Gives all of the money back.** Assumption(order-calls): it
    /// serves the orders of stored cards; see SOURCES.md.
    ///
    /// # Errors
    /// After an error with the effect `Unknown` the money may have been given back; it is never sent again by this
    /// client. Read the order.
    pub async fn void_order(&self, request: &VoidOrder) -> Result<Reversal, Error> {
        self.send(&self.account.operation(request)).await
    }

    /// Gives a charge back, in full or in part, once for each order. **Gives money back.** Assumption(order-calls):
    /// it serves the orders of stored cards; see SOURCES.md.
    ///
    /// # Errors
    /// Those of [`Client::void_order`].
    pub async fn refund_order(&self, request: &RefundOrder) -> Result<Reversal, Error> {
        self.send(&self.account.operation(request)).await
    }

    async fn send<O: Operation<Api = ApiError>>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = auth::authorize(operation.request()?, self.signer.as_ref()).await?;
        operation.read(&self.transport.send(&self.base_url, &request).await?)
    }
}

/// Sets up a [`Client`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    account: Account,
    signer: Arc<dyn RequestSigner>,
    environment: Environment,
    http: HttpOptions,
}

impl ClientBuilder {
    /// Sets the currency of the merchant's account. It is needed to move money: no request names a currency, so every
    /// amount is compared with it before it is sent.
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.account = self.account.with_currency(currency);
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
    /// When the merchant's identifier, the address or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        self.account.merchant_id().check().map_err(Error::config)?;
        let base_url = self.environment.base_url().map_err(Error::config)?;
        let transport = Transport::new(self.http).map_err(Error::config)?;
        transport.check(&base_url).map_err(Error::config)?;
        Ok(Client { base_url, transport, account: self.account, signer: self.signer })
    }
}
