use std::collections::BTreeMap;

use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ApiError, Error, read_object};

/// `GET /merchants/self/projects/self/currencies`: which currencies the key's project takes. Moves no money.
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct GetCurrencies;

impl GetCurrencies {
    /// Creates the request for the project that the key belongs to.
    pub fn new() -> Self {
        Self
    }
}

impl Operation for GetCurrencies {
    type Api = ApiError;
    type Output = Currencies;

    /// Builds the request, without the API key.
    fn request(&self) -> Result<PreparedRequest, Error> {
        // No slash at the end, as the gateway documents this path.
        let path = "/merchants/self/projects/self/currencies";
        Ok(PreparedRequest::new("get currencies", Class::Read, Method::Get, path))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read or names no payment methods.
    fn read(&self, reply: &Reply) -> Result<Currencies, Error> {
        let envelope: Envelope = read_object(reply)?;
        let named = envelope.payment_methods.into_iter();
        Ok(Currencies(named.filter_map(|(method, value)| Some((method, currencies(&value)?))).collect()))
    }
}

#[derive(Deserialize)]
struct Envelope {
    payment_methods: BTreeMap<String, Value>,
}

fn currencies(method: &Value) -> Option<Vec<String>> {
    let names = method.get("currencies")?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The currencies of each payment method that a project takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Currencies(BTreeMap<String, Vec<String>>);

impl Currencies {
    /// Returns the currencies of a payment method such as `credit-card`, ISO 4217. `None` when the answer leaves out
    /// this method.
    pub fn of(&self, payment_method: &str) -> Option<&[String]> {
        self.0.get(payment_method).map(Vec::as_slice)
    }
}
