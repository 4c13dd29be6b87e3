use std::borrow::Cow;

/// What a caller handed in cannot be used. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {rule}")]
pub struct InvalidInput {
    field: Cow<'static, str>,
    rule: Cow<'static, str>,
}

impl InvalidInput {
    /// `field` is the name of the input; `rule` completes the sentence "`field` ..." and says what to do, without
    /// quoting the value.
    pub fn new(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), rule: rule.into() }
    }

    /// The name of the input that was refused.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What the input must be.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}
