use std::borrow::Cow;

/// What a caller handed in cannot be used. It names the field and the rule, and does not quote the value.
///
/// Nothing in this crate moves money, so an error says nothing about a payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {rule}")]
pub struct ScheduleError {
    field: &'static str,
    rule: Cow<'static, str>,
}

impl ScheduleError {
    pub(crate) fn new(field: &'static str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { field, rule: rule.into() }
    }

    /// Returns the name of the input that was refused, such as `zone`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Returns the rule that it breaks and what to do, as the end of a sentence that begins with the field's name.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

/// Writes a type as the text of its `Display` and reads it by its `FromStr`.
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

pub(crate) use written_as_text;
