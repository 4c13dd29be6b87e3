use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest};

use crate::error::{ApiError, Error};
use crate::ops::client_record::{ClientDetails, ClientRecord};
use crate::ops::update_client::read_client;

/// `POST /clients/`: creates a client, for which cards can be stored. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreateClient {
    details: ClientDetails,
}

impl CreateClient {
    /// Creates the request for a client, by an e-mail address alone or with [`ClientDetails`]. The gateway does not
    /// check that the address is new: each call makes another client.
    pub fn new(details: impl Into<ClientDetails>) -> Self {
        Self { details: details.into() }
    }
}

impl Operation for CreateClient {
    type Api = ApiError;
    type Output = ClientRecord;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        self.details.check()?;
        Ok(PreparedRequest::new("create client", Class::Write, Method::Post, "/clients/")
            .json(&self.details.body()))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another e-mail address.
    fn read(&self, reply: &Reply) -> Result<ClientRecord, Error> {
        read_client(reply, None, Some(self.details.email()))
    }
}
