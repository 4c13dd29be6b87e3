use recurring_core::{GatewayTime, InvalidInput};
use recurring_gateway::{check, lenient};
use serde::{Deserialize, Serialize};

use crate::wire::{self, ClientBody};

/// The longest text that is sent about a client.
// Assumption(text-limits): no document limits them; 255 characters are enough.
const LONGEST: usize = 255;

/// The details of the client who pays. Only the e-mail address is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ClientDetails {
    email: String,
    full_name: Option<String>,
    phone: Option<String>,
    country: Option<String>,
}

impl ClientDetails {
    /// Creates the details of a client with an e-mail address.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into(), full_name: None, phone: None, country: None }
    }

    /// Sets the whole name, 1 to 255 characters.
    pub fn with_full_name(mut self, name: impl Into<String>) -> Self {
        self.full_name = Some(name.into());
        self
    }

    /// Sets the telephone number, 1 to 255 characters.
    pub fn with_phone(mut self, number: impl Into<String>) -> Self {
        self.phone = Some(number.into());
        self
    }

    /// Sets the country, as the gateway wants it written.
    pub fn with_country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        check::email("email", &self.email)?;
        check_texts(self.full_name.as_deref(), self.phone.as_deref(), self.country.as_deref())
    }

    pub(crate) fn body(&self) -> ClientBody<'_> {
        ClientBody {
            email: &self.email,
            full_name: self.full_name.as_deref(),
            phone: self.phone.as_deref(),
            country: self.country.as_deref(),
        }
    }
}

/// Checks the details besides the e-mail address.
pub(crate) fn check_texts(
    full_name: Option<&str>,
    phone: Option<&str>,
    country: Option<&str>,
) -> Result<(), InvalidInput> {
    for (field, text) in [("full_name", full_name), ("phone", phone), ("country", country)] {
        if let Some(text) = text {
            check::text(field, text, LONGEST)?;
        }
    }
    Ok(())
}

impl From<&str> for ClientDetails {
    fn from(email: &str) -> Self {
        Self::new(email)
    }
}

impl From<String> for ClientDetails {
    fn from(email: String) -> Self {
        Self::new(email)
    }
}

/// A customer whose cards the gateway keeps: what it calls a client. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ClientRecord {
    /// The gateway's identifier: what purchases and the list of tokens name.
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// The e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// The whole name.
    #[serde(default, deserialize_with = "wire::text")]
    pub full_name: Option<String>,
    /// The telephone number.
    #[serde(default, deserialize_with = "wire::text")]
    pub phone: Option<String>,
    /// The country, as the gateway writes it.
    #[serde(default, deserialize_with = "wire::text")]
    pub country: Option<String>,
    /// When it was created, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<GatewayTime>,
    /// When it last changed, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<GatewayTime>,
}
