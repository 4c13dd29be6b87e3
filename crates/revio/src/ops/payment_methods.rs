use std::fmt;

use recurring_core::{Currency, Reply};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, lenient, read_success};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Error};

/// `GET /payment_methods/`: how a purchase can be paid. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct PaymentMethodsQuery {
    brand_id: String,
    currency: Currency,
    recurring: bool,
}

impl PaymentMethodsQuery {
    /// Creates the query for purchases of a brand of yours in a currency.
    pub fn new(brand_id: impl Into<String>, currency: Currency) -> Self {
        Self { brand_id: brand_id.into(), currency, recurring: false }
    }

    /// Asks only for what can be charged again later.
    pub fn with_recurring_only(mut self) -> Self {
        self.recurring = true;
        self
    }
}

impl Operation for PaymentMethodsQuery {
    type Api = ApiError;
    type Output = PaymentMethods;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the brand cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        check::id("brand_id", &self.brand_id)?;
        let brand = check::query_value(&self.brand_id);
        let mut path = format!("/payment_methods/?brand_id={brand}&currency={}", self.currency.code());
        if self.recurring {
            path.push_str("&recurring=true");
        }
        Ok(PreparedRequest::new("payment methods", Class::Read, Method::Get, path))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read.
    fn read(&self, reply: &Reply) -> Result<PaymentMethods, Error> {
        let methods: PaymentMethods = read_success(reply, ApiError::read)?;
        Ok(PaymentMethods { raw: String::from_utf8_lossy(reply.body()).into_owned(), ..methods })
    }
}

/// How a purchase can be paid.
#[derive(Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PaymentMethods {
    /// The names of the methods, such as `visa`: what
    /// [`with_payment_method_whitelist`](crate::CreatePurchase::with_payment_method_whitelist) takes. Empty when the
    /// answer does not name them there.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub available_payment_methods: Vec<String>,
    /// The whole answer, the JSON text as the gateway wrote it: it has names, pictures and countries.
    #[serde(skip)]
    pub raw: String,
}

/// What a gateway writes into the rest is its own affair: only the size is shown.
impl fmt::Debug for PaymentMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentMethods")
            .field("available_payment_methods", &self.available_payment_methods)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}
