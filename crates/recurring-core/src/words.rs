use std::fmt;

/// A text that does not name any value of a type, such as `approved` for an [`Outcome`](crate::Outcome).
///
/// It names the words that would have been accepted, and does not quote the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    what: &'static str,
    known: Vec<String>,
}

impl UnknownWord {
    /// Creates the error for a type that is called `what` in messages, such as `outcome`, with the words of its values.
    pub fn new<W: fmt::Display>(what: &'static str, known: impl IntoIterator<Item = W>) -> Self {
        Self { what, known: known.into_iter().map(|word| word.to_string()).collect() }
    }

    /// Returns what the text should have named, such as `outcome`.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Returns the words that would have been accepted.
    pub fn known(&self) -> &[String] {
        &self.known
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {}: must be one of {}", self.what, self.known.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

// Hidden, and outside of the promises of semantic versioning: the crates of this workspace write their own words with it, so
// that `Display`, `FromStr` and serde of a word come from one table everywhere. The calling crate depends on serde.
/// Writes and reads a type by the words of its `as_str`, of all its values in `ALL`: the only table of them.
#[doc(hidden)]
#[macro_export]
macro_rules! written_as_words {
    ($type:ty, $what:literal) => {
        /// The word of [`as_str`](Self::as_str).
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Reads the word of [`as_str`](Self::as_str).
        impl std::str::FromStr for $type {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().find(|value| value.as_str() == word);
                known.copied().ok_or_else(|| $crate::words::UnknownWord::new($what, Self::ALL))
            }
        }

        $crate::words::written_as_text!($type);
    };
}

/// Serializes a type as the text of its `Display`, and reads it by its `FromStr`.
#[doc(hidden)]
#[macro_export]
macro_rules! written_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub use {written_as_text, written_as_words};
