use recurring_core::{InvalidInput, Reply};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{ApiError, Error};
use crate::ops::client_record::{ClientRecord, check_texts};
use crate::ops::update_client::read_client;
use crate::wire::ChangeClientBody;

/// `PATCH /clients/{id}/`: changes some details of a client, and leaves the rest. Moves no money.
///
/// Purchases that exist already keep the details they were created with.
#[derive(Debug, Clone)]
#[must_use]
pub struct ChangeClient {
    id: String,
    email: Option<String>,
    full_name: Option<String>,
    phone: Option<String>,
    country: Option<String>,
}

impl ChangeClient {
    /// Creates the request for the client with the gateway's own identifier. Nothing changes unless it is named.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), email: None, full_name: None, phone: None, country: None }
    }

    /// Sets another e-mail address.
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets another whole name, 1 to 255 characters.
    pub fn with_full_name(mut self, name: impl Into<String>) -> Self {
        self.full_name = Some(name.into());
        self
    }

    /// Sets another telephone number, 1 to 255 characters.
    pub fn with_phone(mut self, number: impl Into<String>) -> Self {
        self.phone = Some(number.into());
        self
    }

    /// Sets another country, as the gateway wants it written.
    pub fn with_country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }
}

impl Operation for ChangeClient {
    type Api = ApiError;
    type Output = ClientRecord;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule, also when nothing is to be changed; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/clients/{}/", check::path_segment("client_id", &self.id)?);
        if let Some(email) = &self.email {
            check::email("email", email)?;
        }
        let (full_name, phone, country) =
            (self.full_name.as_deref(), self.phone.as_deref(), self.country.as_deref());
        check_texts(full_name, phone, country)?;
        let email = self.email.as_deref();
        if [email, full_name, phone, country].iter().all(Option::is_none) {
            return Err(InvalidInput::new("client", "must have at least one thing to change").into());
        }
        let body = ChangeClientBody { email, full_name, phone, country };
        Ok(PreparedRequest::new("change client", Class::Write, Method::Patch, path).json(&body))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another client or e-mail address.
    fn read(&self, reply: &Reply) -> Result<ClientRecord, Error> {
        read_client(reply, Some(&self.id), self.email.as_deref())
    }
}
