use recurring_core::{InvalidInput, Reply, Secret};
use recurring_gateway::{AccessToken, BaseUrl, PreparedRequest, TokenSource, Transport, check};

use crate::error::{ApiError, Error};
use crate::ops::access_token;

/// What access tokens are asked for with.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) api_key: Secret,
    pub(crate) realm: Option<String>,
    pub(crate) base_url: BaseUrl,
}

impl TokenSource for Grant {
    type Api = ApiError;

    /// HTTP Basic. The portal shows the key in base64 already: encoding it again would break it.
    async fn fetch(&self, transport: &Transport) -> Result<AccessToken, Error> {
        let request = access_token::to_request(self.realm.as_deref())
            .secret_header("authorization", format!("Basic {}", self.api_key.expose()))
            .guard(&self.api_key, &[]);
        access_token::from_reply(&transport.send(&self.base_url, &request).await?)
    }

    /// The key is hidden too, should the gateway ever quote it.
    fn authorize(&self, request: PreparedRequest, token: &Secret) -> PreparedRequest {
        request
            .secret_header("authorization", format!("Bearer {}", token.expose()))
            .guard(token, &[])
            .guard(&self.api_key, &[])
    }

    fn refuses(&self, reply: &Reply) -> bool {
        reply.status() == 401 && ApiError::read(reply).is_some()
    }
}

pub(crate) fn check_api_key(api_key: &Secret) -> Result<(), InvalidInput> {
    check::header_secret("api_key", api_key.expose())
}
