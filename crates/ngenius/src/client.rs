use std::sync::Arc;
use std::time::Duration;

use recurring_core::{HttpOptions, NotAfter, Secret};
use recurring_gateway::{ErrorExt as _, Operation, TokenCache, Transport};

use crate::auth::{self, Grant};
use crate::config::{Environment, Realm};
use crate::error::{ApiError, Error};
use crate::ops::capture_payment::CapturePayment;
use crate::ops::create_recurring_payment::{CreateRecurringPayment, RecurringPayment};
use crate::ops::get_order::GetOrder;
use crate::ops::order::Order;
use crate::ops::pay_with_saved_card::PayWithSavedCard;
use crate::ops::payment::Payment;
use crate::ops::refund_payment::RefundPayment;
use crate::ops::void_payment::VoidPayment;
use crate::outlet::Outlet;

/// A client of the gateway for one API key and one outlet. Cloning is cheap and shares the connections and the
/// access token.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    grant: Grant,
    outlet: Outlet,
    tokens: Arc<TokenCache<ApiError>>,
}

impl Client {
    /// Begins setting up a client for one environment, which must be named: there is no default. Nothing is sent
    /// until an operation is called.
    ///
    /// `api_key` is the key exactly as the portal shows it (it is base64 already); `outlet` is the outlet's
    /// reference.
    pub fn builder(
        environment: Environment,
        api_key: impl Into<Secret>,
        outlet: impl Into<String>,
    ) -> ClientBuilder {
        ClientBuilder {
            api_key: api_key.into(),
            outlet: outlet.into(),
            environment,
            realm: Realm::OfEnvironment,
            http: Self::default_http(),
        }
    }

    /// Returns the options used unless others are given: 60 s in all, since the gateway answers only after the card has
    /// been charged, which takes seconds.
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

    /// Returns the outlet, by which a request is shown without a network: see [`Outlet::operation`].
    pub fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Returns the options that the client talks HTTP with.
    pub fn http_options(&self) -> &HttpOptions {
        self.transport.options()
    }

    /// Creates a recurring payment. **Takes the first payment from the card at once**, and has the gateway's
    /// scheduler take all later ones until it is canceled in the portal.
    ///
    /// # Errors
    /// A refused payment is not an error but a recurring payment whose outcome is `Declined`. After an error with the
    /// effect `Unknown` the card may have been charged and the schedule may run; it is never sent again by this
    /// client, and the gateway offers no way to look for it: an operator has to look in the portal. `Unsupported` in Saudi
    /// Arabia, where the gateway takes another form of this call.
    pub async fn create_recurring_payment(
        &self,
        request: &CreateRecurringPayment,
    ) -> Result<RecurringPayment, Error> {
        self.send(&self.outlet.operation(request)).await
    }

    /// Reads an order with all its payments: for a recurring payment, one for each charge of its schedule. Moves no
    /// money.
    ///
    /// # Errors
    /// When the order cannot be read. That an order is not found does not prove that nothing happened.
    pub async fn get_order(&self, order_reference: &str) -> Result<Order, Error> {
        self.send(&self.outlet.operation(&GetOrder::new(order_reference))).await
    }

    /// Captures money that is held. **Takes money.** Sent once.
    ///
    /// # Errors
    /// After an error with the effect `Unknown` the money may have been taken: read the order, and look at the
    /// payment's state and captures before capturing again.
    pub async fn capture_payment(&self, request: &CapturePayment) -> Result<Payment, Error> {
        self.send(&self.outlet.operation(request)).await
    }

    /// Releases the authorization hold. Sent once.
    ///
    /// # Errors
    /// After an error with the effect `Unknown` the hold may have been released: read the order.
    pub async fn void_payment(&self, request: &VoidPayment) -> Result<Payment, Error> {
        self.send(&self.outlet.operation(request)).await
    }

    /// Refunds a payment. **Gives money back.** Sent once. The outcome of the answer is that of the payment, not of
    /// the refund: see [`RefundPayment`].
    ///
    /// # Errors
    /// After an error with the effect `Unknown` the money may have been given back: read the order, and look at the
    /// payment's state and refunds before refunding again.
    pub async fn refund_payment(&self, request: &RefundPayment) -> Result<Payment, Error> {
        self.send(&self.outlet.operation(request)).await
    }

    /// Pays with a saved card. **Takes money**, for an order that waits for its payment. Sent once.
    ///
    /// # Errors
    /// A refused payment is not an error but a payment whose outcome is `Declined`. After an error with the effect
    /// `Unknown` the card may have been charged: read the order, whose reference is known here.
    pub async fn pay_with_saved_card(&self, request: &PayWithSavedCard) -> Result<Payment, Error> {
        self.send(&self.outlet.operation(request)).await
    }

    /// What a gateway could quote of the client's credentials.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.tokens.latest().into_iter().chain([self.grant.api_key.clone()]).collect()
    }

    async fn send<O: Operation<Api = ApiError>>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = operation.request()?;
        let reply = self.tokens.send(&self.grant, &self.transport, &self.outlet.base_url, &request).await?;
        operation.read(&reply)
    }
}

/// Sets up a [`Client`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    api_key: Secret,
    outlet: String,
    environment: Environment,
    realm: Realm,
    http: HttpOptions,
}

impl ClientBuilder {
    /// Sets the realm that access tokens are asked for. Unless set, it is `ni` for the UAE sandbox and
    /// `networkinternational` for UAE live. Assumption(realm-elsewhere): for KSA and a custom address none is needed,
    /// so none is sent unless it is named here; see SOURCES.md.
    pub fn with_realm(mut self, name: impl Into<String>) -> Self {
        self.realm = Realm::Named(name.into());
        self
    }

    /// Asks for access tokens without a realm, by an empty body, in every environment.
    pub fn without_realm(mut self) -> Self {
        self.realm = Realm::LeftOut;
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
    /// When the key, the outlet, the address, the realm or an HTTP option cannot work.
    pub fn build(self) -> Result<Client, Error> {
        auth::check_api_key(&self.api_key).map_err(Error::config)?;
        let outlet = Outlet::new(&self.environment, self.outlet).map_err(Error::config)?;
        let realm = self.realm.name(&self.environment).map_err(Error::config)?;
        let transport = Transport::new(self.http).map_err(Error::config)?;
        transport.check(&outlet.base_url).map_err(Error::config)?;
        Ok(Client {
            grant: Grant { api_key: self.api_key, realm, base_url: outlet.base_url.clone() },
            transport,
            outlet,
            tokens: Arc::new(TokenCache::new()),
        })
    }
}
