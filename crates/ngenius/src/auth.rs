use recurring_core::{InvalidInput, Reply, Secret};
use recurring_gateway::{Prepared, check};

use crate::error::ApiError;

/// HTTP Basic for the access token. The portal shows the key in base64 already: encoding it again would break it.
pub(crate) fn basic(request: Prepared, api_key: &Secret) -> Prepared {
    request.secret_header("authorization", format!("Basic {}", api_key.expose())).hide(api_key)
}

/// The access token, for everything else. The key is hidden too, should the gateway ever quote it.
pub(crate) fn bearer(request: Prepared, token: &Secret, api_key: &Secret) -> Prepared {
    request.secret_header("authorization", format!("Bearer {}", token.expose())).hide(token).hide(api_key)
}

/// Whether the gateway itself refused the access token. A 401 in any other shape may come from a machine in
/// between, and proves nothing.
pub(crate) fn refuses_token(reply: &Reply) -> bool {
    reply.status() == 401 && ApiError::read(reply).is_some()
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())
}
