use std::fmt;

use recurring_core::{InvalidInput, Secret};
use recurring_gateway::{BaseUrl, check};

use crate::wire::Id;

/// Where the gateway is. It takes calls from the IP addresses that it knows only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://payapi.sit.bbmsl.com`. Moves no money.
    Test,
    /// `https://payapi.prod.bbmsl.com`. Moves money.
    Production,
    /// Any other address: a proxy, a sandbox, another brand of the platform.
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
            Self::Test => "https://payapi.sit.bbmsl.com",
            Self::Production => "https://payapi.prod.bbmsl.com",
            Self::Custom(text) => text,
        };
        BaseUrl::parse("base_url", text)
    }
}

/// The merchant's identifier with the gateway.
///
/// The gateway's documents disagree whether it is text or a number. From a `&str` or `String`, plain digits become a
/// number, as in the documented example; [`MerchantId::text`] forces text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantId(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Number(i64),
    Text(String),
}

impl MerchantId {
    /// Creates an identifier that is sent as a JSON number.
    pub fn number(id: i64) -> Self {
        Self(Form::Number(id))
    }

    /// Creates an identifier that is sent as JSON text. 1 to 64 characters.
    pub fn text(id: impl Into<String>) -> Self {
        Self(Form::Text(id.into()))
    }

    pub(crate) fn wire(&self) -> Id<'_> {
        match &self.0 {
            Form::Number(number) => Id::Number(*number),
            Form::Text(text) => Id::Text(text),
        }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        match &self.0 {
            Form::Number(number) => positive("merchant_id", *number),
            Form::Text(text) => check::text("merchant_id", text, 64),
        }
    }
}

impl From<&str> for MerchantId {
    fn from(id: &str) -> Self {
        // Only a number that is written back exactly as it was read: `003` and ` 3` stay text.
        match id.parse::<i64>() {
            Ok(number) if number.to_string() == id => Self::number(number),
            _ => Self::text(id),
        }
    }
}

impl From<String> for MerchantId {
    fn from(id: String) -> Self {
        Self::from(id.as_str())
    }
}

impl From<i64> for MerchantId {
    fn from(id: i64) -> Self {
        Self::number(id)
    }
}

/// The token of a stored card: a short number such as `436`, of use only together with its user.
///
/// The gateway's documents disagree whether it is text or a number. From a `&str`, `String` or [`Secret`] it is sent
/// as text, as in the documented example; [`TokenId::number`] forces a number. `Debug` does not show it.
#[derive(Clone)]
pub struct TokenId {
    text: Secret,
    number: Option<i64>,
}

impl TokenId {
    /// Creates a token that is sent as JSON text.
    pub fn text(id: impl Into<Secret>) -> Self {
        Self { text: id.into(), number: None }
    }

    /// Creates a token that is sent as a JSON number.
    pub fn number(id: i64) -> Self {
        Self { text: Secret::new(id.to_string()), number: Some(id) }
    }

    /// Returns the token itself, to be stored where secrets are kept.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.text
    }

    pub(crate) fn wire(&self) -> Id<'_> {
        self.number.map_or_else(|| Id::Text(self.text.expose()), Id::Number)
    }

    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        match self.number {
            Some(number) => positive("token_id", number),
            None => check::id("token_id", self.text.expose()),
        }
    }
}

impl From<&str> for TokenId {
    fn from(id: &str) -> Self {
        Self::text(id)
    }
}

impl From<String> for TokenId {
    fn from(id: String) -> Self {
        Self::text(id)
    }
}

impl From<Secret> for TokenId {
    fn from(id: Secret) -> Self {
        Self::text(id)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenId([redacted])")
    }
}

pub(crate) fn positive(field: &'static str, number: i64) -> Result<(), InvalidInput> {
    if number > 0 { Ok(()) } else { Err(InvalidInput::new(field, "must be more than zero")) }
}
