use std::fmt;
use std::str::FromStr;

use crate::invalid_input::InvalidInput;
use crate::words::written_as_text;

/// The caller's own name for one attempt to move money, stored by the caller *before* the first send and put on
/// the wire as the merchant's reference.
///
/// No crate here ever invents one: an identifier that is made up after a crash leads to a second charge. 1 to 64
/// characters: ASCII letters, digits, and `- _ . :`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(String);

impl AttemptId {
    /// Checks and takes the caller's identifier.
    ///
    /// # Errors
    /// When it is empty, longer than 64 characters, or has other characters than those named above.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidInput> {
        let id = id.into();
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if id.is_empty() || id.len() > 64 || !id.chars().all(usable) {
            return Err(InvalidInput::new(
                "attempt",
                "must be 1 to 64 characters: ASCII letters, digits and - _ . : only",
            ));
        }
        Ok(Self(id))
    }

    /// Returns the identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The same as [`AttemptId::new`].
impl FromStr for AttemptId {
    type Err = InvalidInput;

    fn from_str(id: &str) -> Result<Self, InvalidInput> {
        Self::new(id)
    }
}

written_as_text!(AttemptId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempt_id_is_what_every_gateway_can_carry() {
        assert_eq!(AttemptId::new("sub-42.2026_11:1").expect("valid").as_str(), "sub-42.2026_11:1");
        for bad in ["", " ", "a/b", "a b", "é", "a\n", &"x".repeat(65)] {
            assert!(AttemptId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn attempt_id_is_read_back() {
        let id: AttemptId = "sub-42.2026_11:1".parse().expect("valid");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        let json = serde_json::to_string(&id).expect("JSON");
        assert_eq!(json, "\"sub-42.2026_11:1\"");
        assert_eq!(serde_json::from_str::<AttemptId>(&json).expect("read"), id);
        assert!(serde_json::from_str::<AttemptId>("\"a b\"").is_err());
    }
}
