use recurring_core::{Reply, Secret};
use recurring_gateway::{Class, Method, Operation, PreparedRequest, check};

use crate::error::{self, ApiError, Error};

/// `DELETE /clients/{id}/recurring_tokens/{token}/`: deletes a stored card. Moves no money; no later charge can use
/// the token.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeleteRecurringToken {
    client_id: String,
    token: Secret,
}

impl DeleteRecurringToken {
    /// Creates the request for a token of a client, both by the gateway's own identifiers.
    pub fn new(client_id: impl Into<String>, token: Secret) -> Self {
        Self { client_id: client_id.into(), token }
    }
}

impl Operation for DeleteRecurringToken {
    type Api = ApiError;
    type Output = ();

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When one of the identifiers cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let client = check::path_segment("client_id", &self.client_id)?;
        let token = check::path_segment("recurring_token", self.token.expose())?;
        let path = format!("/clients/{client}/recurring_tokens/{token}/");
        // The path holds the token, possibly percent-encoded.
        // The answer is empty.
        Ok(PreparedRequest::new("delete recurring token", Class::Write, Method::Delete, path)
            .on_own_connection()
            .hide(&self.token)
            .hide(&Secret::new(token)))
    }

    /// Reads the reply: 204 and nothing else is a success.
    ///
    /// # Errors
    /// `Unknown` for any other answer that is not the gateway's own refusal. "Not found" may mean that an earlier try
    /// went through.
    fn read(&self, reply: &Reply) -> Result<(), Error> {
        error::read_no_content(reply)
    }
}
