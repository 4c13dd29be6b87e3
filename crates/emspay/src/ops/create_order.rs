use recurring_core::{ErrorKind, InvalidInput, Money, Reply, Secret, Timestamp};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, check, check_echo, number_echo, require_echo,
};
use serde_json::Value;

use crate::error::{ApiError, Error};
use crate::ops::order::Order;
use crate::ops::series::Series;
use crate::status::RecurringType;
use crate::wire::{CreateOrderBody, PaymentMethodDetails, TransactionBody};

/// `POST /orders/`: a first order, which the customer pays on a page, or a recurring one, which **takes money at
/// once**.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreateOrder {
    merchant_order_id: String,
    amount: Money,
    vault_token: Option<Secret>,
    description: Option<String>,
    return_url: Option<String>,
    failure_url: Option<String>,
    webhook_url: Option<String>,
    expiration_period: Option<String>,
    customer: Option<Value>,
    extra: Option<Value>,
}

impl CreateOrder {
    /// Creates the request for the first order of a series. `merchant_order_id` is your own name for it, 1 to 255
    /// characters; the gateway does not check that it is unique.
    pub fn first(merchant_order_id: impl Into<String>, amount: Money) -> Self {
        Self {
            merchant_order_id: merchant_order_id.into(),
            amount,
            vault_token: None,
            description: None,
            return_url: None,
            failure_url: None,
            webhook_url: None,
            expiration_period: None,
            customer: None,
            extra: None,
        }
    }

    /// Creates the request for a later order of a series, paid without the customer by the `vault_token` of the first.
    pub fn recurring(merchant_order_id: impl Into<String>, amount: Money, vault_token: Secret) -> Self {
        Self { vault_token: Some(vault_token), ..Self::first(merchant_order_id, amount) }
    }

    /// Checks the rules of the series before anything is sent: the amount of the first payment, and at most one
    /// year. `at` is the time of this payment, usually now.
    ///
    /// # Errors
    /// Names the rule that is broken, and what to do.
    pub fn in_series(self, series: &Series, at: Timestamp) -> Result<Self, InvalidInput> {
        series.check(self.amount, at)?;
        Ok(self)
    }

    /// Sets what the customer reads on the statement or page, at most 1000 characters.
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets where the customer goes after paying.
    pub fn with_return_url(mut self, url: impl Into<String>) -> Self {
        self.return_url = Some(url.into());
        self
    }

    /// Sets where the customer goes after a failure.
    pub fn with_failure_url(mut self, url: impl Into<String>) -> Self {
        self.failure_url = Some(url.into());
        self
    }

    /// Sets where the gateway reports a change of status.
    pub fn with_webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = Some(url.into());
        self
    }

    /// Sets how long the customer may take: an ISO 8601 duration such as `PT30M`.
    pub fn with_expiration_period(mut self, duration: impl Into<String>) -> Self {
        self.expiration_period = Some(duration.into());
        self
    }

    /// Sets the gateway's `customer` object, sent as it is.
    pub fn with_customer(mut self, object: Value) -> Self {
        self.customer = Some(object);
        self
    }

    /// Sets your own data, kept with the order, sent as it is.
    pub fn with_extra(mut self, object: Value) -> Self {
        self.extra = Some(object);
        self
    }

    // Assumption(text-limits): 255 and 1000 characters are enough.
    fn check(&self) -> Result<(), InvalidInput> {
        check::text("merchant_order_id", &self.merchant_order_id, 255)?;
        if let Some(token) = &self.vault_token {
            check::id("vault_token", token.expose())?;
        }
        if let Some(description) = &self.description {
            check::text("description", description, 1_000)?;
        }
        for (field, url) in [
            ("return_url", &self.return_url),
            ("failure_url", &self.failure_url),
            ("webhook_url", &self.webhook_url),
        ] {
            if let Some(url) = url {
                check::web_address(field, url)?;
            }
        }
        if let Some(duration) = &self.expiration_period
            && !duration.starts_with('P')
        {
            return Err(InvalidInput::new("expiration_period", "must be an ISO 8601 duration such as PT30M"));
        }
        for (field, object) in [("customer", &self.customer), ("extra", &self.extra)] {
            if object.as_ref().is_some_and(|object| !object.is_object()) {
                return Err(InvalidInput::new(field, "must be a JSON object"));
            }
        }
        Ok(())
    }

    fn recurring_type(&self) -> RecurringType {
        if self.vault_token.is_some() { RecurringType::Recurring } else { RecurringType::First }
    }
}

impl Operation for CreateOrder {
    type Api = ApiError;
    type Output = Order;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        self.check()?;
        let body = CreateOrderBody {
            merchant_order_id: &self.merchant_order_id,
            amount: self.amount.minor(),
            currency: self.amount.currency().code(),
            description: self.description.as_deref(),
            transactions: [TransactionBody {
                payment_method: "credit-card",
                payment_method_details: PaymentMethodDetails {
                    recurring_type: if self.vault_token.is_some() { "recurring" } else { "first" },
                    vault_token: self.vault_token.as_ref().map(Secret::expose),
                },
            }],
            return_url: self.return_url.as_deref(),
            failure_url: self.failure_url.as_deref(),
            webhook_url: self.webhook_url.as_deref(),
            expiration_period: self.expiration_period.as_deref(),
            customer: self.customer.as_ref(),
            extra: self.extra.as_ref(),
        };
        let request = PreparedRequest::new("create order", Class::Write, Method::Post, "/orders/")
            .header("content-type", "application/json")
            .json(&body);
        Ok(match &self.vault_token {
            Some(token) => request.guard(token, &["vault_token"]),
            None => request,
        })
    }

    /// Reads the reply. The gateway answers 201 also for a payment it refuses: that is `Ok` with the outcome
    /// `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, contradicts itself, or names another amount, currency, order, place in
    /// the series or token. So is an order that is paid or refused and lacks its amount, currency or
    /// `merchant_order_id`: it may be the answer to another call.
    fn read(&self, reply: &Reply) -> Result<Order, Error> {
        let order = Order::read(reply)?;
        let echo = [
            number_echo("amount", self.amount.minor(), order.amount),
            ("currency", self.amount.currency().code(), order.currency.as_deref()),
            ("merchant_order_id", &self.merchant_order_id, order.merchant_order_id.as_deref()),
        ];
        match order.outcome() {
            outcome if outcome.is_definite() => require_echo(reply, &echo)?,
            _ => check_echo(reply, &echo)?,
        }
        if order.recurring_type().is_some_and(|kind| *kind != self.recurring_type()) {
            return Err(other(reply, "recurring_type"));
        }
        match (&self.vault_token, order.vault_token()) {
            (Some(sent), Some(came_back)) if sent.expose() != came_back.expose() => {
                Err(other(reply, "vault_token"))
            }
            _ => Ok(order),
        }
    }
}

/// The reply names another value than was sent. Neither is shown: it may be a token.
fn other(reply: &Reply, member: &str) -> Error {
    let message = format!("`{member}` in the reply does not match the request");
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}
