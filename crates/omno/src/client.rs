use std::fmt;
use std::time::Duration;

use recurring_core::{HttpOptions, NotAfter, Secret};
use recurring_gateway::{BaseUrl, ErrorExt as _, Operation, Transport};

use crate::auth::Access;
use crate::config::{Credentials, Environment, TokenUrl};
use crate::error::{ApiError, Error};
use crate::ops::create_payment::{CreatePayment, CreatedPayment};
use crate::ops::get_payment::{GetPayment, Payment};
use crate::ops::list_cards::{Card, ListCards};

/// A client of the gateway for one set of credentials. Cloning is cheap and shares the connections and the
/// access token.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    access: Access,
}

impl Client {
    /// Begins setting up a client for one environment, which must be named: there is no default. Nothing is sent
    /// until an operation is called.
    pub fn builder(environment: Environment, credentials: Credentials) -> ClientBuilder {
        ClientBuilder { credentials, environment, token_url: None, http: Self::default_http() }
    }

    /// Returns the options used unless others are given: 60 s in all, since a payment with a saved card may be answered
    /// only after the acquirer has, which takes seconds.
    pub fn default_http() -> HttpOptions {
        HttpOptions::new().with_timeout(Duration::from_secs(60))
    }

    /// Returns a client that sends nothing after `limit`: neither a write, which could move money, nor a read, nor a
    /// request for an access token. It shares the connections and the access token.
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

    /// Creates a payment: without a card token one that the customer pays on a page, with a card token one that
    /// **may take money at once**.
    ///
    /// # Errors
    /// A refused payment is not an error but an answer whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the payment may exist and be paid; it is never sent again by this client.
    pub async fn create_payment(&self, request: &CreatePayment) -> Result<CreatedPayment, Error> {
        self.send(request).await
    }

    /// Reads a payment by the gateway's identifier. Moves no money.
    ///
    /// # Errors
    /// When the payment cannot be read. That a payment is not found does not prove that nothing happened.
    pub async fn get_payment(&self, payment_id: &str) -> Result<Payment, Error> {
        self.send(&GetPayment::new(payment_id)).await
    }

    /// Lists the saved cards of a customer. Moves no money.
    ///
    /// # Errors
    /// When the cards cannot be read. An answer of a shape that is not known is an error, never an empty list.
    pub async fn list_cards(&self, customer_id: &str) -> Result<Vec<Card>, Error> {
        self.send(&ListCards::new(customer_id)).await
    }

    /// What a gateway could quote of the client's credentials.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.access.secrets()
    }

    async fn send<O: Operation<Api = ApiError>>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = operation.request()?;
        operation.read(&self.access.send(&self.transport, &self.base_url, request).await?)
    }
}

/// Sets up a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    environment: Environment,
    token_url: Option<String>,
    http: HttpOptions,
}

impl ClientBuilder {
    /// Sets the whole address that access tokens are fetched from, under the rules for the gateway's own address:
    /// `https`, or plain `http` to this machine. The default is
    /// `https://sso.omno.com/realms/omno/protocol/openid-connect/token`.
    pub fn with_token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
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
    /// When the credentials, an address or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        let token_url = TokenUrl::parse(self.token_url.as_deref()).map_err(Error::config)?;
        let base_url = self.environment.base_url().map_err(Error::config)?;
        let transport = Transport::new(self.http).map_err(Error::config)?;
        transport.check(&base_url).map_err(Error::config)?;
        Ok(Client {
            access: Access::new(self.credentials, token_url).map_err(Error::config)?,
            base_url,
            transport,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token_url =
            self.token_url.as_deref().map(|text| BaseUrl::shown(BaseUrl::parse("token_url", text)));
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("environment", &self.environment)
            .field("token_url", &token_url)
            .field("http", &self.http)
            .finish()
    }
}
