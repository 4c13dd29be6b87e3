use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{PreparedRequest, check};

/// HTTP Basic with the API key as the user name and an empty password.
pub(crate) fn authorize(request: PreparedRequest, api_key: &Secret) -> PreparedRequest {
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:", api_key.expose())));
    request.secret_header("authorization", basic).guard(api_key, &[])
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
