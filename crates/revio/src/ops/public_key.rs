use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, ReplyExt as _, signature::PublicKey,
};

use crate::error::{ApiError, Error};

/// `GET /public_key/`: the key under which what the gateway sends to a `success_callback` verifies. Moves no money. A
/// webhook has a key of its own, which is shown where the webhook is set up.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct GetPublicKey;

impl Operation for GetPublicKey {
    type Api = ApiError;
    type Output = String;

    /// Builds the request, without the API key.
    fn request(&self) -> Result<PreparedRequest, Error> {
        Ok(PreparedRequest::new("public key", Class::Read, Method::Get, "/public_key/"))
    }

    /// Reads the reply: a JSON text that holds a PEM.
    ///
    /// # Errors
    /// When the reply cannot be read, or is not an RSA public key of 2048 to 4096 bits.
    fn read(&self, reply: &Reply) -> Result<String, Error> {
        if !reply.is_success() {
            return Err(Error::from_reply(reply.clone(), ApiError::read(reply)));
        }
        let unusable = |why: String| {
            let message = format!("the gateway answered {}, but {why}", reply.status());
            Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
        };
        let pem: String = reply.json().map_err(|unreadable| unusable(unreadable.to_string()))?;
        match PublicKey::parse(&pem) {
            Ok(_) => Ok(pem),
            Err(rule) => Err(unusable(rule.to_string())),
        }
    }
}
