use std::sync::Arc;
use std::time::Duration;

use recurring_core::{ErrorKind, InvalidInput, Reply, Secret};
use recurring_gateway::{
    AccessToken, BaseUrl, Class, ErrorExt as _, Method, PreparedRequest, TokenCache, TokenSource, Transport,
    check, lenient, read_success,
};
use serde::Deserialize;

use crate::config::{Credentials, Kind, TokenUrl};
use crate::error::{ApiError, Error};

/// How a request gets its access token.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// The caller's own token, which cannot be renewed here.
    Own(Secret),
    /// A token that is fetched when needed. Clones of a client share it.
    Granted(Arc<Grant>),
}

#[derive(Debug)]
pub(crate) struct Grant {
    client_id: Secret,
    client_secret: Secret,
    token_url: TokenUrl,
    cache: TokenCache<ApiError>,
}

impl Access {
    pub(crate) fn new(credentials: Credentials, token_url: TokenUrl) -> Result<Self, InvalidInput> {
        match credentials.0 {
            Kind::Bearer(token) => {
                check::header_secret("bearer_token", token.expose())?;
                Ok(Self::Own(token))
            }
            Kind::Client { client_id, client_secret } => {
                check::text("client_id", client_id.expose(), 1_000)?;
                check::text("client_secret", client_secret.expose(), 1_000)?;
                let cache = TokenCache::new();
                Ok(Self::Granted(Arc::new(Grant { client_id, client_secret, token_url, cache })))
            }
        }
    }

    /// What a gateway could quote.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Own(token) => vec![token.clone()],
            Self::Granted(grant) => {
                grant.cache.latest().into_iter().chain([grant.client_secret.clone()]).collect()
            }
        }
    }

    /// Sends a request with the caller's own token, or with one that was granted.
    pub(crate) async fn send(
        &self,
        transport: &Transport,
        base: &BaseUrl,
        request: PreparedRequest,
    ) -> Result<Reply, Error> {
        match self {
            Self::Own(token) => transport.send(base, &authorize(request, token)).await,
            Self::Granted(grant) => grant.cache.send(grant.as_ref(), transport, base, &request).await,
        }
    }
}

/// The token goes into the header of every call.
fn authorize(request: PreparedRequest, token: &Secret) -> PreparedRequest {
    request
        .header("accept", "application/json")
        .secret_header("authorization", format!("Bearer {}", token.expose()))
        .guard(token, &[])
}

/// How long a token lives when the answer does not say so.
// Assumption(token-lifetime): what the service usually says; a token that expires earlier is renewed when refused.
const USUAL_LIFE: u64 = 300;

#[derive(Deserialize)]
struct Granted {
    #[serde(default, deserialize_with = "lenient::secret")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
}

impl TokenSource for Grant {
    type Api = ApiError;

    async fn fetch(&self, transport: &Transport) -> Result<AccessToken, Error> {
        read_token(&transport.send(&self.token_url.base, &self.to_request()).await?)
    }

    /// The key is hidden too, should the gateway ever quote it.
    fn authorize(&self, request: PreparedRequest, token: &Secret) -> PreparedRequest {
        authorize(request, token).guard(&self.client_secret, &[])
    }

    fn refuses(&self, reply: &Reply) -> bool {
        reply.status() == 401 && ApiError::read(reply).is_some()
    }
}

impl Grant {
    /// The form that the token service takes; it refuses JSON. Asking for a token moves no money, so it may be
    /// repeated like any read.
    fn to_request(&self) -> PreparedRequest {
        PreparedRequest::new("fetch access token", Class::Read, Method::Post, self.token_url.path)
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", self.client_id.expose()),
                ("client_secret", self.client_secret.expose()),
            ])
            .guard(&self.client_id, &[])
            .guard(&self.client_secret, &[])
    }
}

fn read_token(reply: &Reply) -> Result<AccessToken, Error> {
    if let Some(api) = ApiError::read(reply)
        && reply.status() == 400
        && matches!(api.error.as_deref(), Some("invalid_client" | "unauthorized_client"))
    {
        // Assumption(invalid-client-with-400): the token service refuses a wrong key with 400 as well as with 401.
        let message = format!("the token service answered 400: {api}");
        return Err(Error::refused(ErrorKind::Authentication, message, api).with_reply(reply.clone()));
    }
    let granted: Granted = read_success(reply, ApiError::read)?;
    let text =
        granted.access_token.filter(|token| check::header_secret("access_token", token.expose()).is_ok());
    let Some(text) = text else {
        let message = format!("the token service answered {}, but without a usable token", reply.status());
        return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
    };
    let seconds =
        granted.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
    let lives = Duration::from_secs(seconds.unwrap_or(USUAL_LIFE));
    Ok(AccessToken { text, lives })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<AccessToken, Error> {
        read_token(&Reply::new(200, Vec::new(), body.into()))
    }

    #[test]
    fn a_token_lives_as_long_as_it_says_or_five_minutes() {
        for (expires_in, seconds) in [
            (r#","expires_in":60"#, 60),
            (r#","expires_in":"60""#, 60),
            ("", 300),
            (r#","expires_in":null"#, 300),
            (r#","expires_in":0"#, 300),
            (r#","expires_in":-1"#, 300),
            (r#","expires_in":"soon""#, 300),
        ] {
            let token = read(&format!(r#"{{"access_token":"t"{expires_in}}}"#)).expect(expires_in);
            assert_eq!((token.text.expose(), token.lives.as_secs()), ("t", seconds), "{expires_in}");
        }
    }

    #[test]
    fn an_answer_without_a_usable_token_is_an_error() {
        for body in ["{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#, r#"{"access_token":"a\nb"}"#]
        {
            assert_eq!(read(body).expect_err(body).kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn the_form_is_percent_encoded() {
        let access = Access::new(
            Credentials::client("shop&co", "a+b=c d/é%"),
            TokenUrl::parse(Some("https://sso.example/token/")).expect("an address"),
        );
        let Ok(Access::Granted(grant)) = access else { panic!("a grant") };
        let request = grant.to_request();
        assert_eq!(
            request.body_bytes(),
            Some(
                &b"grant_type=client_credentials&client_id=shop%26co&client_secret=a%2Bb%3Dc%20d%2F%C3%A9%25"
                    [..]
            )
        );
        assert_eq!(grant.token_url.base.join(request.path()), "https://sso.example/token/");
        assert_eq!(
            TokenUrl::parse(None).expect("an address").base.join(""),
            "https://sso.omno.com/realms/omno/protocol/openid-connect/token"
        );
    }
}
