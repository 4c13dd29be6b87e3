use recurring_core::Reply;
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{self, ApiError, Error};

/// `DELETE /clients/{id}/`: deletes a client. Moves no money. Assumption(deleted-client-tokens): the tokens of the
/// cards stored for them are dead; see SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeleteClient {
    id: String,
}

impl DeleteClient {
    /// Creates the request for the client with the gateway's own identifier.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for DeleteClient {
    type Api = ApiError;
    type Output = ();

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/clients/{}/", check::path_segment("client_id", &self.id)?);
        // The answer is empty.
        Ok(PreparedRequest::new("delete client", Class::Write, Method::Delete, path).on_own_connection())
    }

    /// Reads the reply: 204 and nothing else is a success.
    ///
    /// # Errors
    /// `Unknown` for any other answer that is not the gateway's own refusal. "Not found" may mean that an earlier try
    /// went through.
    // Assumption(delete-client-204): the status that is documented for a token.
    fn read(&self, reply: &Reply) -> Result<(), Error> {
        error::read_no_content(reply)
    }
}
