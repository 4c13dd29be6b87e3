use serde::{Deserialize, Serialize};

/// Who pays. What is needed differs: a gateway that lacks something says which.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Customer {
    /// Your own identifier of the customer.
    pub id: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The gateway's identifier, if the customer has paid there before (Revio's client).
    pub gateway_id: Option<String>,
    /// Billing details.
    pub billing: Option<Billing>,
}

impl Customer {
    /// Creates a customer by your own identifier and e-mail address.
    pub fn new(id: impl Into<String>, email: impl Into<String>) -> Self {
        Self { id: Some(id.into()), email: Some(email.into()), ..Self::default() }
    }

    /// Sets the identifier of a customer who has paid at the gateway before.
    #[must_use]
    pub fn with_gateway_id(mut self, gateway_id: impl Into<String>) -> Self {
        self.gateway_id = Some(gateway_id.into());
        self
    }

    /// Sets the billing details.
    #[must_use]
    pub fn with_billing(mut self, billing: Billing) -> Self {
        self.billing = Some(billing);
        self
    }
}

/// Billing details, as Omno requires them with every payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// Given name.
    #[serde(alias = "firstName")]
    pub first_name: String,
    /// Family name.
    #[serde(alias = "lastName")]
    pub last_name: String,
    /// Street and number.
    pub address1: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country, ISO 3166.
    pub country: String,
    /// Postal code.
    #[serde(alias = "postalCode")]
    pub postal_code: String,
    /// Telephone number.
    pub phone: String,
    /// E-mail address.
    pub email: String,
}
