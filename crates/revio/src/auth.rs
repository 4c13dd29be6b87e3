use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{PreparedRequest, check};

/// An API key, and the header that is made of it once.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    api_key: Secret,
    header: Secret,
}

impl Credential {
    pub(crate) fn new(api_key: Secret) -> Self {
        let header = format!("Bearer {}", api_key.expose()).into();
        Self { api_key, header }
    }

    /// What a gateway could quote.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        vec![self.api_key.clone(), self.header.clone()]
    }

    /// The key as a bearer token, and JSON both ways. `Content-Type` goes with a GET too.
    pub(crate) fn authorize(&self, request: PreparedRequest) -> PreparedRequest {
        request
            .secret_header("authorization", self.header.clone())
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .guard(&self.api_key, &[])
    }
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())
}
