use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{ApiError, Error};
use crate::ops::client_record::ClientRecord;
use crate::ops::update_client::read_client;

/// `GET /clients/{id}/`: reads a client. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct GetClient {
    id: String,
}

impl GetClient {
    /// Creates the request for the client with the gateway's own identifier.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for GetClient {
    type Api = ApiError;
    type Output = ClientRecord;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/clients/{}/", check::path_segment("client_id", &self.id)?);
        Ok(PreparedRequest::new("get client", Class::Read, Method::Get, path))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read or names another client.
    fn read(&self, reply: &Reply) -> Result<ClientRecord, Error> {
        read_client(reply, Some(&self.id), None)
    }
}
