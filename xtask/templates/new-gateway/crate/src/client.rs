use recurring_core::{HttpOptions, NotAfter, Secret};
use recurring_gateway::{BaseUrl, ErrorExt as _, Operation, Transport};

use crate::auth;
use crate::config::Environment;
use crate::error::{ApiError, Error};
use crate::ops::create_payment::{CreatePayment, Payment};

/// A client of the gateway for one API key. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    api_key: Secret,
}

impl Client {
    /// Begins setting up a client. Nothing is sent until an operation is called.
    pub fn builder(environment: Environment, api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder { api_key: api_key.into(), environment, http: HttpOptions::new() }
    }

    /// Returns a client that sends nothing after `limit`, neither a write nor a read. It shares the connections.
    #[must_use]
    pub fn with_not_after(&self, limit: NotAfter) -> Self {
        Self { transport: self.transport.with_not_after(limit), ..self.clone() }
    }

    /// Returns the options that the client talks HTTP with.
    pub fn http_options(&self) -> &HttpOptions {
        self.transport.options()
    }

    /// **Takes money** with a stored card.
    ///
    /// # Errors
    /// A declined payment is an answer whose outcome is `Declined`. After an error with the effect `Unknown` the customer
    /// may have been charged; the payment is never sent again by this client.
    pub async fn create_payment(&self, request: &CreatePayment) -> Result<Payment, Error> {
        self.send(request).await
    }

    async fn send<O: Operation<Api = ApiError>>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = auth::authorize(operation.request()?, &self.api_key);
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
    /// Sets time-outs, proxy and trusted roots.
    pub fn with_http(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// Returns the client.
    ///
    /// # Errors
    /// When the key, the address or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        auth::check_api_key(&self.api_key).map_err(Error::config)?;
        Ok(Client {
            base_url: self.environment.base_url().map_err(Error::config)?,
            transport: Transport::new(self.http).map_err(Error::config)?,
            api_key: self.api_key,
        })
    }
}
