use recurring_core::{InvalidInput, Reply};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, check_echo};
use serde_json::Value;

use crate::error::{ApiError, Error};
use crate::ops::order::Order;
use crate::wire::UpdateOrderBody;

/// `PUT /orders/{id}/`: changes what is kept with an order. Moves no money.
///
/// Only the members that are set here are sent. Assumption(update-keeps-the-rest): the gateway keeps the others as
/// they are; see SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct UpdateOrder {
    id: String,
    merchant_order_id: Option<String>,
    description: Option<String>,
    return_url: Option<String>,
    failure_url: Option<String>,
    webhook_url: Option<String>,
    extra: Option<Value>,
}

impl UpdateOrder {
    /// Creates the request for the order with the gateway's own identifier. At least one member has to be set.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            merchant_order_id: None,
            description: None,
            return_url: None,
            failure_url: None,
            webhook_url: None,
            extra: None,
        }
    }

    /// Sets your own name for the order, 1 to 255 characters. A lost answer is looked for by this name: change it only
    /// together with your own record of it.
    pub fn with_merchant_order_id(mut self, id: impl Into<String>) -> Self {
        self.merchant_order_id = Some(id.into());
        self
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

    /// Sets your own data, kept with the order, sent as it is.
    pub fn with_extra(mut self, object: Value) -> Self {
        self.extra = Some(object);
        self
    }

    fn body(&self) -> Result<UpdateOrderBody<'_>, InvalidInput> {
        let body = UpdateOrderBody {
            merchant_order_id: self.merchant_order_id.as_deref(),
            description: self.description.as_deref(),
            return_url: self.return_url.as_deref(),
            failure_url: self.failure_url.as_deref(),
            webhook_url: self.webhook_url.as_deref(),
            extra: self.extra.as_ref(),
        };
        if let Some(id) = body.merchant_order_id {
            check::text("merchant_order_id", id, 255)?;
        }
        if let Some(description) = body.description {
            check::text("description", description, 1_000)?;
        }
        let addresses = [
            ("return_url", body.return_url),
            ("failure_url", body.failure_url),
            ("webhook_url", body.webhook_url),
        ];
        for (field, url) in addresses {
            if let Some(url) = url {
                check::web_address(field, url)?;
            }
        }
        if body.extra.is_some_and(|extra| !extra.is_object()) {
            return Err(InvalidInput::new("extra", "must be a JSON object"));
        }
        let texts = [body.merchant_order_id, body.description];
        let is_empty = texts.iter().all(Option::is_none)
            && addresses.iter().all(|(_, url)| url.is_none())
            && body.extra.is_none();
        if is_empty {
            return Err(InvalidInput::new("update", "must set at least one member of the order"));
        }
        Ok(body)
    }
}

impl Operation for UpdateOrder {
    type Api = ApiError;
    type Output = Order;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule, also when nothing is set; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/orders/{}/", check::path_segment("order_id", &self.id)?);
        let body = self.body()?;
        Ok(PreparedRequest::new("update order", Class::Write, Method::Put, path)
            .header("content-type", "application/json")
            .json(&body))
    }

    /// Reads the reply: the order as it is now.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, or repeats something else than was sent.
    fn read(&self, reply: &Reply) -> Result<Order, Error> {
        let order = Order::read(reply)?;
        check_echo(reply, &[("id", &self.id, Some(&order.id))])?;
        for (name, sent, came_back) in [
            ("merchant_order_id", &self.merchant_order_id, &order.merchant_order_id),
            ("description", &self.description, &order.description),
        ] {
            if let Some(sent) = sent {
                check_echo(reply, &[(name, sent, came_back.as_deref())])?;
            }
        }
        Ok(order)
    }
}
