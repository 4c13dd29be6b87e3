use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check, check_echo, read_success};

use crate::error::{ApiError, Error};
use crate::ops::client_record::{ClientDetails, ClientRecord};

/// `PUT /clients/{id}/`: replaces all details of a client. Moves no money.
///
/// What the details leave out is not sent, and may be emptied by it: to change one thing, use
/// [`ChangeClient`](crate::ChangeClient). Purchases that exist already keep the details they were created with.
#[derive(Debug, Clone)]
#[must_use]
pub struct UpdateClient {
    id: String,
    details: ClientDetails,
}

impl UpdateClient {
    /// Creates the request for the client with the gateway's own identifier, with all its details.
    pub fn new(id: impl Into<String>, details: impl Into<ClientDetails>) -> Self {
        Self { id: id.into(), details: details.into() }
    }
}

impl Operation for UpdateClient {
    type Api = ApiError;
    type Output = ClientRecord;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/clients/{}/", check::path_segment("client_id", &self.id)?);
        self.details.check()?;
        Ok(PreparedRequest::new("update client", Class::Write, Method::Put, path).json(&self.details.body()))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another client or e-mail address.
    fn read(&self, reply: &Reply) -> Result<ClientRecord, Error> {
        read_client(reply, Some(&self.id), Some(self.details.email()))
    }
}

/// Reads a client, and compares it with what was sent.
pub(crate) fn read_client(
    reply: &Reply,
    id: Option<&str>,
    email: Option<&str>,
) -> Result<ClientRecord, Error> {
    let client: ClientRecord = read_success(reply, ApiError::read)?;
    if let Some(id) = id {
        check_echo(reply, &[("id", id, Some(&client.id))])?;
    }
    if let Some(email) = email {
        // A gateway may well write an address in small letters; that is still the same one.
        let came_back = client.email.as_ref().map(|email| email.to_lowercase());
        check_echo(reply, &[("email", &email.to_lowercase(), came_back.as_deref())])?;
    }
    Ok(client)
}
