use std::time::Duration;

use recurring_core::{HttpOptions, NotAfter, Secret};
use recurring_gateway::{BaseUrl, ErrorExt as _, Operation, Transport};

use crate::auth::{self, Credential};
use crate::config::Environment;
use crate::error::{ApiError, Error};
use crate::ops::cancel_order::CancelOrder;
use crate::ops::capture_transaction::CaptureTransaction;
use crate::ops::create_order::CreateOrder;
use crate::ops::get_currencies::{Currencies, GetCurrencies};
use crate::ops::get_order::GetOrder;
use crate::ops::list_orders::ListOrders;
use crate::ops::order::Order;
use crate::ops::refund_order::{Refund, RefundOrder};
use crate::ops::update_order::UpdateOrder;

/// A client of the gateway for one API key. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    credential: Credential,
}

impl Client {
    /// Begins setting up a client for one environment, which must be named: there is no default. Nothing is sent
    /// until an operation is called.
    pub fn builder(environment: Environment, api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder { api_key: api_key.into(), environment, http: Self::default_http() }
    }

    /// Returns the options used unless others are given: 60 s in all, since the gateway answers a recurring order only
    /// after the acquirer has, which takes seconds.
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

    /// Creates an order: the first of a series (the customer pays on a page), or a recurring one, **which takes
    /// money at once**.
    ///
    /// # Errors
    /// A refused payment is not an error but an order whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the order may exist and be paid; it is never sent again by this client.
    pub async fn create_order(&self, request: &CreateOrder) -> Result<Order, Error> {
        self.send(request).await
    }

    /// Reads an order. Moves no money.
    ///
    /// # Errors
    /// When the order cannot be read. That an order is not found does not prove that nothing happened.
    pub async fn get_order(&self, id: &str) -> Result<Order, Error> {
        self.send(&GetOrder::new(id)).await
    }

    /// Cancels an order that is not completed, and answers it as it is then. Gives no money back.
    ///
    /// # Errors
    /// When the order was not canceled, or (`Unknown`) when it is not known whether it was.
    pub async fn cancel_order(&self, id: &str) -> Result<Order, Error> {
        self.send(&CancelOrder::new(id)).await
    }

    /// Lists the orders created in a period, to look for one whose answer was lost. Moves no money.
    ///
    /// # Errors
    /// When the list cannot be read; it is never taken for an empty one. That an order is not in the list does
    /// not prove that it does not exist.
    pub async fn list_orders(&self, request: &ListOrders) -> Result<Vec<Order>, Error> {
        self.send(request).await
    }

    /// Changes what is kept with an order, and answers it as it is then. Moves no money.
    ///
    /// # Errors
    /// When the order was not changed, or (`Unknown`) when it is not known whether it was.
    pub async fn update_order(&self, request: &UpdateOrder) -> Result<Order, Error> {
        self.send(request).await
    }

    /// Refunds an order, all of it or a part. **Gives money back.** Every call is a new refund.
    ///
    /// # Errors
    /// A refused refund is not an error but a refund whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the money may have been given back; the refund is never sent again by this client. Read the order
    /// and look for the flag `has-refunds` before anything else.
    pub async fn refund_order(&self, request: &RefundOrder) -> Result<Refund, Error> {
        self.send(request).await
    }

    /// Captures what a transaction has only reserved. **Takes money.** Read the order afterwards: the answer may be
    /// empty.
    ///
    /// # Errors
    /// When the money was not taken, or (`Unknown`) when it is not known whether it was; it is never sent again by
    /// this client.
    pub async fn capture_transaction(&self, request: &CaptureTransaction) -> Result<(), Error> {
        self.send(request).await
    }

    /// Reads the currencies that the key's project takes, for each payment method. Moves no money.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn currencies(&self) -> Result<Currencies, Error> {
        self.send(&GetCurrencies::new()).await
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
    http: HttpOptions,
}

impl ClientBuilder {
    /// Sets time-outs, proxy and trusted roots. The default waits 60 s for an answer.
    pub fn with_http(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When the key, the address or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        auth::check_api_key(&self.api_key).map_err(Error::config)?;
        let base_url = self.environment.base_url().map_err(Error::config)?;
        let transport = Transport::new(self.http).map_err(Error::config)?;
        transport.check(&base_url).map_err(Error::config)?;
        Ok(Client { base_url, transport, credential: Credential::new(self.api_key) })
    }
}
