use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{PreparedRequest, check};

/// The key as a bearer token, and JSON both ways. `Content-Type` goes with a GET too.
pub(crate) fn authorize(request: PreparedRequest, api_key: &Secret) -> PreparedRequest {
    request
        .secret_header("authorization", format!("Bearer {}", api_key.expose()))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .guard(api_key, &[])
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())
}
