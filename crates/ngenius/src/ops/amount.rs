use recurring_core::{Currency, Money};
use recurring_gateway::lenient;
use serde::{Deserialize, Serialize};

/// An amount of money as the gateway reports it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Amount {
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub value: Option<i64>,
}

impl Amount {
    /// Whether it could be this amount: a member that is missing is not compared.
    pub(crate) fn may_be(&self, money: Money) -> bool {
        self.currency_code.as_deref().is_none_or(|code| code == money.currency().code())
            && self.value.is_none_or(|value| value == money.minor())
    }

    /// Whether it is exactly this amount. A member that is missing or unreadable is not.
    pub(crate) fn is(&self, money: Money) -> bool {
        self.money() == Some(money)
    }

    /// Returns the amount of money; `None` when its currency or value is missing, unreadable or not one.
    pub fn money(&self) -> Option<Money> {
        let currency = Currency::from_code(self.currency_code.as_deref()?).ok()?;
        Money::from_minor(self.value?, currency).ok()
    }
}
