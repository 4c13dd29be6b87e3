use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use recurring_core::{InvalidInput, written_as_text};
use serde::{Deserialize, Serialize};

/// The name of a gateway, such as `emspay`. Stored credentials and settings have the same word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId(Cow<'static, str>);

impl ProviderId {
    /// Omno.
    pub const OMNO: Self = Self(Cow::Borrowed("omno"));
    /// N-Genius Online.
    pub const NGENIUS: Self = Self(Cow::Borrowed("ngenius"));
    /// The signed tokenization gateway.
    pub const TOKENPAY_SIGNED: Self = Self(Cow::Borrowed("tokenpay-signed"));
    /// Revio.
    pub const REVIO: Self = Self(Cow::Borrowed("revio"));
    /// EMS Online.
    pub const EMSPAY: Self = Self(Cow::Borrowed("emspay"));

    /// The gateways of this workspace.
    pub const ALL: &'static [Self] =
        &[Self::OMNO, Self::NGENIUS, Self::TOKENPAY_SIGNED, Self::REVIO, Self::EMSPAY];

    /// Creates the name of a gateway as a constant, for a [`Provider`](crate::Provider) of your own.
    pub const fn from_static(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Creates the name of a gateway, for a [`Provider`](crate::Provider) of your own. Text from outside is checked when
    /// it is parsed instead.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the value of a metric's label: without a copy where it is a constant.
    pub(crate) fn label(&self) -> metrics::SharedString {
        match &self.0 {
            Cow::Borrowed(name) => metrics::SharedString::const_str(name),
            Cow::Owned(name) => metrics::SharedString::from_owned(name.clone()),
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` keeps the width that a table asks for.
        f.pad(&self.0)
    }
}

/// Reads the name of any gateway, of this workspace or of your own: 1 to 64 characters, ASCII letters, digits, `-` and `_`.
/// [`ALL`](ProviderId::ALL) has those of this workspace.
impl FromStr for ProviderId {
    type Err = InvalidInput;

    fn from_str(name: &str) -> Result<Self, InvalidInput> {
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(usable) {
            let rule = "must be 1 to 64 characters: ASCII letters, digits, - and _ only";
            return Err(InvalidInput::new("provider", rule));
        }
        let known = Self::ALL.iter().find(|id| id.as_str() == name);
        Ok(known.cloned().unwrap_or_else(|| Self::new(name.to_owned())))
    }
}

written_as_text!(ProviderId);

/// The gateway's own identifier of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentRef(String);

impl PaymentRef {
    /// Takes the identifier as the gateway gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PaymentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_id_is_read_back() {
        for id in ProviderId::ALL.iter().chain(&[ProviderId::new("my_gateway-2")]) {
            assert_eq!(id.to_string().parse().as_ref(), Ok(id));
            let json = serde_json::to_string(id).expect("JSON");
            assert_eq!(serde_json::from_str::<ProviderId>(&json).expect("read"), *id);
        }
        for bad in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            let error = bad.parse::<ProviderId>().expect_err(bad);
            assert!(error.to_string().contains("`provider` must be"), "{error}");
        }
        assert!(serde_json::from_str::<ProviderId>("\"\"").is_err());
    }
}
