use std::fmt;

/// A value of an open enum that this version does not know, as the gateway wrote it. Only reading makes one.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct UnknownValue(String);

impl UnknownValue {
    #[doc(hidden)]
    pub fn __of(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the gateway's own text; empty when the member was missing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
