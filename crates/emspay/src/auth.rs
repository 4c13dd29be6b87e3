use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{PreparedRequest, check};

/// An API key, and the header that is made of it once.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    api_key: Secret,
    header: Secret,
}

impl Credential {
    /// HTTP Basic with the API key as the user name and an empty password.
    pub(crate) fn new(api_key: Secret) -> Self {
        let header = format!("Basic {}", STANDARD.encode(format!("{}:", api_key.expose()))).into();
        Self { api_key, header }
    }

    /// What a gateway could quote.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        vec![self.api_key.clone(), self.header.clone()]
    }

    pub(crate) fn authorize(&self, request: PreparedRequest) -> PreparedRequest {
        request.secret_header("authorization", self.header.clone()).guard(&self.api_key, &[])
    }
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())?;
    if api_key.expose().contains(':') {
        return Err(InvalidInput::new(
            "api_key",
            "must not contain a colon: hand in the key alone, not `key:`",
        ));
    }
    Ok(())
}
