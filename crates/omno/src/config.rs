use std::fmt;

use recurring_core::{InvalidInput, Secret};
use recurring_gateway::BaseUrl;

/// Where the gateway is. No test address of it is known.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api.omno.com`. Moves money.
    Live,
    /// Any other address: a proxy, a sandbox. The access token still comes from the live token service unless
    /// [`with_token_url`](crate::ClientBuilder::with_token_url) names another.
    Custom(String),
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({})", BaseUrl::shown(self.base_url()))
    }
}

impl Environment {
    pub(crate) fn base_url(&self) -> Result<BaseUrl, InvalidInput> {
        let text = match self {
            Self::Live => "https://api.omno.com",
            Self::Custom(text) => text,
        };
        BaseUrl::parse("base_url", text)
    }
}

/// What proves to the gateway who is calling. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Client { client_id: Secret, client_secret: Secret },
    Bearer(Secret),
}

impl Credentials {
    /// Uses the identifier and secret of a client of the token service, with which access tokens are fetched, kept
    /// until shortly before their end, and renewed.
    pub fn client(client_id: impl Into<Secret>, client_secret: impl Into<Secret>) -> Self {
        Self(Kind::Client { client_id: client_id.into(), client_secret: client_secret.into() })
    }

    /// Uses an access token of your own, without the word `Bearer`. It is sent as it is and never renewed: make a new
    /// client when it has expired, which it does within minutes.
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self(Kind::Bearer(token.into()))
    }
}

/// The whole address of the token service.
const TOKEN_URL: &str = "https://sso.omno.com/realms/omno/protocol/openid-connect/token";

/// The whole address that access tokens are fetched from.
#[derive(Debug, Clone)]
pub(crate) struct TokenUrl {
    pub(crate) base: BaseUrl,
    /// A last slash, which a base address does not keep, is a part of a whole address.
    pub(crate) path: &'static str,
}

impl TokenUrl {
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, InvalidInput> {
        let text = text.unwrap_or(TOKEN_URL);
        let path = if text.ends_with('/') { "/" } else { "" };
        Ok(Self { base: BaseUrl::parse("token_url", text)?, path })
    }
}
