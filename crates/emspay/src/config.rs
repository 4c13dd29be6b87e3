use std::fmt;

use recurring_core::InvalidInput;
use recurring_gateway::BaseUrl;

/// The address of the gateway. The API key decides between test and live.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api.online.emspay.eu/v1`. Moves money with a live key.
    Live,
    /// Any other address, with the version path: another brand of the platform, a proxy, a sandbox.
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
            Self::Live => "https://api.online.emspay.eu/v1",
            Self::Custom(text) => text,
        };
        BaseUrl::parse("base_url", text)
    }
}
