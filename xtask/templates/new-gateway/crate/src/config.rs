use std::fmt;

use recurring_core::InvalidInput;
use recurring_gateway::BaseUrl;

/// Where the gateway is. Add a value for each documented address, such as `Live` and `Test`; there is no default.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Any address, with the version path: a proxy, a sandbox.
    Custom(String),
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({})", BaseUrl::shown(self.base_url()))
    }
}

impl Environment {
    pub(crate) fn base_url(&self) -> Result<BaseUrl, InvalidInput> {
        let Self::Custom(text) = self;
        BaseUrl::parse("base_url", text)
    }
}
