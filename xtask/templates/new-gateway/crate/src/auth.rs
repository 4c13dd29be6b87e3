use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{PreparedRequest, check};

/// Sends the API key as a bearer token.
pub(crate) fn authorize(request: PreparedRequest, api_key: &Secret) -> PreparedRequest {
    request.secret_header("authorization", format!("Bearer {}", api_key.expose())).hide(api_key)
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())
}
